//! The command line: one table of flags, from which parsing, help and shell completion come. Values that can be wrong
//! are parsed here, so that nothing is opened before the command line is understood.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use dive_model::image::{ImageSelector, Platform};
use dive_model::units::Bytes;
use dive_sources::{Mirror, PullPolicy, SCHEMES, SourceKind};

mod advise;
mod completion;
mod many;
mod rules;
mod words;

pub use advise::{AdviceFormat, AdviseArgs};
pub use completion::completion_script;
pub use many::ManyArgs;
pub use rules::RuleFlags;
pub use words::{is_verb, mistyped_command};

/// Explore a container image: what each layer changed, which bytes are wasted and why
#[derive(Debug, Parser)]
#[command(
    name = "dive",
    version,
    after_help = AFTER_HELP,
    after_long_help = AFTER_LONG_HELP,
    override_usage = "dive [OPTIONS] IMAGE...\n       dive [OPTIONS] COMMAND"
)]
pub struct Cli {
    /// Image to explore: a name in an engine, a saved archive, an OCI layout directory, or - for standard input
    ///
    /// Without a terminal, dive prints a report. Choose the source with `SOURCE://NAME` or --source SOURCE. Several images are
    /// listed on a terminal; without one, dive prints a report each, then one table.
    #[arg(id = "IMAGE", value_hint = ValueHint::AnyPath)]
    pub images: Vec<OsString>,

    /// Write the analysis as JSON to FILE (- for standard output)
    ///
    /// Outside CI mode, dive then prints no report.
    #[arg(short = 'j', long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Find the lines of FILE that made each layer
    ///
    /// For images without provenance: dive matches the instructions of FILE to the history of the image.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub dockerfile: Option<PathBuf>,

    /// Write a summary as JSON to FILE (- for standard output)
    ///
    /// It lists the layers, the base and the largest groups of waste, in at most 64 kB. Outside CI mode, dive then prints no
    /// report.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,

    /// Compare the image with the image that it was built on
    ///
    /// BASE takes the same forms as IMAGE. Its layers must be the lowest layers of the image. `auto` looks for the base among the
    /// images of the local engine.
    #[arg(long, value_name = "BASE", hide_short_help = true)]
    pub base: Option<OsString>,

    /// List every reclaimable file in the report instead of the largest groups
    #[arg(long)]
    pub all: bool,

    /// Options for opening the image.
    #[command(flatten)]
    pub opening: OpeningArgs,

    /// Options for several images.
    #[command(flatten)]
    pub many: ManyArgs,

    /// Options of CI mode.
    #[command(flatten)]
    pub ci: CiArgs,

    /// A command other than exploring an image.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "`dive --help` explains more options and has examples.";

const AFTER_LONG_HELP: &str = "\
Examples:
  dive nginx:1.27                          an image in Docker
  dive podman://my-app:1.0                 an image in Podman
  dive registry://ghcr.io/team/app:1.0     an image in a registry, without an engine
  dive my-app.tar                          a file that `docker save` wrote
  dive oci:layout:1.0                      an image in a layout directory, by tag
  docker save my-app | dive -              an image from a pipe
  dive build -t my-app .                   build an image and explore it
  CI=true dive my-app:1.0                  check it against the rules in .dive-ci
  dive --json my-app.json my-app:1.0       write the analysis as JSON
  dive tree --changes --layer 3 my-app     list what layer 3 changed
  dive advise my-app:1.0                   say what to write instead in the Dockerfile
  dive --ci web:1.0 worker:1.0 db.tar      check several images, then compare them in one table
  dive --compose compose.yaml              the images of a Compose project

Exit codes: 0 the image passed, 1 a rule failed, 2 dive failed.
CI=true in the environment means --ci. Rules are read from .dive-ci, other settings from .dive.yaml and DIVE_* variables.";

/// The values of `--source`: what completion offers and errors list.
fn source_values() -> impl TypedValueParser<Value = SourceKind> {
    let values = SCHEMES.iter().map(|scheme| {
        let aliases = scheme.aliases.iter().map(|alias| alias.as_str());
        PossibleValue::new(scheme.name.as_str()).aliases(aliases).help(scheme.what)
    });
    PossibleValuesParser::new(values).try_map(|value| value.parse::<SourceKind>())
}

/// The values of `--pull`: what completion offers and errors list.
fn pull_values() -> impl TypedValueParser<Value = PullPolicy> {
    let values = [
        ("missing", "pull if the engine does not have the image"),
        ("always", "pull first, every time"),
        ("never", "do not pull"),
    ];
    PossibleValuesParser::new(values.map(|(name, when)| PossibleValue::new(name).help(when)))
        .try_map(|value| value.parse::<PullPolicy>())
}

/// Options for opening an image.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Opening the image")]
#[allow(clippy::struct_excessive_bools, reason = "flags, each of which stands alone")]
pub struct OpeningArgs {
    /// Source of IMAGE [default: the configured engine, or docker]
    #[arg(long, global = true, value_name = "SOURCE", value_parser = source_values(), ignore_case = true)]
    pub source: Option<SourceKind>,

