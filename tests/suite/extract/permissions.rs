//! Permissions: extracted files get the image's mode, but no setuid, and no directory that cannot be deleted.

use dive_model::extract::{Options, SpecialBits};

use super::one;

const KEEP: Options = Options { on_conflict: dive_model::extract::OnConflict::Fail, special_bits: SpecialBits::Keep };

#[test]
fn special_bits_are_stripped_by_default() {
    let image = |l: crate::build::Layer| {
        l.file("su", "x")
            .mode(0o4755)
            .file("wall", "x")
            .mode(0o2755)
            .dir("tmp")
            .mode(0o1777)
            .file("plain", "x")
            .mode(0o600)
    };
    let case = one(image);
    let report = case.extract(Options::default());
    case.holds(
        r#"
        f600 plain "x"
        f755 su "x"
        d755 tmp
        f755 wall "x"
        "#,
    );
    assert_eq!(report.stripped, 3);
    let case = one(image);
    let report = case.extract(KEEP);
    case.holds(
        r#"
        f600 plain "x"
        f4755 su "x"
        d1777 tmp
        f2755 wall "x"
        "#,
    );
    assert_eq!((report.stripped, report.modes_not_set), (0, 0));
}

/// A read-only directory is filled before its mode is set, and its owner can delete it.
#[test]
fn read_only_directories_are_filled_and_can_be_deleted() {
    let case = one(|l| {
        l.dir("locked")
            .mode(0o555)
            .file("locked/a", "1")
            .mode(0o400)
            .dir("locked/none")
            .mode(0)
            .file("locked/none/b", "2")
    });
    case.extract(Options::default());
    case.holds(
        r#"
        d755 locked
        f400 locked/a "1"
        d700 locked/none
        f644 locked/none/b "2"
        "#,
    );
    std::fs::remove_dir_all(case.out().join("locked")).unwrap();
}
