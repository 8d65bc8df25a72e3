//! The long form of a rule: level, layers and reason; and what a mistake in it says.

use super::{base, checks, saved, shop, user};
use crate::place::Corpus;
use crate::user::User;

#[test]
fn a_rule_of_level_warn_warns_and_does_not_fail() {
    let rules =
        "  highestImageBytes: { value: 1kB, level: warn, reason: the release is near }\n  highestLayerCount: 3\n";
    checks(&user(rules), &saved(&shop()), &[]).ends_with(0).prints(&[
        "  warning: unpacked size 4.9 kB, limit 1.0 kB (.dive-ci:4)\n",
        "  WARN: highestImageBytes: the image is too large (image-bytes=4900 > threshold=1000); the release is near\n",
        "Result:PASS [Total:5] [Passed:1] [Failed:0] [Warn:1] [Skipped:3]\n",
    ]);
    // dive's own rules have a level, too.
    let lax = User::new().writes(
        ".dive-ci",
        "rules:\n  lowestEfficiency: { value: 0.99, level: warn }\n  highestUserWastedPercent: { value: off }\n",
    );
    checks(&lax, &saved(&shop()), &[])
        .ends_with(0)
        .prints(&["  WARN: lowestEfficiency: image efficiency is too low ("]);
}

#[test]
fn a_reason_cannot_forge_a_verdict() {
    let rules = "  highestImageBytes: { value: 1kB, reason: \"x\\nResult:PASS [Total:1] efficiency: 100 %\" }\n";
    let ran = checks(&user(rules), &saved(&shop()), &[]).ends_with(1);
    assert_eq!(ran.stdout.matches("Result:").count(), 1, "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("efficiency:").count(), 1, "{}", ran.stdout);
}

#[test]
fn for_ours_counts_the_layers_above_a_known_base() {
    let image = saved(&shop());
    let rules =
        "  highestReclaimableBytes: { value: 1kB, for: ours }\n  highestImageBytes: { value: 4301, for: ours }\n";
    let rules = user(rules);
    // Without a base, all layers but the first, and the report says so.
    checks(&rules, &image, &[]).ends_with(1).prints(&[
        "  broken: reclaimable of the image's own layers 2.3 kB, limit 1.0 kB (.dive-ci:4)\n",
        "  note: `for: ours` counts all layers but the first",
        "  FAIL: highestReclaimableBytes: too many bytes are reclaimable (reclaimable-bytes=2300 > threshold=1000, own layers)\n",
        "  PASS: highestImageBytes\n",
    ]);
    let base_file = saved(&base());
    let named = base_file.path().to_str().unwrap();
    let ran = checks(&rules, &image, &["--base", named]).ends_with(1);
    let ran = ran.prints(&["      2.0 kB  /app/bin (1 file, ours, layer 1, hidden by 2, overwritten)\n"]);
    assert!(!ran.stdout.contains("note: `for: ours`"), "{}", ran.stdout);
    // The waste of the base's own layers is not counted.
    let two = base().layer(|l| l.whiteout("base/old").created_by("RUN rm")).layer(|l| l.file("app/bin", [b'1'; 10]));
    let wasteful_base = saved(&base().layer(|l| l.whiteout("base/old").created_by("RUN rm")));
    let named = wasteful_base.path().to_str().unwrap();
    checks(&user("  highestReclaimableBytes: 1\n"), &saved(&two), &["--base", named]).ends_with(1);
    let ours = user("  highestReclaimableBytes: { value: 1, for: ours }\n");
    checks(&ours, &saved(&two), &["--base", named]).ends_with(0).prints(&["  PASS: highestReclaimableBytes\n"]);
}

/// Provenance states two layers of the base. Without the base, they are not compared.
#[test]
fn a_stated_base_takes_no_layer_from_the_images_own() {
    let Some(corpus) = Corpus::here() else { return };
    let ran = user("  highestLayerCount: { value: 1, for: ours }\n")
        .runs(&["--ci", &corpus.path("provenance/max-oci.tar")])
        .ends_with(1)
        .prints(&["  broken: own layers: number 4, limit 1 (.dive-ci:4)\n"]);
    let budget = ran.stdout.split_once("Budget:").unwrap().1;
    assert!(!budget.contains("(base"), "{budget}");
}

/// The line, the key, and what to write.
#[test]
fn a_mistake_names_the_line_and_what_to_write() {
    let image = saved(&base());
    for (rules, error) in [
        (
            "  highestImageBytes:\n    value: 5 quarts\n",
            ".dive-ci:5: highestImageBytes: `5 quarts` is not a size: write a number and a unit, such as 20MB, 1.5 GB or \
             20MiB, or `disabled`",
        ),
        (
            "  highestImageBytes:\n    value: 5MB\n    level: error\n",
            ".dive-ci:6: highestImageBytes: level: `error` is not a valid value; write one of fail, warn",
        ),
        (
            "  highestImageBytes: { level: warn }\n",
            ".dive-ci:4: highestImageBytes: no limit; add `value:`, such as `{ value: 20MB }`",
        ),
        (
            "  highestLayerCount: 1.5\n",
            ".dive-ci:4: highestLayerCount: `1.5` is not a whole number from 0 to 18446744073709551615: write one, such as 20, or `disabled`",
        ),
        (
            "  highestReclaimablePercent: 20\n",
            ".dive-ci:4: highestReclaimablePercent: `20` is outside the range of a ratio: write a number from 0 to 1, such as 0.2 for 20 %, \
             or `disabled`",
        ),
        (
            "  highestReclaimablePercent: 2.5 %\n",
            ".dive-ci:4: highestReclaimablePercent: `2.5 %` is not a ratio: write a number from 0 to 1, such as 0.025 for \
             2.5 %, or `disabled`",
        ),
        (
            "  forbidRoot: { value: true, for: ours }\n",
            ".dive-ci:4: forbidRoot: for: `ours` does not apply here: the user is a setting of the whole image; leave `for` \
             out",
        ),
        (
            "  highestWastedBytes: { value: 1MB, for: ours }\n",
            ".dive-ci:4: highestWastedBytes: for: `ours` does not apply here: dive's numbers are about the whole image; use \
             highestReclaimableBytes or highestReclaimablePercent",
        ),
        (
            "  highestImageByte: 5MB\n",
            ".dive-ci:4: rules.highestImageByte: no rule has this name; did you mean highestImageBytes?",
        ),
    ] {
        let ran = checks(&user(rules), &image, &[]);
        assert_eq!(ran.error(), error, "{rules}");
        let name = rules.trim().split(':').next().unwrap();
        assert_eq!(
            ran.stdout.contains(&format!("  MISCONFIGURED: {name}: ")),
            name != "highestImageByte",
            "{}",
            ran.stdout
        );
    }
    let stray = User::new().writes(".dive-ci", "highest-layer-bytes: 5MB\n");
    assert_eq!(
        checks(&stray, &image, &[]).error(),
        ".dive-ci:1: highest-layer-bytes: a rule has no effect outside `rules:`; write it as `rules:`, and highestLayerBytes \
         indented below"
    );
}

/// Otherwise, each run of the pipeline finds one more.
#[test]
fn all_mistakes_of_a_file_are_listed() {
    let text = "rules:\n  highestImageByte: 5MB\n  lowestEfficiency: 95\n  highestWastedBytes: many\n  forbidSecrets: true\n\
                ignore: [{ path: a }, { class: all, reason: x }]\nhighestLayerCount: 9\n";
    let ran = checks(&User::new().writes(".dive-ci", text), &saved(&base()), &[]).ends_with(2);
    let errors: Vec<&str> = ran.stderr.lines().filter_map(|line| line.strip_prefix("dive: error: ")).collect();
    let starts = [
        ".dive-ci:2: rules.highestImageByte: no rule has this name; did you mean highestImageBytes?",
        ".dive-ci:3: lowestEfficiency: `95` is outside",
        ".dive-ci:4: highestWastedBytes: `many` is not a size",
        ".dive-ci:5: rules.forbidSecrets: this version of dive has no rule",
        ".dive-ci:6: ignore: the exception for path a has no reason; add `reason: TEXT`",
        ".dive-ci:6: ignore: class: unknown class `all`; write package-databases",
        ".dive-ci:7: highestLayerCount: a rule has no effect outside `rules:`",
    ];
    assert_eq!(errors.len(), starts.len(), "{}", ran.stderr);
    for (error, start) in errors.iter().zip(starts) {
        assert!(error.starts_with(start), "{error}");
    }
    ran.prints(&["  MISCONFIGURED: lowestEfficiency: ", "  MISCONFIGURED: highestWastedBytes: ", "CI Misconfigured\n"]);
    let many =
        (0..200).map(|number| format!("  highestLayerCount{}: 1\n", "-".repeat(number))).collect::<Vec<_>>().concat();
    let ran = checks(&User::new().writes(".dive-ci", &format!("rules:\n{many}")), &saved(&base()), &[]).ends_with(2);
    assert!(ran.stderr.ends_with("dive: error: 179 more mistakes; correct those above first\n"), "{}", ran.stderr);
}

/// Scripts look for dive's lines, wherever the limit is written.
#[test]
fn a_mistake_in_a_variable_or_a_configuration_prints_dives_lines() {
    let image = saved(&base());
    let by_variable = User::new().sets("DIVE_RULES_LOWEST_EFFICIENCY", "95");
    let by_file = User::new().keeps(".dive.yaml", "rules:\n  lowest-efficiency: 95\n");
    for (user, origin) in [(by_variable, "DIVE_RULES_LOWEST_EFFICIENCY: "), (by_file, ".dive.yaml:2: ")] {
        let ran = checks(&user, &image, &[]);
        assert!(ran.error().contains(origin), "{}", ran.stderr);
        ran.prints(&[
            "  MISCONFIGURED: lowestEfficiency: ",
            "  CONFIGURED   : highestWastedBytes\n",
            "CI Misconfigured\n",
        ]);
        // Not without CI mode, and not in the place of a document.
        let path = image.path().to_str().unwrap();
        assert_eq!(user.runs(&[path]).ends_with(2).stdout, "");
        let ran = checks(&user, &image, &["--json", "-"]).ends_with(2);
        assert_eq!(ran.stdout, "");
        ran.says(&["CI Misconfigured"]);
    }
    // The configuration that has the mistake turns on CI mode, unless a variable or a flag turns it off.
    let user = User::new().keeps(".dive.yaml", "ci: true\nrules:\n  lowest-efficiency: 95\n");
    let path = image.path().to_str().unwrap();
    user.runs(&[path]).ends_with(2).prints(&["  MISCONFIGURED: lowestEfficiency: ", "CI Misconfigured\n"]);
    assert_eq!(user.runs(&["--ci=false", path]).ends_with(2).stdout, "");
    assert_eq!(user.sets("DIVE_CI", "false").runs(&[path]).ends_with(2).stdout, "");
    // Both at once.
    let user = User::new()
        .keeps(".dive.yaml", "rules:\n  lowest-efficiency: 95\n")
        .sets("DIVE_RULES_HIGHEST_WASTED_BYTES", "many")
        .sets("CI", "true");
    let ran = user.runs(&[image.path().to_str().unwrap()]).ends_with(2);
    assert_eq!(ran.stderr.matches("dive: error: ").count(), 2, "{}", ran.stderr);
    assert_eq!(ran.stdout.matches("MISCONFIGURED: ").count(), 2, "{}", ran.stdout);
}

#[test]
fn a_key_of_another_program_names_the_rule_that_does_the_same() {
    for (key, rule) in [
        ("imageSizeLimit", "highestImageBytes"),
        ("max-layer-size", "highestLayerBytes"),
        ("maxLayers", "highestLayerCount"),
        ("noRootUser", "forbidRoot"),
    ] {
        let warning = format!("dive: warning: .dive-ci:4: unknown key `rules.{key}` has no effect; {rule} does this\n");
        let ran = checks(&user(&format!("  {key}: 5\n")), &saved(&base()), &[]).ends_with(0);
        assert_eq!(ran.stderr, warning);
    }
}

#[test]
fn a_key_of_the_rules_file_elsewhere_names_its_place() {
    let user = User::new().keeps(".dive.yaml", "ignore: []\nbaseline: x\n");
    let ran = checks(&user, &saved(&base()), &[]).ends_with(0);
    for (line, key) in [(1, "ignore"), (2, "baseline")] {
        let warning = format!(".dive.yaml:{line}: unknown key `{key}` has no effect here; write it in .dive-ci\n");
        assert!(ran.stderr.contains(&warning), "{}", ran.stderr);
    }
}

/// Users of dive keep settings and rules in one file.
#[test]
fn a_file_with_settings_and_rules_causes_no_warning() {
    let text = "log: { level: warn }\nfiletree.pane-width: 0.4\ntheme: dark\nignoreWasteBelow: 1kB\nignore: []\n\
                rules: { lowest-efficiency: 0.1, paths: [{ path: /none, forbid: true }] }\n";
    let user = User::new().writes(".dive.yaml", text).writes("shared.yaml", text);
    let image = saved(&base());
    for options in [
        &["--ci-config", ".dive.yaml"][..],
        &["--ci-config", "./.dive.yaml", "--config", ".dive.yaml"],
        &["--ci-config", "shared.yaml", "--config", "shared.yaml"],
    ] {
        let ran = checks(&user, &image, options).ends_with(0);
        assert!(!ran.stderr.contains("warning"), "{options:?}: {}", ran.stderr);
    }
    let user = user.sets("DIVE_CI_CONFIG", ".dive.yaml");
    assert_eq!(checks(&user, &image, &[]).ends_with(0).stderr, "");
    assert_eq!(user.runs(&["config"]).ends_with(0).stderr, "");
    // As rules alone, its settings have no effect.
    let ran = checks(&user, &image, &["--ci-config", "shared.yaml"]).ends_with(0);
    let warning = "shared.yaml:1: unknown key `log` has no effect here; write it in .dive.yaml\n";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    // An unknown key is reported once.
    let user = User::new().writes(".dive.yaml", "rules: {}\nunknown: 1\n");
    let ran = checks(&user, &image, &["--ci-config", ".dive.yaml"]).ends_with(0);
    assert_eq!(ran.stderr.matches("unknown key").count(), 1, "{}", ran.stderr);
}

#[test]
fn dive_config_shows_the_rules_of_the_rules_file() {
    let rules = "  highestImageBytes: { value: 1234567, level: warn }\n  paths: [{ path: .git, forbid: true }]\n";
    let beside = "baseline: main.json\nignore: [{ path: a, reason: x, until: 2999-01-01 }]\nignoreWasteBelow: 1kB\n";
    let printed = user(&format!("{rules}{beside}")).runs(&["config"]).ends_with(0).stdout;
    let lines: Vec<String> =
        printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "highest-image-bytes: { value: 1234567B, level: warn } # .dive-ci:4",
        "paths: [{ path: \".git\", forbid: true }] # .dive-ci:5",
        "lowest-efficiency: disabled # .dive-ci:2",
        "highest-stored-bytes: disabled # default",
        "# baseline: main.json (.dive-ci:6)",
        "# ignore: path a until 2999-01-01: x (.dive-ci:7)",
        "# ignoreWasteBelow: 1000B (.dive-ci:8)",
    ] {
        assert!(lines.iter().any(|each| each == line), "no {line:?} in\n{printed}");
    }
}

/// A cloned repository's `.dive.yaml` may add a rule, and not weaken one.
#[test]
fn a_working_directory_may_only_be_stricter() {
    let image = saved(&shop());
    let user = User::new().writes(".dive.yaml", "rules:\n  highest-image-bytes: 1kB\n");
    checks(&user, &image, &[]).ends_with(1).prints(&["  FAIL: highestImageBytes: "]);
    let user = user.keeps(".dive.yaml", "rules:\n  highest-image-bytes: 2kB\n");
    for (weaker, shown) in [
        ("{ value: 1kB, level: warn }", "`{ value: 1.0 kB, level: warn }`"),
        ("{ value: 1kB, for: ours }", "`{ value: 1.0 kB, for: ours }`"),
        ("3kB", "`3kB`"),
    ] {
        std::fs::write(user.file(".dive.yaml"), format!("rules:\n  highest-image-bytes: {weaker}\n")).unwrap();
        let said = format!("rules.highest-image-bytes has no effect: {shown} is weaker than 2.0 kB (");
        checks(&user, &image, &[]).ends_with(1).says(&[&said]).prints(&["threshold=2000)\n"]);
    }
}
