//! Entries whose path leads through a link. Engines unpack a layer into a folder of its own, so they follow the links that
//! the same layer put there before, and no other. What is expected is what containerd 1.6 made of these layers, and Docker
//! 20.10 and Podman 4.3 where they did not refuse them.

use crate::build::{Layer, image};

/// A layer with a directory `b`, and `a` as a link to it.
fn linked(target: &str) -> impl FnOnce(Layer) -> Layer + use<'_> {
    move |l| l.dir("b").symlink("a", target).file("a/n", "1")
}

#[test]
fn a_file_is_where_the_link_of_its_layer_leads() {
    for target in ["b", "/b", "./b/", "../../b", "x/../b"] {
        let drawn = format!(
            "
            / ── a -> {target}
              └─ b/
                 └─ n{}1 B
            ",
            " ".repeat(target.len() + 4)
        );
        image()
            .layer(linked(target))
            .open()
            .shows(&drawn)
            .remarks(&["\"a/n\" is below \"a\", a link of the same layer: it is put at \"b/n\", as containerd does"]);
    }
}

#[test]
fn links_lead_to_links_and_stand_in_directories() {
    image().layer(|l| l.dir("b").symlink("c", "b").symlink("a", "c").file("a/n", "1")).open().shows(
        "
            / ── a -> c
              ├─ b/
              │  └─ n     1 B
              └─ c -> b
            ",
    );
    // The `..` of a target is taken from where the link before it led to.
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
fn everything_below_a_link_goes_where_it_leads() {
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
fn a_hard_link_finds_its_target_behind_a_link() {
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
    // Both names, each through the link.
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
        .remarks(&["\"a/t\" is below", "a hard link from \"a/t\" to itself: ignored"]);
}

/// containerd and umoci make the directory; Docker and Podman refuse the layer.
#[test]
fn a_target_that_the_layer_does_not_have_is_made() {
    image()
        .layer(|l| l.symlink("a", "b/c").file("a/x/n", "1"))
        .open()
        .shows(
            "
            / ── a -> b/c
              └─ b/c/x/n    1 B
            ",
        )
        .remarks(&["it is put at \"b/c/x/n\", as containerd does"]);
    // In a layer below it is, and its content stays.
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
fn a_link_or_file_of_a_layer_below_is_replaced_by_the_directory() {
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
    // Also where a link of the same layer leads to it.
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
fn what_a_link_brings_to_a_path_replaces_what_was_there() {
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
fn only_a_link_that_came_before_is_followed() {
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
    // Each entry by the link of its time.
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
fn markers_and_files_below_one_link_speak_of_one_directory() {
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

/// No engine takes these layers.
#[test]
fn what_leads_nowhere_is_taken_literally_with_a_warning() {
    let warning =
        "\"a/n\" is below \"a\", which is no directory in this layer; engines refuse that: a directory takes its place";
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

/// Its numbers are dive's, and dive knows only the paths in the tar.
#[test]
fn dive_s_numbers_keep_the_path_of_the_tar() {
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
