//! Cursor movement and scrolling.

use dive::tui::state::Motion;
use dive::tui::state::files::{FileTreePane, Folding, Jump, Order};
use dive_model::tree::Change;

use super::pane::Pane;
use crate::build::{Image, image};

fn letters() -> Image {
    image().layer(|l| ('a'..='h').fold(l, |l, letter| l.file(letter.to_string(), "")))
}

fn system() -> Image {
    image()
        .layer(|l| l.file("bin/sh", "sh").file("etc/passwd", "root").file("usr/lib/a.so", "so").file("var/x", "x"))
        .layer(|l| l.file("etc/ssl/ca", "ca").file("etc/ssl/key", "key"))
        .layer(|l| l.file("bin/sh", "bash").whiteout("usr/lib/a.so").file("var/y", "y"))
}

#[test]
fn cursor_stops_at_both_ends() {
    let mut pane = Pane::of(&letters());
    assert_eq!(pane.go(Motion::Up).selected(), "/a");
    assert_eq!(pane.go(Motion::Down).selected(), "/b");
    assert_eq!(pane.go(Motion::Last).selected(), "/h");
    assert_eq!(pane.go(Motion::Down).selected(), "/h");
    assert_eq!(pane.go(Motion::First).selected(), "/a");
}

#[test]
fn window_follows_the_cursor() {
    let mut pane = Pane::of(&letters());
    let window = |pane: &mut Pane, motion| {
        pane.go(motion);
        (pane.selected(), pane.files.first_row())
    };
    pane.height(3);
    assert_eq!(window(&mut pane, Motion::Down), ("/b".into(), 0));
    assert_eq!(window(&mut pane, Motion::Down), ("/c".into(), 0));
    assert_eq!(window(&mut pane, Motion::Down), ("/d".into(), 1));
    // The cursor stays on its screen line.
    assert_eq!(window(&mut pane, Motion::PageDown), ("/g".into(), 4));
    assert_eq!(window(&mut pane, Motion::PageDown), ("/h".into(), 5));
    assert_eq!(window(&mut pane, Motion::PageUp), ("/e".into(), 2));
    assert_eq!(window(&mut pane, Motion::Up), ("/d".into(), 2));
    assert_eq!(window(&mut pane, Motion::First), ("/a".into(), 0));
    assert_eq!(window(&mut pane, Motion::Last), ("/h".into(), 5));
    // The window is filled as far as possible.
    pane.height(6);
    assert_eq!(pane.files.first_row(), 2);
    pane.height(2);
    assert_eq!(pane.files.first_row(), 6);
    pane.files.set_height(0);
    assert_eq!(pane.go(Motion::PageUp).selected(), "/g");
}

#[test]
fn wheel_moves_the_cursor_only_at_the_edge() {
    let mut pane = Pane::of(&letters());
    pane.height(3).on("b");
    let mut scroll = |first| {
        pane.scroll(first);
        (pane.selected(), pane.files.first_row())
    };
    assert_eq!(scroll(1), ("/b".into(), 1));
    assert_eq!(scroll(3), ("/d".into(), 3));
    assert_eq!(scroll(100), ("/f".into(), 5));
    assert_eq!(scroll(0), ("/c".into(), 0));
}

#[test]
fn left_goes_to_the_parent_and_right_into_a_directory() {
    let mut pane = Pane::folded(&system(), Folding::Collapsed);
    pane.on("usr");
    assert_eq!(pane.go(Motion::Right).selected(), "/usr/lib");
    assert_eq!(pane.go(Motion::Right).selected(), "/usr/lib/a.so");
    assert_eq!(pane.go(Motion::Right).selected(), "/usr/lib/a.so");
    assert_eq!(pane.go(Motion::Left).selected(), "/usr/lib");
    assert_eq!(pane.go(Motion::Left).selected(), "/usr");
    assert_eq!(pane.go(Motion::Left).selected(), "/usr");
    assert_eq!(pane.go(Motion::Right).selected(), "/usr/lib");
}

/// Stepping through layers must not lose the user's position.
#[test]
fn cursor_stays_on_its_file_across_layers() {
    let mut pane = Pane::of(&system());
    pane.compare(Some(0), 1).on("etc/ssl/key");
    assert_eq!(pane.compare(Some(1), 2).selected(), "/etc/ssl/key");
    // If the layer lacks the file, its directory is selected until the file is back.
    assert_eq!(pane.compare(None, 0).selected(), "/etc");
    assert_eq!(pane.compare(Some(0), 1).selected(), "/etc/ssl/key");
    // Not after the user moved the cursor.
    pane.compare(None, 0).go(Motion::Down);
    assert_eq!(pane.compare(Some(0), 1).selected(), "/etc/passwd");
}

#[test]
fn cursor_returns_to_its_file_after_hiding() {
    let mut pane = Pane::of(&system());
    pane.on("etc/passwd").toggle(Change::Unmodified).shows(
        "
          ├─ bin/         modified   4 B
          │  └─ sh        modified   4 B
          ├─ usr/         modified   0 B
        > │  └─ lib/      modified   0 B
          │     └─ a.so   removed    2 B
          └─ var/         modified   1 B
             └─ y         added      1 B
        ",
    );
    pane.toggle(Change::Unmodified);
    assert_eq!(pane.selected(), "/etc/passwd");
}

