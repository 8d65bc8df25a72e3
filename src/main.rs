//! The command `dive`: parse, run, exit code.

use std::process::ExitCode;

use dive::cli::Cli;
use dive::run::{Outcome, messages, run, say};

fn main() -> ExitCode {
    #[cfg(panic = "abort")]
    exit_on_panic();
    match run(Cli::of_process()) {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::RuleFailed) => ExitCode::from(1),
        Ok(Outcome::ImageUnread) => ExitCode::from(2),
        Ok(Outcome::BuildFailed(code)) => ExitCode::from(code),
        Err(error) => {
            for message in messages(&error) {
                say(&format!("dive: error: {message}"));
            }
            ExitCode::from(2)
        }
    }
}

/// Makes a panic end with exit code 2, as any failure of dive does, instead of SIGABRT. Hooks that are set later run first: they
/// restore the terminal and write the log.
#[cfg(panic = "abort")]
fn exit_on_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::exit(2);
    }));
}
