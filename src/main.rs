//! The command `dive`: parse, run, exit code.

use std::process::ExitCode;

use dive::cli::Cli;
use dive::run::{Outcome, messages, run, say};

/// musl's own allocator serves one thread at a time, so parallel scans would wait for it.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::of_process()) {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::RuleFailed) => ExitCode::from(1),
        Ok(Outcome::BuildFailed(code)) => ExitCode::from(code),
        Err(error) => {
            for message in messages(&error) {
                say(&format!("dive: error: {message}"));
            }
            ExitCode::from(2)
        }
    }
}
