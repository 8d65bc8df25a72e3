//! Exceptions: what they leave out, that they end, that dive's rules know none, and where dive's rules need one.

use serde_json::{Value, json};

use super::{DIVES_OFF, base, checks, installed, saved, shop, user};
use dive_model::units::Bytes;

use crate::build::{Layer, image};
use crate::user::User;

/// A user with rules, dive's own rules off, and more keys beside `rules:`.
fn excepts(rules: &str, beside: &str) -> User {
    User::new().writes(".dive-ci", &format!("rules:\n{DIVES_OFF}{rules}{beside}"))
}

#[test]
fn a_class_leaves_out_what_two_installations_cannot_avoid() {
    let image = saved(&installed());
    let rules = "  highestReclaimableBytes: 1\n  highestReclaimablePercent: 0.01\n  lowestExactEfficiency: 1\n";
    checks(&user(rules), &image, &[]).ends_with(1).prints(&["[Total:6] [Passed:0] [Failed:3] [Warn:0] [Skipped:3]"]);
    let ignore = "ignore:\n  - { class: package-databases, reason: two installations }\n";
    checks(&excepts(rules, ignore), &image, &[]).ends_with(0).prints(&[
        "[Total:6] [Passed:3] [Failed:0] [Warn:0] [Skipped:3]",
        "  not counted: 2.0 kB of waste in 2 files, class package-databases: two installations (.dive-ci:8)\n",
    ]);
}

/// The files that a second installation rewrote: with apt 2.6, dpkg 1.21 and debconf 1.5 on Debian 12; with dnf 4.14 and rpm 4.18
/// in a root of their own; and as the sources of dnf5 and apk-tools name them.
#[test]
fn the_class_has_what_each_package_manager_rewrites() {
    for files in [
        &[
            "var/lib/dpkg/status",
            "var/lib/dpkg/status-old",
            "var/lib/apt/extended_states",
            "var/cache/debconf/config.dat",
            "var/cache/debconf/config.dat-old",
            "var/cache/debconf/templates.dat",
            "var/cache/debconf/templates.dat-old",
            "etc/ld.so.cache",
        ][..],
        &[
            "var/lib/rpm/rpmdb.sqlite",
            "var/lib/rpm/rpmdb.sqlite-shm",
            "var/lib/rpm/rpmdb.sqlite-wal",
            "var/lib/dnf/history.sqlite",
            "var/lib/dnf/history.sqlite-shm",
            "var/lib/dnf/history.sqlite-wal",
        ],
        &[
            "usr/lib/sysimage/rpm/rpmdb.sqlite",
            "usr/lib/sysimage/libdnf5/nevras.toml",
            "usr/lib/sysimage/libdnf5/packages.toml",
            "usr/lib/sysimage/libdnf5/system.toml",
            "usr/lib/sysimage/libdnf5/transaction_history.sqlite",
        ],
        &["lib/apk/db/installed", "lib/apk/db/scripts.tar", "lib/apk/db/triggers", "etc/apk/world"],
        &["usr/lib/apk/db/installed", "usr/lib/apk/db/scripts.tar.gz", "usr/lib/apk/db/triggers"],
    ] {
        // A RUN can delete logs and caches.
        let others =
            ["var/log/dpkg.log", "var/log/dnf.log", "var/cache/ldconfig/aux-cache", "var/cache/apk/APKINDEX.1.tar.gz"];
        let version = |byte: u8| {
            move |layer: Layer| files.iter().chain(&others).fold(layer, |layer, path| layer.file(path, [byte; 100]))
        };
        let image = saved(&image().layer(version(b'1')).layer(version(b'2')));
        let rules = "  highestReclaimableBytes: 401\n";
        let ignore = "ignore:\n  - { class: package-databases, reason: x }\n";
        let counted =
            format!("  not counted: {} of waste in {} files, class", Bytes(files.len() as u64 * 100), files.len());
        checks(&excepts(rules, ignore), &image, &[])
            .ends_with(0)
            .prints(&[&counted, "  met: reclaimable 400 B, limit 401 B"]);
    }
}

