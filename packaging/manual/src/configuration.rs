//! dive.yaml(5): keys from docs/configuration.md, which a test compares with the program's table; rules and actions from their tables.

use dive::config::{Keybinding, Rule};

use super::document::{rows, sentence};
use super::page::Page;

const DOCUMENT: &str = include_str!("../../../docs/configuration.md");

/// What the working directory's file may set, for a cell of the table.
fn may_set(who: &str) -> &str {
    match who {
        "anyone" => "any value",
        "stricter only" => "a stricter one",
        "the user" => "nothing",
        other => other,
    }
}

/// The variable that sets a key.
fn variable(key: &str) -> String {
    format!("DIVE_{}", key.to_uppercase().replace(['.', '-'], "_"))
}

pub(crate) fn page() -> String {
    let mut page = Page::new("dive.yaml", 5, "configuration of dive");
    page.heading("DESCRIPTION")
        .paragraph(
            "An optional YAML file. `dive config` prints the effective values, where each comes from, and which files were read; its \
             output is itself a configuration.",
        )
        .paragraph(
            "This page writes `log.level` for the key `level` below `log`. Case and dashes do not matter. dive ignores keys that begin \
             with `x-`. An invalid value is a warning and has no effect; in rules and `ci`, it is an error.",
        );
    page.heading("FILES")
        .paragraph(
            "The first of these that exists is your own configuration. The file of `--config` or `DIVE_CONFIG` replaces all files.",
        )
        .term("$XDG_CONFIG_HOME/dive/*.yaml", "By default `~/.config/dive/*.yaml`.")
        .term("$XDG_CONFIG_DIRS: dive/*.yaml", "By default `/etc/xdg/dive/*.yaml`.")
        .term("~/.config/dive/*.yaml", "")
        .term("~/.dive.yaml", "")
        .term(
            ".dive.yaml",
            "In the working directory; overrides your own. dive does not trust it, so each key below says what this file may set: any \
             value, a stricter one, a new file, or nothing.",
        );
    page.heading("VARIABLES").paragraph(
        "A variable overrides the files: `DIVE_`, then the key in capitals with `_` for each dot and dash. Flags override variables.",
    );
    page.heading("KEYS");
    for [key, default, who, sets] in rows(DOCUMENT, "Keys") {
        let key = key.trim_matches('`');
        if key.starts_with("rules.") || key.starts_with("keybinding.") {
            continue;
        }
        let (sets, may_set) = (sentence(sets), may_set(who));
        page.term(
            key,
            &format!("{sets} Default: {default}. In the working directory: {may_set}. Variable: `{}`.", variable(key)),
        );
    }
    page.heading("RULES")
        .paragraph("Limits of CI mode, below those of dive-ci(5). In the working directory: a stricter one.");
    for row in Rule::ALL.map(Rule::row) {
        page.term(
            &format!("rules.{}", row.kebab_name),
            &format!("{} Default: `{}`.", sentence(&format!("fails when {}", row.fails_when)), row.default),
        );
    }
    page.heading("KEYS OF THE EXPLORER").paragraph(
        "Separate several keys of an action with commas. A key is a character, or one of `space tab enter esc up down left \
         right pgup pgdn home end insert delete backspace slash backslash` and `f1` to `f12`, with `ctrl+`, `alt+` or `shift+` before it.",
    );
    for bound in Keybinding::default().all() {
        let keys: Vec<String> = bound.setting.value.keys().iter().map(|key| format!("`{}`", key.label())).collect();
        page.term(bound.path, &format!("{} Default: {}.", sentence(bound.does), keys.join(" ")));
    }
    page.heading("SEE ALSO").paragraph("dive(1), dive-ci(5)");
    page.finish()
}
