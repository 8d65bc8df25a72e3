//! Documents generated from the program's tables: docs/keys.md from the actions, the table in docs/sources.md from the
//! image sources, that in docs/ci.md from the rules,
//! that in docs/advice.md from the kinds of advice. `cargo xtask docs` rewrites them.

use std::fmt::Write;

use dive::config::{Bound, Context, Keybinding, Rule, RuleRow};
use dive_model::advice::{AdviceKind, AdviceRow};
use dive_sources::{SCHEMES, Scheme, SchemeName};

use crate::place::repository;

const HEAD: &str = "\
# Keys

<!-- Written by tests/suite/documents.rs; `cargo xtask docs` writes it anew. -->

The default keys. On the screen, `?` lists your own keys for the current pane. To change a key, set the name in the last column under
`keybinding:` in [`.dive.yaml`](configuration.md#names-of-keys).
";

/// A table of the keys that all panes share, then one for each pane. Text input has its own table, because characters are text
/// there.
fn keys(keybinding: &Keybinding) -> String {
    let mut document = HEAD.to_owned();
    let all = keybinding.all();
    let (shared, others): (Vec<_>, Vec<_>) = all.iter().partition(|bound| is_shared(bound));
    write_table(&mut document, "All panes", Context::Layers, &shared);
    for context in Context::ALL {
        let bounds: Vec<_> = match context {
            Context::TextLine => all.iter().collect(),
            _ => others.clone(),
        };
        let bounds: Vec<_> = bounds.into_iter().filter(|bound| bound.contexts.contains(&context)).collect();
        write_table(&mut document, context.title(), context, &bounds);
    }
    document
}

/// True if an action has keys in all contexts except text input.
fn is_shared(bound: &Bound<'_>) -> bool {
    let mut panes = Context::ALL.into_iter().filter(|context| *context != Context::TextLine);
    panes.all(|context| bound.contexts.contains(&context))
}

fn write_table(document: &mut String, title: &str, context: Context, bounds: &[&Bound<'_>]) {
    writeln!(document, "\n## {title}\n\n| Keys | What they do | `keybinding:` |\n|---|---|---|").unwrap();
    for bound in bounds {
        let name = bound.path.strip_prefix("keybinding.").unwrap();
        writeln!(document, "| {} | {} | `{name}` |", label(bound, context), bound.does).unwrap();
    }
}

/// The keys of an action in a context, without those that type a character into a line of text.
fn label(bound: &Bound<'_>, context: Context) -> String {
    let keys = bound.setting.value.keys().iter().copied();
    let works = keys.filter(|key| context != Context::TextLine || dive::tui::keymap::typed(*key).is_none());
    works.map(|key| format!("`{}`", key.label())).collect::<Vec<_>>().join(" ")
}

/// Compares a document, or rewrites it if `DIVE_REWRITE_DOCUMENTS` is set.
fn assert_written(name: &str, expected: &str) {
    let path = repository(name);
    if std::env::var_os("DIVE_REWRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let is = std::fs::read_to_string(&path).unwrap_or_default();
    let line = is.lines().zip(expected.lines()).find(|(is, expected)| is != expected);
    assert!(
        is == expected,
        "{name} is outdated, first at {line:?}; \
         `cargo xtask docs` rewrites it"
    );
}

#[test]
fn docs_keys_lists_every_key() {
    assert_written("docs/keys.md", &keys(&Keybinding::default()));
}

/// The table of sources.
fn sources() -> String {
    let mut table = "| Source | Name | Other names | Example | Needs |\n|---|---|---|---|---|\n".to_owned();
    let word = |name: SchemeName| match name {
        SchemeName::Distinct(word) => format!("`{word}`"),
        SchemeName::AlsoAnImage(word) => format!("`{word}`*"),
    };
    for scheme in &SCHEMES {
        let Scheme { what, name, example, needs, .. } = scheme;
        let aliases: Vec<_> = scheme.aliases.iter().copied().map(word).collect();
        writeln!(table, "| {what} | {} | {} | `{example}` | {needs} |", word(*name), aliases.join(", ")).unwrap();
    }
    table
}

/// The table of rules.
fn rules() -> String {
    let mut table = "| Rule | Default | Fails when |\n|---|---|---|\n".to_owned();
    for RuleRow { name, default, fails_when, .. } in Rule::ALL.map(Rule::row) {
        writeln!(table, "| `{name}` | `{default}` | {fails_when} |").unwrap();
    }
    table
}

/// Compares the part of a document between `<!-- NAME -->` and `<!-- /NAME -->`, or rewrites it.
fn assert_part_written(document: &str, name: &str, expected: &str) {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let text = std::fs::read_to_string(repository(document)).unwrap();
    let (before, rest) = text.split_once(&start).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    assert_written(document, &format!("{before}{start}{expected}{end}{after}"));
}

/// The template `packaging/ci/NAME` with the project's address, this version, and the checksum that `action.yml` pins.
fn template(name: &str) -> String {
    let read = |name: &str| std::fs::read_to_string(repository(name)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let archive = format!("dive-{version}-x86_64-unknown-linux-musl.tar.gz");
    let address = env!("CARGO_PKG_REPOSITORY");
    let slug = address.rsplit('/').take(2).collect::<Vec<_>>();
    let sums = read("packaging/action/SHA256SUMS");
    let pinned = sums.lines().find_map(|line| line.strip_suffix(&archive)).map(str::trim);
    let language = if name.contains('.') { "yaml" } else { "groovy" };
    let text = read(&format!("packaging/ci/{name}"))
        .replace("@RELEASE@", &format!("{address}/releases/download/v{version}"))
        .replace("@ARCHIVE@", &archive)
        .replace("@SHA256@", pinned.unwrap_or("SHA-256-IN-SHA256SUMS"))
        .replace("@MINOR@", concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR")))
        .replace("@SLUG@", &format!("{}/{}", slug[1], slug[0]))
        .replace("@REPOSITORY@", address)
        .replace("@VERSION@", version);
    format!("```{language}\n{text}```\n")
}

#[test]
fn docs_ci_contains_the_templates() {
    for name in [
        "github.yml",
        "gitlab-ci.yml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        "pre-commit-config.yaml",
        "k9s-plugins.yaml",
    ] {
        assert_part_written("docs/ci.md", name, &template(name));
    }
}

#[test]
fn docs_sources_contains_the_table_of_sources() {
    assert_part_written("docs/sources.md", "sources", &sources());
}

#[test]
fn docs_ci_contains_the_table_of_rules() {
    assert_part_written("docs/ci.md", "rules", &rules());
}

/// The table of kinds of advice.
fn kinds() -> String {
    let mut table = "| Kind | Level | Finds | hadolint |\n|---|---|---|---|\n".to_owned();
    for kind in AdviceKind::ALL {
        let AdviceRow { id, level, what, hadolint, .. } = kind.row();
        let rule = hadolint.unwrap_or_default();
        writeln!(table, "| [`{id}`](#{id}) | {} | {what} | {rule} |", level.name()).unwrap();
    }
    table
}

#[test]
fn docs_advice_contains_the_table_of_kinds() {
    assert_part_written("docs/advice.md", "kinds", &kinds());
}

/// Reports link to the section of a kind.
#[test]
fn docs_advice_explains_each_kind_in_order() {
    let text = std::fs::read_to_string(repository("docs/advice.md")).unwrap();
    let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(headings, AdviceKind::ALL.iter().map(|kind| kind.id()).collect::<Vec<_>>());
    let sections = text.split("\n### ").skip(1);
    for section in sections {
        for parts in [&["\n\n**Write:**"][..], &["\n\n**Ignore it**", "\n\n**Never ignore it.**"]] {
            assert!(parts.iter().any(|part| section.contains(part)), "none of {parts:?} in {section}");
        }
    }
}

/// The anchors of a document's headings, as GitHub generates them.
fn anchors(text: &str) -> Vec<String> {
    let mut is_code = false;
    let headings = text.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('#')
    });
    let anchor = |heading: &str| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_in_documents_resolve() {
    let mut documents: Vec<_> = ["", "docs"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(repository(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.sort();
    assert!(documents.len() > 15, "{documents:?}");
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut dead = String::new();
    for document in documents {
        let text = std::fs::read_to_string(&document).unwrap();
        for target in link.captures_iter(&text).map(|found| found.get(1).unwrap().as_str()) {
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
            let is_there = match anchor {
                "" => path.exists(),
                anchor => {
                    anchors(&std::fs::read_to_string(&path).unwrap_or_default()).iter().any(|there| there == anchor)
                }
            };
            if !is_there {
                writeln!(dead, "{}: {target}", document.display()).unwrap();
            }
        }
    }
    assert_eq!(dead, "");
}
