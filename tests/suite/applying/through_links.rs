//! Entries below a symlink. Engines unpack a layer into its own folder, so they follow only symlinks that the same
//! layer created before. Expected results are those of containerd 1.6, and of Docker 20.10 and Podman 4.3 where they
//! accept the layer.

use crate::build::{Layer, image};

/// A layer with a directory `b`, a symlink `a` and a file `a/n`.
fn linked(target: &str) -> impl FnOnce(Layer) -> Layer + use<'_> {
    move |l| l.dir("b").symlink("a", target).file("a/n", "1")
}

#[test]
fn file_below_own_symlink_lands_in_its_target() {
    for target in ["b", "/b", "./b/", "../../b", "x/../b"] {
        let drawn = format!(
            "
            / ── a -> {target}
              └─ b/
                 └─ n{}1 B
            ",
            " ".repeat(target.len() + 4)
        );
        image().layer(linked(target)).open().shows(&drawn).remarks(&[
            "\"a/n\" is below \"a\", a link of the same layer; dive puts it at \"b/n\", as containerd does",
        ]);
    }
}

#[test]
fn nested_symlinks_are_resolved() {
    image().layer(|l| l.dir("b").symlink("c", "b").symlink("a", "c").file("a/n", "1")).open().shows(
        "
            / ── a -> c
              ├─ b/
              │  └─ n     1 B
              └─ c -> b
            ",
    );
    // `..` in a target is relative to the resolved symlink before it.
    image()
        .layer(|l| l.dir("b/c").dir("b/q").symlink("x", "b/c").symlink("a", "x/../q").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a -> x/../q
              ├─ b/            implicit
              │  ├─ c/
              │  └─ q/
              │     └─ n       1 B
              └─ x -> b/c
            ",
        );
    image().layer(|l| l.dir("x/b").symlink("x/a", "b").symlink("x/y", ".").file("x/y/y/a/d/n", "1")).open().shows(
        "
            / ── x/          implicit
                 ├─ a -> b
                 ├─ b/
                 │  └─ d/n   1 B
                 └─ y -> .
            ",
    );
    image().layer(|l| l.dir("b").symlink("c", "b").hardlink("a", "c").file("a/n", "1")).open().shows(
        "
            / ── a => /c
              ├─ b/
              │  └─ n      1 B
              └─ c -> b
            ",
    );
}

#[test]
fn every_entry_type_follows_own_symlinks() {
    image()
        .layer(|l| {
            let l = l.dir("b").file("t", "22").symlink("a", "b");
            l.dir("a/d").mode(0o700).file("a/d/n", "1").symlink("a/s", "d").file("a/s/m", "333").hardlink("a/h", "t")
        })
        .open()
        .shows(
            "
            / ── a -> b
              ├─ b/
              │  ├─ d/        0700
              │  │  ├─ m      3 B
              │  │  └─ n      1 B
              │  ├─ h => /t   2 B
              │  └─ s -> d
              └─ t            2 B
            ",
        );
}

