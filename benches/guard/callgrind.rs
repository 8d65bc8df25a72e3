//! Instructions of the program, from start to exit, counted by valgrind's callgrind.

use std::path::Path;
use std::process::{Command, Stdio};

/// valgrind's version, or `None` if it is not installed.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The output of a headless run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// The CI verdict and the report.
    Report,
    /// The same and the JSON document, which costs several times as much as everything else.
    Json,
}

/// Counts the instructions of a headless run of `program`, with one thread and without user configuration.
pub(crate) fn instructions(program: &Path, archive: &Path, output: Output) -> u64 {
    let arguments: &[&str] = match output {
        Output::Report => &[],
        Output::Json => &["--json", "/dev/null"],
    };
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("callgrind.log");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", log.display()))
        .arg(program)
        .args(arguments)
        .arg(archive)
        .current_dir(home.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("CI", "true")
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("valgrind runs");
    let log = std::fs::read_to_string(log).unwrap_or_default();
    // Exit code 1: the image fails a rule.
    assert!(matches!(status.code(), Some(0 | 1)), "dive under valgrind: {status}\n{log}");
    collected(&log).unwrap_or_else(|| panic!("valgrind's log has no count:\n{log}"))
}

/// Parses `==1234== Collected : 56789`.
fn collected(log: &str) -> Option<u64> {
    let (_, count) = log.lines().find_map(|line| line.split_once("Collected : "))?;
    count.trim().parse().ok()
}
