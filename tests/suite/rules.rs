//! The table of rules and the command: each rule has its flag, a key in both files, its variable, `dive config`, help,
//! completion and report. Otherwise a limit that a user sets is not checked.

use dive::config::{Fails, Limit, Rule, RuleRow};

use crate::place::{repository, sample};
use crate::user::User;

/// A limit that the sample exceeds: its efficiency is 98.1 %, it has waste, and it runs as root.
fn strictest(row: &RuleRow) -> &'static str {
    match (&row.default, row.fails) {
        (Limit::Ban(_), _) => "true",
        (Limit::Paths(_), _) => "[{ path: \"/bin\", forbid: true }]",
        (_, Fails::Below) => "1",
        (_, Fails::AtOrAbove | Fails::Above) => "0",
    }
}

/// The rows of all rules but those on growth, which need a baseline: `budgets::growth` tests them.
fn without_baseline() -> impl Iterator<Item = &'static RuleRow> {
    Rule::ALL.into_iter().map(Rule::row).filter(|row| !row.name.starts_with("highestGrowth"))
}

/// Each of these rows with both spellings of its name.
fn spellings() -> impl Iterator<Item = (&'static RuleRow, &'static str)> {
    without_baseline().flat_map(|row| [(row, row.name), (row, row.kebab_name)])
}

fn variable(row: &RuleRow) -> String {
    format!("DIVE_RULES_{}", row.kebab_name.to_uppercase().replace('-', "_"))
}

/// Asserts that the image fails the rule, with its message.
#[track_caller]
fn assert_broken(user: &User, options: &[&str], row: &RuleRow) {
    let sample = sample();
    let failure = format!("\n  FAIL: {}: {} ({}=", row.name, row.complaint, row.number);
    user.runs(&[options, &["--ci", &sample]].concat()).ends_with(1).prints(&[&failure]);
}

#[test]
fn every_rule_of_one_value_has_a_flag_in_both_spellings() {
    for (row, name) in spellings().filter(|(row, _)| row.flag().is_some()) {
        let flag = format!("--{name}={}", strictest(row));
        assert_broken(&User::new(), &[&flag], row);
    }
}

#[test]
fn rules_file_sets_every_rule_in_both_spellings() {
    for (row, name) in spellings() {
        let user = User::new().writes(".dive-ci", &format!("rules:\n  {name}: {}\n", strictest(row)));
        assert_broken(&user, &[], row);
        let user = user.writes(".dive-ci", &format!("rules:\n  {name}: [1]\n"));
        let expected = match row.default {
            Limit::Paths(_) => "expected a rule about a path, found `1`",
            _ => "expected one value, found a list",
        };
        let misconfigured = format!("\n  MISCONFIGURED: {}: {expected}", row.name);
        user.runs(&["--ci", &sample()])
            .ends_with(2)
            .prints(&[&misconfigured])
            .says(&[&format!(".dive-ci:2: {name}: ")]);
    }
}

#[test]
fn configuration_sets_every_rule_in_both_spellings() {
    for (row, name) in spellings() {
        let user = User::new().keeps(".dive.yaml", &format!("rules:\n  {name}: {}\n", strictest(row)));
        assert_broken(&user, &[], row);
        assert_printed(&user, row, ".dive.yaml:2");
    }
}

#[test]
fn every_rule_of_one_value_has_a_variable() {
    for row in without_baseline().filter(|row| row.flag().is_some()) {
        let user = User::new().sets(&variable(row), strictest(row));
        assert_broken(&user, &[], row);
        assert_printed(&user, row, &variable(row));
    }
}

/// Asserts that `dive config` prints the rule's limit with its origin.
#[track_caller]
fn assert_printed(user: &User, row: &RuleRow, origin: &str) {
    let printed = user.runs(&["config"]).ends_with(0).stdout;
    let limit = row.default.parse(strictest(row)).map_or_else(|_| strictest(row).to_owned(), |limit| limit.to_string());
    let start = format!("  {}: {limit} ", row.kebab_name);
    let line = printed.lines().find(|line| line.starts_with(&start));
    assert!(line.is_some_and(|line| line.ends_with(origin)), "{start}# {origin} is not in\n{printed}");
}

#[test]
fn help_and_completion_list_every_rule() {
    let user = User::new();
    let help = user.runs(&["--help"]).ends_with(0).stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let completion = user.runs(&["completion", "bash"]).ends_with(0).stdout;
    for row in Rule::ALL.map(Rule::row) {
        let Some(flag) = row.flag() else { continue };
        let value = match row.default {
            Limit::Ban(_) => format!("[=<{}>]", row.default.placeholder()),
            _ => format!(" <{}>", row.default.placeholder()),
        };
        let expected = format!("{flag}{value} {} [default: {}]", row.help, row.default);
        assert!(help.contains(&expected), "{expected} is not in the help");
        assert!(completion.contains(flag), "{flag} is not completed");
    }
}

#[test]
fn documents_list_every_rule() {
    for (document, names) in [
        (
            "docs/usage.md",
            (|row| match (&row.default, row.flag()) {
                (_, None) => Vec::new(),
                (Limit::Ban(_), Some(flag)) => vec![format!("`{flag}`")],
                (_, Some(flag)) => vec![format!("`{flag} {}`", row.default.placeholder())],
            }) as fn(&RuleRow) -> Vec<_>,
        ),
        ("docs/ci.md", |row| {
            let by_one_value = row.flag().map(|flag| [format!("`{flag}`"), format!("`{}`", variable(row))]);
            by_one_value.into_iter().flatten().chain([format!("| `{}` |", row.name)]).collect()
        }),
        ("docs/configuration.md", |row| vec![format!("| `rules.{}` | `{}` |", row.kebab_name, row.default)]),
        (".dive.yaml", |row| vec![format!("  {}: {}\n", row.kebab_name, row.default)]),
        (".dive-ci", |row| vec![format!("{}: ", row.name)]),
    ] {
        let text = std::fs::read_to_string(repository(document)).unwrap();
        for name in Rule::ALL.into_iter().flat_map(|rule| names(rule.row())) {
            assert!(text.contains(&name), "{document} lacks {name}");
        }
    }
}
