//! Builds an image with the engine's own client and reads its id.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use anyhow::{Context, bail};
use tracing::info;

use super::build_arguments;
use super::output::Notices;
use crate::cli;
use dive_model::unfinished::{FilePurpose, Folder};
use dive_sources::ContainerEngine;

/// Limit of an image id, in bytes.
const ID_LIMIT: u64 = 200;

/// The result of a build.
#[derive(Debug)]
pub(super) enum Built {
    /// The image's id.
    Image(String),
    /// The builder's exit code.
    Failed(u8),
}

/// Builds as `docker build ARGUMENTS` does, on this terminal.
///
/// The builder's output goes to standard error, because standard output is for the report.
pub(super) fn build(engine: ContainerEngine, arguments: &[OsString], notices: Notices) -> anyhow::Result<Built> {
    let folder = Folder::create(&std::env::temp_dir(), FilePurpose::Build)
        .context("cannot create a temporary directory for the image's id; set TMPDIR to a writable directory")?;
    let requested = build_arguments::id_file(arguments);
    let id_file = requested.clone().unwrap_or_else(|| folder.path().join("image-id"));
    let mut command = Command::new(engine.command());
    command.arg("build");
    if requested.is_none() {
        command.arg("--iidfile").arg(&id_file);
    }
    if engine == ContainerEngine::Docker
        && let Some(file) = build_arguments::containerfile(arguments)
    {
        info!("docker builds from {}", file.display());
        command.arg("--file").arg(file);
    }
    // The id file of an earlier build must not count.
    let before = modified_at(&id_file);
    command.args(arguments).stdout(Stdio::from(io::stderr()));
    info!("running {} build with {} arguments", engine.command(), arguments.len());
    let status = command.status().map_err(|error| not_started(engine, &error))?;
    info!("{} build exited: {status}", engine.command());
    if !status.success() {
        let code = exit_code(status);
        notices.note(&format!("{} build failed ({status}); there is no image to explore", engine.command()));
        if let Some(option) = cli::misplaced_option(arguments) {
            notices
                .note(&format!("`{option}` is an option of dive; write it before `build`: `dive {option} build ...`"));
        }
        return Ok(Built::Failed(code));
    }
    if before.is_some() && modified_at(&id_file) == before {
        return Err(no_image(engine));
    }
    read_id(engine, &id_file).map(Built::Image)
}

/// The modification time of a file.
fn modified_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

fn no_image(engine: ContainerEngine) -> anyhow::Error {
    let name = engine.command();
    anyhow::anyhow!(
        "`{name} build` succeeded, but {name} does not have the image; if it builds elsewhere, add --load and leave out --output \
         and --push"
    )
}

fn not_started(engine: ContainerEngine, error: &io::Error) -> anyhow::Error {
    let name = engine.command();
    if error.kind() == io::ErrorKind::NotFound {
        return anyhow::anyhow!(
            "`dive build` runs `{name} build`, but {name} is not in PATH; install it, or choose the other engine with \
             --source docker or --source podman"
        );
    }
    anyhow::anyhow!("{name} cannot be run: {error}")
}

/// The exit code to pass on. After a signal it is 128 plus the signal, as in shells.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1)
}

fn read_id(engine: ContainerEngine, file: &Path) -> anyhow::Result<String> {
    let name = engine.command();
    let unreadable = |error: io::Error| anyhow::anyhow!("{}: the image's id cannot be read: {error}", file.display());
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => bail!("{} is not a regular file, so dive cannot read the image's id from it", file.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_image(engine)),
        Err(error) => return Err(unreadable(error)),
    }
    let mut id = String::new();
    let file_of_id = std::fs::File::open(file).map_err(unreadable)?;
    file_of_id.take(ID_LIMIT).read_to_string(&mut id).map_err(unreadable)?;
    let id = id.trim();
    // Podman may write the hex digits alone.
    let is_id = !id.is_empty()
        && (id.len() as u64) < ID_LIMIT
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':');
    if !is_id {
        bail!("{}: `{name} build` did not write a valid image id", file.display());
    }
    Ok(id.to_owned())
}

/// The reference of a built image.
pub(super) fn reference(engine: ContainerEngine, id: &str) -> OsString {
    let mut reference = OsString::from(engine.command());
    reference.push("://");
    reference.push(OsStr::new(id));
    reference
}
