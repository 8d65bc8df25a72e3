//! dive-ci(5), from the table of rules.

use dive::config::Rule;

use super::page::Page;

const EXAMPLE: &str = include_str!("../../../.dive-ci");

pub(crate) fn page() -> String {
    let mut page = Page::new("dive-ci", 5, "rules that dive checks an image against");
    page.heading("SYNOPSIS")
        .paragraph("`.dive-ci` in the working directory, or the file of `--ci-config` or `DIVE_CI_CONFIG`");
    page.heading("DESCRIPTION")
        .paragraph(
            "A YAML file with limits below the key `rules`. In CI mode (`--ci`, or `CI=true` in the environment) dive checks them. It exits \
             with 0 if the image keeps all, with 1 if it breaks one, and with 2 if it cannot be read or a file has a mistake.",
        )
        .paragraph(
            "For each rule, the first of these that sets it counts: its flag; this file; its variable (`DIVE_RULES_` and the name in \
             capitals); `rules` in dive.yaml(5); its default.",
        )
        .paragraph(
            "A ratio is a number from 0 to 1. A size is a number and a unit: `20MB`, `19.5 kB` (powers of 1000), `20MiB` (powers of \
             1024). `disabled`, `off`, `false` or `\"\"` turns a rule off. Case and dashes in names do not matter.",
        )
        .paragraph(
            "A misspelt rule, a rule outside `rules` and an invalid limit are errors. Any other unknown key is a warning. dive ignores keys \
             that begin with `x-`.",
        );
    page.heading("RULES");
    for row in Rule::ALL.map(Rule::row) {
        let unit = row.default.placeholder().to_lowercase();
        page.term(
            &format!("{}: {}", row.name, row.default.placeholder()),
            &format!(
                "Fails when {}. A {unit}; the default is `{}`.{}",
                row.fails_when,
                row.default,
                row.flag().map_or_else(String::new, |flag| format!(" The flag is `{flag}`."))
            ),
        );
    }
    page.heading("EXAMPLE").example(EXAMPLE);
    page.heading("SEE ALSO").paragraph("dive(1), dive.yaml(5)");
    page.finish()
}
