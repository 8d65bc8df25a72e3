//! Writes the manual pages or the completion scripts into a folder: `dive-manual man|completions FOLDER`. Packages
//! contain them; keeping their generator out of the program saves it two crates.
//!
//! ```text
//! document        tables and texts of docs/
//! page            one page, as man reads it
//! commands        dive(1) and a page for each command, from the command line
//! rules           dive-ci(5), from the table of rules
//! configuration   dive.yaml(5), from the tables of keys and actions
//! ```

mod commands;
mod configuration;
mod document;
mod page;
mod rules;

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use clap_complete::Shell;
use dive::cli::completion_script;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [kind, folder] = arguments[..] else { bail!("usage: dive-manual man|completions FOLDER") };
    let files = match kind {
        "man" => pages()?,
        "completions" => completions(),
        other => bail!("`{other}` is neither man nor completions"),
    };
    let folder = Path::new(folder);
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// Name and content of a file.
type File = (String, Vec<u8>);

fn pages() -> anyhow::Result<Vec<File>> {
    let mut files = commands::pages()?;
    files.push(("dive-ci.5".to_owned(), rules::page().into_bytes()));
    files.push(("dive.yaml.5".to_owned(), configuration::page().into_bytes()));
    Ok(files)
}

/// The scripts, under the names that shells expect.
fn completions() -> Vec<File> {
    let named = [(Shell::Bash, "dive.bash"), (Shell::Zsh, "_dive"), (Shell::Fish, "dive.fish")];
    named.map(|(shell, name)| (name.to_owned(), completion_script(shell).into_bytes())).into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use dive::cli::Cli;
    use dive::config::{Config, Keybinding, Rule};

    use super::*;

    /// Warnings of mandoc about what `clap_mangen` writes around a list of values. The page looks right.
    const ACCEPTED: [&str; 2] = ["skipping paragraph macro: br before sp", "skipping paragraph macro: br after sp"];

    fn page(name: &str) -> String {
        let pages = pages().unwrap();
        let (_, content) = pages.into_iter().find(|(page, _)| page == name).unwrap_or_else(|| panic!("no {name}"));
        // roff writes `-` and `'` as escapes.
        String::from_utf8(content).unwrap().replace("\\-", "-").replace("\\*(Aq", "'")
    }

    #[test]
    fn every_command_has_a_page_listed_in_dive_1() {
        let command = Cli::command();
        let own = page("dive.1");
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let name = format!("dive-{}.1", verb.get_name());
            assert!(page(&name).contains(".SH NAME"), "{name}");
            assert!(own.contains(&format!("dive-{}", verb.get_name())), "dive(1) does not name {name}");
        }
    }

    #[test]
    fn every_option_rule_key_and_action_is_on_its_page() {
        let (command, own) = (Cli::command(), page("dive.1"));
        for option in command.get_arguments() {
            let Some(name) = option.get_long() else { continue };
            assert!(own.contains(&format!("--{name}")), "dive(1) lacks --{name}");
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(own.contains(&help), "dive(1) does not say of --{name}: {help}");
        }
        let (rules, keys) = (page("dive-ci.5"), page("dive.yaml.5"));
        for rule in Rule::ALL {
            assert!(rules.contains(rule.row().name), "dive-ci(5) lacks {rule}");
            assert!(keys.contains(rule.row().kebab_name), "dive.yaml(5) lacks {rule}");
        }
        for bound in Keybinding::default().all() {
            assert!(keys.contains(bound.path), "dive.yaml(5) lacks {}", bound.path);
        }
        // `dive config` prints every key.
        let mut section = String::new();
        for line in dive::config::render(&Config::default()).lines().filter(|line| !line.starts_with('#')) {
            let (key, value) = line.split_once(':').unwrap();
            match (key.strip_prefix("  "), value.trim()) {
                (None, "") => section = format!("{key}."),
                (None, _) => assert!(keys.contains(key), "dive.yaml(5) lacks {key}"),
                (Some(key), _) => {
                    assert!(keys.contains(&format!("{section}{key}")), "dive.yaml(5) lacks {section}{key}");
                }
            }
        }
    }

    #[test]
    fn every_key_of_a_rules_file_is_on_its_page() {
        let rules = page("dive-ci.5");
        let named = |key: &str| {
            [format!("{key}\\fR"), format!("{key}: ")].iter().any(|term| rules.contains(&format!("\\fB{term}")))
        };
        for key in dive::config::RulesFile::keys_beside_rules() {
            assert!(named(key), "dive-ci(5) lacks {key}");
        }
        // The keys of the long form, of paths, exceptions and images.
        for key in ["value", "level", "for", "reason", "path", "forbid", "require", "highestBytes", "anywhere", "class"]
        {
            assert!(named(key), "dive-ci(5) lacks {key}");
        }
        for key in ["advice", "until", "match"] {
            assert!(named(key), "dive-ci(5) lacks {key}");
        }
        for kind in dive_model::advice::AdviceKind::ALL {
            assert!(named(kind.id()), "dive-ci(5) lacks {}", kind.id());
        }
    }

    /// The example shows every key, and dive takes it.
    #[test]
    fn the_example_of_a_rules_file_is_valid() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".dive-ci"), rules::EXAMPLE).unwrap();
        let environment = dive_sources::Environment::new(folder.path().to_owned(), None, []);
        let configurations = dive::config::Discovery::default();
        let named = dive::config::Setting::by_default(None);
        let file = dive::config::RulesFile::load(&environment, &named, &configurations).unwrap();
        assert_eq!(file.warnings, []);
        for key in dive::config::RulesFile::keys_beside_rules() {
            assert!(rules::EXAMPLE.contains(&format!("\n{key}:")) || rules::EXAMPLE.starts_with(key), "{key}");
        }
    }

    #[test]
    fn pages_are_clean() {
        for (name, content) in pages().unwrap() {
            let text = String::from_utf8(content).unwrap();
            let mut is_example = false;
            for line in text.lines() {
                is_example = line == ".EX" || is_example && line != ".EE";
                // An ellipsis in a synopsis: `IMAGE...`.
                let line = line.replace("...", "");
                for flaw in ["..", "  ", "](", "docs/", ".md", " ,", " .  ", ": .", "see ."] {
                    assert!(is_example || !line.contains(flaw), "{name}: {flaw:?} in {line}");
                }
            }
            let title = text.lines().find_map(|line| line.strip_prefix(".TH ")).unwrap();
            let date = title.split(' ').nth(2).unwrap().trim_matches('"').replace("\\-", "-");
            assert!(date.parse::<dive::config::Date>().is_ok(), "{name}: {title}");
            let lines: Vec<_> = text.lines().collect();
            let is_empty = |two: &[&str]| two[1] == ".PP" && (two[0] == ".PP" || two[0].starts_with(".SH"));
            assert!(!lines.windows(2).any(is_empty), "{name}: a paragraph macro without a text before it");
        }
    }

    /// Skipped without mandoc, unless `DIVE_TEST_PROGRAMS` lists it.
    #[test]
    fn mandoc_accepts_all_pages() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = std::process::Command::new("mandoc");
        command.args(["-T", "lint", "-W", "warning"]).current_dir(folder.path());
        for (name, content) in pages().unwrap() {
            fs::write(folder.path().join(&name), content).unwrap();
            command.arg(name);
        }
        let output = match command.output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let required = std::env::var("DIVE_TEST_PROGRAMS").unwrap_or_default();
                assert!(!required.split(' ').any(|program| program == "mandoc"), "mandoc is missing");
                return eprintln!("skipped: no mandoc");
            }
            output => output.unwrap(),
        };
        let is_accepted = |line: &&str| ACCEPTED.iter().any(|text| line.contains(text));
        let found = String::from_utf8(output.stdout).unwrap();
        let found: Vec<_> = found.lines().filter(|line| !is_accepted(line)).collect();
        assert_eq!(found, [""; 0]);
    }

    /// cargo-deb runs only in a release, which a missing file would stop.
    #[test]
    fn every_file_of_the_debian_package_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let (_, package) = manifest.split_once("\n[package.metadata.deb]\n").unwrap();
        let (_, assets) = package.split_once("\nassets = [\n").unwrap();
        let assets = assets.lines().take_while(|line| *line != "]");
        let sources: Vec<_> = assets.map(|line| line.split('"').nth(1).unwrap()).collect();
        // packaging/build.sh writes the program and the licences.
        let of_build = ["target/release/dive", "target/package/THIRD-PARTY.txt"];
        let of_manual = ["target/package/man/*.1", "target/package/man/*.5"];
        let scripts: Vec<_> =
            completions().into_iter().map(|(name, _)| format!("target/package/completions/{name}")).collect();
        for needed in of_manual.into_iter().chain(of_build).chain(scripts.iter().map(String::as_str)) {
            assert!(sources.contains(&needed), "the package lacks {needed}");
        }
        for source in sources.into_iter().filter(|source| !source.starts_with("target/")) {
            assert!(root.join(source).is_file(), "no {source}");
        }
        for (name, _) in pages().unwrap() {
            assert!(name.ends_with(".1") || name.ends_with(".5"), "the package leaves {name} out");
        }
    }

    #[test]
    fn only_options_with_an_effect_are_listed() {
        for name in ["dive-version.1", "dive-completion.1", "dive-cache.1", "dive-cache-clear.1"] {
            assert!(!page(name).contains("--source") && !page(name).contains("--config"), "{name}");
        }
        assert!(page("dive-config.1").contains("--registry-mirror") && !page("dive-config.1").contains("--image"));
    }

    #[test]
    fn dive_1_lists_the_variables_that_users_set() {
        let own = page("dive.1");
        let (_, variables) = own.split_once(".SH ENVIRONMENT").expect("a section");
        for name in
            ["DOCKER_HOST", "CONTAINER_HOST", "NO_COLOR", "TMPDIR", "REGISTRY_TOKEN", "DIVE_CONFIG", "DIVE_CI_CONFIG"]
        {
            assert!(variables.contains(name), "dive(1) lacks {name}");
        }
        assert!(own.contains(".SH \"EXIT STATUS\"\n"));
    }

    #[test]
    fn completions_offer_the_values_of_options() {
        for (name, script) in completions() {
            let script = String::from_utf8(script).unwrap();
            for value in ["docker-archive", "missing", "tsv"] {
                assert!(script.contains(value), "{name} does not offer {value}");
            }
        }
    }
}
