//! `dive build`: builds an image with the engine's own client, and explores it.

use std::ffi::{OsStr, OsString};

use anyhow::bail;

use super::access::Subject;
use super::builder::{self, Built};
use super::explore::{ReportArgs, explore};
use super::invocation::Invocation;
use super::outcome::Outcome;
use crate::cli::CiArgs;
use dive_sources::SourceKind;

/// Builds with `arguments`, then explores the image.
pub(super) fn run(
    arguments: &[OsString],
    invocation: &Invocation,
    ci: &CiArgs,
    report: ReportArgs,
) -> anyhow::Result<Outcome> {
    let engine = match invocation.opening.source {
        None => invocation.config.container_engine.value,
        Some(SourceKind::Engine(engine)) => engine,
        Some(_) => bail!("`dive build` builds with docker or podman: --source docker or --source podman"),
    };
    // Checked before the build, which may take an hour.
    SourceKind::Engine(engine).require()?;
    invocation.begin("builds", OsStr::new(engine.command()));
    match builder::build(engine, arguments, invocation.notices)? {
        Built::Failed(code) => Ok(Outcome::BuildFailed(code)),
        Built::Image(id) => explore(Subject::Built(&builder::reference(engine, &id)), invocation, ci, report),
    }
}
