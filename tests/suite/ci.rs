//! CI mode in a pipeline: the three rules, their sources and precedence, and the exit code. A failure means that a
//! build fails that should pass, or passes that should fail.
//!
//! The sample by dive's numbers: efficiency 98.1 %, 82,622 bytes wasted, 8.5 % of the user bytes. By the exact ones:
//! 95.5 %, 132,620 bytes, 13.7 %.

use crate::place::{fixture, sample};
use crate::user::User;

/// Exit code and status of each rule, in the order of the report: wasted share, wasted bytes, efficiency.
#[track_caller]
fn statuses(user: &User, options: &[&str]) -> (i32, Vec<String>) {
    let sample = sample();
    let ran = user.runs(&[&["--ci"], options, &[sample.as_str()]].concat());
    let results = ran.stdout.split_once("Results:\n").unwrap_or_else(|| panic!("{}{}", ran.stdout, ran.stderr)).1;
    let rows = results.lines().filter_map(|line| line.strip_prefix("  ")?.split(':').next());
    (ran.code, rows.map(ToOwned::to_owned).collect())
}

#[track_caller]
fn assert_statuses(user: &User, options: &[&str], code: i32, expected: [&str; 3]) {
    let (ended, statuses) = statuses(user, options);
    assert_eq!((ended, statuses.as_slice()), (code, expected.map(ToOwned::to_owned).as_slice()), "{options:?}");
}

#[test]
fn waste_missed_by_dives_number_is_a_warning() {
    let ran = User::new().runs(&["--ci", &sample()]).ends_with(0).prints(&[
        "  kept: 95.5048 %, 2817652 of 2950272 bytes\n  reclaimable: 132620 bytes (133 kB)\n",
        "     41 kB        3      3          5  deleted-with-directory  /var/cache/build\n",
        "Budget: limits from defaults\n  met: dive's share of repeated paths 0.0855, limit 0.1 (default)\n  met: dive's share of bytes \
         kept 0.9810, limit 0.9 (default)\n  warning: dive's share of repeated paths: the limit 0.1 (default) is met by dive's number only: reclaimable bytes are \
         0.1372 of the user bytes; dive does not count 41 kB in deleted directories, 32 kB in emptied directories and 12 kB \
         in replaced files\n",
        "  Using default CI config\n",
        "  efficiency: 98.1030 %\n  wastedBytes: 82622 bytes (83 kB)\n  userWastedPercent: 8.5453 %\n",
        "    2         30 kB  /srv/shop/data/sessions.db\n",
        "  PASS: highestUserWastedPercent\n  SKIP: highestWastedBytes: rule disabled\n  PASS: lowestEfficiency\n",
        "Result:PASS [Total:3] [Passed:2] [Failed:0] [Warn:0] [Skipped:1]\n",
    ]);
    assert!(!ran.stdout.contains('\x1b'), "colour without a terminal");
    assert_eq!(ran.stderr, "");
}

#[test]
fn ci_variable_enables_ci_mode_and_flag_overrides_it() {
    let sample = sample();
    for (value, options, on) in [
        ("true", &[][..], true),
        ("1", &[], true),
        ("yes", &[], true),
        ("TRUE", &[], true),
        ("false", &[], false),
        ("0", &[], false),
        ("", &[], false),
        ("true", &["--ci=false"], false),
        ("false", &["--ci"], true),
        ("false", &["--ci=true"], true),
    ] {
        let ran = User::new().sets("CI", value).runs(&[options, &[&sample]].concat()).ends_with(0);
        assert_eq!(ran.stdout.contains("Result:PASS"), on, "CI={value} {options:?}: {}", ran.stdout);
    }
}

