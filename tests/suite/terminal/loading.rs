//! An image that takes its time.

use std::fs::{File, OpenOptions};
use std::io::Write;

use super::USUAL;
use super::session::Session;
use crate::build::{Format, image};
use crate::place::sample;
use crate::user::{DIVE, User};

/// `dive -` at the end of a pipe that somebody holds open: the pipe's other end.
fn piped() -> (Session, File) {
    let user = User::new();
    let pipe = user.file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // For reading as well: to open a pipe that nobody reads yet would wait.
    let file = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    (Session::program(user, USUAL, "sh", &["-c", r#"exec "$0" - <pipe"#, DIVE]), file)
}

/// As much as a pipe holds without a reader.
fn part() -> Vec<u8> {
    std::fs::read(sample()).unwrap()[..60_000].to_vec()
}

#[test]
fn an_image_that_never_comes_can_be_left_at_once() {
    let (mut dive, pipe) = piped();
    dive.waits_until("the screen before the image", |screen| screen.has("Layers") && screen.footer().contains("Quit"));
    dive.press("q").ends_with(0).is_restored();
    drop(pipe);
}

#[test]
fn an_image_that_comes_slowly_shows_how_much_is_there_and_keys_work_meanwhile() {
    let (mut dive, mut pipe) = piped();
    pipe.write_all(&part()).unwrap();
    dive.waits_for("Receiving the archive");
    dive.press("?");
    dive.waits_for("Keys · Layers");
    dive.press("esc");
    dive.waits_without("Keys · Layers");
    dive.resizes((80, 24));
    dive.waits_until("another size", |screen| screen.rows()[22].ends_with('┘') && screen.has("Receiving the archive"));
    dive.press("ctrl+c").ends_with(0).is_restored();
    drop(pipe);
}

#[test]
fn what_comes_at_last_is_shown() {
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
fn an_image_that_breaks_off_is_told_on_the_screen_that_was_there() {
    let (dive, mut pipe) = piped();
    pipe.write_all(&part()).unwrap();
    dive.waits_for("Receiving the archive");
    drop(pipe);
    dive.ends_with(2).is_restored();
    assert!(dive.contents().contains("dive: error: standard input: "), "{}", dive.contents());
}

#[test]
fn an_image_without_layers_says_so() {
    let archive = image().save(Format::DockerArchive);
    let mut dive = Session::dive(User::new(), USUAL, &[archive.path().to_str().unwrap()]);
    dive.waits_for("The image has no layers");
    // Nothing to show, and nothing to break.
    dive.press("down tab down space o s ctrl+space a b tab w enter q");
    dive.press("slash").types("x").press("enter ctrl+f backspace backspace tab e right right pgdn");
    dive.waits_for("┏ Image Details");
    dive.press("q").ends_with(0).is_restored();
}
