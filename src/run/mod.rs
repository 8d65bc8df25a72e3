//! What each command does: find the image, read it, compute, hand the findings to a report. Everything that touches the
//! terminal, the environment or a file that is written is here.

mod access;
mod below_folder;
mod build;
mod cache;
mod log;
mod opening;
mod output;
mod progress;
mod screen;

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::CommandFactory;
use tracing::{error, info};

use crate::analysis::Analysis;
use crate::ci::{self, Rule, Rules};
use crate::cli::{CiArgs, Cli, Command, ListingFormat, OpeningArgs, TreeArgs};
use crate::config::{self, Config, Origin, RuleLimits, RulesFile, Setting, Surroundings};
use crate::layer::LayerIndex;
use crate::report::listing::{self, Format};
use crate::report::text::{self, Colour, Look, RulesFrom, Ruling};
use crate::report::{Findings, json};
use crate::source::{self, ContainerEngine, PullPolicy, SourceKind};
use crate::tree::Loaded;
use access::Mode;
use build::Built;
use opening::{Opening, open_headless};
pub use output::say;
use output::{JsonTarget, Notices};

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
    let Cli { image, mut opening, ci, json, command } = cli;
    if command.is_some() {
        if let Some(image) = &image {
            bail!("{} stands before a command; see dive --help", image.display());
        }
        if (json.is_some() || ci.is_given()) && !matches!(command, Some(Command::Build { .. })) {
            bail!("--json, --ci and the rules go with an image to explore, not with a command; see dive --help");
        }
    }
    let surroundings = || Surroundings::of_process().context("the working directory cannot be told");
    match command {
        Some(Command::Version) => output::print(|out| writeln!(out, "dive {}", env!("CARGO_PKG_VERSION")))?,
        Some(Command::Completion { shell }) => output::print(|out| {
            clap_complete::generate(shell, &mut Cli::command(), "dive", out);
            Ok(())
        })?,
        Some(Command::Config { .. }) => {
            let config = configure(&surroundings()?, &mut opening)?;
            Notices::of(&opening).warn_all(&config.warnings);
            output::print(|out| out.write_all(config::render(&config).as_bytes()))?;
        }
        Some(Command::Cache { action }) => cache::run(action)?,
        Some(Command::Build { arguments }) => {
            let around = surroundings()?;
            let config = configure(&around, &mut opening)?;
            let notices = Notices::of(&opening);
            let engine = match opening.source {
                None => config.container_engine.value,
                Some(SourceKind::Engine(engine)) => engine,
                Some(_) => bail!("`dive build` builds with docker or podman: --source docker or --source podman"),
            };
            begin("builds", OsStr::new(engine.command()), &config, &around, notices);
            // Podman builds without its service, which is what an image is asked of: better said before than after.
            if engine == ContainerEngine::Podman {
                let access = access::of(&opening, &config, Mode::Plain);
                source::reach(engine, &access)
                    .context("what is built could not be looked into, so nothing was built")?;
            }
            return match build::build(engine, &arguments, notices)? {
                Built::Failed(code) => Ok(Outcome::BuildFailed(code)),
                Built::Image(id) => {
                    // No registry knows it by its id.
                    let opening = OpeningArgs { pull: Some(PullPolicy::Never), ..opening };
                    explore(&build::reference(engine, &id), &opening, &ci, json, &config, &around)
                }
            };
        }
        Some(Command::Tree(arguments)) => {
            let around = surroundings()?;
            let config = configure(&around, &mut opening)?;
            let notices = Notices::of(&opening);
            begin("lists", &arguments.image, &config, &around, notices);
            list(&arguments, &opening, &config)?;
        }
        None => {
            let Some(image) = image else {
                bail!("no image given; try `dive NAME`, `dive FILE`, `docker save NAME | dive -` or `dive --help`");
            };
            let around = surroundings()?;
            let config = configure(&around, &mut opening)?;
            let notices = Notices::of(&opening);
            begin("opens", &image, &config, &around, notices);
            return explore(&image, &opening, &ci, json, &config, &around);
        }
    }
    Ok(Outcome::Passed)
}

/// The configuration under the flags, and the flags with what the configuration sets in their place.
fn configure(around: &Surroundings, opening: &mut OpeningArgs) -> anyhow::Result<Config> {
    let mut config = Config::load(around, opening.config.as_deref())?;
    if opening.ignore_errors {
        config.ignore_errors = Setting::by_flag(true, "--ignore-errors");
    }
    if let Some(pull) = opening.pull {
        config.pull = Setting::by_flag(Some(pull), "--pull");
    }
    opening.pull = config.pull.value;
    opening.quiet |= config.log.quiet.value && opening.verbose == 0;
    Ok(config)
}

/// Starts the log of a command that `does` something to an image.
///
/// Without its log the command goes on: what it finds is what was asked for, and the verdict of a pipeline must not hang on
/// whether a file beside it can be written.
fn begin(does: &str, image: &OsStr, config: &Config, around: &Surroundings, notices: Notices) {
    let no_log = log::start(&config.log, &around.working_dir).err();
    info!("dive {} {does} {} in {}", env!("CARGO_PKG_VERSION"), image.display(), around.working_dir.display());
    notices.warn_all(no_log);
    notices.warn_all(&config.warnings);
}

