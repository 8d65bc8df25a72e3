//! `dive build`: builds an image with the engine's own client, finds it in the engine, and explores it.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use anyhow::bail;
use tracing::info;

use super::access::{self, Subject};
use super::build_arguments::{self, WithoutImage};
use super::builder::{self, Build, Built};
use super::explore::explore;
use super::invocation::Invocation;
use super::opening::read_dockerfile;
use super::outcome::Outcome;
use super::report_output::{DockerfileArgument, ReportArgs};
use crate::cli::CiArgs;
use dive_model::image::{Dockerfile, Platform};
use dive_sources::{Access, ContainerEngine, SourceKind};

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
    // BuildKit writes no id of what these options make, so the build itself would fail for a reason that the user cannot know.
    if let Some(option) = build_arguments::without_image(arguments).filter(WithoutImage::is_certain) {
        return Err(builder::not_an_image(engine, &option));
    }
    invocation.begin("builds", OsStr::new(engine.command()));
    let mut report = report;
    if report.dockerfile.is_none() {
        // Read before the build, during which the file may be edited.
        report.dockerfile = own_dockerfile(engine, arguments, invocation).map(DockerfileArgument::Built);
    }
    let built = match builder::build(engine, arguments, &invocation.environment, invocation.notices)? {
        Build::Failed(code) => return Ok(Outcome::BuildFailed(code)),
        Build::Done(built) => built,
    };
    let argument = find(engine, &built, invocation)?.ok_or_else(|| builder::no_image(engine, arguments))?;
    explore(Subject::Built { argument: &argument, tag: built.tag.as_deref() }, invocation, ci, report)
}

/// The built image under the first of its names that the engine knows. Of a build for several platforms, a name of the requested
/// platform or of this machine's.
fn find(engine: ContainerEngine, built: &Built, invocation: &Invocation) -> anyhow::Result<Option<OsString>> {
    let names = built.names(engine);
    let access = access::of(Subject::Built { argument: OsStr::new(""), tag: None }, invocation);
    let platform = access.platform.clone().unwrap_or_else(|| Platform::host().for_engines());
    let of_platform = Access { platform: Some(platform), ..access.clone() };
    let tries: &[&Access] = if built.is_for_several_platforms { &[&of_platform, &access] } else { &[&access] };
    let mut failure = None;
    for access in tries {
        for name in &names {
            match dive_sources::is_present(engine, name, access) {
                Ok(true) => return Ok(Some(builder::reference(engine, name))),
                Ok(false) => {}
                // Podman cannot describe the id of a list without its own platform, but the list's name.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
    }
    failure.map_or(Ok(None), |error| Err(error.into()))
}

/// The Dockerfile of the build. The builder itself complains of one that cannot be read.
fn own_dockerfile(engine: ContainerEngine, arguments: &[OsString], invocation: &Invocation) -> Option<Arc<Dockerfile>> {
    let path = build_arguments::dockerfile(engine, arguments)?;
    let read = read_dockerfile(&path, &invocation.environment.working_dir);
    read.inspect_err(|error| info!("cannot name lines of the Dockerfile: {error:#}")).ok()
}
