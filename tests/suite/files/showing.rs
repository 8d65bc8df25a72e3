//! Rows, sorting and collapsing.

use dive::tui::state::files::{Fold, Folding, Order};
use dive_model::tree::Change;

use super::pane::Pane;
use crate::build::{Image, image};

fn system() -> Image {
    image()
        .layer(|l| l.file("bin/sh", "sh").file("etc/group", "root").file("etc/passwd", "root:0").file("tmp/a/b", "b"))
        .layer(|l| l.file("etc/hosts", "localhost").file("etc/passwd", "root:0 user:1").whiteout("tmp"))
}

#[test]
fn layer_shows_its_changes() {
    Pane::of(&system()).shows(
        "
        > ├─ bin/        unmodified   2 B
          │  └─ sh       unmodified   2 B
          ├─ etc/        modified     26 B
          │  ├─ group    unmodified   4 B
          │  ├─ hosts    added        9 B
          │  └─ passwd   modified     13 B
          └─ tmp/        removed      1 B
             └─ a/       removed      1 B
                └─ b     removed      1 B
        ",
    );
}

#[test]
fn base_layer_shows_everything_as_added() {
    Pane::of(&system()).compare(None, 0).shows(
        "
        > ├─ bin/        added   2 B
          │  └─ sh       added   2 B
          ├─ etc/        added   10 B
          │  ├─ group    added   4 B
          │  └─ passwd   added   6 B
          └─ tmp/        added   1 B
             └─ a/       added   1 B
                └─ b     added   1 B
        ",
    );
}

/// Files that one build step wrote and a later one removed take space. As in dive, they are removed, with their last
/// size, which does not count for directories that still exist.
#[test]
fn aggregated_view_shows_temporary_files_as_removed() {
    let image = image()
        .layer(|l| l.file("etc/passwd", "root:0"))
        .layer(|l| {
            l.file("etc/lock", "1").file("tmp/build/log", "12345").file("tmp/build/obj", "123").file("app", "v1")
        })
        .layer(|l| l.file("tmp/build/log", "1234567890").whiteout("tmp/build/obj").whiteout("etc/lock"))
        .layer(|l| l.whiteout("tmp").file("app", "v2.0"));
    let mut pane = Pane::of(&image);
    pane.aggregated(3).shows(
        "
        > ├─ app         added        4 B
          ├─ etc/        modified     6 B
          │  ├─ lock     removed      1 B
          │  └─ passwd   unmodified   6 B
          └─ tmp/        removed      13 B
             └─ build/   removed      13 B
                ├─ log   removed      10 B
                └─ obj   removed      3 B
        ",
    );
    pane.aggregated(2).shows(
        "
        > ├─ app         added        2 B
          ├─ etc/        modified     6 B
          │  ├─ lock     removed      1 B
          │  └─ passwd   unmodified   6 B
          └─ tmp/        added        10 B
             └─ build/   added        10 B
                ├─ log   added        10 B
                └─ obj   removed      3 B
        ",
    );
    // A comparison of two states lists only paths of either, as `docker diff` does.
    pane.compare(Some(0), 3).shows(
        "
        > ├─ app         added        4 B
          └─ etc/        unmodified   6 B
             └─ passwd   unmodified   6 B
        ",
    );
    pane.aggregated(0).shows(
        "
        > └─ etc/        unmodified   6 B
             └─ passwd   unmodified   6 B
        ",
    );
}

/// A path overwritten before its removal has its last version; a restored path is not removed. A hard link adds no
/// size.
#[test]
fn aggregated_view_shows_last_version_of_removed_files() {
    let image = image()
        .layer(|l| l.file("cache", "12").file("back", "same").file("lib/a", "1"))
        .layer(|l| l.file("cache", "123456").whiteout("back").whiteout("lib").file("new", "1").hardlink("newer", "new"))
        .layer(|l| l.whiteout("cache").file("back", "same").symlink("lib", "usr/lib").whiteout("new"))
        .layer(|l| l.whiteout("newer"));
    Pane::of(&image).aggregated(3).shows(
        "
        > ├─ back    unmodified   4 B
          ├─ cache   removed      6 B
          ├─ lib     modified     0 B
          │  └─ a    removed      1 B
          ├─ new     removed      1 B
          └─ newer   removed      0 B
        ",
    );
}

/// As in dive, the size of a filtered directory is that of its matches.
#[test]
fn directory_size_is_of_its_shown_files() {
    let image = image()
        .layer(|l| l.file("log/a.log", "12345").file("log/b.txt", "12").file("log/old.log", "123456789"))
        .layer(|l| l.file("log/c.log", "123").file("other/x.txt", "1234").whiteout("log/old.log"));
    Pane::of(&image).filter("log$").shows(
        "
        > └─ log/         modified     8 B   match
             ├─ a.log     unmodified   5 B   match
             ├─ c.log     added        3 B   match
             └─ old.log   removed      9 B   match
        ",
    );
    Pane::of(&image).toggle(Change::Unmodified).sort(Order::Size).shows(
        "
        > ├─ other/       added      4 B
          │  └─ x.txt     added      4 B
          └─ log/         modified   3 B
             ├─ old.log   removed    9 B
             └─ c.log     added      3 B
        ",
    );
}

#[test]
fn file_replacing_directory_shows_removed_contents() {
    let image = image().layer(|l| l.file("lib/a", "12345")).layer(|l| l.file("lib", "x"));
    Pane::of(&image).shows(
        "
        > └─ lib    modified   1 B
             └─ a   removed    5 B
        ",
    );
}

