//! Several images on a terminal: the real binary lists them, reads them in the background, and opens one of them.

use std::fs::{File, OpenOptions};
use std::io::Write;

use serde_json::json;

use super::session::{Session, contains};
use super::{SMALL, USUAL};
use crate::build::{Format, Image, Layer, digest, image};
use crate::user::User;

/// An image on a common base, with a file of its own.
fn on_base(own: &str) -> Image {
    image().layer(|layer| layer.file("base/file", "b".repeat(2000))).layer(|layer| layer.file(own, own.repeat(100)))
}

/// A user with an archive of an image for each name.
fn user(names: &[&str]) -> User {
    let user = User::new();
    for name in names {
        std::fs::write(user.file(&format!("{name}.tar")), on_base(name).archive(Format::DockerArchive)).unwrap();
    }
    user
}

/// A pipe in the user's directory, and its other end.
fn pipe(user: &User, name: &str) -> File {
    let pipe = user.file(name);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Also open for reading, since opening a pipe without a reader would block.
    OpenOptions::new().read(true).write(true).open(&pipe).unwrap()
}

#[test]
fn several_images_are_listed_opened_and_left() {
    let user = user(&["one", "two"]).writes("broken.tar", "not an image");
    let mut dive = Session::dive(user, USUAL, &["one.tar", "broken.tar", "two.tar", "./one.tar", "missing.tar"]);
    dive.waits_until("all rows", |screen| {
        screen.has_all(&["Images (4)", "2 of 4 images read · 2 unread", "Duplicates, read once: ./one.tar"])
    });
    dive.press("down down");
    dive.waits_for("Deleting this image frees 300 B; 2.0 kB are in layers of other images.");
    dive.press("enter");
    dive.waits_until("the image", |screen| screen.has_all(&["Filetree", "Layers (2)", "esc Back to list"]));
    dive.press("G");
    dive.waits_for("layer 1 of 0–1");
    dive.press("esc");
    dive.waits_until("the list, with the cursor where it was", |screen| {
        screen.has("Images (4)") && screen.selects("two.tar")
    });
    dive.press("up enter");
    dive.waits_for("┏ Unread: broken.tar");
    dive.press("esc G enter");
    dive.waits_for("┏ Unread: missing.tar");
    dive.press("q");
    dive.waits_without("┏ Unread: missing.tar");
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn images_are_opened_while_others_are_read() {
    let user = user(&["one", "two"]);
    let mut slow = pipe(&user, "slow.tar");
    let mut dive = Session::dive(user, SMALL, &["one.tar", "./slow.tar", "two.tar"]);
    dive.waits_until("the second image", |screen| screen.has_all(&["1 of 3 images read", "reading ./slow.tar"]));
    dive.press("enter");
    dive.waits_until("the first image", |screen| screen.has_all(&["Layers (2)", "esc Back to list"]));
    dive.press("esc");
    dive.waits_for("Images (3)");
    // An image that waits is read at once, and not again.
    dive.press("G enter");
    dive.waits_for("Layers (2)");
    dive.press("esc");
    dive.waits_until("its figures", |screen| screen.has_all(&["Images (3)", "2 of 3 images read"]));
    // The image that is being read: the screen waits for the worker, and esc leaves it.
    dive.press("up enter");
    dive.waits_for("Current Layer Contents");
    dive.resizes(USUAL);
    dive.press("esc");
    dive.waits_until("the list at the new size", |screen| screen.rows()[37].ends_with('┛') && screen.has("Images (3)"));
    dive.press("enter");
    dive.waits_for("Current Layer Contents");
    slow.write_all(&on_base("slow").archive(Format::DockerArchive)).unwrap();
    drop(slow);
    dive.waits_until("the image that was waited for", |screen| screen.has_all(&["Filetree", "Layers (2)"]));
    dive.press("esc");
    dive.waits_for("3 images read");
    // A pipe cannot be read again.
    dive.press("enter");
    dive.waits_until("the image from the pipe again", |screen| screen.has_all(&["Filetree", "Layers (2)"]));
    dive.press("q").ends_with(0).is_restored();
}

/// One image that never arrives must keep the user from no other.
#[test]
fn an_image_that_hangs_can_be_left() {
    let user = user(&["one", "two"]);
    let (mut first, mut second) = (pipe(&user, "first.tar"), pipe(&user, "second.tar"));
    let mut dive = Session::dive(user, SMALL, &["./first.tar", "./second.tar", "one.tar", "two.tar"]);
    dive.waits_for("reading ./first.tar");
    dive.press("down enter");
    dive.waits_for("Looking for the image");
    dive.press("esc");
    dive.waits_until("both pipes", |screen| screen.has("reading ./first.tar · reading ./second.tar"));
    dive.press("down enter");
    dive.waits_until("another image", |screen| screen.has("Layers (2)"));
    dive.press("esc");
    dive.waits_for("1 of 4 images read");
    // Chosen again while it is still read: the first reader hands it over.
    dive.press("up enter");
    dive.waits_for("Current Layer Contents");
    second.write_all(&on_base("second").archive(Format::DockerArchive)).unwrap();
    drop(second);
    dive.waits_for("Layers (2)");
    dive.press("esc");
    dive.waits_for("2 of 4 images read");
    first.write_all(&on_base("first").archive(Format::DockerArchive)).unwrap();
    drop(first);
    dive.waits_for("4 images read");
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn ctrl_c_ends_at_once_while_an_image_is_read() {
    let user = user(&["one"]);
    let slow = pipe(&user, "slow.tar");
    let mut dive = Session::dive(user, SMALL, &["./slow.tar", "one.tar"]);
    dive.waits_for("reading ./slow.tar");
    dive.press("ctrl+c").ends_with(0).is_restored();
    drop(slow);
}

#[test]
fn no_image_of_a_list_can_be_read() {
    let mut dive = Session::dive(User::new(), SMALL, &["a.tar", "b.tar"]);
    dive.waits_until("both rows", |screen| screen.has_all(&["0 of 2 images read · 2 unread", "no such file"]));
    dive.press("s s r slash").types("b").press("enter enter");
    dive.waits_for("┏ Unread: b.tar");
    dive.press("ctrl+c");
    dive.waits_without("┏ Unread: b.tar");
    dive.press("ctrl+c").ends_with(0).is_restored();
}

/// Standard input is read once, and its image opens as often as the user wants.
#[test]
fn an_image_from_standard_input_opens_from_the_list() {
    let user = user(&["one", "two"]);
    let mut dive = Session::program(user, SMALL, "sh", &["-c", r#"exec "$0" one.tar - <two.tar"#, crate::user::DIVE]);
    dive.waits_for("2 images read");
    for _ in 0..2 {
        dive.press("G enter");
        dive.waits_until("the image", |screen| screen.has_all(&["Filetree", "Layers (2)"]));
        dive.press("esc");
        dive.waits_for("Images (2)");
    }
    dive.press("q").ends_with(0).is_restored();
}

/// A bundle of 300 images, all with one layer in common; one of them cannot be read.
fn bundle() -> Vec<u8> {
    let (base, own) =
        (Layer::default().file("base", "b".repeat(2000)).tar(), Layer::default().file("own", "own").tar());
    let diff_ids = [digest(&base), digest(&own)];
    let config =
        json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": diff_ids } });
    let entry = |at: usize| {
        let config = if at == 7 { "gone.json" } else { "config.json" };
        let tag = format!("registry.example/team/service-{at}:1");
        json!({ "Config": config, "RepoTags": [tag], "Layers": ["base.tar", "own.tar"] })
    };
    let manifest: Vec<_> = (0..300).map(entry).collect();
    let archive = Layer::default().file("base.tar", base).file("own.tar", own).file("config.json", config.to_string());
    archive.file("manifest.json", json!(manifest).to_string()).tar()
}

#[test]
fn three_hundred_images_of_an_archive_are_listed() {
    let user = User::new();
    std::fs::write(user.file("bundle.tar"), bundle()).unwrap();
    let mut dive = Session::dive(user, SMALL, &["--all-images", "bundle.tar"]);
    dive.press("G");
    dive.waits_until("all images", |screen| screen.has_all(&["Images (300)", "299 of 300 images read · 1 unread"]));
    dive.press("G enter");
    dive.waits_until("the last image", |screen| screen.has_all(&["service-299:1", "Filetree", "Layers (2)"]));
    dive.press("esc");
    dive.waits_until("the list, at its end", |screen| screen.has("Images (300)") && screen.selects("service-299:1"));
    dive.press("slash").types("service-7:").press("enter enter");
    dive.waits_until("the reason", |screen| {
        screen.has_all(&["Unread: registry.example/team/service-7:1", "gone.json"])
    });
    dive.press("esc q").ends_with(0).is_restored();
}

/// A small archive may list thousands of images that each take seconds.
#[test]
fn images_of_a_file_share_their_time_on_the_screen_too() {
    let layer = Layer::default().file("a", "a").tar();
    let labelled = json!({
        "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        "config": { "Labels": { "a": "x".repeat(600_000) } },
    });
    let entry =
        |at: usize| json!({ "Config": "config.json", "RepoTags": [format!("image:{at}")], "Layers": ["layer.tar"] });
    let manifest = json!((0..9).map(entry).collect::<Vec<_>>()).to_string();
    let archive = Layer::default().file("layer.tar", layer).file("config.json", labelled.to_string());
    let user = User::new();
    std::fs::write(user.file("slow.tar"), archive.file("manifest.json", manifest).tar()).unwrap();
    let mut dive = Session::dive(user, USUAL, &["--all-images", "--max-unpacked", "1MB", "slow.tar"]);
    dive.waits_until("one image", |screen| screen.has_all(&["Images (9)", "1 of 9 images read · 8 unread"]));
    dive.press("G enter");
    dive.waits_until("the reason", |screen| {
        screen.has_all(&["Unread: image:8", "the first 1 of its 9 images take as long as unpacking"])
    });
    dive.press("esc q").ends_with(0).is_restored();
}

/// The verdicts are those of CI mode, with the rules of each image.
#[test]
fn images_are_checked_against_their_rules() {
    let rules = "rules:\n  highestLayerCount: 1\n  highestTotalBytes: 2.4kB\nimages:\n  - { match: one*, rules: { highestLayerCount: 3 } }\n";
    let user = user(&["one", "two"]).writes(".dive-ci", rules);
    let mut dive = Session::dive(user, USUAL, &["one.tar", "two.tar"]);
    dive.waits_until("the verdicts", |screen| {
        screen.has_all(&["2 images read · 1 with broken rules", "kept", "broken"])
    });
    dive.waits_for(
        "Whole run: broken: highestTotalBytes: the images are too large together (total-bytes=2600 > threshold=2400)",
    );
    dive.press("down v");
    dive.waits_until("the reasons", |screen| {
        screen.has_all(&[
            "┏ Rules: two.tar",
            "broken: highestLayerCount: too many layers (layers=2 > threshold=1)",
            "whole run: broken: highestTotalBytes: the images are too large together",
        ])
    });
    dive.press("esc");
    dive.waits_without("┏ Rules: two.tar");
    dive.press("q").ends_with(0).is_restored();
}

/// A rules file may come with the repository of somebody else: a mistake in it must not hide the images.
#[test]
fn rules_that_cannot_be_read_leave_the_list_without_verdicts() {
    let user = || user(&["one", "two"]).writes(".dive-ci", "rules:\n  highestLayerCont: 1\n");
    let mut dive = Session::dive(user(), USUAL, &["one.tar", "two.tar"]);
    dive.waits_until("the list", |screen| {
        screen.has_all(&["2 images read", "! 1 warning", "Kept"]) && !screen.has("Rules")
    });
    dive.press("!");
    dive.waits_for("no rules are checked: .dive-ci:2: rules.highestLayerCont: no rule has this name");
    dive.press("esc q").ends_with(0).is_restored();
    // The user asks for rules.
    let dive = Session::dive(user(), USUAL, &["--ci-config", ".dive-ci", "one.tar", "two.tar"]);
    dive.ends_with(2);
    // A base that does not exist.
    let user = user().writes(".dive-ci", "base: gone.tar\n");
    let mut dive = Session::dive(user, USUAL, &["one.tar", "two.tar"]);
    dive.waits_until("both images", |screen| {
        screen.has_all(&["2 images read", "No verdict: .dive-ci:1: base: gone.tar: no such file"])
    });
    dive.press("enter");
    dive.waits_for("Layers (2)");
    dive.press("esc");
    dive.waits_for("Images (2)");
    dive.press("q").ends_with(0).is_restored();
}

/// Pipelines and scripts get what they got.
#[test]
fn reports_on_several_images_open_no_screen() {
    for (arguments, variable) in [
        (&["--ci", "one.tar", "two.tar"][..], ""),
        (&["--json", "out.json", "one.tar", "two.tar"], ""),
        (&["one.tar", "two.tar"], "true"),
    ] {
        let user = user(&["one", "two"]).sets("CI", variable);
        let dive = Session::dive(user, USUAL, arguments);
        dive.ends_with(0).is_restored();
        assert!(!contains(&dive.bytes(), b"\x1b[?1049h"), "{arguments:?}: {}", dive.contents());
    }
}