    /// Choose one of several images in a file, by tag or number (from 0)
    #[arg(long = "image", global = true, value_name = "REF|N")]
    pub selected: Option<ImageSelector>,

    /// Choose one of several platforms [default: linux on this machine's processor]
    ///
    /// OS/ARCH[/VARIANT] or ARCH alone: linux/arm/v7, arm64
    #[arg(long, global = true, value_name = "PLATFORM")]
    pub platform: Option<Platform>,

    /// When to pull an image into an engine: missing, always or never
    ///
    /// [default: missing; on a terminal, dive asks first]
    #[arg(long, global = true, value_name = "WHEN", value_parser = pull_values(), hide_possible_values = true)]
    pub pull: Option<PullPolicy>,

    /// Follow links of a layout directory to files outside of it (Bazel's layouts)
    #[arg(long, global = true, hide_short_help = true)]
    pub follow_links: bool,

    /// Neither read nor write the cache of layers from engines and registries
    #[arg(long, global = true, hide_short_help = true)]
    pub no_cache: bool,

    /// Also trust the certificate authorities in this PEM file, for registries
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub ca_file: Option<PathBuf>,

    /// Accept plain HTTP or any certificate from this registry (repeatable)
    #[arg(
        long = "insecure-registry",
        global = true,
        value_name = "HOST[:PORT]",
        value_parser = dive_sources::host,
        hide_short_help = true
    )]
    pub insecure_registries: Vec<String>,

    /// Try HOST[/PATH] before REGISTRY for the images of REGISTRY (repeatable)
    #[arg(long = "registry-mirror", global = true, value_name = "REGISTRY=HOST", hide_short_help = true)]
    pub mirrors: Vec<Mirror>,

    /// Limit the memory for opening the image [default: 1GiB; 512MiB for an image below 1MB]
    #[arg(long, global = true, value_name = "SIZE", hide_short_help = true)]
    pub max_memory: Option<Bytes>,

    /// Limit the unpacked size of the layers [default: 1100 times the size of the image, at least 1GiB]
    ///
    /// The default for bzip2 is an eighth of that, for xz a quarter.
    #[arg(long, global = true, value_name = "SIZE", hide_short_help = true)]
    pub max_unpacked: Option<Bytes>,

    /// Show the readable part of a damaged image, and report the rest
    #[arg(short = 'i', long, global = true)]
    pub ignore_errors: bool,

    /// Check all layers and documents against their digests
    ///
    /// Reads every layer in full, without the cache. A mismatch ends dive with exit code 2.
    #[arg(long, global = true)]
    pub verify: bool,

    /// Read the configuration from FILE
    #[arg(short = 'c', long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print no progress, notices or warnings
    #[arg(short = 'q', long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print all warnings, not just ten; `dive -v` prints the version
    #[arg(short = 'v', long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// Options of CI mode.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "CI mode")]
pub struct CiArgs {
    /// Check the image against the rules
    ///
    /// The exit code is the verdict. --ci=false overrides CI in the environment.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub ci: Option<bool>,

