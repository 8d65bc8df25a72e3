//! How many instructions the program takes, from its start to its end, as valgrind's callgrind counts them.

use std::path::Path;
use std::process::{Command, Stdio};

/// What valgrind calls itself; none where there is none.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a headless run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// The verdict and the report in CI mode.
    Report,
    /// And the JSON document, which takes several times as much as all else.
    Json,
}

/// Of a headless run of `program` on one thread and with nothing of the user's configuration.
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
    // 1 is an image that does not keep the rules.
    assert!(matches!(status.code(), Some(0 | 1)), "dive under valgrind: {status}\n{log}");
    collected(&log).unwrap_or_else(|| panic!("valgrind's log has no count:\n{log}"))
}

/// From `==1234== Collected : 56789`.
fn collected(log: &str) -> Option<u64> {
    let (_, count) = log.lines().find_map(|line| line.split_once("Collected : "))?;
    count.trim().parse().ok()
}
