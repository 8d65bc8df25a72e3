//! What people do with a file that they found.

use super::session::Session;
use super::{SMALL, USUAL, open, open_as};
use crate::user::User;

/// The cursor on what a filter finds last.
fn find(dive: &mut Session, file: &str) {
    dive.press("slash").types(file).types("$").press("enter G");
    dive.waits_until(file, |screen| screen.has("Filter: ") && screen.selects(file));
}

#[test]
fn a_deleted_file_can_still_be_looked_into() {
    let mut dive = open(SMALL);
    dive.press("down down down down");
    find(&mut dive, "vendor.txt");
    dive.waits_until("the file to be removed in layer 4", |screen| screen.has_row(&["- ", "vendor.txt"]));
    dive.press("v");
    dive.waits_until("its content", |screen| screen.has_all(&["┏ /tmp/vendor.txt", "1 download;00001;"]));
    dive.press("q q").ends_with(0).is_restored();
}

#[test]
fn a_text_is_searched_and_a_binary_is_shown_in_hex() {
    let mut dive = open(USUAL);
    dive.press("G");
    find(&mut dive, "stock.csv");
    dive.press("v");
    dive.waits_for("/srv/shop/data/stock.csv");
    dive.press("slash").types("99");
    dive.waits_for("Search: 99");
    dive.press("enter n n");
    dive.waits_until("a match", |screen| screen.has("99") && !screen.has("Search: "));
    dive.press("q");
    dive.waits_until("the tree", |screen| screen.has("Filter: ") && !screen.has("/srv/shop/data/stock.csv"));
    dive.press("esc");
    dive.waits_without("Filter: ");
    find(&mut dive, "busybox");
    dive.press("v");
    dive.waits_until("its first bytes", |screen| screen.has("ELF"));
    dive.press("q q").ends_with(0).is_restored();
}

#[test]
fn what_layers_did_to_a_path_is_one_key_away() {
    let mut dive = open(USUAL);
    dive.press("G");
    find(&mut dive, "prices.csv");
    dive.press("H");
    dive.waits_until("both versions", |screen| {
        screen.has("History of /srv/shop/data/prices.csv") && screen.has_row(&["2 ", "added"])
    });
    dive.press("enter");
    dive.waits_for("/srv/shop/data/prices.csv");
    dive.press("q q q").ends_with(0).is_restored();
}

#[test]
fn a_file_is_written_to_a_folder_and_nothing_is_overwritten_unasked() {
    let mut dive = open(USUAL);
    dive.press("G");
    find(&mut dive, "prices.csv");
    dive.press("x");
    dive.waits_for("Extract to folder: ");
    dive.press("backspace").types("out").press("enter");
    dive.waits_for("1 file, ");
    dive.press("q");
    let written = dive.user().file("out/prices.csv");
    assert!(std::fs::metadata(&written).unwrap().len() > 10_000, "{}", dive.contents());
    std::fs::write(&written, "mine").unwrap();
    dive.waits_for("Filter: ");
    dive.press("x");
    // The folder that was asked for last.
    dive.waits_for("Extract to folder: out");
    dive.press("enter");
    dive.waits_for("Overwrite existing files, or skip them?");
    dive.press("q");
    dive.waits_for("Filter: ");
    dive.press("q").ends_with(0).is_restored();
    assert_eq!(std::fs::read_to_string(&written).unwrap(), "mine");
}

/// Who skips keeps what is there and is told what was left out; who overwrites gets what the image has.
#[test]
fn what_is_there_stays_when_it_is_skipped_and_goes_when_it_is_overwritten() {
    let mut dive = open_as(User::new().writes("prices.csv", "mine"), USUAL);
    dive.press("G");
    find(&mut dive, "prices.csv");
    let written = dive.user().file("prices.csv");
    for (key, told, is_mine) in [("s", "1 left out:", true), ("o", "1 file, ", false)] {
        dive.press("x");
        dive.waits_for("Extract to folder: ");
        dive.press("enter");
        dive.waits_for("Overwrite existing files, or skip them?");
        dive.press(key);
        dive.waits_until("the report", |screen| screen.has("Done. Written in") && screen.has(told));
        assert_eq!(dive.look(|screen| screen.has("prices.csv: it is there already")), is_mine, "{}", dive.contents());
        assert_eq!(std::fs::read(&written).unwrap() == b"mine", is_mine, "{key}: {}", dive.contents());
        dive.press("q");
        dive.waits_for("Filter: ");
    }
    assert!(std::fs::metadata(&written).unwrap().len() > 10_000);
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let mut dive = open_as(User::new().writes("file", "x"), USUAL);
    dive.press("G");
    find(&mut dive, "prices.csv");
    dive.press("x");
    dive.waits_for("Extract to folder: ");
    dive.press("backspace").types("file/below").press("enter");
    dive.waits_for("file/below");
    dive.waits_without("Extract to folder: ");
    dive.press("q");
    dive.waits_for("Filter: ");
    dive.press("q").ends_with(0).is_restored();
}