/// Some services set `CI` to their own name. A job that expects a verdict must not pass silently.
#[test]
fn unrecognised_value_of_ci_is_reported() {
    let sample = sample();
    let user = || User::new().sets("CI", "woodpecker");
    let notice = "dive: CI=woodpecker does not turn on CI mode; to check the rules, add --ci or set CI=true\n";
    for options in [&[][..], &["--json", "dive.json"], &["--lowestEfficiency", "0.99"]] {
        assert_eq!(user().runs(&[options, &[&sample]].concat()).ends_with(0).stderr, notice, "{options:?}");
    }
    for options in [&["-q"][..], &["--ci"], &["--ci=false"]] {
        assert_eq!(user().runs(&[options, &[&sample]].concat()).ends_with(0).stderr, "", "{options:?}");
    }
    for off in ["", "0", "false", "No", "OFF"] {
        assert_eq!(User::new().sets("CI", off).runs(&[&sample]).ends_with(0).stderr, "", "CI={off}");
    }
    // An explicit setting suppresses the notice.
    assert_eq!(user().sets("DIVE_CI", "false").runs(&[&sample]).ends_with(0).stderr, "");
    for (setting, on) in [("true", true), ("false", false)] {
        let ran = user().keeps(".dive.yaml", &format!("ci: {setting}\n")).runs(&[&sample]).ends_with(0);
        assert_eq!((ran.stdout.contains("Result:PASS"), ran.stderr.as_str()), (on, ""), "ci: {setting}");
    }
}

#[test]
fn failed_rule_exits_with_1() {
    let user = User::new();
    user.runs(&["--ci", "--highestUserWastedPercent", "0.05", &sample()]).ends_with(1).prints(&[
        "  FAIL: highestUserWastedPercent: too many bytes wasted, relative to the user bytes added \
         (%-user-wasted-bytes=0.085",
        " > threshold=0.05)\n",
        "Result:FAIL [Total:3] [Passed:1] [Failed:1] [Warn:0] [Skipped:1]\n",
    ]);
    user.runs(&["--ci", "--lowestEfficiency", "0.99", &sample()])
        .ends_with(1)
        .prints(&["  FAIL: lowestEfficiency: image efficiency is too low (efficiency=0.981", " < threshold=0.99)\n"]);
    user.runs(&["--ci", "--highestWastedBytes", "82622", &sample()])
        .ends_with(1)
        .prints(&["  FAIL: highestWastedBytes: too many bytes wasted (wasted-bytes=82622 >= threshold=82622)\n"]);
}

#[test]
fn size_limits_accept_common_units() {
    let user = User::new();
    for size in ["20MB", "19Mb", "20 MB", "20000000", "20MiB", "200 kb", "0.2MB", "132621"] {
        assert_statuses(&user, &["--highestWastedBytes", size], 0, ["PASS", "PASS", "PASS"]);
    }
    // Between dive's number and the exact one: dive's decides.
    for size in ["82623", "81KiB", "83 kB", "132620"] {
        assert_statuses(&user, &["--highestWastedBytes", size], 0, ["PASS", "PASS", "PASS"]);
    }
    for size in ["82622", "82kB", "80KiB", "0"] {
        assert_statuses(&user, &["--highestWastedBytes", size], 1, ["PASS", "FAIL", "PASS"]);
    }
    for size in ["20 quarts", "-1", "0.5"] {
        let option = format!("--highestWastedBytes={size}");
        user.runs(&["--ci", &option, &sample()]).ends_with(2).says(&[&format!("`{size}`"), "20MB"]);
    }
}

#[test]
fn ratio_limits_are_checked_and_rules_can_be_disabled() {
    let user = User::new();
    assert_statuses(&user, &["--lowestEfficiency", "0.96"], 0, ["PASS", "SKIP", "PASS"]);
    assert_statuses(&user, &["--lowest-efficiency", "0.95"], 0, ["PASS", "SKIP", "PASS"]);
    assert_statuses(&user, &["--highest-user-wasted-percent", "0.14"], 0, ["PASS", "SKIP", "PASS"]);
    for word in ["disabled", "off", "false", ""] {
        assert_statuses(&user, &["--highestUserWastedPercent", word], 0, ["SKIP", "SKIP", "PASS"]);
    }
    user.runs(&["--ci", "--lowestEfficiency", "90", &sample()]).ends_with(2).says(&["`90`", "from 0 to 1"]);
}

