//! Names in tars: repeated, unnormalised, outside the root, not UTF-8.

use dive_model::tree::testing::Changes;
use dive_model::tree::{Change, NodeId};

use crate::build::{image, layer};

#[test]
fn repeated_path_in_one_layer_keeps_the_last() {
    image()
        .layer(|l| l.file("f", "first").file("f", "2nd"))
        .open()
        .shows("/ ── f   3 B")
        .changed_from_nothing(0, "/ ── f   added   3 B")
        .wastes("/f   5 B   layer 0   overwritten by layer 0");
}

#[test]
fn path_outside_the_root_is_a_warning() {
    image()
        .layer(|l| l.file("../../etc/passwd", "1").file("d/../../../up", "22").file("a/../b", "333").file("/abs", ""))
        .open()
        .shows(
            "
            / ── abs          0 B
              ├─ b            3 B
              ├─ etc/passwd   1 B
              └─ up           2 B
            ",
        )
        .remarks(&["\"../../etc/passwd\" at offset 0 leads out of the root", "\"d/../../../up\" at offset 1024"]);
}

#[test]
fn symlink_target_outside_the_root_is_shown_unchanged() {
    image()
        .layer(|l| l.symlink("out", "../../../etc/shadow"))
        .open()
        .shows("/ ── out -> ../../../etc/shadow")
        .remarks(&[]);
}

#[test]
fn dots_and_double_slashes_are_normalised() {
    image()
        .layer(|l| l.dir("./").file("./a", "1").dir("d/").file("d//f", "22"))
        .layer(|l| l.file("/a", "333").whiteout("./d/./f"))
        .open()
        .shows(
            "
            / ── a    3 B
              └─ d/
            ",
        )
        .wastes(
            "
            /d/f   2 B   layer 0   deleted by layer 1
            /a     1 B   layer 0   overwritten by layer 1
            ",
        );
}

#[test]
fn root_entry_keeps_its_permissions() {
    let opened = image().layer(|l| l.dir("./").mode(0o700).file("a", "1")).layer(|l| l.dir(".").owner(7, 7)).open();
    opened
        .shows_at(
            0,
            "
            /        0700
              └─ a   1 B
            ",
        )
        .shows(
            "
            /        7:7
              └─ a   1 B
            ",
        );
    let changes = Changes::between(opened.tree(), Some(layer(0)), layer(1));
    assert_eq!(changes.of(NodeId::ROOT), Some(Change::Modified));
}

#[test]
fn non_utf8_and_long_names_are_kept() {
    let long = "d/".repeat(120) + "file";
    let opened =
        image().layer(|l| l.file(b"caf\xe9", "1").file(&long, "22")).layer(|l| l.file(b"caf\xe9", "4444")).open();
    let tree = opened.tree();
    assert!(tree.find(long.as_bytes()).is_some());
    assert_eq!(tree.name(tree.find(b"caf\xe9").unwrap()), b"caf\xe9");
    assert_eq!(tree.path(opened.exact().files[0].node), b"/caf\xe9");
}
