//! What goes wrong half-way: damaged layers, a full disk, a user who has changed their mind. No file stands there that
//! looks whole and is not.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use dive_model::extract::{self, End, ExtractError, Options};

use super::{Case, OVERWRITE, case, case_of, one, skipped};
use crate::build::{Format, Layer, Packing, image};
use crate::library;

fn of_archive(bytes: &[u8]) -> Case {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    case_of(library::open_damaged(file.path().to_str().unwrap()))
}

/// An image with one layer of these bytes.
fn of_layer(blob: &[u8]) -> Case {
    let manifest = r#"[{"Config":"c.json","RepoTags":["case:latest"],"Layers":["layer.tar"]}]"#;
    let config = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;
    of_archive(&Layer::default().file("c.json", config).file("manifest.json", manifest).file("layer.tar", blob).tar())
}

/// Bytes that do not shrink much, so that a cut falls where it is meant to.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn of_a_cut_layer_whole_files_come_and_the_cut_one_is_told() {
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let whole = Layer::default().file("a", "whole").file("b", noise(600_000)).file("c", "lost").packed(packing);
        let blob = whole.blob();
        let case = of_layer(&blob[..blob.len() / 2]);
        assert_eq!(case.opened.damaged_layers.len(), 1);
        let report = case.extract(Options::default());
        case.holds(r#"f644 a "whole""#);
        let told = skipped(&report);
        assert!(told.len() == 1 && told[0].starts_with("b: ") && told[0].contains("layer"), "{packing:?}: {told:?}");
    }
}

