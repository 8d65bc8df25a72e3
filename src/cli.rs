//! The command line: one table of flags, from which parsing, help and shell completion come. Values that can be wrong
//! are parsed here, so that nothing is opened before the command line is understood.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::Limit;
use crate::image::{ImageSelector, Platform};
use crate::source::{self, Mirror, PullPolicy, SourceKind};
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
    /// Image to explore, or to report on without a terminal: a saved archive, an OCI layout directory, - for standard input, the name of an image in an engine, or `registry://HOST/REPO:TAG`
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
    /// Where IMAGE is: docker, podman, containerd, registry, or a file: docker-archive, oci-archive, oci-dir
    #[arg(long, global = true, value_name = "KIND")]
    pub source: Option<SourceKind>,

    /// If the file holds several images, use this tag or number (from 0)
    #[arg(long = "image", global = true, value_name = "REF|N")]
    pub selected: Option<ImageSelector>,

    /// If the image is there for several platforms, use this one [default: this machine's]
    #[arg(long, global = true, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// When an engine pulls the image: missing, always, never [default: never in CI mode; on a terminal you are asked; else missing]
    #[arg(long, global = true, value_name = "WHEN")]
    pub pull: Option<PullPolicy>,

    /// Neither use nor keep what is known of layers from engines and registries
    #[arg(long, global = true)]
    pub no_cache: bool,

    /// Trust the authorities in this PEM file, too, when a registry is asked
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Speak to this registry without TLS, or without checking its certificate (may be given several times)
    #[arg(long = "insecure-registry", global = true, value_name = "HOST[:PORT]", value_parser = source::host)]
    pub insecure_registries: Vec<String>,

    /// Ask HOST for what REGISTRY has before REGISTRY itself (may be given several times)
    #[arg(long = "registry-mirror", global = true, value_name = "REGISTRY=HOST")]
    pub mirrors: Vec<Mirror>,

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

impl Cli {
    /// Reads the command line. What stands behind `build` is for the builder, also where dive has an option of the same
    /// name.
    ///
    /// Ends the process as clap does: after `--help`, or with what is wrong.
    #[must_use]
    pub fn of_process() -> Self {
        Self::parse_from(keep_from_clap(std::env::args_os().collect()))
    }
}

/// Options of dive that `docker build` or `podman build` has too.
const SHARED_WITH_BUILDERS: [&str; 9] =
    ["--help", "--no-cache", "--platform", "--pull", "--quiet", "-c", "-h", "-q", "-v"];

/// True if `argument`, in any form (`--ci=false`, `-jout.json`), is an option of dive that no builder has.
#[must_use]
pub fn is_only_dives(argument: &str) -> bool {
    let command = Cli::command();
    let mut options = command.get_arguments();
    if let Some(long) = argument.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or_default();
        return !SHARED_WITH_BUILDERS.contains(&&*format!("--{name}")) && options.any(|option| has_long(option, name));
    }
    let Some(letter) = argument.strip_prefix('-').and_then(|letters| letters.chars().next()) else { return false };
    !SHARED_WITH_BUILDERS.contains(&&*format!("-{letter}")) && options.any(|option| option.get_short() == Some(letter))
}

fn has_long(option: &Arg, name: &str) -> bool {
    option.get_long() == Some(name) || option.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
}

/// Puts `--` behind the word `build` where that is the command, so that clap looks at nothing behind it.
fn keep_from_clap(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if let Some(at) = first_positional(&arguments)
        && arguments[at] == "build"
        && !(arguments.len() == at + 2 && ["-h", "--help"].iter().any(|flag| arguments[at + 1] == *flag))
    {
        arguments.insert(at + 1, "--".into());
    }
    arguments
}

