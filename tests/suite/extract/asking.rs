//! Existing files: nothing is lost without consent, and a replaced file is replaced atomically.

use std::os::unix::fs::MetadataExt;

use dive_model::extract::{self, ExtractError, OnConflict, Options, Plan};

use super::{Case, OVERWRITE, SKIP, one, skipped};

fn occupied() -> Case {
    let case = one(|l| {
        l.dir("d")
            .mode(0o700)
            .file("d/new", "image")
            .file("d/same", "image")
            .symlink("d/link", "image")
            .file("top", "image")
    });
    case.writes("out/d/same", "mine").writes("out/d/unrelated", "mine").links("out/d/link", "mine");
    case
}

#[test]
fn conflicts_are_known_before_extraction() {
    let case = occupied();
    let conflicts = extract::conflicts(&case.plan("/"), &case.out()).unwrap();
    assert_eq!(conflicts.existing.first, [b"d/link".to_vec(), b"d/same".to_vec()]);
    assert_eq!((conflicts.existing.count, conflicts.obstacles.count), (2, 0));
    let plan = case.plan("top");
    assert!(extract::conflicts(&plan, &case.out()).unwrap().is_empty());
    assert!(extract::conflicts(&plan, &case.place.path().join("not/there")).unwrap().is_empty());
}

#[test]
fn conflicts_stop_extraction_by_default() {
    let case = occupied();
    let before = super::listing(&case.out());
    let error = case.carry_out(&case.plan("/"), Options::default()).unwrap_err();
    assert!(matches!(&error, ExtractError::Exists { count: 2, .. }), "{error}");
    assert!(error.to_string().contains("d/link already exists, and so do 1 more; overwrite or skip"), "{error}");
    assert_eq!(super::listing(&case.out()), before);
}

#[test]
fn skip_keeps_existing_files_and_reports_them() {
    let case = occupied();
    let report = case.extract(SKIP);
    case.holds(
        r#"
        d755 d
        l d/link -> mine
        f644 d/new "image"
        f644 d/same "mine"
        f644 d/unrelated "mine"
        f644 top "image"
        "#,
    );
    assert_eq!(skipped(&report), ["d/link: it already exists", "d/same: it already exists"]);
}

#[test]
fn overwrite_replaces_only_the_images_files() {
    let case = occupied();
    let report = case.extract(OVERWRITE);
    // Existing directories keep their permissions.
    case.holds(
        r#"
        d755 d
        l d/link -> image
        f644 d/new "image"
        f644 d/same "image"
        f644 d/unrelated "mine"
        f644 top "image"
        "#,
    );
    assert_eq!(report.skipped.count(), 0);
}

/// Programs with the file open, and its other hard links, keep the old content.
#[test]
fn overwrite_does_not_write_into_the_old_file() {
    let case = one(|l| l.file("a", "image"));
    case.writes("out/a", "mine").writes("precious", "");
    std::fs::remove_file(case.place.path().join("precious")).unwrap();
    std::fs::hard_link(case.out().join("a"), case.place.path().join("precious")).unwrap();
    let inode = case.out().join("a").metadata().unwrap().ino();
    case.extract(OVERWRITE);
    assert_eq!((case.text("out/a"), case.text("precious")), ("image".to_owned(), "mine".to_owned()));
    assert_ne!(case.out().join("a").metadata().unwrap().ino(), inode);
}

#[test]
fn overwrite_keeps_files_and_directories_apart() {
    for on_conflict in [OnConflict::Fail, OnConflict::Skip, OnConflict::Overwrite] {
        let case = one(|l| l.file("file", "image").file("dir/a/b", "image").symlink("link", "x").file("ok", "image"));
        case.writes("out/file/precious", "mine").writes("out/dir", "mine").writes("out/link/precious", "mine");
        let conflicts = extract::conflicts(&case.plan("/"), &case.out()).unwrap();
        assert_eq!((conflicts.existing.count, conflicts.obstacles.count), (0, 3));
        let report = case.extract(Options { on_conflict, ..Options::default() });
        case.holds(
            r#"
            f644 dir "mine"
            d755 file
            f644 file/precious "mine"
            d755 link
            f644 link/precious "mine"
            f644 ok "image"
            "#,
        );
        let skipped_items = skipped(&report);
        assert!(skipped_items[0].starts_with("dir: a file already has this name"), "{skipped_items:?}");
        assert_eq!(skipped_items[1], "dir/a: its parent was not extracted as a directory");
        assert!(
            skipped_items.iter().any(|line| line.starts_with("file: a directory already has this name")),
            "{skipped_items:?}"
        );
        assert_eq!(report.skipped.count(), 5);
    }
}

#[test]
fn target_folder_is_created_but_not_its_parents() {
    let case = one(|l| l.file("a", "1"));
    let run = |folder: &str| {
        let never = std::sync::atomic::AtomicBool::new(false);
        let folder = case.place.path().join(folder);
        extract::run(&case.plan("/"), &case.layers, &folder, Options::default(), &never, &|_| ())
    };
    run("made").unwrap();
    assert_eq!(case.text("made/a"), "1");
    let error = run("mistyped/folder").unwrap_err();
    assert!(error.to_string().ends_with("its parent directory does not exist; create it first"), "{error}");
    assert!(!case.place.path().join("mistyped").exists());
    for file in ["made/a", "made/a/b"] {
        let error = run(file).unwrap_err();
        assert!(matches!(error, ExtractError::NotAFolder { .. }), "{error}");
        assert!(error.to_string().contains("is not a directory; give an existing directory or a new name"), "{error}");
    }
    case.links("dangling", "nowhere");
    assert!(matches!(run("dangling").unwrap_err(), ExtractError::Folder { .. }));
    assert!(!case.place.path().join("nowhere").exists());
}

#[test]
fn empty_plan_writes_nothing() {
    let case = one(|l| l.file("a", "1"));
    let plan = Plan::of_layer(case.tree(), case.node("a"), case.last(), &|_| false);
    assert!(plan.is_empty());
    assert_eq!(case.carry_out(&plan, Options::default()).unwrap(), extract::Report::default());
    case.holds("");
}
