//! `--json` in a pipeline: dive writes the document and checks no rule, so default limits must not fail such a step.

use serde_json::Value;

use super::{block_of, our_part_of};
use crate::place::sample;
use crate::user::User;

fn is_document(user: &User, file: &str) -> bool {
    serde_json::from_slice::<Value>(&std::fs::read(user.file(file)).unwrap()).is_ok()
}

#[test]
fn json_without_own_rules_passes() {
    // This image fails the default limits.
    let (user, sample) = (User::new(), sample());
    let failing = crate::build::image()
        .layer(|l| l.file("base", "1"))
        .layer(|l| l.file("f", "1234567890"))
        .layer(|l| l.file("f", "0987654321"))
        .save(crate::build::Format::DockerArchive);
    let failing = failing.path().to_str().unwrap().to_owned();
    user.runs(&["--ci", &failing]).ends_with(1);

    let ran = user.runs(&["--ci", "--json", "out.json", &failing]).ends_with(0);
    let expected = format!(
        "  Using default CI config\nImage Source: docker-archive://{failing}\nExtracting image from docker-archive... (this \
         can take a while for large images)\nAnalyzing image...\nExporting image to 'out.json'...\n"
    );
    assert_eq!(ran.stdout, expected);
    assert!(is_document(&user, "out.json"));
    ran.says(&["no rule was checked", ".dive-ci"]);
    assert_eq!(user.runs(&["-q", "--ci", "--json", "out.json", &sample]).ends_with(0).stderr, "");
}

#[test]
fn json_with_own_rules_still_checks_them() {
    let sample = sample();
    let strict = "rules: { lowestEfficiency: 0.99 }\n";
    let flag = ["--lowestEfficiency", "0.99"];
    for (user, flags) in [
        (User::new(), &flag[..]),
        (User::new().writes(".dive-ci", strict), &[]),
        (User::new().writes("strict.yaml", strict), &["--ci-config", "strict.yaml"]),
        (User::new().keeps(".dive.yaml", "rules: { lowest-efficiency: 0.99 }\n"), &[]),
        (User::new().sets("DIVE_RULES_LOWEST_EFFICIENCY", "0.99"), &[]),
    ] {
        let ran = user.runs(&[&["--ci", "--json", "out.json"], flags, &[&sample]].concat()).ends_with(1);
        assert!(our_part_of(&ran.stdout).ends_with("Exporting image to 'out.json'...\n"), "{}", ran.stdout);
        assert!(block_of(&ran.stdout).contains("\nResult:FAIL "), "{}", ran.stdout);
        assert!(is_document(&user, "out.json"));
        // `--ci=false` gives dive's behaviour: no verdict.
        let ran = user.runs(&[&["--ci=false", "--json", "out.json"], flags, &[&sample]].concat()).ends_with(0);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn invalid_limits_print_dives_lines_and_exit_with_2() {
    let rules = "rules:\n  lowestEfficiency: 95\n  highestWastedBytes: 20MB\n";
    let (user, sample) = (User::new().writes(".dive-ci", rules), sample());
    let ran = user.runs(&["--ci", &sample]);
    assert!(ran.error().starts_with(".dive-ci:2: lowestEfficiency: `95` is outside the range"), "{}", ran.error());
    let expected = "  Using CI config: .dive-ci\nResults:\n  CONFIGURED   : highestUserWastedPercent\n  CONFIGURED   : \
                    highestWastedBytes\n  MISCONFIGURED: lowestEfficiency: `95` is outside the range of a ratio";
    assert!(ran.stdout.starts_with(expected), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("CI Misconfigured\n\n"), "{}", ran.stdout);
    let ran = user.runs(&["--ci", "--json", "-", &sample]).ends_with(2).says(&["CI Misconfigured"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn json_on_standard_output_moves_the_block_to_stderr() {
    let (user, sample) = (User::new(), sample());
    let ran = user.runs(&["--ci", "--json", "-", &sample]).ends_with(0);
    assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok(), "{}", ran.stdout);
    assert!(ran.stderr.contains("Analyzing image...\n") && !ran.stderr.contains("Exporting"), "{}", ran.stderr);
    let ran = user.runs(&["--ci", "--json", "-", "--lowestEfficiency", "1", &sample]).ends_with(1);
    assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok(), "{}", ran.stdout);
    assert!(ran.stderr.ends_with("[Skipped:1]\n\n"), "{}", ran.stderr);
}
