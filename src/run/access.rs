//! The access options of a command, from flags, configuration and environment. On a terminal, also asks whether the engine
//! may pull a missing image.

use std::ffi::OsStr;
use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::bail;
use tracing::info;

use super::environment::cache_folder;
use super::invocation::Invocation;
use super::opening::PullNotice;
use super::progress::ProgressBar;
use crate::config::{Config, ConfigScope};
use dive_model::budget::Limits;
use dive_model::cache::Cache;
use dive_model::image::Platform;
use dive_model::remark::{OnDamage, Shown};
use dive_model::store::Links;
use dive_sources::{
    Access, BusyHosts, ContainerEngine, MachineFiles, PodmanRoute, PullPolicy, Reference, RegistryOptions,
};

/// The purpose of opening an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A verdict in a pipeline: no prompts, and no trust in tables of contents.
    Ci,
    /// The screen or a report.
    Plain,
}

/// The image of a command.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    /// Named by the user.
    Named(&'a OsStr),
    /// Just built by `dive build`. Only the engine's command is sure to have it: no registry knows the id, and Podman's
    /// service may use another store.
    Built {
        argument: &'a OsStr,
        /// The first name that the build gave it.
        tag: Option<&'a str>,
    },
}

impl<'a> Subject<'a> {
    pub(super) const fn argument(self) -> &'a OsStr {
        match self {
            Self::Named(argument) | Self::Built { argument, .. } => argument,
        }
    }

    /// The pull policy of the flag or the configuration.
    fn pull_policy(self, config: &Config) -> Option<PullPolicy> {
        match self {
            Self::Named(_) => config.pull.value,
            Self::Built { .. } => Some(PullPolicy::Never),
        }
    }
}

/// The access options for `subject`.
pub(super) fn of(subject: Subject<'_>, invocation: &Invocation) -> Access {
    let Invocation { opening, config, environment, .. } = invocation;
    Access {
        on_damage: if config.ignore_errors.value { OnDamage::Remark } else { OnDamage::Fail },
        pull: subject.pull_policy(config).unwrap_or(PullPolicy::Missing),
        podman: match subject {
            Subject::Named(_) => PodmanRoute::ServiceFirst,
            Subject::Built { .. } => PodmanRoute::Command,
        },
        platform: opening.platform.as_ref().map(Platform::for_engines),
        shown_tag: match subject {
            Subject::Built { tag, .. } => tag.map(str::to_owned),
            Subject::Named(_) => None,
        },
        registries: RegistryOptions {
            insecure: config.registries.insecure.value.clone(),
            mirrors: config.registries.mirrors.value.clone(),
            ca_file: config.registries.ca_file.value.clone(),
            machine: MachineFiles::Read,
        },
        links: if opening.follow_links { Links::Anywhere } else { Links::Inside },
        // Verification reads every layer, so it bypasses the cache.
        cache: if opening.no_cache || config.verify.value { None } else { cache_folder(environment).map(Cache::new) },
        busy_hosts: BusyHosts::default(),
        environment: environment.clone(),
        limits: Limits { memory: config.max_memory.value, unpacked: config.max_unpacked.value },
    }
}

/// Asks on a terminal whether the engine may pull a missing image, and pulls it before the screen opens.
pub(super) fn ask_to_pull(
    subject: Subject<'_>,
    reference: &Reference,
    invocation: &Invocation,
    mode: Mode,
    access: &mut Access,
) -> anyhow::Result<()> {
    let Reference::Engine { engine, name, .. } = reference else { return Ok(()) };
    let nobody_to_ask = !io::stdin().is_terminal() || !io::stderr().is_terminal();
    let config = &invocation.config;
    // A folder may turn on CI mode, but that removes no question to the user.
    let is_pipeline = mode == Mode::Ci && config.discovery.scope_of(&config.ci.origin) == ConfigScope::User;
    if subject.pull_policy(config).is_some() || is_pipeline || nobody_to_ask {
        return Ok(());
    }
    access.pull = PullPolicy::Never;
    if dive_sources::is_present(*engine, name, access)? {
        return Ok(());
    }
    if !is_wanted(*engine, name)? {
        bail!("{} has no image {name:?}, and it was not pulled", engine.command());
    }
    info!("{} pulls {name}", engine.command());
    let progress = ProgressBar::new(invocation.notices, PullNotice::default());
    dive_sources::pull(*engine, name, access, &progress)?;
    progress.finish();
    Ok(())
}

/// Names in a question.
#[cfg(feature = "tui")]
const ASKED: usize = 5;

/// Asks on a terminal, once for several images, whether the engines may pull those that they lack. `None` if the configuration
/// says it, or there is nobody to ask.
#[cfg(feature = "tui")]
pub(super) fn ask_to_pull_missing<'a>(
    images: impl Iterator<Item = (&'a OsStr, Option<&'a Platform>)>,
    invocation: &Invocation,
) -> anyhow::Result<Option<PullPolicy>> {
    let nobody_to_ask = !io::stdin().is_terminal() || !io::stderr().is_terminal();
    if invocation.config.pull.value.is_some() || nobody_to_ask {
        return Ok(None);
    }
    let (mut missing, mut unreachable) = (Vec::new(), Vec::new());
    for (argument, platform) in images {
        let reference = Reference::parse(argument, invocation.opening.source, invocation.config.container_engine.value);
        // The row of the image has the error.
        let Ok(Reference::Engine { engine, name, .. }) = reference else { continue };
        if unreachable.contains(&engine) {
            continue;
        }
        let mut access = of(Subject::Named(argument), invocation);
        access.platform = platform.map(Platform::for_engines).or(access.platform);
        match dive_sources::is_present(engine, &name, &access) {
            Ok(true) => {}
            Ok(false) => missing.push((engine, name)),
            Err(_) => unreachable.push(engine),
        }
    }
    let wanted = match &missing[..] {
        [] => false,
        [(engine, name)] => is_wanted(*engine, name)?,
        several => {
            let mut names: Vec<String> = several.iter().take(ASKED).map(|(_, name)| format!("{name:?}")).collect();
            if several.len() > ASKED {
                names.push(format!("{} more", several.len() - ASKED));
            }
            let names = names.join(", ");
            is_yes(&format!("These images are missing: {}. Pull them? [Y/n] ", Shown(&names)))?
        }
    };
    Ok(Some(if wanted { PullPolicy::Missing } else { PullPolicy::Never }))
}

fn is_wanted(engine: ContainerEngine, name: &str) -> anyhow::Result<bool> {
    let name = format!("{name:?}");
    is_yes(&format!("{} has no image {}. Pull it? [Y/n] ", engine.command(), Shown(&name)))
}

fn is_yes(question: &str) -> anyhow::Result<bool> {
    let mut out = io::stderr();
    write!(out, "{question}")?;
    out.flush()?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        // The end of input means no.
        writeln!(out)?;
        return Ok(false);
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes"))
}