/// A directory beside the databases could hide anything.
#[test]
fn a_class_leaves_out_no_other_file_beside_the_databases() {
    for path in ["app/apk/db/big", "lib/apk/db/big", "var/lib/rpm/sub/big", "var/cache/debconf/big"] {
        let image = image()
            .layer(|l| l.file("etc/passwd", [b'p'; 100]))
            .layer(|l| l.file(path, [b'1'; 900]))
            .layer(|l| l.file(path, [b'2'; 900]));
        let user =
            excepts("  highestReclaimableBytes: 500\n", "ignore:\n  - { class: package-databases, reason: x }\n");
        checks(&user, &saved(&image), &[]).ends_with(1).prints(&["  FAIL: highestReclaimableBytes"]);
    }
}

#[test]
fn a_path_is_left_out_until_its_last_day() {
    let image = saved(&shop());
    let rules = "  highestReclaimableBytes: 1 kB\n";
    let ignore =
        |until: &str| format!("ignore:\n  - path: app/bin\n    reason: 'strip needs it'\n    until: {until}\n");
    checks(&excepts(rules, &ignore("2999-12-31")), &image, &[]).ends_with(0).prints(&[
        "  not counted: 2.0 kB of waste in 1 file, path app/bin: strip needs it, until 2999-12-31 (.dive-ci:6)\n",
    ]);
    // Over: the exception itself fails, and no longer counts.
    checks(&excepts(rules, &ignore("2020-01-31")), &image, &[]).ends_with(1).prints(&[
        "  broken: the exception for path app/bin ended on 2020-01-31 (.dive-ci:6); renew `until` or remove it\n",
        "  FAIL: highestReclaimableBytes: ",
        "  FAIL: ignore: the exception for path app/bin ended on 2020-01-31 (.dive-ci:6)\n",
        "Result:FAIL [Total:5] [Passed:0] [Failed:2] [Warn:0] [Skipped:3]\n",
    ]);
    // Even if every rule passes without it.
    checks(&excepts("  highestLayerCount: 3\n", &ignore("2020-01-31")), &image, &[])
        .ends_with(1)
        .prints(&["[Passed:1] [Failed:1]"]);
}

#[test]
fn an_exception_that_matches_nothing_is_a_warning() {
    let ignore = "ignore: [{ path: no/such, reason: x }]\n";
    let ran = checks(&excepts("  highestLayerCount: 3\n", ignore), &saved(&shop()), &[]).ends_with(0);
    ran.prints(&[
        "  warning: the exception for path no/such matches nothing that a rule counts (.dive-ci:5); remove it\n",
    ]);
}

#[test]
fn waste_below_the_floor_does_not_count() {
    let image = saved(&shop());
    let rules = "  highestReclaimableBytes: 2001\n";
    checks(&excepts(rules, "ignoreWasteBelow: 600\n"), &image, &[]).ends_with(0).prints(&[
        "  PASS: highestReclaimableBytes\n",
        "  not counted: 800 B of waste in 2 groups below 600 B (ignoreWasteBelow, .dive-ci:5)\n",
    ]);
    checks(&excepts(rules, "ignore-waste-below: 500B\n"), &image, &[])
        .ends_with(1)
        .prints(&["(reclaimable-bytes=2500 > threshold=2001)", "  not counted: 300 B of waste in 1 group below 500 B"]);
    let ours = "  highestReclaimableBytes: { value: 2001, for: ours }\n";
    checks(&excepts(ours, "ignoreWasteBelow: 400\n"), &image, &[]).ends_with(0);
}

/// The size of an image counts every file, whatever is accepted as waste.
#[test]
fn an_exception_that_no_rule_heeds_says_so() {
    let ignore = "ignore: [{ path: base, reason: x }]\n";
    let image = saved(&shop());
    checks(&excepts("  highestImageBytes: 1GB\n", ignore), &image, &[]).ends_with(0).prints(&[
        "  warning: the exception for path base has no effect, because no rule that is on leaves out waste (.dive-ci:5); set one, \
         such as `highestReclaimableBytes`, or remove it\n",
    ]);
    let both = "  highestImageBytes: 1GB\n  highestReclaimableBytes: 1GB\n";
    checks(&excepts(both, ignore), &image, &[])
        .ends_with(0)
        .prints(&["  not counted: 500 B of waste in 1 file, path base: x"]);
}

