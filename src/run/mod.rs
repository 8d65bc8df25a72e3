//! The commands: find the image, read it, analyze it, and write a report. Only this module uses the terminal, the environment and
//! output files.

mod access;
mod advise;
mod base;
mod baseline;
mod below_folder;
mod build;
mod build_arguments;
mod builder;
mod cache;
mod commands;
mod environment;
mod explore;
mod followed;
mod gate;
mod init;
mod invocation;
mod line_documents;
mod log;
mod many;
mod opening;
mod outcome;
mod output;
mod overwriting;
mod progress;
mod report_output;
#[cfg(feature = "tui")]
mod screen;
#[cfg(feature = "testing")]
pub mod testing;
mod tree;
mod visible;

use std::ffi::OsStr;
#[cfg(unix)]
use std::sync::Arc;

use anyhow::bail;
use tracing::{error, info};

use crate::cli::{self, Cli, Command};
use crate::config::{self, ConfigError, RulesFile};
use crate::report::Rows;
use access::Subject;
use dive_sources::without_login;
use explore::explore;
use invocation::Invocation;
pub use outcome::Outcome;
use output::Notices;
pub use output::say;
use report_output::{DockerfileArgument, ReportArgs};

/// Runs the command line.
///
/// # Errors
/// If dive could not do its work: exit code 2.
pub fn run(cli: Cli) -> anyhow::Result<Outcome> {
    handle_file_size_signal();
    let notices = Notices::of(&cli.opening);
    let ended = execute(cli);
    match &ended {
        Ok(Outcome::Passed) => info!("done"),
        Ok(Outcome::RuleFailed) => info!("done: a rule failed"),
        Ok(Outcome::ImageUnread) => info!("done: an image could not be read"),
        Ok(Outcome::BuildFailed(code)) => info!("done: the build failed with exit code {code}"),
        Err(error) => error!("{error:#}"),
    }
    notices.warn_all(log::lost().map(|problem| format!("the log is incomplete: {problem}")));
    ended
}

/// The messages of an error: one for each mistake in a configuration, else the failed step and its causes.
#[must_use]
pub fn messages(error: &anyhow::Error) -> Vec<String> {
    match error.downcast_ref::<ConfigError>() {
        Some(ConfigError::Mistakes(mistakes)) => mistakes.messages(),
        _ => vec![format!("{error:#}")],
    }
}

/// Makes a write beyond the file size limit (`ulimit -f`) fail as on a full disk, where the signal would leave a temporary
/// file behind. The signal is handled, not ignored, because child processes would inherit that.
fn handle_file_size_signal() {
    #[cfg(unix)]
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default()) {
        tracing::debug!("SIGXFSZ cannot be handled: {error}");
    }
}

fn execute(cli: Cli) -> anyhow::Result<Outcome> {
    let Cli { images, opening, many, ci, json, summary, base, dockerfile, all, command } = cli;
    if command.is_some() {
        if let Some(image) = images.first() {
            let image = without_login(&image.to_string_lossy());
            bail!("unexpected argument {image} before a command; see dive --help");
        }
        let explores = json.is_some() || summary.is_some() || base.is_some() || dockerfile.is_some() || ci.is_given();
        if explores && !matches!(command, Some(Command::Build { .. })) {
            bail!(
                "--json, --summary, --base, --dockerfile, --ci and the rules need an image to explore, not a command; see dive --help"
            );
        }
        if many.are_given() {
            bail!("--from, --compose and --all-images name images to explore, not a command; see dive --help");
        }
    }
    let dockerfile = dockerfile.map(DockerfileArgument::Named);
    let report = ReportArgs { json, summary, base, dockerfile, rows: if all { Rows::Files } else { Rows::Groups } };
    let environment = environment::of_process();
    match command {
        None => {
            if let Some(message) = cli::mistyped_command(&images) {
                bail!(message);
            }
            if many::are_named(&images, &many) {
                let invocation = explore::invocation(opening, environment, &ci, &report)?;
                invocation.begin("opens", OsStr::new("several images"));
                return many::explore(&images, &many, invocation, &ci, report);
            }
            let Some(image) = images.first() else {
                bail!("no image given; try `dive NAME`, `dive FILE`, `docker save NAME | dive -` or `dive --help`");
            };
            let invocation = explore::invocation(opening, environment, &ci, &report)?;
            invocation.begin("opens", image);
            return explore(Subject::Named(image), &invocation, &ci, report);
        }
        Some(Command::Build { arguments }) => {
            let invocation = explore::invocation(opening, environment, &ci, &report)?;
            return build::run(&arguments, &invocation, &ci, report);
        }
        Some(Command::Advise(arguments)) => advise::run(&arguments, &Invocation::new(opening, environment)?)?,
        Some(Command::Init(arguments)) => init::run(&arguments, &Invocation::new(opening, environment)?)?,
        Some(Command::Tree(arguments)) => tree::run(&arguments, &Invocation::new(opening, environment)?)?,
        Some(Command::Config { .. }) => {
            let Invocation { mut config, environment, notices, .. } = Invocation::new(opening, environment)?;
            notices.warn_all(&config.warnings);
            let rules = RulesFile::load(&environment, &config.ci_config, &config.discovery)?;
            notices.warn_all(&rules.warnings);
            config.rules = rules.limits.clone().over(config.rules);
            output::print(|out| {
                out.write_all(config::render(&config).as_bytes())?;
                out.write_all(config::render_beside_rules(&rules).as_bytes())?;
                let files = dive_sources::registry_files(&environment);
                out.write_all(config::render_registry_files(&files).as_bytes())
            })?;
        }
        Some(Command::Cache { action }) => cache::run(action, &environment)?,
        Some(Command::Completion { shell }) => {
            output::print(|out| out.write_all(cli::completion_script(shell).as_bytes()))?;
        }
        Some(Command::Version) => output::print(|out| writeln!(out, "dive {}", env!("CARGO_PKG_VERSION")))?,
    }
    Ok(Outcome::Passed)
}
