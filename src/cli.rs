//! The command line: one table of flags, from which parsing, help and shell completion come. Values that can be wrong
//! are parsed here, so that nothing is opened before the command line is understood.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::Limit;
use crate::image::{ImageSelector, Platform};
use crate::source::SourceKind;
use crate::units::{Bytes, Ratio};

/// Explore a container image: what each layer changed, which bytes are wasted and why
#[derive(Debug, Parser)]
#[command(name = "dive", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Image: a saved archive (docker save, podman save, skopeo), an OCI layout directory, or - for standard input
    #[arg(id = "IMAGE")]
    pub image: Option<OsString>,

    /// Where the image comes from and how much is said about it.
    #[command(flatten)]
    pub opening: OpeningArgs,

    /// The rules.
    #[command(flatten)]
    pub ci: CiArgs,

    /// Write the analysis as JSON to FILE (- for standard output) instead of the report
    #[arg(short = 'j', long, value_name = "FILE")]
    pub json: Option<PathBuf>,

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
    /// Take IMAGE from there: docker-archive, oci-archive, oci-dir (told by content), docker, podman
    #[arg(long, global = true, value_name = "KIND")]
    pub source: Option<SourceKind>,

    /// Of several images in one file, take that tag, or the Nth from 0
    #[arg(long = "image", global = true, value_name = "REF|N")]
    pub selected: Option<ImageSelector>,

    /// Of several platforms, take that one [default: this machine's]
    #[arg(long, global = true, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// Show what can be shown of a damaged image, and report the rest
    #[arg(short = 'i', long, global = true)]
    pub ignore_errors: bool,

    /// Read the configuration from FILE
    #[arg(short = 'c', long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Say nothing but results and errors: no progress, notices or warnings
    #[arg(short = 'q', long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Show all warnings, not just the first ones
    #[arg(short = 'v', long, global = true)]
    pub verbose: bool,
}

/// What an image is held to.
#[derive(Debug, Args)]
#[command(next_help_heading = "CI mode")]
pub struct CiArgs {
    /// Hold the image to the rules and say so in the exit code; --ci=false overrules CI in the environment
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub ci: Option<bool>,

    /// Read the rules from FILE instead of .dive-ci
    #[arg(long, value_name = "FILE")]
    pub ci_config: Option<PathBuf>,

    /// Fail below that efficiency, 0 to 1, or `disabled` [default: 0.9]
    #[arg(long = "lowestEfficiency", alias = "lowest-efficiency", value_name = "RATIO")]
    pub lowest_efficiency: Option<Limit<Ratio>>,

    /// Fail at that many wasted bytes (20MB, 20MiB), or `disabled` [default: disabled]
    #[arg(long = "highestWastedBytes", alias = "highest-wasted-bytes", value_name = "SIZE")]
    pub highest_wasted_bytes: Option<Limit<Bytes>>,

    /// Fail at that share of wasted bytes, 0 to 1, the base layer aside, or `disabled` [default: 0.1]
    #[arg(long = "highestUserWastedPercent", alias = "highest-user-wasted-percent", value_name = "RATIO")]
    pub highest_user_wasted_percent: Option<Limit<Ratio>>,
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
    /// Image: a saved archive, an OCI layout directory, or - for standard input
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
