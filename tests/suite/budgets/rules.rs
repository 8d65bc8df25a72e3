//! Each rule with one number: what it measures, where it fails, and what it says.

use serde_json::{Value, json};

use super::{DIVES_OFF, base, checks, saved, shop, user};
use crate::user::User;

/// A rule, a limit that the shop keeps, one that it breaks, and the line of dive's block about the latter.
const RULES: [(&str, &str, &str, &str); 8] = [
    ("highestImageBytes", "4901", "4900", "the image is too large (image-bytes=4900 >= threshold=4900)"),
    ("highestLayerBytes", "2.4 kB", "2299", "a layer is too large (layer-bytes=2300 > threshold=2299, layer 1)"),
    ("highestLayerCount", "3", "2", "too many layers (layers=3 > threshold=2)"),
    (
        "highestReclaimableBytes",
        "2801",
        "2800",
        "too many bytes are reclaimable (reclaimable-bytes=2800 >= threshold=2800)",
    ),
    (
        "highestReclaimablePercent",
        "0.6",
        "0.5",
        "too many bytes are reclaimable, relative to all bytes (%-reclaimable-bytes=0.5714285714285714 > threshold=0.5)",
    ),
    (
        "lowestExactEfficiency",
        "0.4",
        "0.5",
        "the exact efficiency is too low (exact-efficiency=0.42857142857142855 < threshold=0.5)",
    ),
    ("highestStoredBytes", "1MB", "1kB", "the stored image is too large (stored-bytes="),
    ("forbidRoot", "off", "true", "the image runs as root (user=unset)"),
];

#[test]
fn each_rule_passes_below_its_limit_and_fails_beyond_it() {
    let image = saved(&shop());
    for (rule, kept, broken, line) in RULES {
        let ran = checks(&user(&format!("  {rule}: {kept}\n")), &image, &[]).ends_with(0);
        if rule != "forbidRoot" {
            ran.prints(&[&format!("  PASS: {rule}\n"), "[Total:4] [Passed:1] [Failed:0] [Warn:0] [Skipped:3]"]);
        }
        checks(&user(&format!("  {rule}: {broken}\n")), &image, &[]).ends_with(1).prints(&[
            &format!("  FAIL: {rule}: {line}"),
            "Result:FAIL [Total:4] [Passed:0] [Failed:1] [Warn:0] [Skipped:3]\n",
        ]);
    }
}

#[test]
fn root_is_the_user_unless_the_configuration_names_another() {
    for (name, is_root) in
        [("", true), ("root", true), ("0:0", true), ("-0", true), ("+00:5", true), ("app", false), ("1000:0", false)]
    {
        let ran = checks(&User::new(), &saved(&base().runs_as(name)), &["--forbidRoot"]);
        let ran = ran.ends_with(i32::from(is_root));
        let shown = if name.is_empty() { "unset" } else { name };
        let line = format!("  FAIL: forbidRoot: the image runs as root (user={shown})\n");
        assert_eq!(ran.stdout.contains(&line), is_root, "{name}: {}", ran.stdout);
        let unset = "  broken: user: no user is set, so root (flag)\n";
        assert_eq!(ran.stdout.contains(unset), name.is_empty(), "{name}: {}", ran.stdout);
    }
    // The user is a name from the image.
    let hostile = base().runs_as("0:x)\nResult:PASS");
    let ran = checks(&User::new(), &saved(&hostile), &["--forbidRoot"]).ends_with(1);
    assert_eq!(ran.stdout.matches("Result:").count(), 1, "{}", ran.stdout);
}

/// "Nothing wasted never fails a rule."
#[test]
fn an_image_without_waste_keeps_every_limit_of_waste() {
    let rules = "  highestReclaimableBytes: 0\n  highestReclaimablePercent: 0\n  lowestExactEfficiency: 1\n";
    checks(&user(rules), &saved(&base()), &[]).ends_with(0).prints(&["[Total:6] [Passed:3] [Failed:0]"]);
}

#[test]
fn a_rule_that_is_off_leaves_dives_block_alone() {
    let image = saved(&base());
    let plain = checks(&User::new(), &image, &[]).ends_with(0);
    let off = "rules:\n  highestImageBytes: off\n  forbidRoot: false\n";
    let ran = checks(&User::new().writes("off.yaml", off), &image, &["--ci-config", "off.yaml"]).ends_with(0);
    let block = |text: &str| text.split_once("Analyzing image").unwrap().1.to_owned();
    assert_eq!(block(&ran.stdout), block(&plain.stdout));
    assert!(plain.stdout.contains("[Total:3]"), "{}", plain.stdout);
}