#[test]
fn hard_link_target_is_found_through_symlink() {
    for target in ["b", "/b"] {
        let drawn = format!(
            "
            / ── a -> {target}
              ├─ b/
              │  └─ t{0}1 B
              └─ n => /b/t{1}1 B
            ",
            " ".repeat(8),
            " ".repeat(3)
        );
        image()
            .layer(|l| l.dir("b").file("b/t", "1").symlink("a", target).hardlink("n", "a/t"))
            .open()
            .shows(&drawn)
            .remarks(&[]);
    }
    // Both names pass through the symlink.
    image()
        .layer(|l| l.dir("b").symlink("a", "b").file("a/t", "1").hardlink("a/n", "a/t"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/
                 ├─ n => /b/t   1 B
                 └─ t           1 B
            ",
        )
        .remarks(&["\"a/t\" is below \"a\"", "\"a/n\" is below \"a\""]);
    image()
        .layer(|l| l.dir("b").symlink("a", "b").file("b/t", "1").hardlink("a/t", "b/t"))
        .open()
        .remarks(&["\"a/t\" is below", "dive ignores the hard link from \"a/t\" to itself"]);
}

/// containerd and umoci create the directory; Docker and Podman refuse the layer.
#[test]
fn missing_symlink_target_is_created() {
    image()
        .layer(|l| l.symlink("a", "b/c").file("a/x/n", "1"))
        .open()
        .shows(
            "
            / ── a -> b/c
              └─ b/c/x/n    1 B
            ",
        )
        .remarks(&["dive puts it at \"b/c/x/n\", as containerd does"]);
    // If a lower layer has the target, its content stays.
    image()
        .layer(|l| l.dir("b").mode(0o700).file("b/o", "22"))
        .layer(|l| l.symlink("a", "b").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/       0700
                 ├─ n     1 B
                 └─ o     2 B
            ",
        );
}

#[test]
fn lower_symlink_or_file_becomes_a_directory() {
    image()
        .layer(|l| l.dir("b").symlink("a", "b"))
        .layer(|l| l.dir("b").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a/n   1 B
              └─ b/
            ",
        )
        .remarks(&[]);
    // Also if a symlink of the same layer leads there.
    image().layer(|l| l.dir("c").symlink("b", "c")).layer(|l| l.symlink("a", "b").file("a/n", "1")).open().shows(
        "
            / ── a -> b
              ├─ b/n      1 B
              └─ c/
            ",
    );
    image()
        .layer(|l| l.file("b", "22"))
        .layer(|l| l.symlink("a", "b").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/n      1 B
            ",
        )
        .wastes("/b   2 B   layer 0   replaced by layer 1");
}

#[test]
fn file_through_symlink_overwrites_the_target_path() {
    image()
        .layer(|l| l.file("b/n", "22").file("b/o", "333"))
        .layer(|l| l.symlink("a", "b").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/       implicit
                 ├─ n     1 B
                 └─ o     3 B
            ",
        )
        .wastes("/b/n   2 B   layer 0   overwritten by layer 1");
    image()
        .layer(|l| l.file("b/n/x", "22").symlink("a", "b").file("a/n", "1"))
        .open()
        .wastes("/b/n/x   2 B   layer 0   replaced by layer 0");
}

#[test]
fn later_symlink_is_not_followed() {
    image()
        .layer(|l| l.dir("b").file("a/n", "22").symlink("a", "b").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/
                 └─ n     1 B
            ",
        )
        .wastes("/a/n   2 B   layer 0   replaced by layer 0");
    // Each entry follows the symlink as it was at that point.
    image()
        .layer(|l| l.symlink("a", "b").file("a/1", "1").symlink("a", "c").file("a/2", "2").dir("a").file("a/3", "3"))
        .open()
        .shows(
            "
            / ── a/
              │  └─ 3   1 B
              ├─ b/1    1 B
              └─ c/2    1 B
            ",
        );
}

#[test]
fn whiteouts_and_files_share_the_symlink_target() {
    image()
        .layer(|l| l.file("b/n", "22").file("b/o", "333"))
        .layer(|l| l.dir("b").symlink("a", "b").whiteout("a/n").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/
                 ├─ n     1 B
                 └─ o     3 B
            ",
        )
        .wastes("/b/n   2 B   layer 0   deleted by layer 1");
    image()
        .layer(|l| l.file("b/n", "22"))
        .layer(|l| l.dir("b").symlink("a", "b").opaque("a").file("a/m", "1"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/
                 └─ m     1 B
            ",
        )
        .wastes("/b/n   2 B   layer 0   hidden-by-opaque by layer 1");
}

/// Engines refuse these layers.
#[test]
fn unresolvable_symlink_parent_is_a_warning() {
    let warning = "\"a/n\" is below \"a\", which is not a directory in this layer; dive puts a directory there, but engines refuse the layer";
    image()
        .layer(|l| l.symlink("a", "c").symlink("c", "a").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a/n      1 B
              └─ c -> a
            ",
        )
        .remarks(&[warning]);
    image()
        .layer(|l| l.file("b", "22").symlink("a", "b").file("a/n", "1"))
        .open()
        .shows(
            "
            / ── a/n   1 B
              └─ b     2 B
            ",
        )
        .remarks(&[warning]);
    image().layer(|l| l.file("a", "22").file("a/n", "1")).open().shows("/ ── a/n   1 B").remarks(&[warning]);
}

/// dive knows only the paths in the tar, and these numbers must match dive's.
#[test]
fn classic_numbers_use_the_path_in_the_tar() {
    let opened = image()
        .layer(|l| l.file("b/n", "22").file("a/m", "4444"))
        .layer(|l| l.symlink("a", "b").file("a/n", "1").file("a/m", "333"))
        .open();
    let classic = opened.classic();
    let listed = classic
        .inefficient_files
        .iter()
        .map(|file| (String::from_utf8(opened.tree().path(file.node)).unwrap(), file.count, file.size_bytes));
    assert_eq!(listed.collect::<Vec<_>>(), [("/a/m".to_owned(), 2, 7)]);
}
