//! A full disk and limits on files (`ulimit`) for everything that is written: one error, exit code 2, no partial file.
//! `extract::damage` tests extraction, `log` the log.

use std::path::Path;
use std::process::{Command, Stdio};

#[cfg(feature = "registry")]
use super::registry::Registry;
use super::{files_below, names};
#[cfg(feature = "registry")]
use crate::build::Layer;
use crate::build::{Format, image};
use crate::place::sample;
use crate::skipped;
use crate::user::{DIVE, User};

/// Result of a run on a small disk.
struct Ran {
    code: i32,
    stderr: String,
    /// Paths of the files left on the disk.
    left: String,
}

/// Runs dive with a disk of 16 KiB at `place`. `None` if this machine does not allow that.
fn on_small_disk(user: &User, place: &Path, variables: &[(&str, &Path)], arguments: &[&str]) -> Option<Ran> {
    let script = r#"mount -t tmpfs -o size=16k none "$1" || exit 77
        place="$1"; shift
        "$@" > /dev/null; code=$?
        cd "$place" && find . -type f
        exit $code"#;
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(place)
        .arg(DIVE)
        .args(arguments);
    command.env_clear().envs(user.environment()).envs(variables.iter().copied()).current_dir(user.file(""));
    command.stdin(Stdio::from(std::fs::File::open(sample()).unwrap()));
    let Some(output) = command.output().ok().filter(|output| output.status.code() != Some(77)) else {
        skipped::note("mount", "no small file system can be mounted");
        return None;
    };
    Some(Ran {
        code: output.status.code().expect("no signal"),
        stderr: String::from_utf8(output.stderr).unwrap(),
        left: String::from_utf8(output.stdout).unwrap(),
    })
}

impl Ran {
    #[track_caller]
    fn fails_with(&self, text: &str) {
        assert_eq!(self.code, 2, "{}", self.stderr);
        let errors: Vec<_> = self.stderr.lines().collect();
        assert!(errors.len() == 1 && errors[0].starts_with("dive: error: ") && errors[0].contains(text), "{errors:?}");
        assert_eq!(self.left, "");
    }
}

#[test]
fn full_disk_leaves_no_partial_document() {
    let user = User::new();
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out.json");
    let ran = on_small_disk(&user, place.path(), &[], &["--json", out.to_str().unwrap(), &sample()]);
    let Some(ran) = ran else { return };
    ran.fails_with("out.json cannot be written: No space left on device");
}

#[test]
fn full_temporary_folder_is_an_error() {
    let user = User::new();
    let place = tempfile::tempdir().unwrap();
    let Some(ran) = on_small_disk(&user, place.path(), &[("TMPDIR", place.path())], &["tree", "-"]) else { return };
    ran.fails_with("cannot be copied to a temporary file");
    assert!(ran.stderr.contains("set TMPDIR to a directory with enough space"), "{}", ran.stderr);
}

/// The remedy of a full disk would not help.
#[test]
fn unusable_temporary_folder_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    std::fs::write(path("file"), "").unwrap();
    for (name, cause) in [("none", "No such file or directory"), ("file", "Not a directory")] {
        let user = User::new().sets("TMPDIR", &path(name));
        let mut runs = vec![user.runs_program("sh", &["-c", "exec \"$0\" tree - < \"$1\"", DIVE, &sample()])];
        if cfg!(feature = "engine") {
            runs.push(user.runs(&["build", "."]));
        }
        for ran in runs {
            let error = ran.error();
            assert!(error.contains(&path(name)) && error.contains(cause), "{error}");
            assert!(error.ends_with("; create it, or set TMPDIR to another directory"), "{error}");
        }
    }
    let script = r#"mount -t tmpfs -o ro none "$2" || exit 77; exec "$0" tree - < "$1""#;
    let place = place.path().to_str().unwrap();
    let user = User::new().sets("TMPDIR", place);
    let unshare = ["--user", "--map-root-user", "--mount", "sh", "-c", script, DIVE, &sample(), place];
    let ran = user.passes_on("unshare", &unshare);
    if ran.code == 77 {
        return skipped::note("mount", "no read-only file system can be mounted");
    }
    let error = ran.error();
    assert!(
        error.contains("Read-only file system") && error.ends_with("; set TMPDIR to a writable directory"),
        "{error}"
    );
}

