//! Records skipped tests. The harness hides the output of passing tests and counts a skipped one as passed, so each
//! skip is recorded in a file, and the test target `summary`, which runs after this one, counts the records.
//!
//! The records of one `cargo test` are in a folder named after that process, so that other runs do not count.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

/// Records that the current test is skipped because this machine lacks `what`. Fails if `DIVE_TEST_PROGRAMS` lists it, or if
/// `DIVE_TEST_PROMISES` is set and the test proves a promise: CI sets both.
pub(crate) fn note(what: &str, why: &str) {
    let required = std::env::var("DIVE_TEST_PROGRAMS").unwrap_or_default();
    assert!(!required.split(' ').any(|program| program == what), "{what} is missing despite DIVE_TEST_PROGRAMS: {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    if let Some(mark) = promise_of(&test) {
        let are_required = std::env::var_os("DIVE_TEST_PROMISES").is_some();
        assert!(!are_required, "{test} proves a promise, and is skipped despite DIVE_TEST_PROMISES: no {what}: {why}");
        assert!(mark.starts_with(" (needs "), "docs/security.md does not say what {test} needs: {what}");
    }
    // The harness would hide the output of eprintln!.
    let _ = writeln!(io::stderr(), "{test}: skipped: no {what}: {why}");
    record(&format!("{test}\t{what}\n")).unwrap_or_else(|error| panic!("a skipped test cannot be recorded: {error}"));
}

/// What follows the name of a test in the promises of docs/security.md. `None` if it proves none.
pub(crate) fn promise_of(test: &str) -> Option<String> {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md")).ok()?;
    let function = test.rmatch_indices("::").nth(1).map_or(test, |(at, colons)| &test[at + colons.len()..]);
    document.split_once(&format!("`{function}`")).map(|(_, rest)| rest.to_owned())
}

fn record(line: &str) -> io::Result<()> {
    let folder = folder();
    std::fs::create_dir_all(&folder)?;
    // One append per record, into a file of this process: tests run concurrently, and some runners use a process per
    // test.
    let file = folder.join(std::process::id().to_string());
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

/// The folder with the records of this `cargo test`.
pub(crate) fn folder() -> PathBuf {
    root().join(session())
}

/// The folder with the records of all runs.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("skipped")
}

/// The process that runs the test targets, with its start time, since process ids are reused.
#[cfg(unix)]
fn session() -> String {
    let runner = std::os::unix::process::parent_id();
    let stat = std::fs::read_to_string(format!("/proc/{runner}/stat")).unwrap_or_default();
    // The start time is field 22. The command name, which may contain blanks, ends at the last `)`.
    let start = stat.rsplit(')').next().and_then(|fields| fields.split_whitespace().nth(19)).unwrap_or_default();
    format!("{runner}-{start}")
}

#[cfg(not(unix))]
fn session() -> String {
    "any".to_owned()
}
