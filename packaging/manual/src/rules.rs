//! dive-ci(5): rules from their table, the keys of their long forms from the tables of docs/ci.md.

use dive::config::Rule;
use dive_model::advice::AdviceKind;

use super::document::{rows, sentence};
use super::page::Page;

const DOCUMENT: &str = include_str!("../../../docs/ci.md");

/// A whole file, which a test parses.
pub(crate) const EXAMPLE: &str = include_str!("dive-ci.example");

/// The keys beside `rules`. A test compares them with the program's table.
const KEYS: [(&str, &str); 6] = [
    ("rules", "The rules: see RULES."),
    (
        "base: IMAGE",
        "The image that this one was built on, like `--base`, which overrides it; `auto` looks for it in the local engine. dive looks for \
         IMAGE only in an engine, without a pull, in the repository of the checked image, and in files below the working directory.",
    ),
    (
        "baseline: FILE",
        "The summary of an earlier image, which the rules on growth need, like `--baseline`. `dive --summary FILE IMAGE` writes it. It must \
         be below the working directory. Without the file, `dive --ci --summary FILE IMAGE` checks no growth and writes it.",
    ),
    ("ignore", "Exceptions: see EXCEPTIONS."),
    ("ignoreWasteBelow: SIZE", "Reclaimable groups below this size do not count."),
    (
        "images",
        "Rules for some images, each with `match` and `rules`. The first entry counts whose pattern matches the whole name of the image; `*` \
         stands for any letters, `/` included. Its limits replace those of `rules`, rule by rule.",
    ),
];

pub(crate) fn page() -> String {
    let mut page = Page::new("dive-ci", 5, "rules that dive checks an image against");
    page.heading("SYNOPSIS")
        .paragraph("`.dive-ci` in the working directory, or the file of `--ci-config` or `DIVE_CI_CONFIG`");
    page.heading("DESCRIPTION")
        .paragraph(
            "A YAML file with limits below the key `rules`. In CI mode (`--ci`, or `CI=true` in the environment) dive checks them. It exits \
             with 0 if all rules pass, 1 if one fails, and 2 on any other error.",
        )
        .paragraph(
            "For each rule, the first of these that sets it counts: its flag; this file; its variable (`DIVE_RULES_` and the name in \
             capitals, with `_` between its words); `rules` in dive.yaml(5); its default.",
        )
        .paragraph(
            "A ratio is a number from 0 to 1; that of `highestGrowthPercent` may exceed 1. A size is a number and a unit: `20MB`, `19.5 kB` \
             (powers of 1000), `20MiB` (powers of 1024). `disabled`, `off`, `false` or `\"\"` turns a rule off. Case and dashes in names do \
             not matter.",
        )
        .paragraph(
            "A misspelt rule, a rule outside `rules` and an invalid limit are errors. Any other unknown key is a warning. dive ignores keys \
             that begin with `x-`.",
        );
    page.heading("KEYS");
    for (key, meaning) in KEYS {
        page.term(key, meaning);
    }
    page.heading("RULES");
    for row in Rule::ALL.map(Rule::row) {
        let unit = row.default.placeholder().to_lowercase();
        page.term(
            &format!("{}: {}", row.name, row.default.placeholder()),
            &format!(
                "{} A {unit}; the default is `{}`.{}",
                sentence(&format!("fails when {}", row.fails_when)),
                row.default,
                row.flag().map_or_else(String::new, |flag| format!(" The flag is `{flag}`."))
            ),
        );
    }
    page.heading("LEVEL, LAYERS AND REASON").paragraph("Any rule takes a long form, `{ value, level, for, reason }`:");
    table(&mut page, "Rules");
    page.heading("ADVICE").paragraph(
        "`highestAdviceBytes` limits the unpacked bytes of all advice, or those of each kind: `{ apt-lists: 0, python-cache: 5MB }`. \
         dive-advise(1) describes the kinds:",
    );
    let kinds: Vec<String> = AdviceKind::ALL.iter().map(|kind| format!("`{}`", kind.id())).collect();
    page.paragraph(&format!("{}.", kinds.join(", ")));
    page.heading("PATHS").paragraph(
        "`paths` is a list of rules about paths. `!` before a pattern excepts its paths from the rules above it. `level`, `for` and `reason` \
         are for the whole list, and stand beside `value`.",
    );
    table(&mut page, "Paths");
    page.heading("EXCEPTIONS").paragraph(
        "`ignore` lists what the rules about reclaimable bytes, paths and advice leave out. The first three rules know no exceptions. An \
         entry has `path`, `class` or `advice`, and a reason.",
    );
    table(&mut page, "Exceptions");
    page.heading("EXAMPLE").example(EXAMPLE);
    page.heading("SEE ALSO").paragraph("dive(1), dive-advise(1), dive.yaml(5)");
    page.finish()
}

/// The rows of a table of keys.
fn table(page: &mut Page, section: &str) {
    for [key, meaning] in rows(DOCUMENT, section) {
        page.term(&key.replace('`', ""), &sentence(meaning));
    }
}
