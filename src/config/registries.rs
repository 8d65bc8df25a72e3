//! The values of `registries:`: hosts and mirrors, as lists or comma-separated text.

use super::value::{Value, quoted, scalar, shortened};
use super::yaml::Yaml;
use dive_sources::Mirror;

/// Hosts, as `HOST[:PORT]`.
impl Value for Vec<String> {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        list(node, faults, |text| dive_sources::host(text).map_err(|error| error.to_string()))
    }

    fn yaml(&self) -> String {
        format!("[{}]", self.iter().map(|host| quoted(host)).collect::<Vec<_>>().join(", "))
    }
}

/// Mirrors, as `REGISTRY=HOST[:PORT][/PATH]`.
impl Value for Vec<Mirror> {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        list(node, faults, |text| text.parse::<Mirror>().map_err(|error| error.to_string()))
    }

    fn yaml(&self) -> String {
        format!("[{}]", self.iter().map(|mirror| quoted(&mirror.to_string())).collect::<Vec<_>>().join(", "))
    }
}

/// The valid items. `None` if there is none among invalid ones: the previous list stays.
fn list<T>(node: &Yaml, faults: &mut Vec<String>, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
    let items = match node {
        Yaml::List(items) => items.as_slice(),
        Yaml::Empty => return None,
        other => std::slice::from_ref(other),
    };
    let before = faults.len();
    let mut found = Vec::new();
    for item in items {
        let Some(text) = scalar(item, faults, |text| Ok(text.to_owned())) else { continue };
        for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
            match parse(word) {
                Ok(value) => found.push(value),
                // A password may precede the host.
                Err(fault) if word.contains('@') => faults.push(fault),
                Err(fault) => faults.push(format!("`{}`: {fault}", shortened(word))),
            }
        }
    }
    (!found.is_empty() || faults.len() == before).then_some(found)
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
