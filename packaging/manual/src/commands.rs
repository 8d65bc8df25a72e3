//! dive(1) and a page per command, generated from the command-line definition.

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use dive::cli::Cli;

use super::File;
use super::page::Page;

/// All pages of section 1.
pub(crate) fn pages() -> anyhow::Result<Vec<File>> {
    let mut command = show_all_options(Cli::command().disable_help_subcommand(true));
    command.build();
    let mut files = Vec::new();
    page(&command, &mut files)?;
    Ok(files)
}

/// Shows options that only the long help has: `clap_mangen` omits their texts otherwise.
fn show_all_options(command: Command) -> Command {
    command.mut_args(|option| option.hide_short_help(false)).mut_subcommands(show_all_options)
}

/// Adds the page of a command and those of its subcommands.
fn page(command: &Command, files: &mut Vec<File>) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let is_root = command.get_name() == name;
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = head(command, &name, &about).into_bytes();
    let man = Man::new(command.clone());
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let verbs = || command.get_subcommands().filter(|verb| !verb.is_hide_set());
    if verbs().next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    text.extend(tail(command, is_root).into_bytes());
    files.push((format!("{name}.1"), text));
    for verb in verbs() {
        page(verb, files)?;
    }
    Ok(())
}

/// Title, name and synopsis. clap's synopsis lists every option; its usage line is shorter.
fn head(command: &Command, name: &str, about: &str) -> String {
    let mut page = Page::new(name, 1, about);
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    page.heading("SYNOPSIS");
    page.example(&usage.lines().map(str::trim_start).collect::<Vec<_>>().join("\n"));
    page.finish()
}

/// The sections after the options.
fn tail(command: &Command, is_root: bool) -> String {
    let mut page = Page::part();
    if is_root {
        let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        let (examples, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
        page.heading("EXAMPLES");
        page.example(examples.trim_start_matches("Examples:\n"));
        page.heading("EXIT STATUS AND ENVIRONMENT");
        for line in rest.lines() {
            page.paragraph(line);
        }
        page.heading("FILES");
        page.term(".dive-ci", "The rules of CI mode, in the working directory: see dive-ci(5).");
        page.term("~/.dive.yaml", "The configuration. dive.yaml(5) lists other places for it.");
        page.term(
            "~/.cache/dive",
            "The cache of layers from engines and registries. `dive cache` shows and clears it.",
        );
    }
    page.heading("SEE ALSO");
    page.paragraph(if is_root {
        "dive-ci(5), dive.yaml(5), docker(1), podman(1)"
    } else {
        "dive(1), dive-ci(5), dive.yaml(5)"
    });
    page.finish()
}
