//! `cargo xtask`: the tasks of this project.

mod rewritten;

use std::path::Path;
use std::process::{Command, ExitCode};

use rewritten::Files;

const HELP: &str = "\
usage: cargo xtask TASK

  ci [STEP...]                 runs all checks, or single steps; `ci --list` lists them
  servers [COMMAND...]         runs a command with test engines and registries, by default all tests (Linux, root)
  docs                         updates the generated parts of the documents
  guard [OPTION...]            compares memory and instructions with benches/guard/figures.json; see `guard --help`
  man FOLDER                   writes the manual pages
  completions FOLDER           writes the completion scripts
  package TARGET FOLDER        builds a release archive, for example for x86_64-unknown-linux-musl
  bless [snapshots|figures]    accepts the current screens and messages, and the guard's figures

`docs` and `bless` print the files that they changed. Review them with `git diff`.
";

/// Working directory of commands: the root of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match perform(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &[&str]) -> Result<(), String> {
    match arguments {
        ["ci", steps @ ..] => run(Command::new(Path::new(ROOT).join(".ci/run")).args(steps)),
        ["servers"] => servers(&["cargo", "test", "--locked"]),
        ["servers", command @ ..] => servers(command),
        ["docs"] => report_changes(&["README.md", "docs"], rewrite_documents),
        ["guard", options @ ..] => guard(options),
        ["man" | "completions", folder] => manual(arguments[0], folder),
        ["package", target, folder] => package(target, folder),
        ["bless"] => bless_snapshots().and_then(|()| bless_figures()),
        ["bless", "snapshots"] => bless_snapshots(),
        ["bless", "figures"] => bless_figures(),
        [] | ["help" | "--help" | "-h"] => {
            eprint!("{HELP}");
            Ok(())
        }
        [..] => Err(format!("`{}` is not a task\n\n{HELP}", arguments.join(" "))),
    }
}

fn servers(command: &[&str]) -> Result<(), String> {
    run(Command::new(Path::new(ROOT).join("tests/servers.sh")).args(command))
}

fn package(target: &str, folder: &str) -> Result<(), String> {
    let folder = std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?;
    run(Command::new(Path::new(ROOT).join("packaging/build.sh")).arg(target).arg(folder))
}

/// Writes manual pages or completions. A relative `folder` is relative to the caller, not to the workspace.
fn manual(kind: &str, folder: &str) -> Result<(), String> {
    let folder = std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?;
    run(cargo().args(["run", "--quiet", "--locked", "--package", "dive-manual", "--", kind]).arg(folder))
}

fn rewrite_documents() -> Result<(), String> {
    // One at a time: two tests write docs/ci.md, and others read what is being written.
    suite(&["documents", "--test-threads=1"], "DIVE_REWRITE_DOCUMENTS", "1")
}

fn bless_snapshots() -> Result<(), String> {
    report_changes(&["tests/suite/snapshots"], || suite(&["messages::", "screen::"], "INSTA_UPDATE", "always"))
}

fn bless_figures() -> Result<(), String> {
    report_changes(&["benches/guard/figures.json"], || guard(&["--write"]))
}

/// Without the features of other benchmarks, so that the guard and the program share one build.
fn guard(options: &[&str]) -> Result<(), String> {
    let guard = ["bench", "--locked", "--package", "dive-benches", "--no-default-features", "--bench", "guard", "--"];
    run(cargo().args(guard).args(options))
}

/// Runs the integration tests that match one of `filters`.
fn suite(filters: &[&str], variable: &str, value: &str) -> Result<(), String> {
    // Tests of the screen must not run in CI mode.
    run(cargo().args(["test", "--locked", "--test", "suite", "--"]).args(filters).env(variable, value).env_remove("CI"))
}

/// Performs a task and prints which of these files and folders it changed.
fn report_changes(paths: &[&str], task: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let read = || Files::read(Path::new(ROOT), paths);
    let before = read()?;
    let done = task();
    eprint!("{}", before.changes(&read()?));
    done
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Removes Cargo's variables about this package: a change of them recompiles ring.
fn forget_this_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    forget_this_package(command);
    match command.current_dir(ROOT).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name} cannot be started: {error}")),
    }
}
