//! The summaries of an earlier run as baselines of this one.

use std::path::Path;

use super::{rows, saves};
use crate::build::{Format, Image, image};
use crate::place::repository;
use crate::user::{DIVE, User};

/// Writes an image with the tag `NAME:latest`; the name has four letters.
fn saves_as(user: &User, name: &str, image: &Image) {
    let archive = image.archive(Format::DockerArchive);
    let at = archive.windows(11).position(|window| window == b"case:latest").unwrap();
    let archive = [&archive[..at], name.as_bytes(), &archive[at + 4..]].concat();
    std::fs::write(user.file(&format!("{name}.tar")), archive).unwrap();
}

fn of_size(size: usize) -> Image {
    image().layer(|layer| layer.file("data", vec![b'x'; size]))
}

fn verdicts(stdout: &str) -> Vec<String> {
    rows(stdout).into_iter().map(|row| row.last().unwrap().clone()).collect()
}

/// Each image is compared with its own summary of last night, and a new image with none.
#[test]
fn each_image_is_compared_with_its_own_summary() {
    let user = User::new();
    for (name, size) in [("web1", 1000), ("api1", 5000)] {
        saves_as(&user, name, &of_size(size));
    }
    user.runs(&["--summary", "night.jsonl", "web1.tar", "api1.tar"]).ends_with(0);
    for (name, size) in [("web1", 1500), ("api1", 5100), ("new1", 9000)] {
        saves_as(&user, name, &of_size(size));
    }
    let rules = ["--ci", "--baseline", "night.jsonl", "--highestGrowthBytes", "200"];
    let ran = user.runs(&[&rules[..], &["api1.tar", "web1.tar", "new1.tar"]].concat()).ends_with(1);
    assert_eq!(verdicts(&ran.stdout), ["kept", "broken", "kept"]);
    ran.prints(&["growth-bytes=500", "  SKIP: highestGrowthBytes: no baseline yet\n", "night.jsonl:1"]);
    // An image alone finds its line, too.
    user.runs(&[&rules[..], &["web1.tar"]].concat()).ends_with(1).prints(&["growth-bytes=500"]);
    user.runs(&[&rules[..], &["api1.tar"]].concat()).ends_with(0);
    let unknown = user.runs(&[&rules[..], &["new1.tar"]].concat());
    assert_eq!(
        unknown.error(),
        "night.jsonl: a summary of another image, not of new1:latest; use a baseline of this image"
    );
}

/// `baseline:` of a project's rules file must not end a run over all of its images.
#[test]
fn a_baseline_of_one_image_is_for_that_image() {
    let user = User::new();
    for name in ["web1", "api1"] {
        saves_as(&user, name, &of_size(1000));
    }
    user.runs(&["--ci=false", "--summary", "main.json", "web1.tar"]).ends_with(0);
    saves(&user, "case.tar", &of_size(9000));
    let user = user.writes(".dive-ci", "baseline: main.json\nrules:\n  highestGrowthBytes: 1\n");
    let ran = user.runs(&["--ci", "api1.tar", "web1.tar", "case.tar"]).ends_with(0);
    assert_eq!(ran.stdout.matches("  SKIP: highestGrowthBytes: no baseline yet\n").count(), 2);
    let ran = user.runs(&["--ci", "--summary", "main.json", "api1.tar", "web1.tar"]);
    assert!(ran.error().starts_with("--summary cannot replace the baseline"), "{}", ran.error());
}

/// A missing baseline is an error, also if only the rules of some images need it.
#[test]
fn growth_of_some_images_needs_the_baseline() {
    let user = User::new().writes(
        ".dive-ci",
        "baseline: gone.json\nrules: {}\nimages:\n  - match: web1*\n    rules: { highestGrowthBytes: 1 }\n",
    );
    saves_as(&user, "web1", &of_size(1000));
    for images in [&["web1.tar"][..], &["web1.tar", "web1.tar"]] {
        let ran = user.runs(&[&["--ci"], images].concat()).ends_with(2);
        assert!(ran.error().contains("gone.json"), "{}", ran.error());
    }
}

/// The script in docs/many.md that keeps the summaries of each night.
#[test]
fn nights_are_compared_as_documented() {
    let document = std::fs::read_to_string(repository("docs/many.md")).unwrap();
    let (_, script) = document.split_once("    mkdir -p summaries").expect("the script");
    let script: Vec<&str> = script.lines().map_while(|line| (!line.is_empty()).then_some(line)).collect();
    // The shell finds the program under test by its name.
    let path = std::env::join_paths([Path::new(DIVE).parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")]);
    let user = User::new().sets("PATH", path.unwrap().to_str().unwrap()).writes("team.txt", "web1.tar\n");
    saves_as(&user, "web1", &of_size(1000));
    let night = |code| {
        let ran = user.passes_on("bash", &["-euc", &format!("mkdir -p summaries{}", script.join("\n"))]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
    };
    let newest =
        || std::fs::read_dir(user.file("summaries")).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    night(0);
    let yesterday = user.runs_program("date", &["-d", "yesterday", "+summaries/%F.jsonl"]);
    std::fs::rename(newest(), user.file(yesterday.stdout.trim())).unwrap();
    night(0);
    saves_as(&user, "web1", &of_size(2000));
    night(1);
    let report = std::fs::read_dir(user.file("reports")).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    assert!(std::fs::read_to_string(report).unwrap().contains("highestGrowthPercent"));
}
