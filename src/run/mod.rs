//! What each command does: find the image, read it, compute, hand the findings to a report. Everything that touches the
//! terminal, the environment or a file that is written is here.

mod access;
mod below_folder;
mod build;
mod build_arguments;
mod cache;
mod environment;
mod explore;
mod log;
mod opening;
mod output;
mod progress;
#[cfg(feature = "tui")]
mod screen;
#[cfg(not(feature = "tui"))]
#[path = "no_screen.rs"]
mod screen;

use std::ffi::OsStr;

use anyhow::bail;
use clap::CommandFactory;
use tracing::{error, info};

use crate::cli::{Cli, Command, ListingFormat, OpeningArgs, TreeArgs};
use crate::config::{self, Config, Setting};
use crate::report::Rows;
use crate::report::listing::{self, Format};
use access::{Mode, Subject};
use build::Built;
use dive_model::layer::LayerIndex;
use dive_sources::{Environment, SourceKind};
use explore::{ReportArgs, explore};
use opening::{Opening, open_headless};
use output::Notices;
pub use output::say;

/// How a command that did its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing failed.
    Passed,
    /// The image broke a rule.
    RuleFailed,
    /// `dive build`: there is no image, for the builder ended with this exit code.
    BuildFailed(u8),
}

/// Does what the command line says.
///
/// # Errors
/// When dive could not do its work: exit code 2.
pub fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let notices = Notices::of(&cli.opening);
    let ended = carry_out(cli);
    match &ended {
        Ok(Outcome::Passed) => info!("done"),
        Ok(Outcome::RuleFailed) => info!("done: the image broke a rule"),
        Ok(Outcome::BuildFailed(code)) => info!("done: the build failed with exit code {code}"),
        Err(error) => error!("{error:#}"),
    }
    notices.warn_all(log::lost().map(|problem| format!("the log is not whole: {problem}")));
    ended
}

fn carry_out(cli: Cli) -> anyhow::Result<Outcome> {
    let Cli { image, mut opening, ci, json, all, command } = cli;
    let report = ReportArgs { json: json.clone(), rows: if all { Rows::Files } else { Rows::Groups } };
    if command.is_some() {
        if let Some(image) = &image {
            bail!("unexpected argument {} before a command; see dive --help", image.display());
        }
        if (json.is_some() || ci.is_given()) && !matches!(command, Some(Command::Build { .. })) {
            bail!("--json, --ci and the rules need an image to explore, not a command; see dive --help");
        }
    }
    let environment = environment::of_process();
    match command {
        Some(Command::Version) => output::print(|out| writeln!(out, "dive {}", env!("CARGO_PKG_VERSION")))?,
        Some(Command::Completion { shell }) => output::print(|out| {
            clap_complete::generate(shell, &mut Cli::command(), "dive", out);
            Ok(())
        })?,
        Some(Command::Config { .. }) => {
            let config = configure(&environment::in_working_dir(environment)?, &mut opening)?;
            Notices::of(&opening).warn_all(&config.warnings);
            output::print(|out| out.write_all(config::render(&config).as_bytes()))?;
        }
        Some(Command::Cache { action }) => cache::run(action, &environment)?,
        Some(Command::Build { arguments }) => {
            let environment = environment::in_working_dir(environment)?;
            let config = configure(&environment, &mut opening)?;
            let notices = Notices::of(&opening);
            let engine = match opening.source {
                None => config.container_engine.value,
                Some(SourceKind::Engine(engine)) => engine,
                Some(_) => bail!("`dive build` builds with docker or podman: --source docker or --source podman"),
            };
            // Before the build: it may take an hour.
            SourceKind::Engine(engine).require()?;
            begin("builds", OsStr::new(engine.command()), &config, &environment, notices);
            return match build::build(engine, &arguments, notices)? {
                Built::Failed(code) => Ok(Outcome::BuildFailed(code)),
                Built::Image(id) => {
                    let image = build::reference(engine, &id);
                    explore(Subject::Built(&image), &opening, &ci, report, &config, &environment)
                }
            };
        }
        Some(Command::Tree(arguments)) => {
            let environment = environment::in_working_dir(environment)?;
            let config = configure(&environment, &mut opening)?;
            let notices = Notices::of(&opening);
            begin("lists", &arguments.image, &config, &environment, notices);
            list(&arguments, &opening, &config, &environment)?;
        }
        None => {
            let Some(image) = image else {
                bail!("no image given; try `dive NAME`, `dive FILE`, `docker save NAME | dive -` or `dive --help`");
            };
            let environment = environment::in_working_dir(environment)?;
            let config = configure(&environment, &mut opening)?;
            let notices = Notices::of(&opening);
            begin("opens", &image, &config, &environment, notices);
            return explore(Subject::Named(&image), &opening, &ci, report, &config, &environment);
        }
    }
    Ok(Outcome::Passed)
}

/// The configuration under the flags, and the flags with what the configuration sets in their place.
fn configure(environment: &Environment, opening: &mut OpeningArgs) -> anyhow::Result<Config> {
    let mut config = Config::load(environment, opening.config.as_deref())?;
    if opening.ignore_errors {
        config.ignore_errors = Setting::by_flag(true, "--ignore-errors");
    }
    if let Some(pull) = opening.pull {
        config.pull = Setting::by_flag(Some(pull), "--pull");
    }
    opening.quiet |= config.log.quiet.value && opening.verbose == 0;
    Ok(config)
}

/// Starts the log of a command that `does` something to an image.
///
/// Without its log the command goes on: what it finds is what was asked for, and the verdict of a pipeline must not hang on
/// whether a file beside it can be written.
fn begin(does: &str, image: &OsStr, config: &Config, environment: &Environment, notices: Notices) {
    let no_log = log::start(&config.log, &environment.working_dir).err();
    info!("dive {} {does} {} in {}", env!("CARGO_PKG_VERSION"), image.display(), environment.working_dir.display());
    notices.warn_all(no_log);
    notices.warn_all(&config.warnings);
}

fn list(arguments: &TreeArgs, opening: &OpeningArgs, config: &Config, environment: &Environment) -> anyhow::Result<()> {
    let mode = if config.ci.value { Mode::Ci } else { Mode::Plain };
    let plan = Opening::new(Subject::Named(&arguments.image), opening, config, environment, mode)?;
    let tree = open_headless(&plan, Notices::of(opening))?.loaded.tree;
    let last = tree.last_layer();
    let layer = match arguments.layer {
        None => last,
        Some(number) => {
            let layer = tree.layers().nth(number);
            if layer.is_none() {
                bail!("no layer {number}: the image has {} layers, numbered from 0", tree.layer_count());
            }
            layer
        }
    };
    // An image without layers shows an empty file system.
    let Some(layer) = layer else { return Ok(()) };
    output::print(|out| {
        if arguments.changes {
            let below = layer.get().checked_sub(1).and_then(LayerIndex::new);
            let base = if arguments.layer.is_some() { below } else { Some(LayerIndex::BASE) };
            return listing::changes(&tree, base, layer, out);
        }
        let format = match arguments.format {
            ListingFormat::Text => Format::Text,
            ListingFormat::Tsv => Format::Tsv,
        };
        listing::files(&tree, layer, format, out)
    })
}
