//! Tests that this machine cannot run. The harness hides what a passing test prints and counts a skipped one as passed, so each
//! skip is recorded in a file, and the test target `summary`, which cargo runs after this one, counts the records.
//!
//! The records of one `cargo test` lie in a folder named after that process: neither an earlier run nor one at the same time
//! counts.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

/// Notes that the current test leaves something out, since this machine has no `what`.
pub(crate) fn note(what: &str, why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not eprintln!, whose text the harness hides when a test passes.
    let _ = writeln!(io::stderr(), "{test}: skipped: no {what}: {why}");
    record(&format!("{test}\t{what}\n")).unwrap_or_else(|error| panic!("a skipped test cannot be recorded: {error}"));
}

fn record(line: &str) -> io::Result<()> {
    let folder = folder();
    std::fs::create_dir_all(&folder)?;
    // One write at the end of a file of this process: tests run side by side, and runners may start a process for each.
    let file = folder.join(std::process::id().to_string());
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

/// Where the records of this `cargo test` lie.
pub(crate) fn folder() -> PathBuf {
    root().join(session())
}

/// Where the records of all runs lie.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("skipped")
}

/// The process that runs the test targets. Its number may be used again later, so its start belongs to its name.
#[cfg(unix)]
fn session() -> String {
    let runner = std::os::unix::process::parent_id();
    let stat = std::fs::read_to_string(format!("/proc/{runner}/stat")).unwrap_or_default();
    // The fields after the command's name, in which there may be blanks: the start is the 22nd of all.
    let start = stat.rsplit(')').next().and_then(|fields| fields.split_whitespace().nth(19)).unwrap_or_default();
    format!("{runner}-{start}")
}

#[cfg(not(unix))]
fn session() -> String {
    "any".to_owned()
}
