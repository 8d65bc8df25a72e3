//! Whiteouts below a path that their own layer replaced. Kaniko 1.9 wrote such layers where a directory became a
//! symlink (GoogleContainerTools/kaniko#2308). Expected results are those of umoci 0.4.7, and of Docker 20.10 and
//! Podman 4.3 where they accept the layer.

use crate::build::{Image, image};

/// A directory `a`, which tests replace, and `b`, the target of their symlinks.
fn base() -> Image {
    image().layer(|l| l.file("a/f", "1").file("a/k", "22").file("b/f", "333").file("b/k", "4444"))
}

#[test]
fn whiteout_below_own_symlink_keeps_the_symlink() {
    base()
        .layer(|l| l.symlink("a", "nowhere").whiteout("a/f"))
        .open()
        .shows(
            "
            / ── a -> nowhere
              └─ b/             implicit
                 ├─ f           3 B
                 └─ k           4 B
            ",
        )
        .wastes(
            "
            /a/k   2 B   layer 0   replaced by layer 1
            /a/f   1 B   layer 0   deleted by layer 1
            ",
        )
        .remarks(&[
            "the whiteout of \"a/f\" is below \"a\", a link of the same layer; dive keeps the link and follows it",
        ]);
}

#[test]
fn whiteout_below_own_symlink_applies_to_its_target() {
    for target in ["b", "/b", "./b/", "../b", "x/../b"] {
        base()
            .layer(|l| l.dir("x").symlink("a", target).whiteout("a/f"))
            .open()
            .wastes(
                "
                /b/f   3 B   layer 0   deleted by layer 1
                /a/k   2 B   layer 0   replaced by layer 1
                /a/f   1 B   layer 0   deleted by layer 1
                ",
            )
            .remarks(&["dive keeps the link and follows it"]);
    }
    base()
        .layer(|l| l.symlink("c", "b").symlink("a", "c").whiteout("a/f"))
        .open()
        .shows(
            "
            / ── a -> c
              ├─ b/k      4 B
              └─ c -> b
            ",
        )
        .wastes(
            "
            /b/f   3 B   layer 0   deleted by layer 1
            /a/k   2 B   layer 0   replaced by layer 1
            /a/f   1 B   layer 0   deleted by layer 1
            ",
        );
}

/// Not followed by a second warning that no lower layer has the path.
#[test]
fn whiteout_below_own_symlink_warns_once() {
    let below = "is below \"a\", a link of the same layer; dive keeps the link and follows it";
    image().layer(|l| l.file("b/f", "1")).layer(|l| l.symlink("a", "b").whiteout("a/f")).open().remarks(&[below]);
    base()
        .layer(|l| l.symlink("a", "b").whiteout("a/x").whiteout("c"))
        .open()
        .remarks(&[below, "the whiteout of \"c\" has no effect: no layer below has that path"]);
    image()
        .layer(|l| l.file("b/f", "1"))
        .layer(|l| l.file("a", "").whiteout("a/f"))
        .open()
        .remarks(&["is below \"a\", a file of the same layer; dive ignores the marker"]);
    // A later symlink does not affect the whiteout.
    image()
        .layer(|l| l.file("b/f", "1"))
        .layer(|l| l.whiteout("a/f").symlink("a", "b"))
        .open()
        .remarks(&["the whiteout of \"a/f\" has no effect: no layer below has that path"]);
}

/// The symlink hid the files, and a symlink cannot be opaque.
#[test]
fn directory_replaced_by_symlink_is_not_counted_as_opaque() {
    let directory = || image().layer(|l| l.file("d/f", "1").file("d/e/g", "22").file("o/f", "333").dir("b"));
    let replaced = "
        /o/f     3 B   layer 0   hidden-by-opaque by layer 1
        /d/e/g   2 B   layer 0   replaced by layer 1
        /d/f     1 B   layer 0   replaced by layer 1
        ";
    directory().layer(|l| l.symlink("d", "b").opaque("d").opaque("o")).open().wastes(replaced);
    directory().layer(|l| l.opaque("d").opaque("o").symlink("d", "b")).open().wastes(replaced);
    directory().layer(|l| l.opaque("d/e").opaque("o").file("d", "")).open().wastes(replaced);
}

#[test]
fn opaque_marker_on_own_symlink_applies_to_its_target() {
    base()
        .layer(|l| l.file("b/new", "55555").symlink("a", "b").opaque("a"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/new    5 B
            ",
        )
        .remarks(&["the opaque marker of \"a\" is below \"a\", a link of the same layer"]);
}

#[test]
fn deep_whiteout_below_own_symlink_creates_nothing() {
    base().layer(|l| l.symlink("a", "b").whiteout("a/x/y/f").file("a2", "")).open().shows(
        "
            / ── a -> b
              ├─ a2       0 B
              └─ b/       implicit
                 ├─ f     3 B
                 └─ k     4 B
            ",
    );
}

#[test]
fn whiteout_through_symlink_keeps_own_layers_file() {
    base().layer(|l| l.file("b/f", "newer").symlink("a", "b").whiteout("a/f")).open().shows(
        "
            / ── a -> b
              └─ b/       implicit
                 ├─ f     5 B
                 └─ k     4 B
            ",
    );
}

#[test]
fn whiteout_through_symlink_keeps_own_layers_directory() {
    base().layer(|l| l.file("b/d/new", "1").symlink("a", ".").whiteout("a/b")).open().shows(
        "
            / ── a -> .
              └─ b/         implicit
                 ├─ d/new   1 B
                 ├─ f       3 B
                 └─ k       4 B
            ",
    );
}

#[test]
fn whiteout_follows_hard_link_to_symlink() {
    base().layer(|l| l.symlink("c", "b").hardlink("a", "c").whiteout("a/f")).open().shows(
        "
            / ── a => /c
              ├─ b/k       4 B
              └─ c -> b
            ",
    );
}

#[test]
fn whiteout_below_own_file_keeps_the_file() {
    base()
        .layer(|l| l.file("a", "file").whiteout("a/f"))
        .open()
        .shows(
            "
            / ── a      4 B
              └─ b/     implicit
                 ├─ f   3 B
                 └─ k   4 B
            ",
        )
        .remarks(&["the whiteout of \"a/f\" is below \"a\", a file of the same layer; dive ignores the marker"]);
}

/// Symlinks of lower layers are not followed: the whiteout's directory replaces the symlink.
#[test]
fn whiteout_does_not_follow_symlink_of_lower_layer() {
    image()
        .layer(|l| l.file("b/f", "1").symlink("a", "b"))
        .layer(|l| l.whiteout("a/f"))
        .open()
        .shows(
            "
            / ── a/    implicit
              └─ b/f   1 B
            ",
        )
        .remarks(&["the whiteout of \"a/f\" has no effect"]);
}

#[test]
fn symlink_after_whiteout_replaces_the_directory() {
    base()
        .layer(|l| l.whiteout("a/f").symlink("a", "b"))
        .open()
        .shows(
            "
            / ── a -> b
              └─ b/       implicit
                 ├─ f     3 B
                 └─ k     4 B
            ",
        )
        .remarks(&[]);
}

#[test]
fn symlink_loop_terminates() {
    base().layer(|l| l.symlink("a", "c").symlink("c", "a").whiteout("a/f").whiteout("c/k")).open().shows(
        "
            / ── a -> c
              ├─ b/       implicit
              │  ├─ f     3 B
              │  └─ k     4 B
              └─ c -> a
            ",
    );
}
