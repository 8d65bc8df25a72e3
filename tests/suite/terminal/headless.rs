//! Runs at a terminal that must not open a screen.

use super::session::{Session, contains};
use super::{USUAL, open};
use crate::place::{fixture, sample};
use crate::user::{DIVE, User};

/// Asserts success, without a screen at any time.
fn headless(user: User, arguments: &[&str]) -> Session {
    let dive = Session::dive(user, USUAL, arguments);
    dive.ends_with(0).is_restored();
    assert!(!contains(&dive.bytes(), b"\x1b[?1049h"), "{}", dive.contents());
    dive
}

#[test]
fn pipe_gets_the_report() {
    let dive = Session::program(User::new(), USUAL, "sh", &["-c", r#""$0" "$1" 2>/dev/null | cat"#, DIVE, &sample()]);
    dive.ends_with(0).is_restored();
    assert!(
        dive.contents().contains("Inefficient Files:") && !contains(&dive.bytes(), b"\x1b["),
        "{}",
        dive.contents()
    );
}

#[test]
fn json_opens_no_screen() {
    let dive = headless(User::new(), &["--json", "out.json", &sample()]);
    assert_eq!(dive.user().sees(), ["out.json"]);
}

#[test]
fn ci_mode_opens_no_screen() {
    let dive = headless(User::new().sets("CI", "true"), &[&sample()]);
    assert!(dive.contents().contains("PASS"), "{}", dive.contents());
    headless(User::new(), &["--ci", &sample()]);
    // `--ci=false` opens a screen.
    let mut dive = super::open_with(User::new().sets("CI", "true"), USUAL, &["--ci=false"]);
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn dumb_terminal_gets_the_report() {
    let dive = headless(User::new().sets("TERM", "dumb"), &[&sample()]);
    assert!(dive.contents().contains("Reclaimable:"), "{}", dive.contents());
}

/// A screen that opens briefly would hide the message.
#[test]
fn open_errors_appear_on_the_normal_screen() {
    for (file, message) in [
        ("./nowhere.tar".to_owned(), "no such file"),
        (fixture("broken/config-missing.tar"), "dive: error: "),
        (fixture("broken/not-a-tar-layer.tar"), "dive: error: "),
    ] {
        let dive = Session::dive(User::new(), USUAL, &[&file]);
        dive.ends_with(2).is_restored();
        assert!(dive.contents().contains(message), "{}", dive.contents());
    }
    let dive = Session::dive(User::new(), USUAL, &["./nowhere.tar"]);
    dive.ends_with(2);
    assert!(!contains(&dive.bytes(), b"\x1b[?1049h"), "the alternate screen was entered");
}

#[test]
fn damaged_image_is_shown_as_incomplete() {
    let damaged = fixture("broken/layer-gzip-bad-crc.tar");
    let mut dive = Session::dive(User::new(), USUAL, &["--ignore-errors", &damaged]);
    dive.waits_until("the image and its damage warning", |screen| {
        screen.has_all(&["Filetree", "Incomplete: 1 of 2 layers"])
    });
    dive.press("down");
    dive.waits_for("Damaged: ");
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn terminal_contents_are_restored() {
    let mut dive =
        Session::program(User::new(), USUAL, "sh", &["-c", r#"echo before; "$0" "$1"; echo after"#, DIVE, &sample()]);
    dive.waits_for("Filetree");
    dive.press("q").ends_with(0).is_restored();
    assert_eq!(dive.contents().trim(), "before\nafter");
    drop(open(USUAL));
}

/// With `--verify`, the screen opens only after verification.
#[test]
fn digest_mismatch_appears_on_the_normal_screen() {
    let user = User::new();
    let mut damaged = std::fs::read(sample()).unwrap();
    // In a file's content, which only the digest covers.
    let place = damaged.windows(9).position(|bytes| bytes == b"layer.tar").unwrap() + 200_000;
    damaged[place] ^= 1;
    std::fs::write(user.file("damaged.tar"), damaged).unwrap();
    let session = Session::dive(user, USUAL, &["--verify", "damaged.tar"]);
    session.ends_with(2).is_restored();
    assert!(session.contents().contains("dive: error: damaged.tar: layer "), "{}", session.contents());
}
