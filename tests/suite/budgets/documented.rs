//! The budgets in docs/ci.md, as a reader copies them: each passes an image that keeps it and fails one that breaks it.

use super::{base, checks, installed, saved, shop};
use crate::build::{Image, image};
use crate::place::repository;
use crate::user::{Ran, User};

/// The first block of code below a heading of docs/ci.md.
fn budget(title: &str) -> String {
    let document = std::fs::read_to_string(repository("docs/ci.md")).unwrap();
    let (_, section) = document.split_once(&format!("### {title}\n")).unwrap_or_else(|| panic!("no {title}"));
    let lines = section.lines().skip_while(|line| !line.starts_with("    "));
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    let text = lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect::<Vec<_>>().join("\n") + "\n";
    assert!(text.trim().lines().count() <= 10, "{title}:\n{text}");
    text
}

/// A user with the budget, whose base image is in a file.
fn holder(title: &str, base: Option<&Image>) -> User {
    let user = User::new().writes(".dive-ci", &budget(title).replace("debian:13-slim", "base.tar"));
    if let Some(base) = base {
        std::fs::copy(saved(base).path(), user.file("base.tar")).unwrap();
    }
    user
}

fn check(user: &User, image: &Image, options: &[&str]) -> Ran {
    checks(user, &saved(image), options)
}

#[test]
fn a_ceiling_for_the_image() {
    let user = holder("A ceiling for the image", None);
    check(&user, &shop(), &[]).ends_with(0).prints(&["[Passed:4] [Failed:0]"]);
    let large = shop().layer(|l| l.file("data", vec![0; 50_000_000]).gzip());
    check(&user, &large, &[]).ends_with(1).prints(&[
        "  FAIL: highestImageBytes: the image is too large (image-bytes=50004900 > threshold=50000000); the edge nodes have small \
         disks\n",
        "  FAIL: highestLayerBytes: ",
        "  PASS: highestStoredBytes\n",
    ]);
}

#[test]
fn nothing_of_ours_wasted() {
    let user = holder("Nothing of ours wasted", Some(&base()));
    let clean = base().layer(|l| l.file("app/bin", [b'1'; 2000])).layer(|l| l.whiteout("base/old"));
    check(&user, &clean, &[]).ends_with(0);
    check(&user, &shop(), &[]).ends_with(1).prints(&["  FAIL: highestReclaimableBytes: "]);
    let database = image().layer(|l| l.file("var/lib/dpkg/status", [b'0'; 1000]).file("usr/bin/sh", [b's'; 100]));
    let user = holder("Nothing of ours wasted", Some(&database));
    check(&user, &installed(), &[]).ends_with(0).prints(&["class package-databases: every RUN"]);
}

#[test]
fn no_growth_over_5_percent_without_a_label() {
    let user = holder("No growth over 5 % without a label", None);
    let main = saved(&shop());
    let ran = user.runs(&["--ci=false", "--summary", "main.json", main.path().to_str().unwrap()]);
    ran.ends_with(0);
    check(&user, &shop(), &[]).ends_with(0);
    let grown = shop().layer(|l| l.file("docs", [b'd'; 300]));
    check(&user, &grown, &[]).ends_with(1).prints(&["label the pull request `size-ok` to allow it\n"]);
    check(&user, &grown, &["--highestGrowthPercent=off"]).ends_with(0);
}

#[test]
fn no_git_no_node_modules_cache() {
    let user = holder("No .git, no node_modules/.cache", None);
    check(&user, &shop(), &[]).ends_with(0);
    for path in ["app/.git/config", "srv/node_modules/.cache/a/b", "root/.npmrc"] {
        let copied = shop().layer(|l| l.file(path, "x"));
        check(&user, &copied, &[]).ends_with(1).prints(&["  FAIL: paths: "]);
        let deleted = copied.layer(|l| l.whiteout(path));
        check(&user, &deleted, &[]).ends_with(1);
    }
}

#[test]
fn the_bases_own_waste_left_alone() {
    let wasteful = base().layer(|l| l.whiteout("base/old"));
    let user = holder("The base's own waste left alone", Some(&wasteful));
    let clean = wasteful.clone().layer(|l| l.file("app/bin", [b'1'; 2000]));
    check(&user, &clean, &[]).ends_with(0).prints(&["  PASS: highestReclaimablePercent\n"]);
    let ours = clean.layer(|l| l.file("app/bin", [b'2'; 2000]));
    check(&user, &ours, &[]).ends_with(1).prints(&["  FAIL: highestReclaimablePercent: "]);
}