/// Where the first argument stands that is neither an option nor an option's value.
fn first_positional(arguments: &[OsString]) -> Option<usize> {
    let command = Cli::command();
    let options = || command.get_arguments().filter(|option| option.get_action().takes_values());
    // Whether the option's value is the argument behind it.
    let takes_next = |argument: &str| {
        if let Some(long) = argument.strip_prefix("--") {
            return options().filter(|option| !option.is_require_equals_set()).any(|option| has_long(option, long));
        }
        // Of several letters in one (`-qj`), the first that wants a value has what is left of them for it, if there is any.
        let mut letters = argument.chars().skip(1);
        let wants = letters.find(|letter| options().any(|option| option.get_short() == Some(*letter)));
        wants.is_some() && letters.next().is_none()
    };
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        match argument.to_str() {
            Some("--") => return None,
            Some(option) if option.len() > 1 && option.starts_with('-') => at += if takes_next(option) { 2 } else { 1 },
            _ => return Some(at),
        }
    }
    None
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
    Config {
        /// Taken for dive's sake: files and variables are always read
        #[arg(long)]
        load: bool,
    },
    /// Print a completion script for SHELL
    Completion {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the version
    Version,
    /// Show what is kept of layers from engines and registries, or clear it
    Cache {
        /// What is to be done; without it, what is there is shown.
        #[command(subcommand)]
        action: Option<CacheAction>,
    },
    /// Build an image with docker or podman, and explore it
    ///
    /// All that stands behind `build` goes to `docker build` (`podman build` with --source podman or `container-engine: podman`); options of dive's own stand before it: dive --ci build -t my-app .
    #[command(override_usage = "dive [OPTIONS] build ARGUMENTS")]
    Build {
        /// What `docker build` would be given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<OsString>,
    },
}

/// What `dive cache` does.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum CacheAction {
    /// Remove all that is kept
    Clear,
}

/// What `dive tree` lists.
#[derive(Debug, Args)]
pub struct TreeArgs {
    /// Image to list: as for dive IMAGE
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let kept: Vec<_> = keep_from_clap(arguments).iter().map(|word| word.to_string_lossy().into_owned()).collect();
        kept.join(" ")
    }

    /// `dive build --platform linux/arm64 -q .` must not become dive's own --platform and -q.
    #[test]
    fn what_stands_behind_build_is_the_builders() {
        assert_eq!(kept("dive build --platform x -q ."), "dive build -- --platform x -q .");
        assert_eq!(kept("dive --ci -j out.json build -- ."), "dive --ci -j out.json build -- -- .");
        assert_eq!(kept("dive --ci=false --source podman build"), "dive --ci=false --source podman build --");
        assert_eq!(kept("dive -qj build build ."), "dive -qj build build -- .");
        assert_eq!(kept("dive --lowest-efficiency 0.5 build -q ."), "dive --lowest-efficiency 0.5 build -- -q .");
        assert_eq!(kept("dive -c./abc build -q ."), "dive -c./abc build -- -q .");
        assert_eq!(kept("dive --source=podman -ijx build -q ."), "dive --source=podman -ijx build -- -q .");
        assert_eq!(kept("dive build --help"), "dive build --help");
        for other in ["dive", "dive build.tar", "dive tree build", "dive -c build x", "dive -- build", "dive - build"] {
            assert_eq!(kept(other), other);
        }
        let line = ["dive", "-q", "build", "--", "-c", "x", "--ci"].map(OsString::from);
        let Some(Command::Build { arguments }) = Cli::parse_from(line).command else { panic!("no build") };
        assert_eq!(arguments, ["-c", "x", "--ci"]);
    }

    /// `dive build --ci .` fails in the builder, and the hint must name the option that belongs before `build`.
    #[test]
    fn options_that_only_dive_has_are_those_of_the_command_line() {
        for own in ["--ci", "--ci=false", "-j", "-jout.json", "--source=podman", "--lowest-efficiency", "--image", "-i"]
        {
            assert!(is_only_dives(own), "{own}");
        }
        for other in ["-t", "--tag=x", ".", "-", "--", "--platform=linux/arm64", "-q", "--quiet", "-f", "--help"] {
            assert!(!is_only_dives(other), "{other}");
        }
        let mut command = Cli::command();
        command.build();
        let has = |name: &str| match name.strip_prefix("--") {
            Some(long) => command.get_arguments().any(|option| has_long(option, long)),
            None => command.get_arguments().any(|option| option.get_short() == name.chars().nth(1)),
        };
        for shared in SHARED_WITH_BUILDERS {
            assert!(has(shared), "{shared} is no option of dive");
        }
    }
}
