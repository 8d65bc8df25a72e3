//! Hostile images and folders. A failure means that extracting an image writes outside the folder.

use dive_model::extract::{OnConflict, Options};

use super::{OVERWRITE, case, case_of, listing, one, skipped};
use crate::build::image;
use crate::library;
use crate::place::{Corpus, fixture};

const ALL: [OnConflict; 3] = [OnConflict::Fail, OnConflict::Skip, OnConflict::Overwrite];

#[test]
fn path_outside_the_root_stays_in_the_folder() {
    let case =
        one(|l| l.file("../../up", "1").file("/absolute", "2").file("a/../../../b/up", "3").file("//x//./y", "4"));
    case.writes("beside", "mine");
    case.extract(Options::default());
    case.holds(
        r#"
        f644 absolute "2"
        d755 b
        f644 b/up "3"
        f644 up "1"
        d755 x
        f644 x/y "4"
        "#,
    );
    std::fs::remove_dir_all(case.out()).unwrap();
    super::assert_listing(&listing(case.place.path()), r#"f644 beside "mine""#);
}

/// `a -> /elsewhere`, then `a/b`: in the merged tree `a` is one or the other.
#[test]
fn extraction_follows_no_symlink_of_the_image() {
    let case = case(
        &image()
            .layer(|l| l.symlink("a", "../elsewhere").file("a/in", "1").symlink("c", "../elsewhere/new"))
            .layer(|l| l.file("c", "2").symlink("d", "../elsewhere").hardlink("e", "d"))
            .layer(|l| l.file("d/in", "3").symlink("f", "/")),
    );
    case.writes("elsewhere/mine", "mine");
    for on_conflict in ALL {
        let options = Options { on_conflict, ..Options::default() };
        let _ = case.carry_out(&case.plan("/"), options);
        super::assert_listing(&listing(&case.place.path().join("elsewhere")), r#"f644 mine "mine""#);
    }
    // Symlinks of the same layer resolve inside the image.
    assert_eq!(case.text("out/elsewhere/in"), "1");
    assert_eq!(case.text("out/d/in"), "3");
}

/// The folder has a symlink where the image has a directory.
#[test]
fn extraction_follows_no_symlink_on_disk() {
    for (link, target) in [
        ("out/a", "../elsewhere"),
        ("out/a/b", "../../elsewhere"),
        ("out/a/b/c", "../../../elsewhere"),
        // Symlinks inside the folder are not followed either.
        ("out/a/b/c", "../inside"),
    ] {
        for on_conflict in ALL {
            let case = one(|l| {
                l.file("a/b/c/file", "image")
                    .file("a/b/c/d/deep", "image")
                    .symlink("a/b/c/link", "x")
                    .file("other", "image")
            });
            case.writes("elsewhere/mine", "mine").writes("out/a/inside/mine", "mine");
            let place = case.place.path().join(link);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            if link == "out/a" {
                std::fs::remove_dir_all(&place).unwrap();
            }
            case.links(link, target);
            let report = case.extract(Options { on_conflict, ..Options::default() });
            super::assert_listing(&listing(&case.place.path().join("elsewhere")), r#"f644 mine "mine""#);
            if link != "out/a" {
                super::assert_listing(&listing(&case.out().join("a/inside")), r#"f644 mine "mine""#);
            }
            assert!(place.is_symlink(), "{link} was replaced");
            assert_eq!(case.text("out/other"), "image", "the other file");
            let skipped_items = skipped(&report);
            let obstacle = format!("{}: a symbolic link already has this name", link.trim_start_matches("out/"));
            assert!(skipped_items[0].starts_with(&obstacle), "{skipped_items:?}");
        }
    }
}

#[test]
fn overwrite_replaces_symlinks_not_their_targets() {
    let case = one(|l| l.file("a", "image").file("b", "shared").hardlink("c", "b").file("dangling", "image"));
    case.writes("precious", "mine").links("out/a", "../precious").links("out/c", "../precious");
    case.links("out/dangling", "../made");
    case.extract(OVERWRITE);
    case.holds(
        r#"
        f644 a "image"
        f644 b "shared"
        f644 c "shared"
        f644 dangling "image"
        "#,
    );
    assert_eq!(case.text("precious"), "mine");
    assert!(!case.place.path().join("made").exists());
}

#[test]
fn target_folder_may_be_a_symlink() {
    let case = one(|l| l.file("a/b", "image"));
    case.links("folder", "out");
    let never = std::sync::atomic::AtomicBool::new(false);
    let folder = case.place.path().join("folder");
    dive_model::extract::run(&case.plan("/"), &case.layers, &folder, Options::default(), &never, &|_| ()).unwrap();
    assert_eq!(case.text("out/a/b"), "image");
}

/// Another process replaces a directory with a symlink during the extraction.
#[test]
fn symlink_created_during_extraction_is_not_followed() {
    let case = one(|l| l.file("a/first", "1").file("b/other", "2").file("a/second", "3").hardlink("a/z", "b/other"));
    case.writes("elsewhere/mine", "mine");
    let a = case.out().join("a");
    let never = std::sync::atomic::AtomicBool::new(false);
    let exchange = |progress: dive_model::extract::Progress| {
        // Two directories and the first file exist.
        if progress.items == 3 && !a.is_symlink() {
            std::fs::remove_dir_all(&a).unwrap();
            std::os::unix::fs::symlink("../elsewhere", &a).unwrap();
        }
    };
    let report =
        dive_model::extract::run(&case.plan("/"), &case.layers, &case.out(), Options::default(), &never, &exchange)
            .unwrap();
    super::assert_listing(&listing(&case.place.path().join("elsewhere")), r#"f644 mine "mine""#);
    let skipped_items = skipped(&report);
    assert_eq!(skipped_items.len(), 2, "{skipped_items:?}");
    assert!(skipped_items.iter().all(|line| line.contains("cannot be written: ")), "{skipped_items:?}");
    assert_eq!(case.text("out/b/other"), "2");
}

/// A file that another process creates during the extraction is kept, even with overwrite.
#[test]
fn file_created_during_extraction_is_kept() {
    let case = one(|l| l.file("a", "1").file("b", "2"));
    let b = case.out().join("b");
    let never = std::sync::atomic::AtomicBool::new(false);
    let appear = |progress: dive_model::extract::Progress| {
        if progress.items == 1 && !b.exists() {
            std::fs::write(&b, "mine").unwrap();
        }
    };
    let report =
        dive_model::extract::run(&case.plan("/"), &case.layers, &case.out(), OVERWRITE, &never, &appear).unwrap();
    assert_eq!(case.text("out/b"), "mine");
    assert!(skipped(&report)[0].starts_with("b: another file already has this name"), "{:?}", skipped(&report));
}

#[test]
fn deep_path_needs_few_open_files() {
    let deep = "d/".repeat(3000);
    let case = one(|l| l.file(format!("{deep}file"), "deep").file(format!("{}up", &deep[..1000]), "up"));
    let report = case.extract(Options::default());
    assert_eq!((report.files, report.directories, report.skipped.count()), (2, 3000, 0));
    let again = case.extract(OVERWRITE);
    assert_eq!((again.files, again.directories, again.skipped.count()), (2, 0, 0));
}

/// Malicious archives from the corpus.
#[test]
fn hostile_archives_stay_in_the_folder() {
    let mut archives = vec![fixture("odd/path-traversal.tar"), fixture("odd/type-changes.tar")];
    if let Some(corpus) = Corpus::here() {
        let names = [
            "absolute-paths",
            "hardlink-escape",
            "odd-root-names",
            "opaque-through-symlink",
            "path-dotdot-inside",
            "path-traversal",
            "symlink-dir-traversal",
            "symlink-dir-traversal-2",
            "symlink-loop",
            "child-of-file",
            "hardlink-cases",
            "hardlink-forward",
            "case-collide",
        ];
        archives.extend(names.iter().map(|name| corpus.path(&format!("broken/{name}.tar"))));
    }
    for archive in archives {
        let case = case_of(library::open_damaged(&archive));
        case.writes("beside", "mine");
        let planned = case.plan("/").len() as u64;
        let first = case.extract(Options::default());
        let written = |report: &dive_model::extract::Report| report.files + report.hard_links + report.symlinks;
        assert_eq!(written(&first) + first.directories + first.skipped.count(), planned, "{archive}");
        // A second run overwrites the first, including its symlinks.
        let second = case.extract(OVERWRITE);
        assert_eq!(written(&second), written(&first), "{archive}");
        std::fs::remove_dir_all(case.out()).unwrap();
        super::assert_listing(&listing(case.place.path()), r#"f644 beside "mine""#);
    }
}
