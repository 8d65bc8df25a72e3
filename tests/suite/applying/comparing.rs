//! What counts as the same and what changed, between any two states.

use dive_model::tree::testing::{Changes, Sizes};
use dive_model::tree::{Change, ChangeCounts, NodeId};

use super::Fill;
use crate::build::{Format, Packing, image, layer};

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
fn bytes_that_live_on_under_another_name_are_in_the_size_of_its_directory() {
    let opened = image().layer(|l| l.file("d/a", "12345").hardlink("e/b", "d/a")).layer(|l| l.whiteout("d/a")).open();
    let size = |number, path: &[u8]| Sizes::at(opened.tree(), layer(number)).of(opened.tree().find(path).unwrap());
    assert_eq!([size(0, b""), size(0, b"d"), size(0, b"e")], [5, 5, 0]);
    assert_eq!([size(1, b""), size(1, b"d"), size(1, b"e")], [5, 0, 5]);
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

/// A whiteout of nothing and a file that names the root put nothing in the tree. Their bytes once counted as those of the
/// file before them, which hid that it had changed.
#[test]
fn an_entry_that_is_left_out_does_not_pass_its_bytes_to_the_one_before() {
    for left_out in [".wh..", "."] {
        image()
            .layer(|l| l.file("f", "AAAA").gzip())
            .layer(|l| l.file("f", "CCCC").file(left_out, "AAAA").gzip())
            .open()
            .changed(0, 1, "/ ── f   modified   4 B")
            .wastes("/f   4 B   layer 0   overwritten by layer 1");
    }
}

#[test]
fn a_layer_that_an_image_has_again_and_again_is_as_good_as_read_each_time() {
    let twice = |l: crate::build::Layer| l.file("f", "one").gzip();
    image()
        .layer(twice)
        .layer(|l| l.whiteout("f"))
        .layer(twice)
        .layer(twice)
        .open()
        .changed(2, 3, "/ ── f   unmodified")
        .wastes(
            "
            /f   3 B   layer 0   deleted by layer 1
            /f   3 B   layer 2   metadata-only by layer 3
            ",
        );
}

#[test]
fn wasted_files_stand_largest_first_then_by_path_then_by_layer() {
    let opened = image()
        .layer(|l| l.file("b", "xx").file("a", "xx").file("big", "xxx"))
        .layer(|l| l.file("b", "yy").file("a", "yy"))
        .layer(|l| l.whiteout("b").whiteout("a").whiteout("big"))
        .open();
    let files = opened.exact().files;
    let order = files.iter().map(|file| (opened.tree().name(file.node), file.layer.get()));
    let expected = [(&b"big"[..], 0), (b"a", 0), (b"a", 1), (b"b", 0), (b"b", 1)];
    assert_eq!(order.collect::<Vec<_>>(), expected);
}

/// Bytes are compared to the last one: a user who is told that only permissions changed would not look for what did.
#[test]
fn large_files_that_differ_in_the_last_byte_are_not_the_same() {
    let one = "a".repeat(65 * 1024 + 1);
    let other = format!("{}b", &one[1..]);
    image()
        .layer(|l| l.file("chmod", &one).file("edited", &one))
        .layer(|l| l.file("chmod", &one).mode(0o755).file("edited", &other))
        .open()
        .wastes(
            "
            /chmod    66561 B   layer 0   metadata-only by layer 1
            /edited   66561 B   layer 0   overwritten by layer 1
            ",
        );
}