#[test]
fn a_last_file_without_padding_is_whole_in_a_sound_layer() {
    let tar = Layer::default().file("a", "whole").tar();
    let case = of_layer(&tar[..512 + "whole".len()]);
    assert_eq!(case.opened.damaged_layers.len(), 0);
    assert_eq!(case.extract(Options::default()).files, 1);
    case.holds(r#"f644 a "whole""#);
}

#[test]
fn files_of_a_missing_layer_are_not_there_and_the_rest_is() {
    let case = case_of(library::open_damaged(&crate::place::fixture("broken/real-oci-missing-layer-blob.tar")));
    let planned = case.plan("/").len() as u64;
    let report = case.extract(Options::default());
    assert!(report.files > 0);
    assert_eq!(
        report.files + report.hard_links + report.symlinks + report.directories + report.skipped.count(),
        planned
    );
}

/// Cancels as soon as so many bytes are read.
fn cancelled(case: &Case, options: Options, at: u64) -> extract::Report {
    let cancel = AtomicBool::new(false);
    let watch = |progress: extract::Progress| {
        if progress.read >= at {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    extract::run(&case.plan("/"), &case.layers, &case.out(), options, &cancel, &watch).unwrap()
}

#[test]
fn a_cancelled_run_leaves_nothing_half_written() {
    for packing in [Packing::Plain, Packing::Gzip] {
        let image = image().layer(|l| {
            l.dir("d").mode(0o750).file("d/a", "1").file("large", noise(2_000_000)).file("z", "3").packed(packing)
        });
        let case = case(&image);
        let report = cancelled(&case, Options::default(), 600_000);
        assert_eq!((report.end, report.files), (End::Cancelled, 1), "{packing:?}");
        case.holds(
            r#"
            d750 d
            f644 d/a "1"
            "#,
        );
        // What was to be replaced is as it was, and no temporary name is left.
        case.writes("out/large", "mine");
        let report = cancelled(&case, OVERWRITE, 600_000);
        assert_eq!(report.end, End::Cancelled);
        case.holds(
            r#"
            d750 d
            f644 d/a "1"
            f644 large "mine"
            "#,
        );
    }
}

#[test]
fn who_cancels_before_it_begins_gets_nothing() {
    let case = one(|l| l.file("d/a", "1"));
    let report =
        extract::run(&case.plan("/"), &case.layers, &case.out(), Options::default(), &AtomicBool::new(true), &|_| ());
    assert_eq!(report.unwrap().end, End::Cancelled);
    case.holds("");
}

/// The variable that tells a test that it runs again in a place with no room, and where that is.
const NO_ROOM: &str = "DIVE_TEST_NO_ROOM";

/// Runs the test of that name once more, in a shell that first does `setup`. False if this machine does not let it.
fn again(test: &str, wrapper: &[&str], setup: &str, place: &Path) -> bool {
    let command = format!("{setup} || exit 77; exec \"$0\" --exact {test} --nocapture");
    let (program, arguments) = wrapper.split_first().unwrap();
    let output = Command::new(program)
        .args(arguments)
        .args(["-c", &command])
        .arg(std::env::current_exe().unwrap())
        .env(NO_ROOM, place)
        .output();
    match output {
        Ok(output) if output.status.success() => {
            assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{test} is no test's name");
            true
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            let _ = writeln!(std::io::stderr(), "{test}: skipped, since {program} does not do it here");
            false
        }
    }
}

#[test]
fn a_full_disk_ends_the_run_with_what_to_do_and_no_half_file() {
    let image = image().layer(|l| l.file("a", "1").file("large", noise(500_000)).file("z", "3").symlink("l", "a"));
    let Some(place) = std::env::var_os(NO_ROOM) else {
        let place = tempfile::tempdir().unwrap();
        let setup = format!("mount -t tmpfs -o size=64k none '{}'", place.path().display());
        let test = "extract::damage::a_full_disk_ends_the_run_with_what_to_do_and_no_half_file";
        again(test, &["unshare", "--user", "--map-root-user", "--mount", "sh"], &setup, place.path());
        return;
    };
    let case = case(&image);
    let place = Path::new(&place);
    let run = |options| {
        extract::run(&case.plan("/"), &case.layers, place, options, &AtomicBool::new(false), &|_| ()).unwrap_err()
    };
    let error = run(Options::default());
    let text = error.to_string();
    assert!(text.contains("writing large failed: ") && text.contains("Make room, or choose a folder"), "{text}");
    let ExtractError::Stopped { report, .. } = error else { panic!("{text}") };
    assert_eq!(report.files, 1);
    super::is(&super::listing(place), r#"f644 a "1""#);
    std::fs::write(place.join("large"), "mine").unwrap();
    run(OVERWRITE);
    super::is(
        &super::listing(place),
        r#"
        f644 a "1"
        f644 large "mine"
        "#,
    );
}

#[test]
fn a_file_that_is_too_large_for_the_file_system_is_left_out_and_the_rest_comes() {
    let Some(place) = std::env::var_os(NO_ROOM) else {
        let place = tempfile::tempdir().unwrap();
        let test = "extract::damage::a_file_that_is_too_large_for_the_file_system_is_left_out_and_the_rest_comes";
        // Without the signal, which would end the program, the write fails as on a file system with such a limit.
        again(test, &["sh"], "trap '' XFSZ", place.path());
        return;
    };
    let case = one(|l| l.file("a", "1").file("large", noise(500_000)).file("z", "3"));
    let place = Path::new(&place);
    // After the archive is made, and for this process alone: only this test runs in it.
    let limited = rustix::process::getrlimit(rustix::process::Resource::Fsize);
    let limit = rustix::process::Rlimit { current: Some(100_000), maximum: limited.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
    let run =
        || extract::run(&case.plan("/"), &case.layers, place, Options::default(), &AtomicBool::new(false), &|_| ());
    let report = run().unwrap();
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limited).unwrap();
    let told = skipped(&report);
    assert!(told.len() == 1 && told[0].starts_with("large: cannot be written: "), "{told:?}");
    super::is(
        &super::listing(place),
        r#"
        f644 a "1"
        f644 z "3"
        "#,
    );
}

/// Root may write anywhere, so the test is one for everybody else.
#[test]
fn a_folder_that_may_not_be_written_to_is_told_once() {
    let case = one(|l| l.file("a", "1").file("b", "2"));
    let set = |mode| std::fs::set_permissions(case.out(), std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let writable = std::fs::write(case.out().join("probe"), "").is_ok();
    let outcome = case.carry_out(&case.plan("/"), Options::default());
    set(0o755);
    if !writable {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("writing a failed: Permission denied") && error.contains("Choose a folder"), "{error}");
        case.holds("");
    }
}

#[test]
fn an_archive_opened_as_oci_extracts_as_well() {
    let archive = image().layer(|l| l.file("a", "1").gzip()).layer(|l| l.file("b", "2")).archive(Format::OciArchive);
    let case = of_archive(&archive);
    case.extract(Options::default());
    case.holds(
        r#"
        f644 a "1"
        f644 b "2"
        "#,
    );
}
