//! `dive build`: builds an image with the engine's own client, and explores it.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use anyhow::bail;
use tracing::info;

use super::access::Subject;
use super::build_arguments;
use super::builder::{self, Built};
use super::explore::{DockerfileArgument, ReportArgs, explore};
use super::invocation::Invocation;
use super::opening::read_dockerfile;
use super::outcome::Outcome;
use crate::cli::CiArgs;
use dive_model::image::Dockerfile;
use dive_sources::{ContainerEngine, SourceKind};

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
        Some(_) => bail!("`dive build` needs docker or podman; choose one with --source docker or --source podman"),
    };
    // Checked before the build, which may take an hour.
    SourceKind::Engine(engine).require()?;
    invocation.begin("builds", OsStr::new(engine.command()));
    let mut report = report;
    if report.dockerfile.is_none() {
        // Read before the build, during which the file may be edited.
        report.dockerfile = own_dockerfile(engine, arguments, invocation).map(DockerfileArgument::Built);
    }
    match builder::build(engine, arguments, invocation.notices)? {
        Built::Failed(code) => Ok(Outcome::BuildFailed(code)),
        Built::Image(id) => explore(Subject::Built(&builder::reference(engine, &id)), invocation, ci, report),
    }
}

/// The Dockerfile of the build. The builder itself complains of one that cannot be read.
fn own_dockerfile(engine: ContainerEngine, arguments: &[OsString], invocation: &Invocation) -> Option<Arc<Dockerfile>> {
    let path = build_arguments::dockerfile(engine, arguments)?;
    let read = read_dockerfile(&path, &invocation.environment.working_dir);
    read.inspect_err(|error| info!("layers are shown without lines of the Dockerfile: {error:#}")).ok()
}
