//! The common part of commands that open an image: flags, configuration, environment and log.

use std::ffi::OsStr;

use tracing::info;

use super::environment;
use super::log;
use super::output::Notices;
use crate::cli::OpeningArgs;
use crate::config::{Config, Setting};
#[cfg(feature = "tui")]
use dive_sources::PullPolicy;
use dive_sources::{Environment, without_login};

/// The effective settings of a command.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// The flags, completed from the configuration.
    pub(super) opening: OpeningArgs,
    /// The configuration without the flags.
    pub(super) config: Config,
    /// The environment with the working directory.
    pub(super) environment: Environment,
    /// How many notices are printed to standard error.
    pub(super) notices: Notices,
}

impl Invocation {
    /// Reads the configuration.
    pub(super) fn new(mut opening: OpeningArgs, environment: Environment) -> anyhow::Result<Self> {
        let environment = environment::in_working_dir(environment)?;
        let mut config = Config::load(&environment, opening.config.as_deref())?;
        if let Some(rules_file) = config.ci_config.value.clone() {
            config.accept_rules_of(&rules_file, &environment.working_dir);
        }
        if opening.ignore_errors {
            config.ignore_errors = Setting::by_flag(true, "--ignore-errors");
        }
        if opening.verify {
            config.verify = Setting::by_flag(true, "--verify");
        }
        if let Some(pull) = opening.pull {
            config.pull = Setting::by_flag(Some(pull), "--pull");
        }
        if opening.max_memory.is_some() {
            config.max_memory = Setting::by_flag(opening.max_memory, "--max-memory");
        }
        if opening.max_unpacked.is_some() {
            config.max_unpacked = Setting::by_flag(opening.max_unpacked, "--max-unpacked");
        }
        let OpeningArgs { insecure_registries, mirrors, ca_file, .. } = &opening;
        if !insecure_registries.is_empty() {
            config.registries.insecure = Setting::by_flag(insecure_registries.clone(), "--insecure-registry");
        }
        if !mirrors.is_empty() {
            config.registries.mirrors = Setting::by_flag(mirrors.clone(), "--registry-mirror");
        }
        if ca_file.is_some() {
            config.registries.ca_file = Setting::by_flag(ca_file.clone(), "--ca-file");
        }
        opening.quiet |= config.log.quiet.value && opening.verbose == 0;
        let notices = Notices::of(&opening);
        Ok(Self { opening, config, environment, notices })
    }

    /// The same with an answer to the question whether to pull missing images.
    #[cfg(feature = "tui")]
    pub(super) fn with_pull(&self, pull: PullPolicy) -> Self {
        let mut answered = self.clone();
        answered.config.pull = Setting::by_flag(Some(pull), "--pull");
        answered
    }

    /// Starts the log of a command that `does` something to an image, and prints the warnings of the configuration.
    ///
    /// Logging errors do not stop the command: a verdict must not depend on whether the log can be written.
    pub(super) fn begin(&self, does: &str, image: &OsStr) {
        let folder = &self.environment.working_dir;
        let no_log = log::start(&self.config.log, folder).err();
        info!(
            "dive {} {does} {} in {}",
            env!("CARGO_PKG_VERSION"),
            without_login(&image.to_string_lossy()),
            folder.display()
        );
        self.notices.warn_all(no_log);
        self.notices.warn_all(&self.config.warnings);
    }
}