/// A pull request may write 60 kB.
#[test]
fn long_texts_of_a_rules_file_are_cut() {
    let long = "9".repeat(30_000);
    let image = saved(&shop());
    let user = excepts(
        &format!("  highestReclaimableBytes: {{ value: 1, reason: a{long} }}\n"),
        &format!("ignore: [{{ path: base, reason: b{long} }}]\n"),
    );
    let ran = checks(&user, &image, &[]).ends_with(1);
    assert!(ran.stdout.lines().all(|line| line.len() < 1000) && ran.stdout.contains("9…"), "{}", ran.stdout.len());
    for rule in ["highestImageBytes", "lowestExactEfficiency", "highestGrowthPercent", "highestLayerCount"] {
        let ran = checks(&user_of(rule, &long), &image, &[]).ends_with(2);
        assert!(
            ran.stderr.len() < 1000 && ran.stdout.lines().all(|line| line.len() < 1000),
            "{rule}: {}",
            ran.stderr.len()
        );
    }
}

fn user_of(rule: &str, value: &str) -> User {
    user(&format!("  {rule}: x{value}\n"))
}

/// The three numbers of dive decide pipelines all over the world.
#[test]
fn exceptions_change_no_number_and_no_rule_of_dive() {
    let image = saved(&installed());
    let block = |beside: &str| {
        let user = User::new().writes(".dive-ci", &format!("rules:\n  highestWastedBytes: 1kB\n{beside}"));
        let ran = checks(&user, &image, &[]).ends_with(1);
        ran.stdout.split_once("  Using ").unwrap().1.to_owned()
    };
    let ignore =
        "ignoreWasteBelow: 1GB\nignore:\n  - { class: package-databases, reason: x }\n  - { path: '**', reason: x }\n";
    assert_eq!(block(ignore), block(""));
}

#[test]
fn a_rule_of_dive_that_only_package_databases_break_names_the_rule_to_use() {
    let image = saved(&installed());
    let ran = checks(&User::new(), &image, &[]).ends_with(1);
    let numbers = "  hint: without package-databases (the databases of dpkg, apt, rpm, dnf and apk, debconf, ld.so.cache), dive's \
                   share of repeated paths is 0.0000 and dive's share of bytes kept is 1.0000, within their limits; ";
    let instead = "to leave them out, turn these rules off and use `highestReclaimablePercent: 0.1` with `ignore: [{ class: \
                   package-databases, reason: TEXT }]`\n";
    let ran = ran.prints(&[&format!("{numbers}{instead}")]);
    assert_eq!(ran.stdout.matches("hint:").count(), 1, "{}", ran.stdout);
    // Followed, but for dive's rules.
    let half = "rules: { highestReclaimablePercent: 0.1, lowestEfficiency: off }\n\
                ignore: [{ class: package-databases, reason: two installations }]\n";
    checks(&User::new().writes(".dive-ci", half), &image, &[])
        .ends_with(1)
        .prints(&[", within the limit; `highestReclaimablePercent` leaves them out already, so turn this rule off\n"]);
    let warns = half.replace(
        "lowestEfficiency: off",
        "lowestEfficiency: off, highestUserWastedPercent: { value: 0.1, level: warn }",
    );
    let ran = checks(&User::new().writes(".dive-ci", &warns), &image, &[]).ends_with(0);
    assert!(!ran.stdout.contains("hint:"), "{}", ran.stdout);
    // What the hint says works.
    let beside = "ignore: [{ class: package-databases, reason: two installations }]\n";
    checks(&excepts("  highestReclaimablePercent: 0.1\n", beside), &image, &[]).ends_with(0);
    // Other waste is no reason for a hint.
    let other = installed().layer(|l| l.whiteout("usr/bin/a").whiteout("usr/bin/b").file("usr/bin/sh", [b'x'; 900]));
    let ran = checks(&User::new(), &saved(&other), &[]).ends_with(1);
    assert!(!ran.stdout.contains("hint:"), "{}", ran.stdout);
}

