//! The values of `registries:`: hosts and mirrors, as lists or comma-separated text.

use std::fmt::Display;

use super::value::{Value, list, quoted, shortened};
use super::yaml::Yaml;
use dive_sources::Mirror;

/// Hosts, as `HOST[:PORT]`.
impl Value for Vec<String> {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        list(node, faults, quoting(dive_sources::host))
    }

    fn yaml(&self) -> String {
        format!("[{}]", self.iter().map(|host| quoted(host)).collect::<Vec<_>>().join(", "))
    }
}

/// Mirrors, as `REGISTRY=HOST[:PORT][/PATH]`.
impl Value for Vec<Mirror> {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        list(node, faults, quoting(str::parse::<Mirror>))
    }

    fn yaml(&self) -> String {
        format!("[{}]", self.iter().map(|mirror| quoted(&mirror.to_string())).collect::<Vec<_>>().join(", "))
    }
}

/// Parses an item, and quotes it in an error unless a password may precede the host.
fn quoting<T, E: Display>(parse: impl Fn(&str) -> Result<T, E>) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        parse(text).map_err(|error| {
            if text.contains('@') { error.to_string() } else { format!("`{}`: {error}", shortened(text)) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Yaml {
        Yaml::Scalar(text.to_owned())
    }

    #[test]
    fn hosts_and_mirrors_are_lists_or_text() {
        let mut faults = Vec::new();
        let hosts = |node: &Yaml, faults: &mut Vec<String>| Vec::<String>::read(node, faults);
        let both = Some(vec!["a.example:5000".to_owned(), "[::1]".to_owned()]);
        assert_eq!(hosts(&Yaml::List(vec![text("a.example:5000"), text("[::1]")]), &mut faults), both);
        assert_eq!(hosts(&text("a.example:5000, [::1]"), &mut faults), both);
        let mirrors = Vec::<Mirror>::read(&text("docker.io=m.example/hub"), &mut faults).unwrap();
        assert_eq!(mirrors.yaml(), r#"["docker.io=m.example/hub"]"#);
        assert_eq!(faults, [""; 0]);
        assert_eq!(hosts(&text("https://me:secret@x"), &mut faults), None);
        assert!(faults[0].contains("HOST[:PORT]") && !faults[0].contains("secret"), "{faults:?}");
    }
}