/// The rules in the verdict of the document that a run with this option writes to standard output.
fn verdict(user: &User, option: &str, code: i32) -> Vec<Value> {
    let ran = checks(user, &saved(&shop()), &[option, "-"]).ends_with(code);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    document["verdict"]["rules"].as_array().unwrap().clone()
}

#[test]
fn documents_show_every_rule_with_value_limit_and_origin() {
    let user = user(
        "  highestImageBytes: 1kB\n  highestLayerCount: { value: 2, level: warn, for: ours, reason: few }\n  forbidRoot: true\n",
    );
    for option in ["--json", "--summary"] {
        let rules = verdict(&user, option, 1);
        assert_eq!(rules.len(), dive::config::Rule::ALL.len());
        let rule = |name: &str| rules.iter().find(|rule| rule["rule"] == name).unwrap().clone();
        assert_eq!(
            rule("highestImageBytes"),
            json!({ "rule": "highestImageBytes", "status": "fail", "value": 4900, "limit": 1000, "origin": ".dive-ci:4",
                    "level": "fail", "for": "all", "reason": null })
        );
        assert_eq!(
            rule("highestLayerCount"),
            json!({ "rule": "highestLayerCount", "status": "pass", "value": 2, "limit": 2, "origin": ".dive-ci:5",
                    "level": "warn", "for": "ours", "reason": "few" })
        );
        assert_eq!(
            rule("forbidRoot"),
            json!({ "rule": "forbidRoot", "status": "fail", "value": true, "limit": true, "origin": ".dive-ci:6",
                    "level": "fail", "for": "all", "reason": null })
        );
        assert_eq!(
            rule("highestReclaimableBytes"),
            json!({ "rule": "highestReclaimableBytes", "status": "skip", "value": 2800, "limit": null, "origin": "default",
                    "level": "fail", "for": "all", "reason": null })
        );
    }
}

#[test]
fn documents_show_each_rule_about_paths_and_the_floor() {
    let paths = "[{ path: app/bin, highestBytes: 2kB }, { path: .git, forbid: true, anywhere: true }, { path: '!x' }]";
    let beside = "ignoreWasteBelow: 600\n";
    let user = user(&format!("  paths: {paths}\n{beside}"));
    for option in ["--json", "--summary"] {
        let rules = verdict(&user, option, 1);
        let rule = rules.iter().find(|rule| rule["rule"] == "paths").unwrap();
        assert_eq!(
            rule["paths"],
            json!([
                { "path": "app/bin", "demand": "highestBytes", "anywhere": false, "status": "fail", "files": 1, "sizeBytes": 2000,
                  "limitBytes": 2000, "origin": ".dive-ci:4" },
                { "path": ".git", "demand": "forbid", "anywhere": true, "status": "pass", "files": 0, "sizeBytes": 0,
                  "limitBytes": null, "origin": ".dive-ci:4" },
                { "path": "!x", "demand": "except", "anywhere": false, "status": "unmatched", "files": 0, "sizeBytes": 0,
                  "limitBytes": null, "origin": ".dive-ci:4" }
            ])
        );
        let ran = checks(&user, &saved(&shop()), &[option, "-"]);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let below = &document["verdict"]["ignoreWasteBelow"];
        assert_eq!(*below, json!({ "limitBytes": 600, "groups": 2, "sizeBytes": 800, "origin": ".dive-ci:5" }));
    }
}

