//! docs/keys.md comes from the table of actions that the keymap, the hints and the help come from: whoever changes a key
//! writes it anew with `DIVE_REWRITE_DOCUMENTS=1 cargo test --test suite documents`.

use std::fmt::Write;

use dive::config::{Bound, Context, Keybinding};

use crate::place::repository;

const HEAD: &str = "\
# Keys

<!-- Written by tests/suite/documents.rs; DIVE_REWRITE_DOCUMENTS=1 cargo test --test suite documents writes it anew. -->

What keys do by default. `?` shows the same on the screen, as it holds there, with your own keys. The last column is the key of
`keybinding:` in [`.dive.yaml`](configuration.md) that sets others; several stand with commas between them, and the screen's hints
show the first.

Where a terminal, tmux, screen or docker keeps a `ctrl` key for itself, the plain key beside it does the same. While text is being
typed, keys that type a character are text.
";

/// A table for each place that has keys.
fn keys(keybinding: &Keybinding) -> String {
    let mut document = HEAD.to_owned();
    for context in Context::ALL {
        writeln!(document, "\n## {}\n\n| Keys | What they do | `keybinding:` |\n|---|---|---|", context.title())
            .unwrap();
        for bound in keybinding.all().iter().filter(|bound| bound.contexts.contains(&context)) {
            let name = bound.path.strip_prefix("keybinding.").unwrap();
            writeln!(document, "| {} | {} | `{name}` |", label(bound, context), bound.does).unwrap();
        }
    }
    document
}

/// The keys of an action that lead to it in a context: where text is typed, a character does not.
fn label(bound: &Bound<'_>, context: Context) -> String {
    let keys = bound.setting.value.keys().iter().copied();
    let works = keys.filter(|key| context != Context::TextLine || dive::tui::keymap::typed(*key).is_none());
    works.map(|key| format!("`{}`", key.label())).collect::<Vec<_>>().join(" ")
}

#[test]
fn docs_keys_names_every_key_as_it_is() {
    let path = repository("docs/keys.md");
    let expected = keys(&Keybinding::default());
    if std::env::var_os("DIVE_REWRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let is = std::fs::read_to_string(&path).unwrap_or_default();
    let line = is.lines().zip(expected.lines()).find(|(is, expected)| is != expected);
    assert!(
        is == expected,
        "docs/keys.md is not what the keymap says, first at {line:?}; \
         `DIVE_REWRITE_DOCUMENTS=1 cargo test --test suite documents` writes it anew"
    );
}
