//! Builds an image with the engine's own client and reads the names under which the engine may know it.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use anyhow::{anyhow, bail};
use serde::Deserialize;
use tracing::info;

use super::build_arguments::{self, WithoutImage};
use super::output::Notices;
use crate::cli;
use dive_model::unfinished::{FilePurpose, Folder, temporary_remedy};
use dive_sources::{ContainerEngine, Environment, build_help};

/// Limit of an image id, in bytes.
const ID_LIMIT: u64 = 200;

/// Limit of a metadata file, in bytes. It may contain the provenance.
const METADATA_LIMIT: u64 = 64 << 20;

/// The result of a build.
#[derive(Debug)]
pub(super) enum Build {
    /// The built image.
    Done(Built),
    /// The builder's exit code.
    Failed(u8),
}

/// The names of a built image. Docker's image store decides which of the digests is the id.
#[derive(Debug)]
pub(super) struct Built {
    /// The id that the builder wrote. With `BuildKit`, the digest of the configuration or of the index.
    id: Option<String>,
    /// The digest of the manifest or the index.
    digest: Option<String>,
    /// The first name of the command line.
    pub(super) tag: Option<String>,
    /// Whether the command line asks for several platforms, of which the id may be any.
    pub(super) is_for_several_platforms: bool,
}

impl Built {
    /// The names to look up.
    pub(super) fn names(&self, engine: ContainerEngine) -> Vec<&str> {
        // Of several platforms, Podman writes the id of any, or of a list that it cannot describe. A tag in Docker may be of an
        // earlier build, because BuildKit may put the result elsewhere.
        let tag = self.tag.as_deref().filter(|_| engine == ContainerEngine::Podman && self.id.is_some());
        [self.id.as_deref(), self.digest.as_deref(), tag].into_iter().flatten().collect()
    }
}

/// Builds as `docker build ARGUMENTS` does, on this terminal.
///
/// The builder's output goes to standard error, because standard output is for the report.
pub(super) fn build(
    engine: ContainerEngine,
    arguments: &[OsString],
    environment: &Environment,
    notices: Notices,
) -> anyhow::Result<Build> {
    let temporary = std::env::temp_dir();
    let folder = Folder::create(&temporary, FilePurpose::Build).map_err(|cause| {
        let (parent, remedy) = (temporary.display(), temporary_remedy(cause.kind()));
        anyhow!("cannot create a temporary directory for the image's id in {parent}: {cause}; {remedy}")
    })?;
    let requested = build_arguments::id_file(arguments);
    let id_file = requested.clone().unwrap_or_else(|| folder.path().join("image-id"));
    let mut command = Command::new(engine.command());
    command.arg("build");
    if requested.is_none() {
        command.arg("--iidfile").arg(&id_file);
    }
    let metadata_file = build_arguments::metadata_file(arguments).or_else(|| {
        let file = folder.path().join("metadata.json");
        writes_metadata(engine, environment).then(|| {
            command.arg("--metadata-file").arg(&file);
            file
        })
    });
    if engine == ContainerEngine::Docker
        && let Some(file) = build_arguments::containerfile(arguments)
    {
        info!("docker builds from {}", file.display());
        command.arg("--file").arg(file);
    }
    // The files of an earlier build must not count.
    let before = modified_at(&id_file);
    let metadata_before = metadata_file.as_deref().and_then(modified_at);
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
        return Ok(Build::Failed(code));
    }
    if before.is_some() && modified_at(&id_file) == before {
        return Err(no_image(engine, arguments));
    }
    let metadata_file = metadata_file.filter(|file| metadata_before.is_none() || modified_at(file) != metadata_before);
    Ok(Build::Done(Built {
        id: read_id(engine, &id_file)?,
        digest: metadata_file.and_then(|file| read_digest(&file)),
        tag: build_arguments::tag(arguments),
        is_for_several_platforms: build_arguments::names_several_platforms(arguments),
    }))
}

/// True if the builder has `--metadata-file`: `BuildKit` has, and a builder without it would reject the option. Podman does not need
/// it.
fn writes_metadata(engine: ContainerEngine, environment: &Environment) -> bool {
    let help = || build_help(engine, environment);
    engine == ContainerEngine::Docker && help().is_some_and(|help| help.contains("--metadata-file"))
}

/// The digest in a metadata file. `None` if it has none, as after a build that makes no image.
fn read_digest(file: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct BuildMetadata {
        #[serde(rename = "containerimage.digest")]
        digest: Option<String>,
    }
    if !std::fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    std::fs::File::open(file).ok()?.take(METADATA_LIMIT).read_to_end(&mut text).ok()?;
    serde_json::from_slice::<BuildMetadata>(&text).ok()?.digest.filter(|digest| is_id(digest))
}

/// The modification time of a file.
fn modified_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

/// The error for a build with an option that makes no image in the engine.
pub(super) fn not_an_image(engine: ContainerEngine, option: &WithoutImage) -> anyhow::Error {
    let name = engine.command();
    match option {
        WithoutImage::Check(option) => {
            anyhow::anyhow!("`{name} build {option}` only checks the build; leave out {option} to build an image")
        }
        WithoutImage::Files(option) | WithoutImage::Elsewhere(option) => anyhow::anyhow!(
            "`{name} build {option}` does not put an image into {name}; leave out {option}, or run `{name} build` and open \
             what it writes"
        ),
    }
}

/// The error for a build without an image in the engine.
pub(super) fn no_image(engine: ContainerEngine, arguments: &[OsString]) -> anyhow::Error {
    let name = engine.command();
    if let Some(option) = build_arguments::without_image(arguments) {
        return not_an_image(engine, &option);
    }
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

/// The id in the builder's file. `None` if there is none.
fn read_id(engine: ContainerEngine, file: &Path) -> anyhow::Result<Option<String>> {
    let name = engine.command();
    let unreadable = |error: io::Error| anyhow::anyhow!("{}: the image's id cannot be read: {error}", file.display());
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => bail!("{} is not a regular file, so dive cannot read the image's id from it", file.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    }
    let mut id = String::new();
    let file_of_id = std::fs::File::open(file).map_err(unreadable)?;
    file_of_id.take(ID_LIMIT).read_to_string(&mut id).map_err(unreadable)?;
    let id = id.trim();
    // BuildKit writes an empty file for an output other than an image.
    if id.is_empty() {
        return Ok(None);
    }
    if !is_id(id) {
        bail!("{}: `{name} build` did not write a valid image id", file.display());
    }
    Ok(Some(id.to_owned()))
}

/// True for an id or a digest. Podman may write the hex digits alone.
fn is_id(id: &str) -> bool {
    let fits = !id.is_empty() && (id.len() as u64) < ID_LIMIT;
    fits && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':')
}

/// The reference of a built image.
pub(super) fn reference(engine: ContainerEngine, id: &str) -> OsString {
    let mut reference = OsString::from(engine.command());
    reference.push("://");
    reference.push(OsStr::new(id));
    reference
}
