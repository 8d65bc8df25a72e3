//! What applying a layer does, rule by rule, and what each kind of waste is told as. A name says what a user would lose
//! if its test failed; the drawings are to be checked by eye.

use dive::analysis::exact::Cause;
use dive::layer::{EntryKind, LayerIndex};
use dive::tree::size::Sizes;
use dive::tree::{Change, ChangeCounts, Changes, NodeId};

use crate::build::{Format, Layer, Packing, image, layer};

/// What puts one entry into a layer.
type Fill = fn(Layer) -> Layer;

// Whiteouts and opaque markers.

#[test]
fn a_deleted_file_is_gone_and_its_bytes_are_told() {
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
fn a_deleted_directory_takes_all_below_it_along_and_each_file_is_told() {
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
fn a_whiteout_spares_what_its_own_layer_puts_there_before_or_after_it() {
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
fn a_directory_deleted_and_made_anew_does_not_keep_its_old_files() {
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
fn a_whiteout_of_nothing_is_told_and_stops_nothing() {
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
        .remarks(&["a whiteout of \"never\", which no layer below has", "a whiteout of \"no/where\""]);
}

#[test]
fn a_whiteout_of_what_only_its_own_layer_has_removes_nothing() {
    image().layer(|l| l.file("a", "1").whiteout("a")).open().shows("/ ── a   1 B").wastes("").remarks(&["whiteout"]);
}

#[test]
fn a_whiteout_of_what_went_with_its_directory_is_no_oddity() {
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
fn an_opaque_directory_shows_only_its_own_layer_wherever_the_marker_stands() {
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
fn an_opaque_marker_needs_no_entry_of_its_directory() {
    image()
        .layer(|l| l.dir("d").mode(0o711).file("d/old", "1"))
        .layer(|l| l.opaque("d"))
        .open()
        .shows("/ ── d/   0711")
        .wastes("/d/old   1 B   layer 0   hidden-by-opaque by layer 1");
}

#[test]
fn an_opaque_marker_where_nothing_was_makes_the_directory() {
    image().layer(|l| l.opaque("new/d")).open().shows("/ ── new/d/   implicit").wastes("").remarks(&[]);
}

#[test]
fn an_opaque_root_starts_from_nothing() {
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
fn bookkeeping_of_aufs_is_no_file_and_its_bytes_are_not_waste() {
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
    assert_eq!(kinds, [EntryKind::Bookkeeping; 2]);
    assert_eq!(opened.exact().total_bytes, 1);
}

// One thing in the place of another.

#[test]
fn a_file_over_a_directory_ends_all_below_it_without_any_whiteout() {
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
fn every_type_replaces_every_other_and_a_lost_file_is_told() {
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
fn a_directory_over_a_directory_keeps_the_files_and_takes_the_new_permissions() {
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
fn a_file_in_a_place_where_a_file_was_makes_that_a_directory() {
    // No layer of an engine has this: paths are literal, so the parent can only have become a directory.
    image()
        .layer(|l| l.file("a", "12"))
        .layer(|l| l.file("a/b", "3"))
        .open()
        .shows("/ ── a/b   1 B")
        .wastes("/a   2 B   layer 0   replaced by layer 1");
}

#[test]
fn a_path_through_a_symlink_is_taken_literally() {
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
fn parents_that_no_entry_names_are_directories_and_later_entries_name_them() {
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
fn naming_an_implicit_directory_with_its_usual_attributes_changes_nothing() {
    image()
        .layer(|l| l.file("a/b", "1"))
        .layer(|l| l.dir("a").owner(0, 0))
        .open()
        .changed(0, 1, "/ ── a/b   unmodified")
        .wastes("");
}

#[test]
fn an_attribute_on_a_directory_is_a_change_even_if_nothing_else_differs() {
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

// Names.

#[test]
fn twice_the_same_path_in_one_layer_the_last_wins_and_the_first_is_waste() {
    image()
        .layer(|l| l.file("f", "first").file("f", "2nd"))
        .open()
        .shows("/ ── f   3 B")
        .changed_from_nothing(0, "/ ── f   added   3 B")
        .wastes("/f   5 B   layer 0   overwritten by layer 0");
}

#[test]
fn no_name_leaves_the_root_and_the_user_is_told_which_tried() {
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
        .remarks(&["\"../../etc/passwd\" at offset 0 leaves the root", "\"d/../../../up\" at offset 1024"]);
}

#[test]
fn a_link_that_leads_out_is_only_text() {
    image()
        .layer(|l| l.symlink("out", "../../../etc/shadow"))
        .open()
        .shows("/ ── out -> ../../../etc/shadow")
        .remarks(&[]);
}

#[test]
fn dots_and_slashes_in_names_name_the_same_path() {
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
fn the_root_may_have_an_entry_and_its_permissions_are_kept() {
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
fn names_that_are_no_text_and_names_that_are_long_stay_whole() {
    let long = "d/".repeat(120) + "file";
    let opened =
        image().layer(|l| l.file(b"caf\xe9", "1").file(&long, "22")).layer(|l| l.file(b"caf\xe9", "4444")).open();
    let tree = opened.tree();
    assert!(tree.find(long.as_bytes()).is_some());
    assert_eq!(tree.name(tree.find(b"caf\xe9").unwrap()), b"caf\xe9");
    assert_eq!(opened.exact().files[0].path, b"/caf\xe9");
}

// Hard links.

#[test]
fn a_deleted_name_of_a_hard_link_frees_nothing_while_another_is_there() {
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
fn the_last_name_to_go_tells_path_layer_and_cause() {
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
fn of_names_that_go_in_one_layer_the_first_written_speaks() {
    image()
        .layer(|l| l.file("b", "12345").hardlink("a", "b"))
        .layer(|l| l.whiteout("a").whiteout("b"))
        .layer(|l| l.file("k", ""))
        .open()
        .wastes("/b   5 B   layer 0   deleted by layer 1");
}

#[test]
fn a_hard_link_reaches_into_the_layers_below() {
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
fn a_hard_link_to_a_symlink_is_that_symlink() {
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
fn hard_links_before_their_target_find_it_and_the_user_is_told() {
    image()
        .layer(|l| l.hardlink("b", "a").file("a", "12345"))
        .layer(|l| l.whiteout("a"))
        .open()
        .shows("/ ── b => /a   5 B")
        .wastes("")
        .remarks(&["hard link \"/b\" stands before its target \"a\""]);
}

#[test]
fn a_hard_link_before_its_target_that_takes_a_file_s_place_overwrites_it() {
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
fn a_hard_link_to_nothing_is_shown_and_told() {
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
        .remarks(&["\"/b\" points to \"gone\", which is no file", "\"/e\" points to \"d\", which is no file"]);
}

#[test]
fn a_hard_link_to_itself_does_not_lose_the_file() {
    image()
        .layer(|l| l.file("a", "12345"))
        .layer(|l| l.hardlink("a", "./a"))
        .open()
        .shows("/ ── a   5 B")
        .changed(0, 1, "/ ── a   unmodified")
        .wastes("")
        .remarks(&["hard link from \"a\" to itself: ignored"]);
}

#[test]
fn a_hard_link_over_a_file_overwrites_it() {
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
fn an_overwritten_name_leaves_the_other_names_their_old_bytes() {
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

// What counts as the same.

#[test]
fn the_same_bytes_again_are_told_as_metadata_only_however_layers_are_compressed() {
    use Packing::{Gzip, Plain, Zstd};
    for packings in [[Plain, Plain], [Gzip, Gzip], [Plain, Gzip], [Gzip, Plain], [Zstd, Plain], [Gzip, Zstd]] {
        let same_size = image()
            .layer(|l| l.file("chmod", "bytes").file("edited", "one").packed(packings[0]))
            .layer(|l| l.file("chmod", "bytes").mode(0o755).file("edited", "two").packed(packings[1]));
        same_size
            .open()
            .changed(
                0,
                1,
                "
                / ── chmod    modified   5 B
                  └─ edited   modified   3 B
                ",
            )
            .wastes(
                "
                /chmod    5 B   layer 0   metadata-only by layer 1
                /edited   3 B   layer 0   overwritten by layer 1
                ",
            );
    }
}

#[test]
fn an_archive_in_the_oci_layout_says_the_same() {
    image()
        .layer(|l| l.file("f", "one").gzip())
        .layer(|l| l.file("f", "one").zstd())
        .open_as(Format::OciArchive)
        .changed(0, 1, "/ ── f   unmodified")
        .wastes("/f   3 B   layer 0   metadata-only by layer 1");
}

#[test]
fn content_that_comes_back_is_the_same_as_two_layers_ago() {
    image()
        .layer(|l| l.file("f", "one"))
        .layer(|l| l.file("f", "two").gzip())
        .layer(|l| l.file("f", "one"))
        .open()
        .changed(0, 1, "/ ── f   modified   3 B")
        .changed(1, 2, "/ ── f   modified   3 B")
        .changed(0, 2, "/ ── f   unmodified")
        .changed(2, 0, "/ ── f   unmodified")
        .wastes(
            "
            /f   3 B   layer 0   overwritten by layer 1
            /f   3 B   layer 1   overwritten by layer 2
            ",
        );
}

#[test]
fn every_attribute_is_a_change_of_its_own() {
    let changes: [(&str, Fill, bool); 7] = [
        ("nothing", |l| l.file("x", "1").xattr("user.a", "1"), false),
        ("mode", |l| l.file("x", "1").xattr("user.a", "1").mode(0o4755), true),
        ("owner", |l| l.file("x", "1").xattr("user.a", "1").owner(1, 0), true),
        ("group", |l| l.file("x", "1").xattr("user.a", "1").owner(0, 1), true),
        ("attribute", |l| l.file("x", "1").xattr("user.a", "2"), true),
        ("one attribute less", |l| l.file("x", "1"), true),
        ("content", |l| l.file("x", "2").xattr("user.a", "1"), true),
    ];
    for (what, make, differs) in changes {
        let opened = image().layer(|l| l.file("x", "1").xattr("user.a", "1")).layer(make).open();
        let expected = if differs { Change::Modified } else { Change::Unmodified };
        let changes = Changes::between(opened.tree(), Some(layer(0)), layer(1));
        assert_eq!(changes.of(opened.tree().find(b"x").unwrap()), Some(expected), "{what}");
    }
    image()
        .layer(|l| l.symlink("s", "one").char_device("c", 1, 3))
        .layer(|l| l.symlink("s", "two").char_device("c", 1, 5))
        .open()
        .changed(
            0,
            1,
            "
            / ── c (device 1:5)   modified
              └─ s -> two         modified
            ",
        );
}

#[test]
fn a_sparse_file_counts_with_its_holes_as_dive_and_ls_count_it() {
    let opened =
        image().layer(|l| l.sparse_file("disk", "12345", 4096).file("after", "1")).layer(|l| l.whiteout("disk"));
    let opened = opened.open();
    opened
        .shows_at(
            0,
            "
            / ── after   1 B
              └─ disk    4096 B
            ",
        )
        .wastes("/disk   4096 B   layer 0   deleted by layer 1");
    let tree = opened.tree();
    let disk = tree.visible(tree.find(b"disk").unwrap(), layer(0)).unwrap();
    assert_eq!(tree.extra(disk).stored, 5);
}

// Between any two states.

#[test]
fn states_compare_across_any_distance_and_backwards() {
    let opened = image()
        .layer(|l| l.file("a", "1").file("b", "22"))
        .layer(|l| l.whiteout("a").file("c", "333"))
        .layer(|l| l.file("a", "4444").whiteout("c"))
        .open();
    opened
        .changed(
            0,
            2,
            "
            / ── a   modified     4 B
              └─ b   unmodified
            ",
        )
        .changed(
            2,
            1,
            "
            / ── a   removed
              ├─ b   unmodified
              └─ c   added        3 B
            ",
        )
        .changed(
            1,
            1,
            "
            / ── b   unmodified
              └─ c   unmodified
            ",
        )
        .changed_from_nothing(
            1,
            "
            / ── b   added   2 B
              └─ c   added   3 B
            ",
        );
}

#[test]
fn a_change_deep_down_is_seen_from_the_root() {
    let opened = image()
        .layer(|l| l.dir("a").dir("a/b").file("a/b/c", "1").dir("z").file("z/y", "1"))
        .layer(|l| l.file("a/b/c", "22"))
        .open();
    opened.changed(
        0,
        1,
        "
        / ── a/b/c   modified     2 B
          └─ z/y     unmodified
        ",
    );
    let changes = Changes::between(opened.tree(), Some(layer(0)), layer(1));
    assert_eq!(changes.of(NodeId::ROOT), Some(Change::Modified));
    for (path, change) in [("a", Change::Modified), ("a/b", Change::Modified), ("z", Change::Unmodified)] {
        assert_eq!(changes.of(opened.tree().find(path.as_bytes()).unwrap()), Some(change), "{path}");
    }
}

#[test]
fn a_directory_is_as_large_as_what_it_shows_in_that_layer() {
    let opened = image()
        .layer(|l| l.file("d/a", "1").file("d/e/b", "22").file("f", "333"))
        .layer(|l| l.whiteout("d/a").file("d/e/c", "4444").hardlink("d/e/f", "f"))
        .open();
    let size =
        |number, path: &str| Sizes::at(opened.tree(), layer(number)).of(opened.tree().find(path.as_bytes()).unwrap());
    assert_eq!([size(0, ""), size(0, "d"), size(0, "d/e")], [6, 3, 2]);
    assert_eq!([size(1, ""), size(1, "d"), size(1, "d/e"), size(1, "d/a")], [9, 6, 6, 0]);
}

#[test]
fn each_layer_tells_how_many_paths_it_changed() {
    let opened = image()
        .layer(|l| l.dir("d").file("d/a", "1").file("d/b", "22").symlink("s", "d"))
        .layer(|l| l.file("d/a", "1").file("d/b", "33").file("c", "").file("c", ""))
        .layer(|l| l.whiteout("d").dir("s"))
        .open();
    let counts = |added, modified, removed| ChangeCounts { added, modified, removed };
    assert_eq!(opened.tree().change_counts(), [counts(3, 0, 0), counts(1, 1, 0), counts(0, 1, 2)]);
}

#[test]
fn the_causes_add_up_to_what_is_lost() {
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
fn an_image_without_layers_is_empty() {
    let opened = image().open();
    assert_eq!((opened.tree().last_layer(), opened.exact().total_bytes), (None::<LayerIndex>, 0));
}

// dive's numbers.

#[test]
fn dive_forgets_that_a_directory_is_one_when_a_layer_does_not_list_it() {
    // dive 0.13.1 was asked: a budget must not break because we count what it does not.
    let counted = |fill: Fill| {
        let image = image().layer(|l| l.dir("d").file("d/a", "1")).layer(fill).layer(|l| l.whiteout("d"));
        let files = image.layer(|l| l.file("d", "4444")).open().classic().inefficient_files;
        (files[0].path.clone(), files[0].count, files[0].size_bytes)
    };
    assert_eq!(counted(|l| l.dir("d").file("d/b", "22")), (b"/d".to_vec(), 2, 3 + 4));
    assert_eq!(counted(|l| l.file("d/b", "22")), (b"/d".to_vec(), 2, 4));
    assert_eq!(counted(|l| l.whiteout("d/a")), (b"/d".to_vec(), 2, 4));
}
