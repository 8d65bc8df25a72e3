//! Writes the manual pages or the completion scripts into a folder: `dive-manual man|completions FOLDER`. Packages
//! contain them; keeping their generator out of the program saves it two crates.
//!
//! ```text
//! page            one page, as man reads it
//! commands        dive(1) and a page for each command, from the command line
//! rules           dive-ci(5), from the table of rules
//! configuration   dive.yaml(5), from the tables of keys and actions
//! ```

mod commands;
mod configuration;
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
    fn completions_offer_the_values_of_options() {
        for (name, script) in completions() {
            let script = String::from_utf8(script).unwrap();
            for value in ["docker-archive", "missing", "tsv"] {
                assert!(script.contains(value), "{name} does not offer {value}");
            }
        }
    }
}
