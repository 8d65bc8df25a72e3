//! The output of `dive config`: the effective configuration as YAML that dive can read, with the origin of each value.

use std::fmt::Write;

use super::discovery::SearchResult;
use super::file::{Config, table};
use super::ignore::Ignore;
use super::origin::ConfigScope;
use super::rules_file::RulesFile;
use super::value::Value;
use dive_model::escape::is_hidden;
use dive_sources::SettingsSource;

/// Limit of the settings and of the problems that are listed for one file.
const SETTINGS_SHOWN: usize = 20;

/// The configuration as YAML, one `key: value   # origin` a line, below comments that name the files that were read or
/// skipped, or the places where none was found.
#[must_use]
pub fn render(config: &Config) -> String {
    let mut out = header(config);
    let mut lines: Vec<(String, Option<String>)> = Vec::new();
    let mut open = None;
    for key in table().keys {
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
            Some(origin) => writeln!(out, "{line:width$}   # {}", escape_line_breaks(&origin)),
            None => writeln!(out, "{line}"),
        };
    }
    out
}

/// What the rules file sets beside its rules, as comments, because they are not keys of `.dive.yaml`.
#[must_use]
pub fn render_beside_rules(file: &RulesFile) -> String {
    let mut out = String::new();
    let base = file.base.as_ref().map(|base| (format!("base: {}", base.value), &base.origin));
    let baseline = file.baseline.as_ref().map(|it| (format!("baseline: {}", it.value.display()), &it.origin));
    let ignore = |ignore: &'_ Ignore| {
        let until = ignore.until.map_or_else(String::new, |until| format!(" until {until}"));
        format!("ignore: {}{until}: {}", ignore.what, ignore.reason)
    };
    let ignores = file.ignores.iter().map(|each| (ignore(each), &each.origin));
    for (text, origin) in base.into_iter().chain(baseline).chain(ignores) {
        // Writing to a String does not fail.
        let _ = writeln!(out, "# {} ({})", escape_line_breaks(&text), escape_line_breaks(&origin.to_string()));
    }
    for entry in &file.images {
        let _ = writeln!(
            out,
            "# images: {} ({})",
            escape_line_breaks(entry.pattern()),
            escape_line_breaks(&entry.origin.to_string())
        );
    }
    if let Some(floor) = &file.waste_floor {
        let origin = escape_line_breaks(&floor.origin.to_string());
        let _ = writeln!(out, "# ignoreWasteBelow: {} ({origin})", floor.value.yaml());
    }
    out
}

fn header(config: &Config) -> String {
    let mut out = String::new();
    let nothing_read = config.discovery.read().next().is_none();
    if nothing_read {
        out.push_str("# no configuration file; dive looks for these, in this order:\n");
    }
    for searched in &config.discovery.places {
        let path = escape_line_breaks(&searched.path.display().to_string());
        // Writing to a String does not fail.
        let _ = match &searched.result {
            SearchResult::Read(ConfigScope::User) => writeln!(out, "# read from {path}"),
            SearchResult::Read(ConfigScope::WorkingDirectory) => {
                writeln!(out, "# read from {path} (the working directory's: not every key counts)")
            }
            SearchResult::Absent if nothing_read => writeln!(out, "#   {path}"),
            SearchResult::Absent => Ok(()),
            SearchResult::Skipped(cause) => writeln!(out, "# skipped {path}: {}", escape_line_breaks(cause)),
        };
    }
    out
}

