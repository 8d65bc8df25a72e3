//! Directories that a layer adds or deletes as a whole: one row and one change, until the user opens them.

use super::{Screen, Size};
use crate::build::{Format, Layer, image};

const USUAL: Size = (120, 40);

/// An image whose last layer deletes a large directory and a file, and adds a small directory.
fn cache() -> tempfile::NamedTempFile {
    let cache = |l: Layer| (0..40).fold(l, |l, at| l.file(format!("root/.npm/a/f{at:02}"), "x"));
    image()
        .layer(|l| cache(l.file("etc/one", "1").file("zz", "z")))
        .layer(|l| l.whiteout("root/.npm").whiteout("zz").file("srv/new", "n"))
        .save(Format::DockerArchive)
}

#[test]
fn a_large_deleted_directory_is_one_row_and_one_change() {
    let archive = cache();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.shows(&["── f00"]);
    screen.presses("down").shows(&["⊕ .npm (40 files)", "── zz", "── new"]).lacks(&["f00"]);
    assert_eq!(screen.selected(), "/root/.npm");
    screen.presses("o");
    assert_eq!(screen.selected(), "/srv/new", "a small directory is open");
    screen.presses("o");
    assert_eq!(screen.selected(), "/zz");
    screen.presses("o");
    assert_eq!(screen.selected(), "/root/.npm");
    screen.presses("O O");
    assert_eq!(screen.selected(), "/srv/new");
    screen.presses("O");
    assert_eq!(screen.selected(), "/root/.npm");
}

/// An opened directory shows its paths, and jumps stop at each of them. A directory inside it is one row again.
#[test]
fn an_opened_directory_has_its_own_rows_and_changes() {
    let archive = cache();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("down tab space").shows(&["⊕ a (40 files)"]).lacks(&["f00", ".npm ("]);
    screen.presses("o");
    assert_eq!(screen.selected(), "/root/.npm/a");
    screen.presses("space").shows(&["f00"]).lacks(&["files)"]);
    screen.presses("o o");
    assert_eq!(screen.selected(), "/root/.npm/a/f01");
    screen.presses("O O");
    assert_eq!(screen.selected(), "/zz", "from the first change to the last one");
    // `z` opens all of them, and folds them again.
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("down tab z").shows(&["f00"]);
    screen.presses("z").shows(&["⊕ .npm (40 files)"]).lacks(&["f00"]);
    // A filter shows every match.
    screen.presses("slash").types("f0").shows(&["f00", "f09"]);
}

#[test]
fn a_directory_is_not_folded_without_the_option() {
    let archive = cache();
    let unfolded = [("DIVE_FILETREE_FOLD_UNCHANGED", "no")];
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &unfolded);
    screen.presses("down").shows(&["f00"]).lacks(&["files)"]);
}

/// The comparison with a marked layer folds a directory that layers between added.
#[test]
fn a_large_added_directory_is_one_row() {
    let many = |l: Layer| (0..12).fold(l, |l, at| l.file(format!("opt/app/f{at:02}"), "x"));
    let archive = image().layer(|l| l.file("base", "b")).layer(many).save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("down").shows(&["⊕ opt (12 files)", "+12"]).lacks(&["f00"]);
    assert_eq!(screen.selected(), "/opt");
}
