//! The theme follows the background that the terminal reports.

use super::{Session, USUAL};
use crate::place::sample;
use crate::user::User;

const QUERY: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

fn selected_layer_is(dive: &Session, colour: u8) {
    dive.waits_until("the colour of the selected layer", |screen| screen.has_background("ADD file:", colour));
}

#[test]
fn the_theme_follows_the_background_of_the_terminal() {
    for (response, colour) in [
        (&b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c"[..], 252),
        (b"\x1b]11;rgb:1c1c/1c1c/1c1c\x07\x1b[?62c", 238),
        // A terminal that knows only the second query.
        (b"\x1b[?1;2c", 238),
        // One that responds to nothing.
        (b"", 238),
    ] {
        let mut dive = Session::dive(User::new(), USUAL, &[&sample()]);
        dive.waits_for_bytes(QUERY);
        dive.sends(response);
        dive.waits_for("Filetree");
        selected_layer_is(&dive, colour);
        // The response is not taken for keys.
        dive.press("q").ends_with(0).is_restored();
    }
}

/// A slow connection: the response arrives after the first frame.
#[test]
fn a_late_response_changes_the_theme() {
    let mut dive = Session::dive(User::new().sets("COLORFGBG", "15;0"), USUAL, &[&sample()]);
    dive.waits_for("Filetree");
    selected_layer_is(&dive, 238);
    dive.sends(b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c");
    selected_layer_is(&dive, 252);
}

#[test]
fn colorfgbg_counts_where_the_terminal_does_not_respond() {
    let dive = Session::dive(User::new().sets("COLORFGBG", "0;15"), USUAL, &[&sample()]);
    dive.waits_for("Filetree");
    selected_layer_is(&dive, 252);
}

/// A named theme, the Linux console and `NO_COLOR` need no query.
#[test]
fn the_background_is_asked_for_only_if_it_decides() {
    for (name, value) in [("DIVE_THEME", "dark"), ("NO_COLOR", "1"), ("TERM", "linux")] {
        let mut dive = Session::dive(User::new().sets(name, value), USUAL, &[&sample()]);
        dive.waits_for("Filetree");
        dive.press("q").ends_with(0);
        assert!(!super::session::contains(&dive.bytes(), b"\x1b]11"), "{name}");
    }
}
