//! Records skipped tests. The harness hides the output of passing tests and counts a skipped one as passed, so each
//! skip is recorded in a file, and the test target `summary`, which runs after this one, counts the records.
//!
//! The records of one `cargo test` are in a folder named after that process, so that other runs do not count.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

/// Records that the current test is skipped because this machine lacks `what`. Fails if `DIVE_TEST_PROGRAMS` lists it: CI sets
/// it to the programs that it installs.
pub(crate) fn note(what: &str, why: &str) {
    let required = std::env::var("DIVE_TEST_PROGRAMS").unwrap_or_default();
    assert!(!required.split(' ').any(|program| program == what), "{what} is missing despite DIVE_TEST_PROGRAMS: {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // The harness would hide the output of eprintln!.
    let _ = writeln!(io::stderr(), "{test}: skipped: no {what}: {why}");
    record(&format!("{test}\t{what}\n")).unwrap_or_else(|error| panic!("a skipped test cannot be recorded: {error}"));
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
