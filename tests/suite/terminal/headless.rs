//! Where no screen is wanted, a terminal gets none.

use super::session::{Session, contains};
use super::{USUAL, open};
use crate::place::{fixture, sample};
use crate::user::{DIVE, User};

/// Ends well, without a screen having been taken for a moment.
fn headless(user: User, arguments: &[&str]) -> Session {
    let dive = Session::dive(user, USUAL, arguments);
    dive.ends_with(0).is_restored();
    assert!(!contains(&dive.bytes(), b"\x1b[?1049h"), "{}", dive.contents());
    dive
}

#[test]
fn a_pipe_gets_the_report() {
    let dive = Session::program(User::new(), USUAL, "sh", &["-c", r#""$0" "$1" 2>/dev/null | cat"#, DIVE, &sample()]);
    dive.ends_with(0).is_restored();
    assert!(
        dive.contents().contains("Inefficient Files:") && !contains(&dive.bytes(), b"\x1b["),
        "{}",
        dive.contents()
    );
}

#[test]
fn a_json_file_is_written_without_a_screen() {
    let dive = headless(User::new(), &["--json", "out.json", &sample()]);
    assert_eq!(dive.user().sees(), ["out.json"]);
}

#[test]
fn ci_mode_needs_no_screen() {
    let dive = headless(User::new().sets("CI", "true"), &[&sample()]);
    assert!(dive.contents().contains("PASS"), "{}", dive.contents());
    headless(User::new(), &["--ci", &sample()]);
    // Said otherwise, there is one.
    let mut dive = super::open_with(User::new().sets("CI", "true"), USUAL, &["--ci=false"]);
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn a_terminal_that_can_show_no_screen_gets_the_report() {
    let dive = headless(User::new().sets("TERM", "dumb"), &[&sample()]);
    assert!(dive.contents().contains("Reclaimable:"), "{}", dive.contents());
}

/// A screen that comes and goes takes the message with it, or the user's calm.
#[test]
fn what_cannot_be_opened_is_told_on_the_screen_that_was_there() {
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
    assert!(!contains(&dive.bytes(), b"\x1b[?1049h"), "no flicker");
}

#[test]
fn a_damaged_image_is_shown_as_far_as_it_goes_with_a_word_on_what_is_missing() {
    let damaged = fixture("broken/layer-gzip-bad-crc.tar");
    let mut dive = Session::dive(User::new(), USUAL, &["--ignore-errors", &damaged]);
    dive.waits_until("the image and the damage", |screen| screen.has_all(&["Filetree", "Incomplete: 1 of 2 layers"]));
    dive.press("down");
    dive.waits_for("Damaged: ");
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn what_stood_on_the_terminal_before_stands_there_after() {
    let mut dive =
        Session::program(User::new(), USUAL, "sh", &["-c", r#"echo before; "$0" "$1"; echo after"#, DIVE, &sample()]);
    dive.waits_for("Filetree");
    dive.press("q").ends_with(0).is_restored();
    assert_eq!(dive.contents().trim(), "before\nafter");
    drop(open(USUAL));
}

/// Somebody who asks for the comparison does not see a damaged image first.
#[test]
fn what_does_not_match_its_digests_is_told_on_the_shells_screen() {
    let user = User::new();
    let mut damaged = std::fs::read(sample()).unwrap();
    // In the body of a file, which nothing else checks.
    let place = damaged.windows(9).position(|bytes| bytes == b"layer.tar").unwrap() + 200_000;
    damaged[place] ^= 1;
    std::fs::write(user.file("damaged.tar"), damaged).unwrap();
    let session = Session::dive(user, USUAL, &["--verify", "damaged.tar"]);
    session.ends_with(2).is_restored();
    assert!(session.contents().contains("dive: error: damaged.tar: layer "), "{}", session.contents());
}
