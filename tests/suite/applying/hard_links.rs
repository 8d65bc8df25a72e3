//! Hard links: an inode exists while any name of it does; the last name removed determines path, layer and cause.

use crate::build::{image, layer};

#[test]
fn deleting_one_of_two_hard_links_wastes_nothing() {
    let opened = image().layer(|l| l.file("a", "12345").hardlink("b", "a")).layer(|l| l.whiteout("a")).open();
    opened
        .shows_at(
            0,
            "
            / ── a         5 B
              └─ b => /a   5 B
            ",
        )
        .shows("/ ── b => /a   5 B")
        .wastes("");
    assert_eq!((opened.exact().total_bytes, opened.exact().visible_bytes), (5, 5));
}

#[test]
fn last_removed_hard_link_gives_path_layer_and_cause() {
    image()
        .layer(|l| l.file("a", "12345").hardlink("d/b", "a").hardlink("c", "d/b"))
        .layer(|l| l.whiteout("a"))
        .layer(|l| l.whiteout("d"))
        .layer(|l| l.symlink("c", "elsewhere"))
        .layer(|l| l.file("other", ""))
        .open()
        .shows(
            "
            / ── c -> elsewhere
              └─ other            0 B
            ",
        )
        .wastes("/c   5 B   layer 0   replaced by layer 3");
}

#[test]
fn hard_links_removed_together_report_the_first_name() {
    image()
        .layer(|l| l.file("b", "12345").hardlink("a", "b"))
        .layer(|l| l.whiteout("a").whiteout("b"))
        .layer(|l| l.file("k", ""))
        .open()
        .wastes("/b   5 B   layer 0   deleted by layer 1");
}

#[test]
fn hard_link_to_lower_layer_keeps_the_file() {
    image()
        .layer(|l| l.file("a", "12345").mode(0o600).owner(1, 2))
        .layer(|l| l.hardlink("b", "/a"))
        .layer(|l| l.whiteout("a"))
        .open()
        .shows("/ ── b => /a   5 B   0600   1:2")
        .changed(
            0,
            2,
            "
            / ── a         removed
              └─ b => /a   added     5 B
            ",
        )
        .wastes("");
}

#[test]
fn hard_link_to_symlink_is_the_symlink() {
    let opened = image().layer(|l| l.symlink("s", "target").hardlink("h", "s")).open();
    opened.shows(
        "
        / ── h => /s
          └─ s -> target
        ",
    );
    let tree = opened.tree();
    let h = tree.visible(tree.find(b"h").unwrap(), layer(0)).unwrap();
    assert_eq!(tree.link(tree.inode(h)), b"target");
}

#[test]
fn hard_link_before_its_target_is_a_warning() {
    image()
        .layer(|l| l.hardlink("b", "a").file("a", "12345"))
        .layer(|l| l.whiteout("a"))
        .open()
        .shows("/ ── b => /a   5 B")
        .wastes("")
        .remarks(&["hard link \"/b\" precedes its target \"a\""]);
}

#[test]
fn hard_link_before_its_target_overwrites_lower_file() {
    image()
        .layer(|l| l.file("b", "old"))
        .layer(|l| l.hardlink("b", "a").file("a", "12345"))
        .open()
        .wastes("/b   3 B   layer 0   overwritten by layer 1");
    image()
        .layer(|l| l.file("b", "same"))
        .layer(|l| l.hardlink("b", "a").file("a", "same"))
        .open()
        .changed(
            0,
            1,
            "
            / ── a         added        4 B
              └─ b => /a   unmodified
            ",
        )
        .wastes("/b   4 B   layer 0   metadata-only by layer 1");
}

#[test]
fn hard_link_to_missing_target_is_a_warning() {
    image()
        .layer(|l| l.hardlink("b", "gone").dir("d").hardlink("e", "d"))
        .open()
        .shows(
            "
            / ── b => nothing
              ├─ d/
              └─ e => nothing
            ",
        )
        .wastes("")
        .remarks(&["\"/b\" points to \"gone\", which is not a file", "\"/e\" points to \"d\", which is not a file"]);
}

#[test]
fn hard_link_to_itself_keeps_the_file() {
    image()
        .layer(|l| l.file("a", "12345"))
        .layer(|l| l.hardlink("a", "./a"))
        .open()
        .shows("/ ── a   5 B")
        .changed(0, 1, "/ ── a   unmodified")
        .wastes("")
        .remarks(&["dive ignores the hard link from \"a\" to itself"]);
}

#[test]
fn hard_link_over_a_file_overwrites_it() {
    image()
        .layer(|l| l.file("a", "12345").file("b", "123"))
        .layer(|l| l.file("a", "1234567").hardlink("b", "a"))
        .open()
        .shows(
            "
            / ── a         7 B
              └─ b => /a   7 B
            ",
        )
        .wastes(
            "
            /a   5 B   layer 0   overwritten by layer 1
            /b   3 B   layer 0   overwritten by layer 1
            ",
        );
}

#[test]
fn overwriting_one_hard_link_keeps_the_others() {
    image()
        .layer(|l| l.file("a", "old").hardlink("b", "a"))
        .layer(|l| l.file("a", "newer"))
        .open()
        .shows(
            "
            / ── a         5 B
              └─ b => /a   3 B
            ",
        )
        .changed(
            0,
            1,
            "
            / ── a         modified     5 B
              └─ b => /a   unmodified
            ",
        )
        .wastes("");
}
