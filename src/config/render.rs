//! What `dive config` prints: the effective configuration as YAML that can be read again, each line with where its value
//! comes from.

use std::fmt::Write;

use super::file::{Config, TABLES};

/// The configuration as YAML, one `key: value   # origin` a line, below a remark that names the file that was read or
/// the places where none was found.
#[must_use]
pub fn render(config: &Config) -> String {
    let mut out = header(config);
    let mut lines: Vec<(String, Option<String>)> = Vec::new();
    let mut open = None;
    for key in TABLES.concat() {
        let field = (key.field)(config);
        let (section, name) =
            key.path.split_once('.').map_or((None, key.path), |(section, name)| (Some(section), name));
        if section != open
            && let Some(section) = section
        {
            lines.push((format!("{section}:"), None));
        }
        open = section;
        let indent = if section.is_some() { "  " } else { "" };
        lines.push((format!("{indent}{name}: {}", field.yaml()), Some(field.origin().to_string())));
    }
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    for (line, origin) in lines {
        // Writing to a String does not fail.
        let _ = match origin {
            Some(origin) => writeln!(out, "{line:width$}   # {}", on_one_line(&origin)),
            None => writeln!(out, "{line}"),
        };
    }
    out
}

fn header(config: &Config) -> String {
    if let Some(file) = &config.found.file {
        return format!("# read from {}\n", on_one_line(&file.display().to_string()));
    }
    let mut out = String::from("# no configuration file; looked for, in this order:\n");
    for place in &config.found.searched {
        let _ = writeln!(out, "#   {}", on_one_line(&place.display().to_string()));
    }
    out
}

/// A path may hold a line break, and what follows it would no longer be a remark.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Found, Origin};

    #[test]
    fn each_line_says_where_its_value_comes_from() {
        let mut config =
            Config { found: Found { file: Some("a.yaml".into()), searched: Vec::new() }, ..Config::default() };
        config.log.enabled.origin = Origin::File { path: "a.yaml".into(), line: Some(3) };
        config.ignore_errors.origin = Origin::Flag("--ignore-errors");
        config.filetree.pane_width.origin = Origin::Variable("DIVE_FILETREE_PANE_WIDTH".to_owned());
        let printed = render(&config);
        let squeezed: Vec<String> =
            printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(squeezed[0], "# read from a.yaml");
        for line in [
            "container-engine: docker # default",
            "ignore-errors: false # --ignore-errors",
            "enabled: false # a.yaml:3",
            "path: \"./dive.log\" # default",
            "pane-width: 0.5 # DIVE_FILETREE_PANE_WIDTH",
            "highest-wasted-bytes: disabled # default",
            "quit: \"ctrl+c,q\" # default",
        ] {
            assert!(squeezed.iter().any(|each| each == line), "{line} is not in\n{printed}");
        }
    }

    #[test]
    fn without_a_file_the_places_searched_are_listed() {
        let searched = vec!["/work/.dive.yaml".into(), "/home/ann/evil\nlog: x".into()];
        let printed = render(&Config { found: Found { file: None, searched }, ..Config::default() });
        let start = "# no configuration file; looked for, in this order:\n#   /work/.dive.yaml\n#   /home/ann/evil\u{fffd}log: x\n";
        assert!(printed.starts_with(start), "{printed}");
    }
}
