//! Markers below something that their own layer put in the place of a directory. Kaniko 1.9 wrote such layers where a
//! directory became a link (GoogleContainerTools/kaniko#2308). What is expected is what umoci 0.4.7 made of them, and Docker
//! 20.10 and Podman 4.3 where they did not refuse them.

use crate::build::{Image, image};

/// A directory `a`, which becomes something else, and `b`, to which a link may lead.
fn base() -> Image {
    image().layer(|l| l.file("a/f", "1").file("a/k", "22").file("b/f", "333").file("b/k", "4444"))
}

#[test]
fn a_whiteout_below_a_link_leaves_the_link() {
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
        .remarks(&["the whiteout of \"a/f\" is below \"a\", a link of the same layer: the link stays and is followed"]);
}

#[test]
fn a_whiteout_applies_to_what_the_link_leads_to() {
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
            .remarks(&["the link stays and is followed"]);
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

/// One warning says it, not a second one that the path is in no layer below.
#[test]
fn a_whiteout_below_a_link_is_warned_of_once() {
    let below = "is below \"a\", a link of the same layer: the link stays and is followed";
    image().layer(|l| l.file("b/f", "1")).layer(|l| l.symlink("a", "b").whiteout("a/f")).open().remarks(&[below]);
    base()
        .layer(|l| l.symlink("a", "b").whiteout("a/x").whiteout("c"))
        .open()
        .remarks(&[below, "a whiteout of \"c\", which no layer below has: ignored"]);
    image()
        .layer(|l| l.file("b/f", "1"))
        .layer(|l| l.file("a", "").whiteout("a/f"))
        .open()
        .remarks(&["is below \"a\", a file of the same layer: ignored"]);
    // A link that comes later changes nothing for the marker.
    image()
        .layer(|l| l.file("b/f", "1"))
        .layer(|l| l.whiteout("a/f").symlink("a", "b"))
        .open()
        .remarks(&["a whiteout of \"a/f\", which no layer below has: ignored"]);
}

/// An opaque marker empties a directory, and a link is none: the link is what hid the files.
#[test]
fn what_a_link_replaced_counts_as_replaced_with_an_opaque_marker_too() {
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
fn an_opaque_marker_applies_to_what_the_link_leads_to() {
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
fn a_whiteout_further_below_a_link_makes_no_directory() {
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
fn a_whiteout_spares_what_its_own_layer_put_behind_the_link() {
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
fn a_whiteout_of_a_directory_spares_it_if_its_own_layer_put_something_there() {
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
fn another_name_of_a_link_is_followed_as_well() {
    base().layer(|l| l.symlink("c", "b").hardlink("a", "c").whiteout("a/f")).open().shows(
        "
            / ── a => /c
              ├─ b/k       4 B
              └─ c -> b
            ",
    );
}

#[test]
fn a_whiteout_below_a_file_leaves_the_file() {
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
        .remarks(&["the whiteout of \"a/f\" is below \"a\", a file of the same layer: ignored"]);
}

/// Layers below are never followed into: there the marker's directory is made, and takes the link's place.
#[test]
fn a_link_of_a_layer_below_is_replaced_by_the_directory() {
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
        .remarks(&["a whiteout of \"a/f\", which no layer below has"]);
}

#[test]
fn a_link_behind_the_whiteout_replaces_the_directory() {
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
fn links_that_lead_in_circles_end() {
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