    /// Read the rules from FILE instead of .dive-ci
    #[arg(long, value_name = "FILE")]
    pub ci_config: Option<PathBuf>,

    /// In CI mode, compare the image with an earlier one, whose summary is FILE
    ///
    /// `dive --summary FILE IMAGE` writes it. The rules on growth need it.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub baseline: Option<PathBuf>,

    /// The limits of the rules.
    #[command(flatten)]
    pub rules: RuleFlags,
}

impl Cli {
    /// Reads the command line.
    ///
    /// Ends the process as clap does: after `--help`, or with an error.
    #[must_use]
    pub fn of_process() -> Self {
        // Built once: `try_parse_from` would build it again.
        let mut command = Self::command();
        let arguments = words::normalise(&command, std::env::args_os().collect());
        let parsed = command.try_get_matches_from_mut(&arguments);
        let parsed = parsed.and_then(|mut matches| {
            Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
        });
        parsed.unwrap_or_else(|error| words::exit_with(&words::explain(error, &arguments), &arguments))
    }
}

/// Options that dive shares with `docker build` or `podman build`.
const SHARED_WITH_BUILDERS: [&str; 9] =
    ["--help", "--no-cache", "--platform", "--pull", "--quiet", "-c", "-h", "-q", "-v"];

/// The first option among a builder's arguments that only dive has, with its value: `--json out.json`.
#[must_use]
pub fn misplaced_option(arguments: &[OsString]) -> Option<String> {
    let command = Cli::command();
    let is_only_dives = |argument: &OsString| argument.to_str().is_some_and(|text| is_only_dives(&command, text));
    let at = arguments.iter().position(is_only_dives)?;
    let length = if words::takes_next(&command, &arguments[at]) { 2 } else { 1 };
    let words: Vec<_> = arguments[at..].iter().take(length).map(|word| word.to_string_lossy()).collect();
    Some(words.join(" "))
}

/// True if `argument`, in any form (`--ci=false`, `-jout.json`), is an option of dive that no builder has.
fn is_only_dives(command: &clap::Command, argument: &str) -> bool {
    let is_shared = SHARED_WITH_BUILDERS.iter().any(|shared| {
        if shared.starts_with("--") { argument.split('=').next() == Some(shared) } else { argument.starts_with(shared) }
    });
    !is_shared && words::option(command, argument).is_some()
}

impl CiArgs {
    /// True if any of these flags is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.ci.is_some() || self.sets_rules()
    }

    /// True if any flag is given that has an effect only in CI mode.
    #[must_use]
    pub fn sets_rules(&self) -> bool {
        self.ci_config.is_some() || self.baseline.is_some() || self.rules.are_given()
    }
}

/// The commands besides exploring an image.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the file system of an image, or what a layer changed
    Tree(TreeArgs),
    /// Say what to write instead in the Dockerfile, with the bytes that it saves
    Advise(AdviseArgs),
    /// Write a .dive-ci that the image passes, with 10 % headroom
    Init(InitArgs),
    /// Print the effective configuration, with the source of each value
    #[command(args = hidden_except(&KEYS_OF_THE_CONFIGURATION))]
    Config {
        /// Accepted for compatibility with dive; has no effect
        #[arg(long)]
        load: bool,
    },
    /// Print a completion script for SHELL
    #[command(args = hidden_except(&[]))]
    Completion {
        /// Shell that runs the script
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the version
    #[command(args = hidden_except(&[]))]
    Version,
    /// Show or clear the cache of layers from engines and registries
    #[command(args = hidden_except(&[]))]
    Cache {
        /// The action; by default, the cache is shown.
        #[command(subcommand)]
        action: Option<CacheAction>,
    },
    /// Build an image with docker or podman, and explore it
    ///
    /// Arguments after `build` go to `docker build`, or to `podman build` with --source podman or `container-engine: podman`. Options of dive come before `build`: dive --ci build -t my-app .
    #[command(override_usage = "dive [OPTIONS] build ARGUMENTS")]
    Build {
        /// Arguments for `docker build`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS", value_hint = ValueHint::AnyPath)]
        arguments: Vec<OsString>,
    },
}