#[test]
fn rules_are_read_from_the_working_directory() {
    let user = User::new().writes(".dive-ci", "rules:\n  lowestEfficiency: 0.99\n  highestWastedBytes: 80 kB\n");
    user.runs(&["--ci", &sample()]).ends_with(1).prints(&["  Using CI config: .dive-ci\n"]);
    assert_statuses(&user, &[], 1, ["PASS", "FAIL", "FAIL"]);
    // Without CI mode no rule is checked.
    user.runs(&[&sample()]).ends_with(0);
}

#[test]
fn ci_config_flag_overrides_dot_dive_ci() {
    let user = User::new()
        .writes(".dive-ci", "rules: { lowestEfficiency: 0.99 }\n")
        .writes("strict.yaml", "rules:\n  highest-user-wasted-percent: \"0.05\"\n");
    assert_statuses(&user, &["--ci-config", "strict.yaml"], 1, ["FAIL", "SKIP", "PASS"]);
    let ran = user.runs(&["--ci", "--ci-config", "missing.yaml", &sample()]);
    assert!(ran.error().contains("missing.yaml") && ran.error().contains("--ci-config"), "{}", ran.error());
}

#[test]
fn rule_precedence_is_flag_file_configuration_default() {
    let user = User::new().writes(
        ".dive.yaml",
        "log: { enabled: false }\nrules: { lowest-efficiency: 0.99, highest-wasted-bytes: 1 kB, \
         highest-user-wasted-percent: 0.01 }\n",
    );
    assert_statuses(&user, &[], 1, ["FAIL", "FAIL", "FAIL"]);
    let user = user.writes(".dive-ci", "rules: { highestWastedBytes: 1MB, highestUserWastedPercent: 0.02 }\n");
    assert_statuses(&user, &[], 1, ["FAIL", "PASS", "FAIL"]);
    assert_statuses(&user, &["--highestUserWastedPercent", "0.5"], 1, ["PASS", "PASS", "FAIL"]);
    let user = user.sets("DIVE_RULES_LOWEST_EFFICIENCY", "0.5").sets("DIVE_RULES_HIGHEST_WASTED_BYTES", "1B");
    assert_statuses(&user, &["--highestUserWastedPercent", "0.5"], 0, ["PASS", "PASS", "PASS"]);
}

#[test]
fn rules_error_names_file_line_key_and_value() {
    let user = User::new().writes(".dive-ci", "rules:\n\n  highestWastedBytes: 20 quarts\n");
    let ran = user.runs(&["--ci", &sample()]);
    assert!(ran.error().starts_with(".dive-ci:3: highestWastedBytes: `20 quarts` is not a size"), "{}", ran.error());
    // Reported before the image is read, which can take a minute.
    let ran = user.runs(&["--ci", &fixture("broken/not-a-tar-layer.tar")]);
    assert!(ran.error().starts_with(".dive-ci:3: "), "{}", ran.error());

    let user = user.writes(".dive-ci", "rules:\n  lowestEficiency: 0.99\n");
    let ran = user.runs(&["--ci", &sample()]);
    let misspelt = ".dive-ci:2: rules.lowestEficiency: no rule has this name; did you mean lowestEfficiency?";
    assert_eq!(ran.error(), misspelt);
    let user = user.writes(".dive-ci", "rules:\n  imageSizeLimit: 1GB\n");
    user.runs(&["--ci", &sample()]).ends_with(0).says(&["dive: warning: .dive-ci:2: ", "rules.imageSizeLimit"]);
    assert_eq!(user.runs(&["--ci", "-q", &sample()]).stderr, "");
}

#[test]
fn unreadable_image_is_not_a_failed_rule() {
    let ran = User::new().runs(&["--ci", &fixture("broken/not-a-tar-layer.tar")]);
    assert!(ran.error().contains("not-a-tar-layer.tar: layer 1"), "{}", ran.error());
}
