//! Interruptions: damaged layers, a full disk, cancellation. No incomplete file remains.

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

/// An image whose only layer has these bytes.
fn of_layer(blob: &[u8]) -> Case {
    let manifest = r#"[{"Config":"c.json","RepoTags":["case:latest"],"Layers":["layer.tar"]}]"#;
    let config = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;
    of_archive(&Layer::default().file("c.json", config).file("manifest.json", manifest).file("layer.tar", blob).tar())
}

/// Incompressible bytes, so that a cut falls into the middle of the file.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn truncated_layer_yields_its_complete_files() {
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let whole = Layer::default().file("a", "whole").file("b", noise(600_000)).file("c", "lost").packed(packing);
        let blob = whole.blob();
        let case = of_layer(&blob[..blob.len() / 2]);
        assert_eq!(case.opened.damaged_layers.len(), 1);
        let report = case.extract(Options::default());
        case.holds(r#"f644 a "whole""#);
        let skipped_items = skipped(&report);
        assert!(
            skipped_items.len() == 1 && skipped_items[0].starts_with("b: ") && skipped_items[0].contains("layer"),
            "{packing:?}: {skipped_items:?}"
        );
    }
}

#[test]
fn last_file_without_padding_is_extracted() {
    let tar = Layer::default().file("a", "whole").tar();
    let case = of_layer(&tar[..512 + "whole".len()]);
    assert_eq!(case.opened.damaged_layers.len(), 0);
    assert_eq!(case.extract(Options::default()).files, 1);
    case.holds(r#"f644 a "whole""#);
}

#[test]
fn missing_layer_leaves_the_other_files() {
    let case = case_of(library::open_damaged(&crate::place::fixture("broken/real-oci-missing-layer-blob.tar")));
    let planned = case.plan("/").len() as u64;
    let report = case.extract(Options::default());
    assert!(report.files > 0);
    assert_eq!(
        report.files + report.hard_links + report.symlinks + report.directories + report.skipped.count(),
        planned
    );
}

/// Cancels once `at` bytes are read.
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
fn cancelled_extraction_leaves_no_partial_file() {
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
        // The existing file is unchanged and no temporary file remains.
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
fn extraction_cancelled_at_once_writes_nothing() {
    let case = one(|l| l.file("d/a", "1"));
    let report =
        extract::run(&case.plan("/"), &case.layers, &case.out(), Options::default(), &AtomicBool::new(true), &|_| ());
    assert_eq!(report.unwrap().end, End::Cancelled);
    case.holds("");
}

/// Variable with the folder to extract to, set when a test re-runs itself in a restricted environment.
const NO_ROOM: &str = "DIVE_TEST_NO_ROOM";

/// Re-runs a test in a shell that first executes `setup`. Returns false if the machine does not allow that.
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
            assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "no test is named {test}");
            true
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            let _ = writeln!(std::io::stderr(), "{test}: skipped: {program} failed");
            false
        }
    }
}

#[test]
fn full_disk_stops_extraction_without_partial_file() {
    let image = image().layer(|l| l.file("a", "1").file("large", noise(500_000)).file("z", "3").symlink("l", "a"));
    let Some(place) = std::env::var_os(NO_ROOM) else {
        let place = tempfile::tempdir().unwrap();
        let setup = format!("mount -t tmpfs -o size=64k none '{}'", place.path().display());
        let test = "extract::damage::full_disk_stops_extraction_without_partial_file";
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
    assert!(
        text.contains("writing large failed: ") && text.contains("Free some space or choose a directory"),
        "{text}"
    );
    let ExtractError::Stopped { report, .. } = error else { panic!("{text}") };
    assert_eq!(report.files, 1);
    super::assert_listing(&super::listing(place), r#"f644 a "1""#);
    std::fs::write(place.join("large"), "mine").unwrap();
    run(OVERWRITE);
    super::assert_listing(
        &super::listing(place),
        r#"
        f644 a "1"
        f644 large "mine"
        "#,
    );
}

#[test]
fn file_above_the_size_limit_is_skipped() {
    let Some(place) = std::env::var_os(NO_ROOM) else {
        let place = tempfile::tempdir().unwrap();
        let test = "extract::damage::file_above_the_size_limit_is_skipped";
        // Without the signal, which would kill the process, writes fail as on a file system with a size limit.
        again(test, &["sh"], "trap '' XFSZ", place.path());
        return;
    };
    let case = one(|l| l.file("a", "1").file("large", noise(500_000)).file("z", "3"));
    let place = Path::new(&place);
    // Set after the archive is written. Only this test runs in the process.
    let limited = rustix::process::getrlimit(rustix::process::Resource::Fsize);
    let limit = rustix::process::Rlimit { current: Some(100_000), maximum: limited.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
    let run =
        || extract::run(&case.plan("/"), &case.layers, place, Options::default(), &AtomicBool::new(false), &|_| ());
    let report = run().unwrap();
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limited).unwrap();
    let skipped_items = skipped(&report);
    assert!(
        skipped_items.len() == 1 && skipped_items[0].starts_with("large: cannot be written: "),
        "{skipped_items:?}"
    );
    super::assert_listing(
        &super::listing(place),
        r#"
        f644 a "1"
        f644 z "3"
        "#,
    );
}

/// Root may write anywhere, so this tests other users only.
#[test]
fn unwritable_folder_stops_extraction() {
    let case = one(|l| l.file("a", "1").file("b", "2"));
    let set = |mode| std::fs::set_permissions(case.out(), std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let writable = std::fs::write(case.out().join("probe"), "").is_ok();
    let outcome = case.carry_out(&case.plan("/"), Options::default());
    set(0o755);
    if !writable {
        let error = outcome.unwrap_err().to_string();
        assert!(
            error.contains("writing a failed: Permission denied") && error.contains("Choose a directory"),
            "{error}"
        );
        case.holds("");
    }
}

#[test]
fn oci_archive_extracts() {
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