/// Hiding a kind removes its files and the directories that become empty; other directories of that kind stay.
#[test]
fn each_kind_of_change_can_be_hidden() {
    let mut pane = Pane::of(&system());
    pane.toggle(Change::Unmodified).shows(
        "
        > ├─ etc/        modified   22 B
          │  ├─ hosts    added      9 B
          │  └─ passwd   modified   13 B
          └─ tmp/        removed    1 B
             └─ a/       removed    1 B
                └─ b     removed    1 B
        ",
    );
    pane.toggle(Change::Removed).toggle(Change::Modified).shows(
        "
        > └─ etc/       modified   9 B
             └─ hosts   added      9 B
        ",
    );
    pane.toggle(Change::Added).shows("");
    assert_eq!(pane.selected(), "nothing");
    pane.toggle(Change::Modified).shows(
        "
        > └─ etc/        modified   13 B
             └─ passwd   modified   13 B
        ",
    );
    assert!(pane.files.kinds().contain(Change::Modified) && !pane.files.kinds().contain(Change::Added));
}

/// Largest first, directories by their contents, equal sizes by name; the order survives a layer change.
#[test]
fn sort_by_size_survives_layer_changes() {
    let mut pane = Pane::of(&system());
    pane.on("bin").sort(Order::Size).shows(
        "
          ├─ etc/        modified     26 B
          │  ├─ passwd   modified     13 B
          │  ├─ hosts    added        9 B
          │  └─ group    unmodified   4 B
        > ├─ bin/        unmodified   2 B
          │  └─ sh       unmodified   2 B
          └─ tmp/        removed      1 B
             └─ a/       removed      1 B
                └─ b     removed      1 B
        ",
    );
    pane.compare(None, 0);
    assert_eq!(pane.files.order(), Order::Size);
    assert_eq!(pane.paths(), ["/etc", "/etc/passwd", "/etc/group", "/bin", "/bin/sh", "/tmp", "/tmp/a", "/tmp/a/b"]);
    pane.sort(Order::Name);
    assert_eq!(pane.paths()[..3], ["/bin", "/bin/sh", "/etc"]);
    let alike = image().layer(|l| l.file("c", "1").file("a", "1").file("b", "22").file("B", "1").file("a\u{e9}", "1"));
    assert_eq!(Pane::of(&alike).sort(Order::Size).paths(), ["/b", "/B", "/a", "/a\u{e9}", "/c"]);
}

/// Also with a long common prefix.
#[test]
fn names_sort_by_their_bytes() {
    let mut names = ["12345678", "", "-1", "1234567890", "1234567891", "\u{fe}", "12", "B", "a"]
        .map(|end| format!("/lib-long{end}"));
    let image = image().layer(|l| names.iter().fold(l, |l, name| l.file(&name[1..], "")));
    names.sort();
    assert_eq!(Pane::of(&image).paths(), names);
}

#[test]
fn directory_stays_collapsed_across_layers() {
    let mut pane = Pane::of(&system());
    pane.on("etc").fold().on("tmp/a").fold().shows(
        "
          ├─ bin/        unmodified   2 B
          │  └─ sh       unmodified   2 B
          ├─ etc/ ...    modified     26 B
          └─ tmp/        removed      1 B
        >    └─ a/ ...   removed      1 B
        ",
    );
    pane.compare(None, 1).compare(None, 0).shows(
        "
          ├─ bin/        added   2 B
          │  └─ sh       added   2 B
          ├─ etc/ ...    added   10 B
          └─ tmp/        added   1 B
        >    └─ a/ ...   added   1 B
        ",
    );
    // Files cannot be collapsed.
    pane.on("bin/sh").fold().on("etc").fold();
    assert_eq!(pane.files.row_count(), 7);
}

#[test]
fn collapse_all_toggles_all_directories() {
    let collapsed = "
          ├─ bin/ ...   unmodified   2 B
          ├─ etc/ ...   modified     26 B
        > └─ tmp/ ...   removed      1 B
        ";
    let mut pane = Pane::of(&system());
    pane.on("tmp/a/b").fold_all().shows(collapsed).fold_all();
    assert_eq!((pane.files.row_count(), pane.selected().as_str()), (9, "/tmp/a/b"));
    pane.on("bin").fold().on("tmp").fold().fold_all().shows(collapsed);
    // The setting `filetree.collapse-dir`.
    let mut pane = Pane::folded(&system(), Folding::Collapsed);
    pane.on("tmp").shows(collapsed).fold().shows(
        "
          ├─ bin/ ...    unmodified   2 B
          ├─ etc/ ...    modified     26 B
        > └─ tmp/        removed      1 B
             └─ a/ ...   removed      1 B
        ",
    );
}

#[test]
fn empty_directory_cannot_be_collapsed() {
    let mut pane = Pane::of(&image().layer(|l| l.dir("srv").file("tmp/a", "")).layer(|l| l.whiteout("tmp/a")));
    let row = |pane: &Pane, at| pane.files.rows(pane.tree(), at, 1)[0].fold;
    assert_eq!((row(&pane, 0), row(&pane, 1)), (Fold::Leaf, Fold::Expanded));
    pane.toggle(Change::Removed);
    assert_eq!(row(&pane, 1), Fold::Leaf);
}

#[test]
fn image_without_files_has_no_rows() {
    let mut pane = Pane::of(&image().layer(|l| l));
    pane.fold().fold_all().filter("x").shows("");
    assert_eq!(pane.files.rows(pane.tree(), 3, 5), []);
    assert_eq!(pane.selected(), "nothing");
}
