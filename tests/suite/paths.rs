//! Paths: resolution of symlinks inside the image, and history. A failure means that a user opens another file than a
//! container would, or looks for a version in the wrong layer.

use std::fmt::Write;

use dive_model::layer::LayerIndex;
use dive_model::tree::resolve::MAX_LINKS;
use dive_model::tree::{NodeId, Tree};

use crate::build::{Image, image, layer};

/// The resolved path at a layer, or the error.
fn resolved(tree: &Tree, path: &str, at: LayerIndex) -> String {
    let node = tree.find(path.as_bytes()).unwrap_or_else(|| panic!("no {path}"));
    match tree.resolve(node, at) {
        Ok((node, span)) => {
            assert_eq!(tree.span(span).node(), node);
            String::from_utf8(tree.path(node)).unwrap()
        }
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn assert_resolves(tree: &Tree, at: usize, cases: &[(&str, &str)]) {
    for (path, expected) in cases {
        assert_eq!(&resolved(tree, path, layer(at)), expected, "{path}");
    }
}

#[test]
fn symlinks_resolve_as_in_a_container() {
    let opened = image()
        .layer(|l| {
            l.file("usr/bin/busybox", "")
                .symlink("bin", "usr/bin")
                .symlink("usr/bin/sh", "busybox")
                .symlink("usr/bin/ash", "/bin/../bin/./sh")
                .symlink("etc/up", "../usr//bin/sh")
                .symlink("etc/beyond", "../../../../usr/bin/busybox")
                .symlink("etc/root", "/")
                .symlink("etc/through", "root/etc/root/bin/ash")
                .symlink("etc/slashed", "../bin/")
                .hardlink("etc/second", "etc/up")
        })
        .open();
    assert_resolves(
        opened.tree(),
        0,
        &[
            ("usr/bin/busybox", "/usr/bin/busybox"),
            ("usr/bin", "/usr/bin"),
            ("bin", "/usr/bin"),
            ("usr/bin/sh", "/usr/bin/busybox"),
            ("usr/bin/ash", "/usr/bin/busybox"),
            ("etc/up", "/usr/bin/busybox"),
            ("etc/beyond", "/usr/bin/busybox"),
            ("etc/root", "/"),
            ("etc/through", "/usr/bin/busybox"),
            ("etc/slashed", "/usr/bin"),
            ("etc/second", "/usr/bin/busybox"),
        ],
    );
}

#[test]
fn unresolvable_symlink_says_why() {
    let opened = image()
        .layer(|l| {
            l.file("file", "")
                .symlink("self", "self")
                .symlink("ping", "pong")
                .symlink("pong", "./ping")
                .symlink("dangling", "no/such")
                .symlink("chained", "dangling")
                .symlink("through", "file/x")
                .symlink("slashed", "file/")
                .symlink("empty", "")
                .symlink("dir/evil", "\u{1b}[2J")
        })
        .open();
    assert_resolves(
        opened.tree(),
        0,
        &[
            ("self", "it leads back to itself"),
            ("ping", "it leads back to itself"),
            ("dangling", "it leads to /no, which does not exist"),
            ("chained", "it leads to /no, which does not exist"),
            ("through", "it leads through /file, which is not a directory"),
            ("slashed", "it leads through /file, which is not a directory"),
            ("empty", "it has no target"),
            ("dir/evil", "it leads to /dir/\\x1b[2J, which does not exist"),
        ],
    );
}

#[test]
fn symlink_limit_is_forty() {
    let chain = |count: usize| {
        let link = |l, at: usize| crate::build::Layer::symlink(l, format!("l{at}"), format!("l{}", at - 1));
        image().layer(|l| (1..=count).fold(l.file("l0", ""), link)).open()
    };
    assert_resolves(chain(MAX_LINKS).tree(), 0, &[("l40", "/l0")]);
    assert_resolves(
        chain(MAX_LINKS + 1).tree(),
        0,
        &[("l41", "it leads through more than 40 links (the limit on Linux)")],
    );
}

#[test]
fn symlinks_resolve_in_their_own_layer() {
    let opened = image()
        .layer(|l| l.file("a", "1").file("b", "2").symlink("link", "a").symlink("gone", "a"))
        .layer(|l| l.whiteout("a").symlink("link", "b").whiteout("gone"))
        .open();
    let tree = opened.tree();
    assert_resolves(tree, 0, &[("link", "/a"), ("gone", "/a")]);
    assert_resolves(tree, 1, &[("link", "/b"), ("gone", "it does not exist")]);
    let gone = tree.spans(tree.find(b"gone").unwrap()).next().unwrap();
    let (node, _) = tree.resolve_version(gone, layer(1)).expect("the file exists in the link's layer");
    assert_eq!(tree.path(node), b"/a");
}

#[test]
fn crafted_symlinks_resolve_quickly() {
    // 40 symlinks, each through a directory of 20,000 names, as often as a path can.
    let path = "d/../".repeat(3000);
    let opened = image()
        .layer(|l| (0..20_000).fold(l, |l, at| l.file(format!("d/f{at}"), "")))
        .layer(|l| {
            let link = |l, at: usize| crate::build::Layer::symlink(l, format!("l{at}"), format!("{path}l{}", at - 1));
            (1..=40).fold(l.symlink("l0", "d/f19999/../d/f0"), link)
        })
        .open();
    let started = std::time::Instant::now();
    resolved(opened.tree(), "l40", layer(1));
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

/// The history of a path, one event per line.
fn history(image: &Image, path: &str) -> String {
    let opened = image.open();
    let tree = opened.tree();
    let node = tree.find(path.as_bytes()).unwrap_or(NodeId::ROOT);
    let mut lines = String::new();
    for event in tree.history(node) {
        write!(lines, "{} {}", event.layer, event.action.name()).unwrap();
        if let Some(version) = event.version {
            let facts = tree.facts(version);
            write!(lines, " {:?}", facts.kind).unwrap();
            if let Some(size) = facts.size {
                write!(lines, " {size}").unwrap();
            }
            write!(lines, " {:o} {}:{}", facts.mode & 0o7777, facts.uid, facts.gid).unwrap();
            if !facts.target.is_empty() {
                write!(lines, " -> {}", String::from_utf8_lossy(facts.target)).unwrap();
            }
        }
        lines.push('\n');
    }
    lines
}

#[track_caller]
fn assert_history(image: &Image, path: &str, expected: &str) {
    let lines = expected.lines().map(str::trim).filter(|line| !line.is_empty());
    assert_eq!(history(image, path), lines.flat_map(|line| [line, "\n"]).collect::<String>());
}

#[test]
fn history_lists_each_layers_change() {
    let image = image()
        .layer(|l| l.file("x", "one"))
        .layer(|l| l.file("x", "three"))
        .layer(|l| l.file("unrelated", ""))
        .layer(|l| l.file("x", "three").mode(0o755).owner(1, 2))
        .layer(|l| l.symlink("x", "y"))
        .layer(|l| l.symlink("x", "z"))
        .layer(|l| l.whiteout("x"))
        .layer(|l| l.whiteout("x"))
        .layer(|l| l.dir("x"))
        .layer(|l| l.dir("x").mode(0o700));
    assert_history(
        &image,
        "x",
        "
        0 added File 3 644 0:0
        1 overwritten File 5 644 0:0
        3 metadata-only File 5 755 1:2
        4 replaced Symlink 777 0:0 -> y
        5 overwritten Symlink 777 0:0 -> z
        6 deleted Symlink 777 0:0 -> z
        7 whiteout-of-nothing
        8 added Directory 755 0:0
        9 metadata-only Directory 700 0:0
        ",
    );
}

#[test]
fn history_includes_changes_of_parent_directories() {
    let image = image()
        .layer(|l| l.file("d/e/x", "1"))
        .layer(|l| l.whiteout("d/e"))
        .layer(|l| l.file("d/e/x", "22"))
        .layer(|l| l.opaque("d"))
        .layer(|l| l.file("d/e/x", "333"))
        .layer(|l| l.file("d", "no directory"))
        .layer(|l| l.whiteout("d/e/x"));
    assert_history(
        &image,
        "d/e/x",
        "
        0 added File 1 644 0:0
        1 deleted-with-directory File 1 644 0:0
        2 added File 2 644 0:0
        3 hidden-by-opaque File 2 644 0:0
        4 added File 3 644 0:0
        5 replaced-with-directory File 3 644 0:0
        6 whiteout-of-nothing
        ",
    );
}

#[test]
fn history_lists_several_changes_of_one_layer() {
    let image = image()
        .layer(|l| l.file("x", "1"))
        .layer(|l| l.file("x", "22").whiteout("x").file("x", "333"))
        .layer(|l| l.file("real", "12345").hardlink("x", "real"));
    assert_history(
        &image,
        "x",
        "
        0 added File 1 644 0:0
        1 deleted File 1 644 0:0
        1 added File 2 644 0:0
        1 overwritten File 3 644 0:0
        2 overwritten File 5 644 0:0
        ",
    );
}

/// Whiteouts apply to lower layers, wherever they are in their own.
#[test]
fn history_lists_whiteout_before_its_layers_file() {
    for image in [
        image().layer(|l| l.file("y", "")).layer(|l| l.whiteout("x").file("x", "1")),
        image().layer(|l| l.file("y", "")).layer(|l| l.file("x", "1").whiteout("x")),
    ] {
        assert_history(
            &image,
            "x",
            "
            1 whiteout-of-nothing
            1 added File 1 644 0:0
            ",
        );
    }
}
