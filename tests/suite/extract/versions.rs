//! Versions of files: extracting a removed or overwritten file gives that version, not the latest.

use std::os::unix::fs::MetadataExt;
use std::sync::Mutex;

use dive_model::extract::{End, Options, Plan, Progress};
use dive_model::tree::NodeId;

use super::{Case, OVERWRITE, case, one, skipped};
use crate::build::{Packing, image, layer};

fn history(packing: Packing) -> Case {
    case(
        &image()
            .layer(|l| {
                l.dir("etc").file("etc/a", "first").file("etc/b", "kept").file("gone/c", "deleted").packed(packing)
            })
            .layer(|l| l.file("etc/a", "second").whiteout("gone").file("etc/empty", "").packed(packing))
            .layer(|l| l.symlink("etc/a", "b").packed(packing)),
    )
}

#[test]
fn layer_extracts_from_every_compression() {
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let case = history(packing);
        let state = |number| Plan::of_layer(case.tree(), NodeId::ROOT, layer(number), &|_| true);
        let report = case.carry_out(&state(0), Options::default()).unwrap();
        case.holds(
            r#"
            d755 etc
            f644 etc/a "first"
            f644 etc/b "kept"
            d755 gone
            f644 gone/c "deleted"
            "#,
        );
        assert_eq!((report.files, report.directories, report.bytes), (3, 2, 16), "{packing:?}");
        let report = case.carry_out(&state(2), OVERWRITE).unwrap();
        case.holds(
            r#"
            d755 etc
            l etc/a -> b
            f644 etc/b "kept"
            f644 etc/empty ""
            d755 gone
            f644 gone/c "deleted"
            "#,
        );
        assert_eq!(
            (report.files, report.directories, report.symlinks),
            (2, 0, 1),
            "created directories and written files"
        );
    }
}

#[test]
fn extracted_path_keeps_its_name() {
    let case = one(|l| l.file("a/b/c/file", "x").file("a/b/other", "y"));
    case.carry_out(&case.plan("a/b/c"), Options::default()).unwrap();
    case.carry_out(&case.plan("a/b/other"), Options::default()).unwrap();
    case.holds(
        r#"
        d755 c
        f644 c/file "x"
        f644 other "y"
        "#,
    );
}

#[test]
fn deleted_and_overwritten_versions_extract() {
    let case = history(Packing::Gzip);
    for (path, number, text) in [("gone/c", 0, "deleted"), ("etc/a", 0, "first"), ("etc/a", 1, "second")] {
        let version = case.tree().visible(case.node(path), layer(number)).unwrap();
        let plan = Plan::of_version(case.tree(), version);
        assert_eq!((plan.len(), plan.bytes()), (1, text.len() as u64));
        case.carry_out(&plan, OVERWRITE).unwrap();
        assert_eq!(case.text(&format!("out/{}", path.rsplit('/').next().unwrap())), text);
    }
}

/// As the screen compares a layer with the one before it, including removed paths.
#[test]
fn removed_path_extracts_in_its_last_version() {
    let case = history(Packing::Plain);
    let tree = case.tree();
    let plan = Plan::of(tree, case.node("gone"), &|node| tree.visible(node, layer(1)).or(tree.visible(node, layer(0))));
    case.carry_out(&plan, Options::default()).unwrap();
    case.holds(
        r#"
        d755 gone
        f644 gone/c "deleted"
        "#,
    );
}

