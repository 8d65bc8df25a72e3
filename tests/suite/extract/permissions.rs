//! Permissions: who extracts an image gets its files' bits, but no file that runs as somebody else, and nothing that
//! cannot be removed again.

use dive_model::extract::{Options, SpecialBits};

use super::one;

const KEEP: Options = Options { on_conflict: dive_model::extract::OnConflict::Fail, special_bits: SpecialBits::Keep };

#[test]
fn setuid_setgid_and_sticky_are_left_out_unless_asked_for() {
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

/// A directory that nobody may write to is filled first, and can be removed by who extracted it.
#[test]
fn read_only_directories_are_filled_and_stay_removable() {
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