fn explore(
    argument: &OsStr,
    opening: &OpeningArgs,
    ci: &CiArgs,
    json: Option<PathBuf>,
    config: &Config,
    around: &Surroundings,
) -> anyhow::Result<Outcome> {
    let notices = Notices::of(opening);
    let json = JsonTarget::wanted(json, config, around);
    let ci_mode = ci.ci.unwrap_or(config.ci.value);
    // Before the image: a mistake in the rules is told at once, not after a minute of reading.
    let rules = if ci_mode { Some(rules(ci, config, around, notices)?) } else { None };
    if !ci_mode && ci.sets_rules() {
        notices.note("rules are only looked at in CI mode: add --ci");
    }
    let mode = if ci_mode { Mode::Ci } else { Mode::Plain };
    let plan = Opening::new(argument, opening, config, mode)?;
    if !ci_mode && json.is_none() && is_screen(around) {
        return screen::show(plan, config, around).map(|()| Outcome::Passed);
    }
    let (image, loaded) = open_headless(&plan, notices)?;
    let start = Instant::now();
    let analysis = Analysis::of(&loaded.tree);
    info!("analysed in {:.1?}", start.elapsed());
    let findings = Findings { image: &image, loaded: &loaded, analysis: &analysis };
    let verdict = rules.as_ref().map(|(rules, _)| ci::evaluate(&analysis, rules));

    if let Some(target) = &json {
        target.write(|out| json::render(findings, out))?;
    }
    let passed = verdict.as_ref().is_none_or(ci::Verdict::passed);
    let ruling = verdict.as_ref().zip(rules.as_ref());
    let ruling = ruling.map(|(verdict, (rules, file))| Ruling { rules_file: origin(rules, file.as_ref()), verdict });
    match (&json, &ruling) {
        // One stream cannot hold both: whoever reads the document gets it whole.
        (Some(JsonTarget::Stdout), Some(_)) => {
            let look = look(around, &io::stderr());
            output::print_error(|out| text::render(findings, ruling, look, out))?;
        }
        (Some(_), None) => {}
        _ => {
            let look = look(around, &io::stdout());
            output::print(|out| text::render(findings, ruling, look, out))?;
        }
    }
    Ok(if passed { Outcome::Passed } else { Outcome::RuleFailed })
}

/// Whether somebody sits at a terminal that can hold a screen.
fn is_screen(around: &Surroundings) -> bool {
    io::stdout().is_terminal() && around.term.as_ref().is_none_or(|term| term != "dumb")
}

/// How a report looks on `stream`.
fn look(around: &Surroundings, stream: &impl IsTerminal) -> Look {
    let terminal = stream.is_terminal();
    // https://no-color.org: set and not empty.
    let unwanted = around.no_color.as_ref().is_some_and(|value| !value.is_empty());
    let colour = if terminal && !unwanted { Colour::Ansi } else { Colour::None };
    let width = terminal_size::terminal_size().filter(|_| terminal);
    Look { colour, width: width.map(|(width, _)| width.0.into()) }
}

/// Whose word the rules are.
fn origin<'a>(rules: &Rules, file: Option<&'a PathBuf>) -> RulesFrom<'a> {
    let mut origins = Rule::ALL.iter().map(|rule| rules.origin(*rule));
    match file {
        Some(file) if origins.any(|origin| matches!(origin, Origin::File { path, .. } if path == file)) => {
            RulesFrom::File(file)
        }
        Some(file) => RulesFrom::SilentFile(file),
        None if origins.all(|origin| *origin == Origin::Default) => RulesFrom::Defaults,
        None => RulesFrom::Elsewhere,
    }
}

/// The rules, and the file they were read from, if there is one.
fn rules(
    ci: &CiArgs,
    config: &Config,
    around: &Surroundings,
    notices: Notices,
) -> anyhow::Result<(Rules, Option<PathBuf>)> {
    let named = match &ci.ci_config {
        Some(path) => Setting::by_flag(Some(path.clone()), "--ci-config"),
        None => config.ci_config.clone(),
    };
    let file = RulesFile::load(around, &named)?;
    notices.warn_all(&file.warnings);
    let flags = RuleLimits::from_flags(ci.lowest_efficiency, ci.highest_wasted_bytes, ci.highest_user_wasted_percent);
    Ok((Rules::merge(flags, &file, config), file.path))
}

fn list(arguments: &TreeArgs, opening: &OpeningArgs, config: &Config) -> anyhow::Result<()> {
    let mode = if config.ci.value { Mode::Ci } else { Mode::Plain };
    let plan = Opening::new(&arguments.image, opening, config, mode)?;
    let (_, Loaded { tree, .. }) = open_headless(&plan, Notices::of(opening))?;
    let last = tree.last_layer();
    let layer = match arguments.layer {
        None => last,
        Some(number) => {
            let layer = tree.layers().nth(number);
            if layer.is_none() {
                bail!("there is no layer {number}: the image has {} layers, counted from 0", tree.layer_count());
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