#[test]
fn files_below_a_replaced_directory_are_reported() {
    let case = case(&image().layer(|l| l.file("d/below", "x")).layer(|l| l.file("d", "file")));
    let tree = case.tree();
    let plan = Plan::of(tree, NodeId::ROOT, &|node| tree.visible(node, layer(1)).or(tree.visible(node, layer(0))));
    let report = case.carry_out(&plan, Options::default()).unwrap();
    case.holds(r#"f644 d "file""#);
    assert_eq!(skipped(&report), ["d/below: its parent was not extracted as a directory"]);
}

#[test]
fn filtered_paths_are_not_extracted() {
    let case = one(|l| l.file("a/x.conf", "1").file("a/y.log", "2").file("b/z.log", "3"));
    let tree = case.tree();
    let shown = |node| tree.children(node).next().is_some() || tree.name(node).ends_with(b".log");
    let plan = Plan::of_layer(tree, case.node("a"), case.last(), &shown);
    case.carry_out(&plan, Options::default()).unwrap();
    case.holds(
        r#"
        d755 a
        f644 a/y.log "2"
        "#,
    );
}

#[test]
fn hard_links_stay_hard_links() {
    for packing in [Packing::Plain, Packing::Gzip] {
        let case = one(|l| l.file("z", "shared").mode(0o640).hardlink("a", "z").hardlink("d/b", "a").packed(packing));
        let report = case.extract(Options::default());
        case.holds(
            r#"
            f640 a "shared"
            d755 d
            f640 d/b "shared"
            f640 z "shared"
            "#,
        );
        let inode = |name| case.out().join(name).metadata().unwrap().ino();
        assert!(inode("a") == inode("z") && inode("d/b") == inode("z"));
        assert_eq!((report.files, report.hard_links, report.bytes), (1, 2, 6), "the content is written once");
    }
}

#[test]
fn hard_link_without_its_target_is_a_copy() {
    let case = case(
        &image()
            .layer(|l| l.file("z", "shared").mode(0o640))
            .layer(|l| l.hardlink("d/b", "z"))
            .layer(|l| l.whiteout("z")),
    );
    case.carry_out(&case.plan("d"), Options::default()).unwrap();
    case.holds(
        r#"
        d755 d
        f640 d/b "shared"
        "#,
    );
}

#[test]
fn overwritten_hard_links_are_linked_again() {
    let case = one(|l| l.file("a", "shared").hardlink("b", "a"));
    case.extract(Options::default());
    let report = case.extract(OVERWRITE);
    case.holds(
        r#"
        f644 a "shared"
        f644 b "shared"
        "#,
    );
    assert_eq!((report.files, report.hard_links), (1, 1));
    // If one name is the user's own file, the other is not linked to it.
    std::fs::remove_file(case.out().join("b")).unwrap();
    case.writes("out/a", "mine");
    case.extract(super::SKIP);
    assert_eq!((case.text("out/a"), case.text("out/b")), ("mine".to_owned(), "shared".to_owned()));
}

#[test]
fn symlinks_keep_their_targets() {
    let targets = ["/etc/passwd", "../../../outside", "nowhere", "./a/../b"];
    let case = one(|l| targets.iter().zip(0..).fold(l, |l, (target, at)| l.symlink(format!("link{at}"), target)));
    let report = case.extract(Options::default());
    case.holds(
        "
        l link0 -> /etc/passwd
        l link1 -> ../../../outside
        l link2 -> nowhere
        l link3 -> ./a/../b
        ",
    );
    assert_eq!(report.symlinks, 4);
}

#[test]
fn devices_pipes_and_sparse_files_are_reported() {
    let case = one(|l| {
        l.char_device("dev/null", 1, 3).fifo("pipe").sparse_file("disk", "12345", 4096).hardlink("lost", "nothing")
    });
    let report = case.extract(Options::default());
    case.holds("d755 dev");
    assert_eq!(
        skipped(&report),
        [
            "dev/null: dive extracts no devices",
            "disk: dive cannot expand sparse files",
            "lost: it is a hard link to a missing file",
            "pipe: dive extracts no named pipes",
        ]
    );
    assert_eq!(report.end, End::Complete);
}

#[test]
fn non_utf8_names_extract_unchanged() {
    let case = one(|l| l.file(b"\xff\xfe", "1").file("a\nb", "2").file("...", "3").file(" ", "4"));
    case.extract(Options::default());
    case.holds(
        "
        f644 \x20 \"4\"
        f644 ... \"3\"
        f644 \\xff\\xfe \"1\"
        f644 a\\nb \"2\"
        ",
    );
}

/// A bar that does not move for half an hour looks like a hang.
#[test]
fn progress_reaches_its_end() {
    for packing in [Packing::Plain, Packing::Gzip] {
        let large = "x".repeat(700_000);
        let case = case(
            &image()
                .layer(|l| l.file("skipped", &large).file("a", &large).file("b", "1").packed(packing))
                .layer(|l| l.file("skipped", "").dir("d").symlink("l", "a").file("c", &large).packed(packing)),
        );
        let seen = Mutex::new(Vec::new());
        let tell = |progress: Progress| seen.lock().unwrap().push(progress);
        let never = std::sync::atomic::AtomicBool::new(false);
        dive_model::extract::run(&case.plan("/"), &case.layers, &case.out(), Options::default(), &never, &tell)
            .unwrap();
        let seen = seen.into_inner().unwrap();
        assert!(seen.is_sorted_by_key(|progress| progress.read) && seen.is_sorted_by_key(|progress| progress.items));
        let last = seen.last().unwrap();
        assert_eq!((last.read, last.items), (last.to_read, last.of_items), "{packing:?}");
        assert_eq!(last.of_items, 6);
        assert!(seen.iter().filter(|progress| (1..last.read).contains(&progress.read)).count() > 5, "{packing:?}");
    }
}
