//! Images that load slowly.

use std::fs::{File, OpenOptions};
use std::io::Write;

use super::USUAL;
use super::session::Session;
use crate::build::{Format, image};
use crate::place::sample;
use crate::user::{DIVE, User};

/// `dive -` on a pipe, and the other end of the pipe.
fn piped() -> (Session, File) {
    let user = User::new();
    let pipe = user.file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // Also open for reading, since opening a pipe without a reader would block.
    let file = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    (Session::program(user, USUAL, "sh", &["-c", r#"exec "$0" - <pipe"#, DIVE]), file)
}

/// As much as a pipe buffers without a reader.
fn part() -> Vec<u8> {
    std::fs::read(sample()).unwrap()[..60_000].to_vec()
}

#[test]
fn quit_works_while_the_image_is_awaited() {
    let (mut dive, pipe) = piped();
    dive.waits_until("the screen before the image", |screen| screen.has("Layers") && screen.footer().contains("Quit"));
    dive.press("q").ends_with(0).is_restored();
    drop(pipe);
}

#[test]
fn slow_image_shows_progress_and_keys_work() {
    let (mut dive, mut pipe) = piped();
    pipe.write_all(&part()).unwrap();
    dive.waits_for("Receiving the archive");
    dive.press("?");
    dive.waits_for("Keys · Layers");
    dive.press("esc");
    dive.waits_without("Keys · Layers");
    dive.resizes((80, 24));
    dive.waits_until("the screen at the new size", |screen| {
        screen.rows()[21].ends_with('┘') && screen.has("Receiving the archive")
    });
    dive.press("ctrl+c").ends_with(0).is_restored();
    drop(pipe);
}

#[test]
fn late_image_is_shown() {
    let (mut dive, mut pipe) = piped();
    dive.waits_for("Looking for the image");
    pipe.write_all(&std::fs::read(sample()).unwrap()).unwrap();
    drop(pipe);
    dive.waits_until("the image", |screen| screen.has_all(&["dive-sample:1.0", "Filetree"]));
    dive.press("down");
    dive.waits_for("Contents · layer 1");
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn truncated_pipe_error_is_on_the_normal_screen() {
    let (dive, mut pipe) = piped();
    pipe.write_all(&part()).unwrap();
    dive.waits_for("Receiving the archive");
    drop(pipe);
    dive.ends_with(2).is_restored();
    assert!(dive.contents().contains("dive: error: standard input: "), "{}", dive.contents());
}

#[test]
fn image_without_layers_can_be_explored() {
    let archive = image().save(Format::DockerArchive);
    let mut dive = Session::dive(User::new(), USUAL, &[archive.path().to_str().unwrap()]);
    dive.waits_for("The image has no layers");
    // All keys on an empty image.
    dive.press("down tab down space o s ctrl+space a b tab w enter q");
    dive.press("slash").types("x").press("enter ctrl+f backspace backspace tab e right right pgdn");
    dive.waits_for("┏ Image Details");
    dive.press("q").ends_with(0).is_restored();
}
