//! Whiteouts and opaque markers: what they remove, what they keep, and which bytes become waste.

use dive_model::layer::MarkerKind;

use crate::build::{Layer, image, layer};

#[test]
fn deleted_file_is_hidden_and_counted_as_waste() {
    image()
        .layer(|l| l.file("etc/passwd", "root").file("etc/shadow", "secret"))
        .layer(|l| l.whiteout("etc/shadow"))
        .open()
        .shows_at(
            0,
            "
            / ── etc/        implicit
                 ├─ passwd   4 B
                 └─ shadow   6 B
            ",
        )
        .shows("/ ── etc/passwd   4 B")
        .changed(
            0,
            1,
            "
            / ── etc/        modified
                 ├─ passwd   unmodified
                 └─ shadow   removed
            ",
        )
        .wastes("/etc/shadow   6 B   layer 0   deleted by layer 1")
        .remarks(&[]);
}

#[test]
fn deleted_directory_wastes_each_file_below_it() {
    image()
        .layer(|l| l.dir("cache").file("cache/obj/a.o", "aaa").file("cache/log", "l").file("keep", "k"))
        .layer(|l| l.whiteout("cache"))
        .open()
        .shows("/ ── keep   1 B")
        .changed(
            0,
            1,
            "
            / ── cache/       removed
              │  ├─ log       removed
              │  └─ obj/a.o   removed
              └─ keep         unmodified
            ",
        )
        .wastes(
            "
            /cache/obj/a.o   3 B   layer 0   deleted-with-directory by layer 1
            /cache/log       1 B   layer 0   deleted-with-directory by layer 1
            ",
        );
}

#[test]
fn whiteout_keeps_files_of_its_own_layer() {
    for before in [true, false] {
        let replaced = image()
            .layer(|l| l.file("f", "old"))
            .layer(|l| if before { l.whiteout("f").file("f", "newer") } else { l.file("f", "newer").whiteout("f") });
        replaced
            .open()
            .shows("/ ── f   5 B")
            .changed(0, 1, "/ ── f   modified   5 B")
            .wastes("/f   3 B   layer 0   deleted by layer 1")
            .remarks(&[]);
    }
}

#[test]
fn recreated_directory_loses_its_old_files() {
    for before in [true, false] {
        let remade = image().layer(|l| l.dir("d").file("d/old", "old").file("d/both", "1")).layer(|l| {
            let made = |l: Layer| l.dir("d").file("d/both", "22");
            if before { made(l.whiteout("d")) } else { made(l).whiteout("d") }
        });
        remade
            .open()
            .shows(
                "
                / ── d/
                     └─ both   2 B
                ",
            )
            .changed(
                0,
                1,
                "
                / ── d/        modified
                     ├─ both   modified   2 B
                     └─ old    removed
                ",
            )
            .wastes(
                "
                /d/old    3 B   layer 0   deleted-with-directory by layer 1
                /d/both   1 B   layer 0   deleted-with-directory by layer 1
                ",
            );
    }
}

#[test]
fn whiteout_of_missing_path_is_a_warning() {
    image()
        .layer(|l| l.file("a", "1"))
        .layer(|l| l.whiteout("never").whiteout("no/where").file("b", "2"))
        .open()
        .shows(
            "
            / ── a     1 B
              ├─ b     1 B
              └─ no/   implicit
            ",
        )
        .remarks(&["the whiteout of \"never\" has no effect", "the whiteout of \"no/where\""]);
}

#[test]
fn whiteout_of_own_layers_file_removes_nothing() {
    image().layer(|l| l.file("a", "1").whiteout("a")).open().shows("/ ── a   1 B").wastes("").remarks(&["whiteout"]);
}

#[test]
fn whiteout_inside_deleted_directory_is_no_warning() {
    image()
        .layer(|l| l.file("d/f", "1").file("k", ""))
        .layer(|l| l.whiteout("d").whiteout("d/f"))
        .open()
        .shows(
            "
            / ── d/   implicit
              └─ k    0 B
            ",
        )
        .wastes("/d/f   1 B   layer 0   deleted-with-directory by layer 1")
        .remarks(&[]);
}

#[test]
fn opaque_marker_hides_lower_layers_in_any_order() {
    for marker_first in [true, false] {
        let opaque = image()
            .layer(|l| l.dir("d").file("d/old", "old").file("d/sub/deep", "1").file("d/both", "22"))
            .layer(|l| {
                let l = l.dir("d").mode(0o700);
                if marker_first {
                    l.opaque("d").file("d/new", "4444").file("d/both", "55555")
                } else {
                    l.file("d/new", "4444").file("d/both", "55555").opaque("d")
                }
            });
        opaque
            .open()
            .shows(
                "
                / ── d/        0700
                     ├─ both   5 B
                     └─ new    4 B
                ",
            )
            .changed(
                0,
                1,
                "
                / ── d/            modified
                     ├─ both       modified   5 B
                     ├─ new        added      4 B
                     ├─ old        removed
                     └─ sub/deep   removed
                ",
            )
            .wastes(
                "
                /d/old        3 B   layer 0   hidden-by-opaque by layer 1
                /d/both       2 B   layer 0   hidden-by-opaque by layer 1
                /d/sub/deep   1 B   layer 0   hidden-by-opaque by layer 1
                ",
            )
            .remarks(&[]);
    }
}

#[test]
fn opaque_marker_works_without_directory_entry() {
    image()
        .layer(|l| l.dir("d").mode(0o711).file("d/old", "1"))
        .layer(|l| l.opaque("d"))
        .open()
        .shows("/ ── d/   0711")
        .wastes("/d/old   1 B   layer 0   hidden-by-opaque by layer 1");
}

#[test]
fn opaque_marker_creates_missing_directory() {
    image().layer(|l| l.opaque("new/d")).open().shows("/ ── new/d/   implicit").wastes("").remarks(&[]);
}

#[test]
fn opaque_root_hides_all_lower_layers() {
    image()
        .layer(|l| l.file("a", "1").file("d/b", "22"))
        .layer(|l| l.file("c", "3").opaque(""))
        .open()
        .shows("/ ── c   1 B")
        .wastes(
            "
            /d/b   2 B   layer 0   hidden-by-opaque by layer 1
            /a     1 B   layer 0   hidden-by-opaque by layer 1
            ",
        );
}

#[test]
fn aufs_bookkeeping_is_neither_file_nor_waste() {
    let opened = image().layer(|l| l.file("a", "1").file(".wh..wh.plnk", "xx").file("d/.wh..wh.aufs", "xxx")).open();
    opened
        .shows(
            "
            / ── a    1 B
              └─ d/   implicit
            ",
        )
        .wastes("");
    let kinds: Vec<_> = opened.tree().layer_markers(layer(0)).iter().map(|marker| marker.kind).collect();
    assert_eq!(kinds, [MarkerKind::Bookkeeping; 2]);
    assert_eq!(opened.exact().total_bytes, 1);
}