#[test]
fn a_broken_rule_is_followed_by_the_largest_parts_that_break_it() {
    let image = saved(&shop());
    let rules = "  highestImageBytes: 4 kB\n  highestReclaimableBytes: 1kB\n  highestLayerCount: 1\n";
    let ran = checks(&user(rules), &image, &[]).ends_with(1);
    ran.prints(&[
        "  broken: unpacked size 4.9 kB, limit 4.0 kB (.dive-ci:4)\n",
        "      2.3 kB  layer 1  RUN make\n",
        "      2.0 kB  layer 2  RUN strip\n",
        "       600 B  layer 0  ADD rootfs /\n",
        "  broken: reclaimable 2.8 kB, limit 1.0 kB (.dive-ci:5)\n",
        "      2.0 kB  /app/bin (1 file, layer 1, hidden by 2, overwritten)\n",
        "       500 B  /base/old (1 file, layer 0, hidden by 2, deleted)\n",
        "       300 B  /app/cache/tmp (1 file, layer 1, hidden by 2, deleted-with-directory)\n",
        "  broken: number of layers 3, limit 1 (.dive-ci:6)\n      2.3 kB  layer 1  RUN make\n",
    ]);
    let only = "  highestLayerBytes: 2.1 kB\n";
    let ran = checks(&user(only), &image, &[]).ends_with(1);
    assert_eq!(ran.stdout.matches("kB  layer ").count(), 1, "only the layers that break it: {}", ran.stdout);
}

/// The report shows how far a met limit is from being broken.
#[test]
fn a_rule_that_is_met_shows_its_number() {
    let rules = "  highestImageBytes: 5 kB\n  highestLayerCount: { value: 2, for: ours }\n  forbidRoot: true\n  \
                 paths: [{ path: .git, forbid: true }]\n";
    checks(&user(rules), &saved(&shop().runs_as("app")), &[]).ends_with(0).prints(&[
        "  met: unpacked size 4.9 kB, limit 5.0 kB (.dive-ci:4)\n",
        "  met: own layers: number 2, limit 2 (.dive-ci:5)\n",
        "  met: user is app (.dive-ci:6)\n",
        "  met: paths: no rule is broken (.dive-ci:7)\n",
    ]);
    checks(&User::new(), &saved(&base()), &[]).ends_with(0).prints(&[
        "  met: dive's share of repeated paths 0.0000, limit 0.1 (default)\n  met: dive's share of bytes kept 1.0000, limit 0.9 \
         (default)\n",
    ]);
}

/// dive's rules count the same paths, so the list stands once.
#[test]
fn dives_rules_share_one_list_of_paths() {
    let user = User::new().writes(".dive-ci", "rules:\n  highestWastedBytes: 1kB\n");
    let ran = checks(&user, &saved(&shop()), &[]).ends_with(1).prints(&[
        "  broken: dive's share of repeated paths 1.0",
        "  broken: dive's bytes of repeated paths 4.",
        "  broken: dive's share of bytes kept 0.",
    ]);
    assert_eq!(ran.stdout.matches("kB  /app/bin (in 2 layers)\n").count(), 1, "{}", ran.stdout);
}

#[test]
fn a_flag_beats_the_file() {
    let image = saved(&shop());
    let user = user("  highestImageBytes: { value: 1kB, level: warn }\n");
    checks(&user, &image, &[]).ends_with(0).prints(&["  WARN: highestImageBytes: "]);
    checks(&user, &image, &["--highestImageBytes", "2kB"]).ends_with(0).prints(&["  WARN: ", "threshold=2000)\n"]);
    checks(&user, &image, &["--highest-image-bytes", "off"]).ends_with(0).prints(&["[Total:3]"]);
    // A flag is only a limit: what else the file says of the rule stays.
    let rules = "  highestReclaimableBytes: { value: 1GB, for: ours, reason: see the wiki }\n";
    checks(&super::user(rules), &image, &["--highestReclaimableBytes", "1kB"]).ends_with(1).prints(&[
        "  FAIL: highestReclaimableBytes: too many bytes are reclaimable (reclaimable-bytes=2300 > threshold=1000, own layers); \
         see the wiki\n",
    ]);
    assert!(DIVES_OFF.contains("off"));
}

/// `1.0 MB, limit 1.0 MB` explains nothing.
#[test]
fn numbers_that_round_alike_are_shown_with_the_digits_that_differ() {
    let image = saved(&base().layer(|l| l.file("big", [b'b'; 9_401])));
    let rules = "  highestImageBytes: 10000\n  paths: [{ path: big, highestBytes: 9400 }]\n";
    checks(&user(rules), &image, &[]).ends_with(1).prints(&[
        "  broken: unpacked size 10001 bytes, limit 10000 bytes (.dive-ci:4)\n",
        "big of .dive-ci:5: 9401 bytes, limit 9400 bytes)\n",
    ]);
    checks(&user("  highestImageBytes: 10001\n"), &image, &[])
        .ends_with(1)
        .prints(&["unpacked size 10 kB, limit 10 kB"]);
}
