//! Rules for some images, and rules over all.

use serde_json::json;

use super::{on_base, rows, saves};
use crate::build::{Layer, Layout, Packing, TAR, described};
use crate::user::User;

fn user() -> User {
    let user = User::new();
    for name in ["web", "db"] {
        saves(&user, &format!("{name}.tar"), &on_base(name, Packing::Plain));
    }
    user
}

/// The last column of the table.
fn verdicts(stdout: &str) -> Vec<String> {
    rows(stdout).into_iter().map(|row| row.last().unwrap().clone()).collect()
}

#[test]
fn the_first_entry_that_matches_an_image_counts() {
    let user = user().writes(
        ".dive-ci",
        "rules:\n  highestLayerCount: 2\n  lowestEfficiency: 0.5\nimages:\n  - match: d*\n    rules: { highestLayerCount: 3 }\n  \
         - { match: '*', rules: { highest-layer-count: { value: 2, level: warn } } }\n",
    );
    let ran = user.runs(&["--ci", "web.tar", "db.tar"]).ends_with(0);
    assert_eq!(verdicts(&ran.stdout), ["kept", "kept"]);
    ran.prints(&[
        "  WARN: highestLayerCount: too many layers (layers=3 > threshold=2)\n",
        "  PASS: highestLayerCount\n",
    ]);
    // An image alone has the same rules.
    user.runs(&["--ci", "web.tar"]).ends_with(0).prints(&["  WARN: highestLayerCount"]);
    user.runs(&["--ci", "db.tar"]).ends_with(0).prints(&["  PASS: highestLayerCount"]);
    // A flag goes over the file.
    user.runs(&["--ci", "--highestLayerCount", "2", "db.tar"]).ends_with(1).prints(&["  FAIL: highestLayerCount"]);
    user.runs(&["config"]).ends_with(0).prints(&["# images: d* (.dive-ci:5)\n"]);
}

#[test]
fn a_mistake_in_an_entry_names_its_line() {
    for (entry, error) in [
        (
            "{ match: d*, rules: { highestLayerCont: 3 } }",
            "no rule has the name `highestLayerCont`; did you mean highestLayerCount?",
        ),
        ("{ match: d*, rules: { highestLayerCount: many } }", "`many` is not a"),
        ("{ match: d*, rules: { highestTotalBytes: 1GB } }", "highestTotalBytes is about all images"),
        ("{ match: '[', rules: {} }", "`[` is not a pattern"),
        ("{ match: d* }", "an entry needs match and rules"),
        ("{ match: d*, rule: {} }", "unknown key `rule`"),
        ("d*", "expected an entry for images"),
    ] {
        let user = user().writes(".dive-ci", &format!("rules:\n  highestLayerCount: 3\nimages:\n  - {entry}\n"));
        let ran = user.runs(&["--ci", "web.tar"]);
        assert!(ran.error().starts_with(".dive-ci:4: ") && ran.error().contains(error), "{entry}: {}", ran.error());
    }
}

/// With a document, dive checks all rules as soon as the user sets one: here one for the whole run.
#[test]
fn a_rule_for_the_run_is_a_rule_that_is_set() {
    let user = User::new();
    let wasteful = crate::build::image()
        .layer(|layer| layer.file("x", "x".repeat(90_000)).file("y", "y"))
        .layer(|layer| layer.file("x", "z".repeat(90_000)));
    super::saves(&user, "a.tar", &wasteful);
    super::saves(&user, "b.tar", &wasteful);
    let rule = ["--highestTotalBytes", "1GB", "a.tar", "b.tar"];
    let ran = user.runs(&[&["--ci", "--summary", "sums.jsonl"], &rule[..]].concat()).ends_with(1);
    assert_eq!(verdicts(&ran.stdout), ["broken", "broken"]);
    assert!(!ran.stderr.contains("no rule was checked"), "{}", ran.stderr);
    ran.prints(&["  kept: highestTotalBytes: "]);
    user.runs(&["--ci", "--summary", "sums.jsonl", "a.tar", "b.tar"]).ends_with(0);
}

#[test]
fn rules_over_all_images_stand_below_the_table() {
    let user = user();
    let ran = user.runs(&["--ci", "--highestTotalBytes", "2.4kB", "web.tar", "db.tar"]).ends_with(1);
    assert!(!ran.stdout.contains("FAIL") && !ran.stdout.contains("PASS: highestTotalBytes"), "{}", ran.stdout);
    assert_eq!(verdicts(&ran.stdout), ["kept", "kept"]);
    let reason = "the images are too large together (total-bytes=2500 > threshold=2400)";
    ran.prints(&[&format!("Rules for the whole run:\n  broken: highestTotalBytes: {reason}\n")]);
    let user = user.writes(".dive-ci", "rules:\n  highestTotalBytes: 2.6kB\n  highestBaseVersions: 1\n");
    let ran = user.runs(&["--ci", "web.tar", "db.tar"]).ends_with(0);
    ran.prints(&[
        "  kept: highestTotalBytes: 2500 (limit: 2600)\n  unchecked: highestBaseVersions: the version of no base image is known\n",
    ]);
    let user =
        user.writes("own.dive-ci", "rules:\n  highestTotalBytes: 1kB\n").writes("list", "web.tar\town.dive-ci\n");
    let ran = user.runs(&["--ci", "--from", "list"]);
    assert!(ran.error().starts_with("own.dive-ci:2: highestTotalBytes is about all images"), "{}", ran.error());
}

/// An image that states the base `debian:12` with this digest.
fn on_debian(user: &User, name: &str, digest: &str) {
    let mut layout = Layout::default();
    let config =
        layout.blob("application/vnd.oci.image.config.v1+json", described("linux/amd64", &["sha256:0"]).to_string());
    let layer = layout.blob(TAR, Layer::default().file(name, name).tar());
    let annotations = json!({ "org.opencontainers.image.base.name": "docker.io/library/debian:12",
        "org.opencontainers.image.base.digest": digest });
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer], "annotations": annotations });
    let manifest = layout.document(&manifest);
    layout.lists(manifest, &json!({}));
    std::fs::write(user.file(name), layout.archive()).unwrap();
}

#[test]
fn versions_of_one_base_are_counted() {
    let user = User::new();
    for (name, digest) in [("a.tar", "sha256:aa"), ("b.tar", "sha256:bb"), ("c.tar", "sha256:aa")] {
        on_debian(&user, name, digest);
    }
    let images = ["a.tar", "b.tar", "c.tar"];
    let ran = user.runs(&[&["--ci", "--highestBaseVersions", "1"], &images[..]].concat()).ends_with(1);
    let reason = "too many versions of a base image (base-versions=2 > threshold=1, debian:12)";
    ran.prints(&["  debian:12: 2 versions in 3 images\n", &format!("  broken: highestBaseVersions: {reason}\n")]);
    user.runs(&[&["--ci", "--highestBaseVersions", "2"], &images[..]].concat()).ends_with(0);
}