/// What dive takes from the settings of the machine's engines, as comments.
#[must_use]
pub fn render_registry_files(sources: &[SettingsSource]) -> String {
    let mut out = String::new();
    if !sources.is_empty() {
        out.push_str("# registries, as the machine's engines are configured:\n");
    }
    for source in sources {
        let SettingsSource { place, settings, problems } = source;
        let place = escape_line_breaks(&place.to_string());
        for (at, setting) in settings.iter().enumerate() {
            // Writing to a String does not fail.
            let _ = match at {
                SETTINGS_SHOWN => writeln!(out, "#   {place}: {} more", settings.len() - at),
                at if at > SETTINGS_SHOWN => Ok(()),
                _ => writeln!(out, "#   {place}: {}", escape_line_breaks(setting)),
            };
        }
        for problem in problems.iter().take(SETTINGS_SHOWN) {
            let location = escape_line_breaks(&source.location(problem));
            let _ = writeln!(out, "#   skipped in {location}: {}", escape_line_breaks(&problem.text));
        }
        if settings.is_empty() && problems.is_empty() {
            let _ = writeln!(out, "#   {place}: nothing that dive uses");
        }
    }
    out
}

/// Escapes line breaks in a path, which would end the YAML comment.
fn escape_line_breaks(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Discovery, Origin, SearchedPlace};
    use dive_sources::{SettingsPlace, SettingsProblem};

    #[test]
    fn each_line_shows_the_origin_of_its_value() {
        let mut config = Config { discovery: Discovery::named("a.yaml".into()), ..Config::default() };
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
    fn the_machines_settings_are_listed_by_file() {
        let file = |path: &str, settings: &[&str], problems: &[(usize, &str)]| SettingsSource {
            place: SettingsPlace::Path(path.into()),
            settings: settings.iter().map(|text| (*text).to_owned()).collect(),
            problems: problems
                .iter()
                .map(|(line, text)| SettingsProblem { line: Some(*line), text: (*text).to_owned() })
                .collect(),
        };
        let files = [
            file("/etc/docker/daemon.json", &["docker.io from mirror.example/hub", "10.0.0.0/8 is insecure"], &[]),
            file("/etc/containers/registries.conf", &[], &[]),
            file("/home/ann/x.conf", &[], &[(2, "expected\n`=`")]),
        ];
        assert_eq!(
            render_registry_files(&files),
            "# registries, as the machine's engines are configured:\n\
             #   /etc/docker/daemon.json: docker.io from mirror.example/hub\n\
             #   /etc/docker/daemon.json: 10.0.0.0/8 is insecure\n\
             #   /etc/containers/registries.conf: nothing that dive uses\n\
             #   skipped in /home/ann/x.conf:2: expected\u{fffd}`=`\n"
        );
        let many = vec!["x is insecure"; 30];
        assert!(render_registry_files(&[file("/f", &many, &[])]).ends_with("#   /f: 10 more\n"));
        assert_eq!(render_registry_files(&[]), "");
    }

    fn header_of(places: Vec<(&str, SearchResult)>) -> String {
        let searched = |(path, result): (&str, SearchResult)| SearchedPlace { path: path.into(), result };
        let found = Discovery { places: places.into_iter().map(searched).collect() };
        header(&Config { discovery: found, ..Config::default() })
    }

    #[test]
    fn without_a_file_the_searched_places_are_listed() {
        assert_eq!(
            header_of(vec![
                ("/work/.dive.yaml", SearchResult::Absent),
                ("/home/ann/evil\nlog: x", SearchResult::Absent)
            ]),
            "# no configuration file; dive looks for these, in this order:\n#   /work/.dive.yaml\n#   /home/ann/evil\u{fffd}log: x\n"
        );
    }

    #[test]
    fn read_and_skipped_files_are_listed() {
        assert_eq!(
            header_of(vec![
                ("/work/.dive.yaml", SearchResult::Read(ConfigScope::WorkingDirectory)),
                ("/xdg/dive/*.yaml", SearchResult::Skipped("no\npermission".to_owned())),
                ("/home/ann/.config/dive/*.yaml", SearchResult::Absent),
                ("/home/ann/.dive.yaml", SearchResult::Read(ConfigScope::User)),
            ]),
            "# read from /work/.dive.yaml (the working directory's: not every key counts)\n\
             # skipped /xdg/dive/*.yaml: no\u{fffd}permission\n\
             # read from /home/ann/.dive.yaml\n"
        );
    }
}