/// Records that do not fit are not cached.
#[cfg(feature = "registry")]
#[test]
fn full_cache_is_no_error_and_has_no_partial_record() {
    let user = User::new();
    let noise = |seed: usize| {
        (0..6000).fold(Layer::default(), |layer, at| {
            let name = at_random(seed * 10_000 + at);
            layer.file(format!("{name:016x}"), format!("{name}"))
        })
    };
    let registry = Registry::serve(&[noise(1).tar()]);
    let image = format!("registry://{}/case:1", registry.address());
    let place = tempfile::tempdir().unwrap();
    let arguments = ["tree", "--insecure-registry", registry.address(), &image];
    let Some(ran) = on_small_disk(&user, place.path(), &[("XDG_CACHE_HOME", place.path())], &arguments) else { return };
    assert_eq!((ran.code, &ran.left[..]), (0, ""), "{}", ran.stderr);
}

/// An incompressible number.
#[cfg(feature = "registry")]
fn at_random(number: usize) -> u64 {
    let mut mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// `ulimit -f` raises SIGXFSZ, which would kill the program without a handler.
#[test]
fn file_size_limit_is_an_error() {
    let temporary = tempfile::tempdir().unwrap();
    let user = User::new().sets("TMPDIR", temporary.path().to_str().unwrap());
    let limited = |arguments: &str| {
        let script = format!("ulimit -f 8; exec \"$0\" {arguments} < \"$1\"");
        user.runs_program("sh", &["-c", &script, DIVE, &sample()])
    };
    for (arguments, text) in [
        ("--json out.json \"$1\"", "out.json cannot be written: File too large"),
        ("tree -", "standard input: cannot be copied to a temporary file in "),
        ("tree -", "File too large (os error 27); raise `ulimit -f`, or set TMPDIR to a file system that"),
    ] {
        let ran = limited(arguments);
        assert!(ran.error().contains(text), "{}", ran.error());
        assert_eq!(user.sees(), [""; 0], "{arguments}");
        assert_eq!(names(temporary.path()), [""; 0], "{arguments}");
    }
    let ran = user.runs_program("sh", &["-c", "ulimit -f 1; exec \"$0\" --all \"$1\" > out.txt", DIVE, &sample()]);
    assert!(ran.error().starts_with("standard output cannot be written: File too large"), "{}", ran.error());
}

/// `ulimit -n` with an image that needs more open files.
#[test]
fn open_files_limit_is_an_error() {
    let user = User::new();
    let layers = (0..20).fold(image(), |image, at| image.layer(|layer| layer.file(format!("{at}"), format!("{at}"))));
    let tar = layers.archive(Format::OciArchive);
    tar::Archive::new(&tar[..]).unpack(user.file("layout")).unwrap();
    user.runs(&["tree", "layout"]).ends_with(0);
    let ran = user.runs_program("sh", &["-c", "ulimit -n 12; exec \"$0\" tree layout", DIVE]);
    assert!(ran.error().contains("Too many open files"), "{}", ran.error());
    assert_eq!(files_below(&user.home("")), [""; 0]);
}

/// Tokio panics if it cannot open its files.
#[cfg(feature = "registry")]
#[test]
fn open_files_limit_is_an_error_for_a_registry() {
    let user = User::new();
    for files in 5..16 {
        let script = format!("ulimit -n {files}; exec \"$0\" tree registry://127.0.0.1:1/x");
        let ran = user.runs_program("sh", &["-c", &script, DIVE]);
        assert!(ran.code == 2 && !ran.stderr.contains("panicked"), "{files} files: {}", ran.stderr);
    }
}