/// The options for opening an image that also change what `dive config` prints.
const KEYS_OF_THE_CONFIGURATION: [&str; 11] = [
    "pull",
    "ca_file",
    "insecure_registries",
    "mirrors",
    "max_memory",
    "max_unpacked",
    "ignore_errors",
    "verify",
    "config",
    "quiet",
    "verbose",
];

/// The options for opening an image, hidden, except those that have an effect on a command.
///
/// clap adds global options to every command, but not over options of the same id, so a command with these still accepts all options,
/// and its help, manual page and completions list only those that it uses.
fn hidden_except(used: &[&str]) -> Vec<clap::Arg> {
    let all = OpeningArgs::augment_args(clap::Command::new("dive"));
    let unused = all.get_arguments().filter(|option| !used.contains(&option.get_id().as_str()));
    unused.map(|option| option.clone().hide(true)).collect()
}

/// Actions of `dive cache`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum CacheAction {
    /// Delete all cached images and layers
    Clear,
}

/// Options of `dive tree`.
#[derive(Debug, Args)]
pub struct TreeArgs {
    /// Image to list, named as in `dive IMAGE`
    #[arg(id = "TREE_IMAGE", value_name = "IMAGE")]
    pub image: OsString,

    /// Layer to list, from 0 [default: the last]
    #[arg(long, value_name = "N")]
    pub layer: Option<usize>,

    /// List what layer N changed, as `docker diff` does; without --layer, what all layers after the first changed
    #[arg(long)]
    pub changes: bool,

    /// Format of the rows
    #[arg(long, value_enum, default_value_t = ListingFormat::Text, conflicts_with = "changes")]
    pub format: ListingFormat,
}

/// What `dive init` writes.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Image to take the numbers of, named as in `dive IMAGE`
    #[arg(id = "INIT_IMAGE", value_name = "IMAGE")]
    pub image: OsString,

    /// The image, if `--baseline` was given a file
    #[arg(id = "INIT_SURPLUS", hide = true)]
    pub surplus: Option<OsString>,

    /// Also write the image's summary to dive-baseline.json, and limit the growth since then
    #[arg(long)]
    baseline: bool,
}

/// Whether `dive init` writes a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitBaseline {
    /// A baseline is written.
    Written,
    /// No baseline is written.
    Left,
}

impl InitArgs {
    /// Whether to write a baseline.
    #[must_use]
    pub const fn baseline(&self) -> InitBaseline {
        if self.baseline { InitBaseline::Written } else { InitBaseline::Left }
    }
}

/// Formats of `dive tree`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListingFormat {
    /// Permissions, owner, size, path
    Text,
    /// Path, type, size, mode, uid:gid and link target, separated by tabs; control bytes are escaped
    Tsv,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `dive build --ci .` fails in the builder, and the hint must name the option that belongs before `build`.
    #[test]
    fn options_that_only_dive_has_are_those_of_the_command_line() {
        for own in ["--ci", "--ci=false", "-j", "-jout.json", "--source=podman", "--lowest-efficiency", "--image", "-i"]
        {
            assert!(is_only_dives(&Cli::command(), own), "{own}");
        }
        for other in ["-t", "--tag=x", ".", "-", "--", "--platform=linux/arm64", "-q", "--quiet", "-f", "--help"] {
            assert!(!is_only_dives(&Cli::command(), other), "{other}");
        }
        let misplaced = |line: &str| misplaced_option(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for (line, option) in [
            ("-t x --source podman .", "--source podman"),
            ("--json=out.json .", "--json=out.json"),
            ("-t x . -j", "-j"),
            ("--ci .", "--ci"),
        ] {
            assert_eq!(misplaced(line).as_deref(), Some(option), "{line}");
        }
        assert_eq!(misplaced("-t x --platform y ."), None);
        let mut command = Cli::command();
        command.build();
        for shared in SHARED_WITH_BUILDERS {
            assert!(words::option(&command, shared).is_some(), "{shared} is no option of dive");
        }
    }
}
