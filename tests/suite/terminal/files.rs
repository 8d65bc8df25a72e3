//! Uses of a file in the explorer.

use super::session::Session;
use super::{SMALL, USUAL, open, open_as};
use crate::build::{Format, Packing, image};
use crate::user::User;

/// Selects the last match of a filter.
fn find(dive: &mut Session, file: &str) {
    dive.press("slash").types(file).types("$").press("enter G");
    dive.waits_until(file, |screen| screen.has("Filter: ") && screen.selects(file));
}

#[test]
fn deleted_file_opens_in_the_viewer() {
    let mut dive = open(SMALL);
    dive.press("down down down down");
    find(&mut dive, "vendor.txt");
    dive.waits_until("the file to be removed in layer 4", |screen| screen.has_row(&["- ", "vendor.txt"]));
    dive.press("v");
    dive.waits_until("the file's content", |screen| screen.has_all(&["┏ /tmp/vendor.txt", "1 download;00001;"]));
    dive.press("q q").ends_with(0).is_restored();
}

/// The viewer unpacks files of compressed layers to a temporary file, unless they are small.
#[test]
fn first_bytes_are_shown_without_a_temporary_file() {
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("image.tar");
    let lines = (1..100_000).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
    let image =
        image().layer(|layer| layer.file("long", lines.as_str()).file("short", "one short line").packed(Packing::Gzip));
    std::fs::write(&archive, image.archive(Format::OciArchive)).unwrap();
    let user = User::new().sets("TMPDIR", place.path().join("missing").to_str().unwrap());
    let mut dive = Session::dive(user, USUAL, &[archive.to_str().unwrap()]);
    dive.waits_for("short");
    dive.press("tab v");
    dive.waits_until("the first lines", |screen| screen.has_all(&["1 line 1", "2 line 2", "cannot unpack the file"]));
    dive.press("q down v");
    dive.waits_for("1 one short line");
    dive.look(|screen| assert!(!screen.has("cannot unpack the file")));
    dive.press("q q").ends_with(0).is_restored();
}

#[test]
fn viewer_searches_text_and_shows_binaries_in_hex() {
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
    dive.waits_until("the tree", |screen| screen.has("Filter: ") && !screen.has("┏ /srv/shop/data/stock.csv"));
    dive.press("esc");
    dive.waits_without("Filter: ");
    find(&mut dive, "busybox");
    dive.press("v");
    dive.waits_until("the file's first bytes", |screen| screen.has("ELF"));
    dive.press("q q").ends_with(0).is_restored();
}

#[test]
fn one_key_shows_the_history_of_a_path() {
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
fn extraction_asks_before_overwriting() {
    let mut dive = open(USUAL);
    dive.press("G");
    find(&mut dive, "prices.csv");
    dive.press("x");
    dive.waits_for("Extract to directory: ");
    dive.press("backspace").types("out").press("enter");
    dive.waits_for("1 file, ");
    dive.press("q");
    let written = dive.user().file("out/prices.csv");
    assert!(std::fs::metadata(&written).unwrap().len() > 10_000, "{}", dive.contents());
    std::fs::write(&written, "mine").unwrap();
    dive.waits_for("Filter: ");
    dive.press("x");
    // The previous answer is the default.
    dive.waits_for("out if empty");
    dive.press("enter");
    dive.waits_for("Overwrite existing files, or skip them?");
    dive.press("q");
    dive.waits_for("Filter: ");
    dive.press("q").ends_with(0).is_restored();
    assert_eq!(std::fs::read_to_string(&written).unwrap(), "mine");
}

/// Skip keeps the existing file and reports it; overwrite replaces it.
#[test]
fn extraction_skips_or_overwrites_as_chosen() {
    let mut dive = open_as(User::new().writes("prices.csv", "mine"), USUAL);
    dive.press("G");
    find(&mut dive, "prices.csv");
    let written = dive.user().file("prices.csv");
    for (key, report, is_mine) in [("s", "1 not extracted:", true), ("o", "1 file, ", false)] {
        dive.press("x");
        dive.waits_for("Extract to directory: ");
        dive.press("enter");
        dive.waits_for("Overwrite existing files, or skip them?");
        dive.press(key);
        dive.waits_until("the report", |screen| screen.has("Done. Written in") && screen.has(report));
        assert_eq!(dive.look(|screen| screen.has("prices.csv: it already exists")), is_mine, "{}", dive.contents());
        assert_eq!(std::fs::read(&written).unwrap() == b"mine", is_mine, "{key}: {}", dive.contents());
        dive.press("q");
        dive.waits_for("Filter: ");
    }
    assert!(std::fs::metadata(&written).unwrap().len() > 10_000);
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn unwritable_extraction_folder_is_reported() {
    let mut dive = open_as(User::new().writes("file", "x"), USUAL);
    dive.press("G");
    find(&mut dive, "prices.csv");
    dive.press("x");
    dive.waits_for("Extract to directory: ");
    dive.press("backspace").types("file/below").press("enter");
    dive.waits_for("file/below");
    dive.waits_without("Extract to directory: ");
    dive.press("q");
    dive.waits_for("Filter: ");
    dive.press("q").ends_with(0).is_restored();
}