#[test]
fn cursor_stays_on_its_screen_line() {
    let mut pane = Pane::of(&letters());
    pane.height(3).on("f").go(Motion::Up);
    assert_eq!((pane.selected(), pane.files.first_row()), ("/e".into(), 3));
    pane.filter("[cdef]");
    assert_eq!((pane.selected(), pane.files.first_row()), ("/e".into(), 1));
    pane.filter("").sort(Order::Size);
    assert_eq!((pane.selected(), pane.files.first_row()), ("/e".into(), 3));
}

#[test]
fn jump_expands_collapsed_parents() {
    let mut pane = Pane::folded(&system(), Folding::Collapsed);
    assert_eq!(pane.jump_to("usr/lib/a.so"), (Jump::Done, "/usr/lib/a.so".into()));
    pane.shows(
        "
          ├─ bin/ ...     modified     4 B
          ├─ etc/ ...     unmodified   9 B
          ├─ usr/         modified     0 B
          │  └─ lib/      modified     0 B
        > │     └─ a.so   removed      2 B
          └─ var/ ...     modified     2 B
        ",
    );
    // A hidden row stays hidden.
    pane.toggle(Change::Removed).on("bin");
    assert_eq!(pane.jump_to("usr/lib/a.so"), (Jump::Nowhere, "/bin".into()));
    assert_eq!(pane.jump_to("/"), (Jump::Nowhere, "/bin".into()));
}

/// Expands collapsed directories and reports wrapping around.
#[test]
fn next_and_previous_change_wrap_around() {
    let mut pane = Pane::folded(&system(), Folding::Collapsed);
    let (done, wrapped) = (Jump::Done, Jump::Wrapped);
    let next = FileTreePane::next_change;
    assert_eq!(pane.jump(next), (done, "/bin/sh".into()));
    assert_eq!(pane.jump(next), (done, "/usr/lib/a.so".into()));
    assert_eq!(pane.jump(next), (done, "/var/y".into()));
    assert_eq!(pane.jump(next), (wrapped, "/bin/sh".into()));
    pane.shows(
        "
          ├─ bin/         modified     4 B
        > │  └─ sh        modified     4 B
          ├─ etc/ ...     unmodified   9 B
          ├─ usr/         modified     0 B
          │  └─ lib/      modified     0 B
          │     └─ a.so   removed      2 B
          └─ var/         modified     2 B
             ├─ x         unmodified   1 B
             └─ y         added        1 B
        ",
    );
    let previous = FileTreePane::previous_change;
    assert_eq!(pane.jump(previous), (wrapped, "/var/y".into()));
    assert_eq!(pane.jump(previous), (done, "/usr/lib/a.so".into()));
    pane.toggle(Change::Modified);
    assert_eq!(pane.jump(previous), (wrapped, "/var/y".into()));
    pane.toggle(Change::Added).toggle(Change::Removed);
    assert_eq!(pane.jump(next).0, Jump::Nowhere);
    assert_eq!(pane.jump(previous).0, Jump::Nowhere);
}

/// A directory counts if it changed and is empty, but not if its contents are only hidden.
#[test]
fn empty_directory_counts_as_a_change() {
    let image = image()
        .layer(|l| l.file("srv/a", ""))
        .layer(|l| l.dir("empty").dir("srv").mode(0o700).file("tmp/new", "").file("tmp/old", ""));
    let mut pane = Pane::of(&image);
    pane.on("tmp/old");
    assert_eq!(pane.jump(FileTreePane::next_change), (Jump::Wrapped, "/empty".into()));
    assert_eq!(pane.jump(FileTreePane::next_change), (Jump::Done, "/tmp/new".into()));
    pane.toggle(Change::Unmodified);
    assert_eq!(pane.jump(FileTreePane::previous_change), (Jump::Done, "/empty".into()));
    assert_eq!(pane.jump(FileTreePane::previous_change), (Jump::Wrapped, "/tmp/old".into()));
}

/// Too deep for recursion.
#[test]
fn tree_of_6000_levels_works() {
    let deep = vec!["d"; 6000].join("/");
    let mut pane = Pane::folded(&image().layer(|l| l.file(format!("{deep}/f"), "x").file("z", "")), Folding::Collapsed);
    assert_eq!(pane.files.row_count(), 2);
    assert_eq!(pane.jump(FileTreePane::next_change).0, Jump::Done);
    assert_eq!((pane.files.selected_row(), pane.files.row_count()), (6000, 6002));
    let rows = pane.files.rows(pane.tree(), 5999, 10);
    assert_eq!(rows.iter().map(dive::tui::state::files::FileRow::depth).collect::<Vec<_>>(), [5999, 6000, 0]);
    assert_eq!(pane.jump(FileTreePane::next_change), (Jump::Done, "/z".into()));
    pane.filter("f$").fold_all().fold_all().fold_all();
    assert_eq!(pane.files.row_count(), 1);
    pane.filter("").sort(Order::Size).go(Motion::First).fold();
    assert_eq!(pane.files.row_count(), 2);
}

/// A symlink that replaces a directory is a change of the layer.
#[test]
fn directory_replaced_by_symlink_counts_as_a_change() {
    let image = image()
        .layer(|l| l.file("a", "").file("lib/x", "x").file("z", "z"))
        .layer(|l| l.symlink("lib", "usr/lib").file("z", "zz"));
    let mut pane = Pane::of(&image);
    pane.on("a");
    assert_eq!(pane.jump(FileTreePane::next_change), (Jump::Done, "/lib".into()));
    pane.on("z");
    pane.jump(FileTreePane::previous_change);
    pane.jump(FileTreePane::previous_change);
    assert_eq!(pane.selected(), "/lib");
}
