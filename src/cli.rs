//! The command line: one table of flags, from which parsing, help and shell completion come. Values that can be wrong
//! are parsed here, so that nothing is opened before the command line is understood.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::Limit;
use crate::image::{ImageSelector, Platform};
use crate::source::SourceKind;
use crate::units::{Bytes, Ratio};

/// Explore a container image: what each layer changed, which bytes are wasted and why
#[derive(Debug, Parser)]
#[command(
    name = "dive",
    version,
    after_help = AFTER_HELP,
    override_usage = "dive [OPTIONS] IMAGE\n       dive [OPTIONS] COMMAND"
)]
pub struct Cli {
    /// Image to explore, or to report on without a terminal: a saved archive (docker save, podman save, skopeo), an OCI layout directory, or - for standard input
    #[arg(id = "IMAGE")]
    pub image: Option<OsString>,

    /// Write the analysis as JSON to FILE (- for standard output); outside CI mode, nothing else is written
    #[arg(short = 'j', long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Where the image comes from and how much is said about it.
    #[command(flatten)]
    pub opening: OpeningArgs,

    /// The rules.
    #[command(flatten)]
    pub ci: CiArgs,

    /// What to do, if not to explore an image.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "Exit codes: 0 the image passed, 1 a rule failed, 2 dive could not do its work.\n\
    CI=true in the environment is --ci. Rules are read from .dive-ci, other settings from .dive.yaml and DIVE_* \
    variables.";

/// How an image is found and read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Opening the image")]
pub struct OpeningArgs {
    /// Kind of IMAGE: docker-archive, oci-archive, oci-dir (told apart by what it holds); docker, podman (not there yet)
    #[arg(long, global = true, value_name = "KIND")]
    pub source: Option<SourceKind>,

    /// If the file holds several images, use this tag or number (from 0)
    #[arg(long = "image", global = true, value_name = "REF|N")]
    pub selected: Option<ImageSelector>,

    /// If the image is there for several platforms, use this one [default: this machine's]
    #[arg(long, global = true, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// Show what can be shown of a damaged image, and report the rest
    #[arg(short = 'i', long, global = true)]
    pub ignore_errors: bool,

    /// Read the configuration from FILE
    #[arg(short = 'c', long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print only results and errors: no progress, notices or warnings
    #[arg(short = 'q', long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Show all warnings, not just the first ones
    #[arg(short = 'v', long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// What an image is held to.
#[derive(Debug, Args)]
#[command(next_help_heading = "CI mode")]
pub struct CiArgs {
    /// Check the image against the rules; the exit code says the result. --ci=false overrules CI in the environment
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub ci: Option<bool>,

    /// Read the rules from FILE instead of .dive-ci
    #[arg(long, value_name = "FILE")]
    pub ci_config: Option<PathBuf>,

    /// Fail if the efficiency (0 to 1) is below RATIO, or `disabled` [default: 0.9]
    #[arg(long = "lowestEfficiency", alias = "lowest-efficiency", value_name = "RATIO")]
    pub lowest_efficiency: Option<Limit<Ratio>>,

    /// Fail if SIZE bytes or more (20MB, 20MiB) are wasted, or `disabled` [default: disabled]
    #[arg(long = "highestWastedBytes", alias = "highest-wasted-bytes", value_name = "SIZE")]
    pub highest_wasted_bytes: Option<Limit<Bytes>>,

    /// Fail if this share (0 to 1) or more of the bytes above the base layer is wasted, or `disabled` [default: 0.1]
    #[arg(long = "highestUserWastedPercent", alias = "highest-user-wasted-percent", value_name = "RATIO")]
    pub highest_user_wasted_percent: Option<Limit<Ratio>>,
}

impl CiArgs {
    /// Whether any of these flags was given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.ci.is_some() || self.sets_rules()
    }

    /// Whether any of the flags that mean something in CI mode only was given.
    #[must_use]
    pub fn sets_rules(&self) -> bool {
        self.ci_config.is_some()
            || self.lowest_efficiency.is_some()
            || self.highest_wasted_bytes.is_some()
            || self.highest_user_wasted_percent.is_some()
    }
}

/// What else dive does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the file system of an image, or what a layer changed
    Tree(TreeArgs),
    /// Print the effective configuration, with the source of each value
    Config,
    /// Print a completion script for SHELL
    Completion {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the version
    Version,
    /// Build an image and explore it (not there yet)
    Build {
        /// What `docker build` would be given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<OsString>,
    },
}

/// What `dive tree` lists.
#[derive(Debug, Args)]
pub struct TreeArgs {
    /// Image to explore, or to report on without a terminal: a saved archive, an OCI layout directory, or - for standard input
    #[arg(id = "TREE_IMAGE", value_name = "IMAGE")]
    pub image: OsString,

    /// As of layer N, from 0 [default: the last]
    #[arg(long, value_name = "N")]
    pub layer: Option<usize>,

    /// List what changed, as `docker diff` does: by layer N, or without --layer by all layers since the first
    #[arg(long)]
    pub changes: bool,

    /// How rows look
    #[arg(long, value_enum, default_value_t = ListingFormat::Text, conflicts_with = "changes")]
    pub format: ListingFormat,
}

/// How `dive tree` prints rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListingFormat {
    /// Permissions, owner, size, path
    Text,
    /// Path, type, size, mode, uid:gid, link target, between tabs; control bytes escaped
    Tsv,
}
