//! Changes between any two layers: same, modified, added, removed.

use dive_model::tree::testing::{Changes, NodeSizes};
use dive_model::tree::{Change, ChangeCounts, NodeId};

use super::Fill;
use crate::build::{Format, Packing, image, layer};

#[test]
fn same_content_is_metadata_only_across_compressions() {
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
fn oci_layout_compares_like_docker_archive() {
    image()
        .layer(|l| l.file("f", "one").gzip())
        .layer(|l| l.file("f", "one").zstd())
        .open_as(Format::OciArchive)
        .changed(0, 1, "/ ── f   unmodified")
        .wastes("/f   3 B   layer 0   metadata-only by layer 1");
}

#[test]
fn restored_content_is_unmodified() {
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
fn change_of_any_attribute_is_modified() {
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
fn sparse_file_size_includes_holes() {
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
fn any_two_layers_compare_in_either_order() {
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
fn parents_of_a_changed_file_are_modified() {
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
fn directory_size_counts_files_visible_in_the_layer() {
    let opened = image()
        .layer(|l| l.file("d/a", "1").file("d/e/b", "22").file("f", "333"))
        .layer(|l| l.whiteout("d/a").file("d/e/c", "4444").hardlink("d/e/f", "f"))
        .open();
    let size = |number, path: &str| {
        NodeSizes::at(opened.tree(), layer(number)).of(opened.tree().find(path.as_bytes()).unwrap())
    };
    assert_eq!([size(0, ""), size(0, "d"), size(0, "d/e")], [6, 3, 2]);
    assert_eq!([size(1, ""), size(1, "d"), size(1, "d/e"), size(1, "d/a")], [9, 6, 6, 0]);
}

#[test]
fn directory_size_follows_the_remaining_hard_link() {
    let opened = image().layer(|l| l.file("d/a", "12345").hardlink("e/b", "d/a")).layer(|l| l.whiteout("d/a")).open();
    let size = |number, path: &[u8]| NodeSizes::at(opened.tree(), layer(number)).of(opened.tree().find(path).unwrap());
    assert_eq!([size(0, b""), size(0, b"d"), size(0, b"e")], [5, 5, 0]);
    assert_eq!([size(1, b""), size(1, b"d"), size(1, b"e")], [5, 0, 5]);
}

#[test]
fn each_layer_counts_added_modified_and_removed_paths() {
    let opened = image()
        .layer(|l| l.dir("d").file("d/a", "1").file("d/b", "22").symlink("s", "d"))
        .layer(|l| l.file("d/a", "1").file("d/b", "33").file("c", "").file("c", ""))
        .layer(|l| l.whiteout("d").dir("s"))
        .open();
    let counts = |added, modified, removed| ChangeCounts { added, modified, removed };
    assert_eq!(opened.tree().change_counts(), [counts(3, 0, 0), counts(1, 1, 0), counts(0, 1, 2)]);
}

/// Entries such as `.wh..` and `.` are ignored. Their content was once attributed to the previous file, which hid its
/// change.
#[test]
fn ignored_entry_does_not_alter_the_previous_file() {
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
fn repeated_layer_is_compared_each_time() {
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
fn waste_is_sorted_by_size_path_and_layer() {
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

/// Contents are compared in full. Otherwise a user would be told that only permissions changed.
#[test]
fn large_files_differing_in_the_last_byte_are_modified() {
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
