//! Every rule in every state: met, broken, only a warning, with an exception, with one that has ended, and misconfigured.

use dive::config::Rule;

use super::{checks, saved, shop};
use crate::user::User;

/// A rule with a value for each state.
struct Case {
    rule: Rule,
    met: &'static str,
    broken: &'static str,
    wrong: &'static str,
    exception: ExceptionEffect,
}

/// What an exception for all paths does to a broken rule.
#[derive(PartialEq)]
enum ExceptionEffect {
    /// The rule is met.
    Met,
    /// Nothing: the number does not depend on paths, or is dive's.
    None,
}

const fn case(rule: Rule, met: &'static str, broken: &'static str, wrong: &'static str) -> Case {
    Case { rule, met, broken, wrong, exception: ExceptionEffect::None }
}

const fn excepted(rule: Rule, met: &'static str, broken: &'static str, wrong: &'static str) -> Case {
    Case { exception: ExceptionEffect::Met, ..case(rule, met, broken, wrong) }
}

const CASES: [Case; 17] = [
    case(Rule::LowestEfficiency, "0.1", "0.9", "90 %"),
    case(Rule::HighestWastedBytes, "1GB", "1kB", "many"),
    case(Rule::HighestUserWastedPercent, "0.9", "0.1", "20"),
    case(Rule::HighestImageBytes, "10kB", "4kB", "-1"),
    case(Rule::HighestStoredBytes, "1MB", "1kB", "5 quarts"),
    case(Rule::HighestLayerBytes, "6kB", "2kB", "[1]"),
    case(Rule::HighestLayerCount, "4", "2", "2.5"),
    excepted(Rule::HighestReclaimableBytes, "1GB", "1kB", "1 apple"),
    excepted(Rule::HighestReclaimablePercent, "0.9", "0.1", "1.1"),
    excepted(Rule::LowestExactEfficiency, "0.1", "0.9", "-0.5"),
    case(Rule::HighestGrowthBytes, "10kB", "1kB", "1KX"),
    case(Rule::HighestGrowthPercent, "20", "0.05", "-1"),
    excepted(Rule::HighestAdviceBytes, "1GB", "1kB", "{ apt-list: 1kB }"),
    case(Rule::ForbidRoot, "true", "true", "maybe"),
    excepted(Rule::Paths, "[{ path: x, forbid: true }]", "[{ path: app, forbid: true }]", "[{ path: app }]"),
    case(Rule::HighestTotalBytes, "10kB", "4kB", "none"),
    case(Rule::HighestBaseVersions, "1", "0", "1.5"),
];

/// The rules with one value, all others of dive off, and a baseline of 600 bytes.
fn with(rule: Rule, value: &str, beside: &str) -> User {
    let others = Rule::DIVES.into_iter().filter(|other| *other != rule).map(|other| format!("  {other}: off\n"));
    let user = User::new().writes(
        ".dive-ci",
        &format!("baseline: main.json\nrules:\n{}  {rule}: {value}\n{beside}", others.collect::<String>()),
    );
    let before = saved(&super::base());
    user.runs(&["--ci=false", "--summary", "main.json", before.path().to_str().unwrap()]).ends_with(0);
    user
}

#[test]
fn every_rule_has_every_state() {
    assert_eq!(CASES.len(), Rule::ALL.len());
    let large = shop().layer(|l| l.file("app/data", [b'd'; 5000]));
    let (image, by_user) = (saved(&large), saved(&large.clone().runs_as("app")));
    for Case { rule, met, broken, wrong, exception } in CASES {
        let line = |status: &str, end: &str| format!("  {status}: {rule}{end}");
        let kept = if rule == Rule::ForbidRoot { &by_user } else { &image };
        checks(&with(rule, met, ""), kept, &[])
            .ends_with(0)
            .prints(&[&line("PASS", "\n"), "[Passed:1] [Failed:0] [Warn:0]"]);
        checks(&with(rule, broken, ""), &image, &[]).ends_with(1).prints(&[
            "  broken: ",
            &line("FAIL", ": "),
            "[Passed:0] [Failed:1] [Warn:0]",
        ]);
        checks(&with(rule, &format!("{{ value: {broken}, level: warn, reason: soon }}"), ""), &image, &[])
            .ends_with(0)
            .prints(&["  warning: ", &line("WARN", ": "), "; soon\n", "[Passed:0] [Failed:0] [Warn:1]"]);
        let ignore = |until: &str| format!("ignore: [{{ path: '**', reason: known, until: {until} }}]\n");
        let (code, status) = if exception == ExceptionEffect::Met { (0, "PASS") } else { (1, "FAIL") };
        checks(&with(rule, broken, &ignore("2999-12-31")), &image, &[]).ends_with(code).prints(&[&line(status, "")]);
        checks(&with(rule, broken, &ignore("2020-12-31")), &image, &[]).ends_with(1).prints(&[
            &line("FAIL", ": "),
            "  FAIL: ignore: the exception for path ** ended on 2020-12-31",
            "[Failed:2]",
        ]);
        let ran = checks(&with(rule, wrong, ""), &image, &[]);
        assert!(ran.error().starts_with(".dive-ci:"), "{rule}: {}", ran.stderr);
        ran.prints(&[&line("MISCONFIGURED", ": "), "CI Misconfigured\n"]);
    }
}