#[test]
fn a_mistake_in_an_exception_names_its_line_and_what_to_write() {
    let image = saved(&base());
    for (ignore, error) in [
        ("  - { path: a }\n", ".dive-ci:5: ignore: the exception for path a has no reason; add `reason: TEXT`"),
        (
            "  - reason: x\n",
            ".dive-ci:5: ignore: no path, class or advice; say what to leave out, such as `path: /var/cache/fonts`",
        ),
        (
            "  - { path: a, reason: x }\n  - path: b\n    reason: x\n    until: 31.12.2026\n",
            ".dive-ci:8: ignore: until: `31.12.2026` is not a date: write YYYY-MM-DD, such as 2026-12-31",
        ),
        (
            "  - { class: package-caches, reason: x }\n",
            ".dive-ci:5: ignore: class: unknown class `package-caches`; write package-databases",
        ),
        (
            "  - { path: a, class: package-databases, reason: x }\n",
            ".dive-ci:5: ignore: the class package-databases takes no path or advice beside it; write another exception for that",
        ),
        (
            "  - { package: openssl, reason: x }\n",
            ".dive-ci:5: ignore: unknown key `package`; write path, class or advice, reason, until",
        ),
        (
            "  - { path: '!a', reason: x }\n",
            ".dive-ci:5: ignore: path: `!a` begins with `!`; an exception has no exceptions of its own",
        ),
        (
            "  - { path: a, reason: x, Until: 2020-01-31, until: 2999-01-31 }\n",
            ".dive-ci:5: ignore: `until` is set twice; keep one of the two",
        ),
        (
            "  - /var/cache\n",
            ".dive-ci:5: ignore: expected an exception, found `/var/cache`; write `- { path: /var/cache/fonts, reason: TEXT, \
             until: 2026-12-31 }`",
        ),
        (
            "  path: /var/cache\n",
            ".dive-ci:4: ignore: expected a list of exceptions, found a mapping; write `- { path: /var/cache/fonts, reason: \
             TEXT, until: 2026-12-31 }`",
        ),
    ] {
        let ran = checks(&excepts("", &format!("ignore:\n{ignore}")), &image, &[]);
        assert_eq!(ran.error(), error, "{ignore}");
    }
    let floor = checks(&excepts("", "ignoreWasteBelow: small\n"), &image, &[]);
    assert!(floor.error().starts_with(".dive-ci:4: ignoreWasteBelow: `small` is not a size"), "{}", floor.error());
}

/// With a document, dive checks only rules that are set; an exception sets one.
#[test]
fn an_exception_alone_that_is_over_fails_with_and_without_a_document() {
    let ignore = "ignore: [{ path: base, reason: x, until: 2020-01-31 }]\n";
    let alone = |ignore: &str| User::new().writes(".dive-ci", ignore);
    let image = saved(&base());
    for options in [&[][..], &["--json", "x.json"], &["--summary", "x.json"]] {
        let ran = checks(&alone(ignore), &image, options).ends_with(1);
        assert_eq!(ran.stderr, "", "{options:?}");
        ran.prints(&["  FAIL: ignore: the exception for path base ended on 2020-01-31"]);
    }
    checks(&alone("ignore: []\n"), &image, &[]).says(&[".dive-ci has no `rules:`, so it sets no rule"]);
}

#[test]
fn documents_list_the_exceptions() {
    let ignore = "ignore:\n  - { path: app/bin, reason: x, until: 2020-01-31 }\n  - { path: base, reason: y }\n";
    let ran = checks(&excepts("  highestLayerCount: 3\n", ignore), &saved(&shop()), &["--summary", "-"]).ends_with(1);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["verdict"]["status"], "fail");
    // The rule that fails is among the rules.
    let rules = document["verdict"]["rules"].as_array().unwrap();
    let failed: Vec<_> = rules.iter().filter(|rule| rule["status"] == "fail").collect();
    let over = json!({ "rule": "ignore", "status": "fail", "value": null, "limit": null, "origin": ".dive-ci:6",
                       "level": "fail", "for": "all", "reason": "x" });
    assert_eq!(failed, [&over]);
    assert_eq!(
        document["verdict"]["ignored"],
        json!([
            { "what": "path app/bin", "reason": "x", "until": "2020-01-31", "origin": ".dive-ci:6", "status": "expired",
              "sizeBytes": 0, "files": 0, "pathFiles": 0, "adviceBytes": 0, "adviceFiles": 0 },
            { "what": "path base", "reason": "y", "until": null, "origin": ".dive-ci:7", "status": "active",
              "sizeBytes": 500, "files": 1, "pathFiles": 0, "adviceBytes": 0, "adviceFiles": 0 },
        ])
    );
}
