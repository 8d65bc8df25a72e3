//! Entries that replace others, implicit directories, and the sum of all causes.

use dive_model::analysis::exact::Cause;
use dive_model::layer::LayerIndex;
use dive_model::tree::Change;
use dive_model::tree::testing::Changes;

use super::Fill;
use crate::build::{image, layer};

#[test]
fn file_replacing_directory_removes_its_contents() {
    image()
        .layer(|l| l.dir("d").file("d/f", "1").file("d/sub/g", "22"))
        .layer(|l| l.file("d", "333"))
        .open()
        .shows("/ ── d   3 B")
        .changed(
            0,
            1,
            "
            / ── d          modified   3 B
                 ├─ f       removed
                 └─ sub/g   removed
            ",
        )
        .wastes(
            "
            /d/sub/g   2 B   layer 0   replaced by layer 1
            /d/f       1 B   layer 0   replaced by layer 1
            ",
        );
}

#[test]
fn replaced_file_is_waste_whatever_replaces_it() {
    let kinds: [(&str, Fill, &str); 5] = [
        ("file", |l| l.file("x", "1234"), "/ ── x   4 B"),
        ("directory", |l| l.dir("x"), "/ ── x/"),
        ("symlink", |l| l.symlink("x", "y"), "/ ── x -> y"),
        ("device", |l| l.char_device("x", 1, 3), "/ ── x (device 1:3)"),
        ("pipe", |l| l.fifo("x"), "/ ── x (pipe)"),
    ];
    for (old, make_old, _) in kinds {
        for (new, make_new, shown) in kinds {
            if old == new {
                continue;
            }
            let opened = image().layer(make_old).layer(make_new).open();
            let waste = if old == "file" { "/x   4 B   layer 0   replaced by layer 1" } else { "" };
            opened.shows(shown).wastes(waste).remarks(&[]);
            let changes = Changes::between(opened.tree(), Some(layer(0)), layer(1));
            let node = opened.tree().find(b"x").unwrap();
            assert_eq!(changes.of(node), Some(Change::Modified), "{old} became {new}");
        }
    }
}

#[test]
fn repeated_directory_updates_permissions_only() {
    image()
        .layer(|l| l.dir("d").file("d/f", "1"))
        .layer(|l| l.dir("d").mode(0o700).owner(5, 6))
        .open()
        .shows(
            "
            / ── d/     0700   5:6
                 └─ f   1 B
            ",
        )
        .changed(
            0,
            1,
            "
            / ── d/     modified
                 └─ f   unmodified
            ",
        )
        .wastes("");
}

#[test]
fn entry_below_a_file_turns_it_into_a_directory() {
    // Engines do not write such a layer. Paths are literal, so the file must have become a directory.
    image()
        .layer(|l| l.file("a", "12"))
        .layer(|l| l.file("a/b", "3"))
        .open()
        .shows("/ ── a/b   1 B")
        .wastes("/a   2 B   layer 0   replaced by layer 1");
}

#[test]
fn path_through_lower_symlink_is_literal() {
    image()
        .layer(|l| l.file("usr/lib/libc", "1").symlink("lib", "usr/lib"))
        .layer(|l| l.file("lib/libm", "22"))
        .open()
        .shows(
            "
            / ── lib/libm       2 B
              └─ usr/lib/libc   1 B
            ",
        );
}

#[test]
fn implicit_parent_takes_later_permissions() {
    image()
        .layer(|l| l.file("a/b/c", "1"))
        .layer(|l| l.dir("a").mode(0o700))
        .open()
        .shows_at(0, "/ ── a/b/c   1 B")
        .shows(
            "
            / ── a/       0700
                 └─ b/c   1 B
            ",
        )
        .changed(
            0,
            1,
            "
            / ── a/       modified
                 └─ b/c   unmodified
            ",
        );
}

#[test]
fn entry_for_implicit_directory_is_no_change() {
    image()
        .layer(|l| l.file("a/b", "1"))
        .layer(|l| l.dir("a").owner(0, 0))
        .open()
        .changed(0, 1, "/ ── a/b   unmodified")
        .wastes("");
}

#[test]
fn xattr_on_directory_is_a_change() {
    let plain_to_named = image().layer(|l| l.file("a/b", "1")).layer(|l| l.dir("a").xattr("user.x", "1"));
    plain_to_named.open().changed(
        0,
        1,
        "
        / ── a/     modified
             └─ b   unmodified
        ",
    );
}

#[test]
fn waste_by_cause_sums_to_reclaimable_bytes() {
    let opened = image()
        .layer(|l| {
            let l = l.file("overwritten", "1").file("same", "22").file("deleted", "4444").file("d/with", "88888888");
            l.file("o/opaque", "o".repeat(16)).file("replaced", "r".repeat(32)).file("kept", "k".repeat(64))
        })
        .layer(|l| {
            let l = l.file("overwritten", "x").file("same", "22").whiteout("deleted").whiteout("d").opaque("o");
            l.symlink("replaced", "x")
        })
        .open();
    let exact = opened.exact();
    assert_eq!(Cause::ALL.map(|cause| exact.bytes_by(cause)), [1, 2, 4, 8, 16, 32]);
    assert_eq!((exact.reclaimable_bytes(), exact.visible_bytes), (63, 64 + 3));
}

#[test]
fn image_without_layers_is_empty() {
    let opened = image().open();
    assert_eq!((opened.tree().last_layer(), opened.exact().total_bytes), (None::<LayerIndex>, 0));
}

/// Files that claim more than 64 bits together must not make real waste disappear.
#[test]
fn huge_claimed_sizes_do_not_hide_waste() {
    let huge = i64::MAX.unsigned_abs();
    let opened = image()
        .layer(|l| l.sparse_file("a", "1", huge).sparse_file("b", "1", huge).sparse_file("c", "1", huge))
        .layer(|l| l.file("app", "12345"))
        .layer(|l| l.file("app", "1"))
        .open();
    let exact = opened.exact();
    assert_eq!((exact.total_bytes, exact.reclaimable_bytes(), exact.files.len()), (u64::MAX, 5, 1));
}
