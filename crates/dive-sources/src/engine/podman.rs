//! Runs the command `podman` where its service does not run: `podman image inspect`, `podman pull`, `podman image save`.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::Deserialize;

use super::api::{ChangeKind, Container, ContainerConfig, ImageInspect, ListedImage, ManifestList, PathChange, RootFs};
use crate::engine_name::EngineImageName;
use crate::environment::Environment;
use crate::program::{ExportError, Program, ProgramError};
use dive_model::blob::Watch;
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::budget::Limits;
use dive_model::remark::OnDamage;
use dive_model::store::Spooled;

/// Timeout for the description of an image or a container: Podman may wait for the lock of another Podman.
pub(super) const INSPECTION: Duration = Duration::from_mins(1);

/// Exit code of `podman image exists` and `podman container exists` if there is none of that name.
const DOES_NOT_EXIST: i32 = 1;

/// The command `podman`.
#[derive(Debug, Clone)]
pub(super) struct PodmanCommand(Program);

/// An image in the output of `podman image ls`.
#[derive(Debug, Deserialize)]
struct PodmanListedImage {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Names")]
    names: Option<Vec<String>>,
    #[serde(rename = "Digest")]
    digest: Option<String>,
}

/// The keys of `podman image inspect` that dive needs. Each has had the same type in all versions.
#[derive(Debug, Deserialize)]
struct PodmanImage {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "RepoTags")]
    tags: Option<Vec<String>>,
    #[serde(rename = "Os")]
    os: Option<String>,
    #[serde(rename = "Architecture")]
    architecture: Option<String>,
    #[serde(rename = "Size")]
    size: Option<i64>,
    #[serde(rename = "RootFS")]
    root_fs: Option<RootFs>,
}

/// The keys of `podman container inspect` that dive needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PodmanContainer {
    id: String,
    image: String,
    image_name: Option<String>,
}

/// The output of `podman container diff --format json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodmanDiff {
    changed: Vec<String>,
    added: Vec<String>,
    deleted: Vec<String>,
}

impl PodmanCommand {
    pub(super) fn new(environment: &Environment) -> Self {
        let mut environment = environment.clone();
        // Podman would use an empty value as the address of a service.
        for name in ["CONTAINER_HOST", "CONTAINER_CONNECTION"] {
            if environment.get(name).is_none() {
                environment.remove(name);
            }
        }
        Self(Program::new("podman", environment))
    }

    /// True if the command is installed.
    pub(super) fn is_installed(&self) -> bool {
        self.0.is_installed()
    }

    /// Describes the image as Podman's service would; `None` if Podman has no image of that name.
    pub(super) fn inspect(&self, name: EngineImageName<'_>) -> Result<Option<ImageInspect>, ProgramError> {
        let Some(answer) = self.query_existing("image", name)? else { return Ok(None) };
        let images: Vec<PodmanImage> = serde_json::from_slice(&answer)
            .map_err(|error| std::io::Error::other(format!("unexpected output of `podman image inspect`: {error}")))?;
        Ok(images.into_iter().next().map(ImageInspect::from))
    }

    /// Lists the images as Podman's service would, with these further options.
    pub(super) fn images(&self, limit: Duration, options: &[&str]) -> Result<Vec<ListedImage>, ProgramError> {
        let answer = self.query_within(limit, &[&["image", "ls", "--format", "json"], options].concat())?;
        let images: Vec<PodmanListedImage> = serde_json::from_slice(&answer)
            .map_err(|error| std::io::Error::other(format!("unexpected output of `podman image ls`: {error}")))?;
        let listed = |image: PodmanListedImage| {
            let PodmanListedImage { id, names, digest } = image;
            ListedImage { id, repo_tags: names, repo_digests: None, digest }
        };
        Ok(images.into_iter().map(listed).collect())
    }

    /// Describes the image of that id.
    pub(super) fn inspect_id(&self, limit: Duration, id: EngineImageName<'_>) -> Result<ImageInspect, ProgramError> {
        let answer = self.query_within(limit, &["image", "inspect", id.as_str()])?;
        let unexpected =
            |problem: String| std::io::Error::other(format!("unexpected output of `podman image inspect`: {problem}"));
        let images: Vec<PodmanImage> =
            serde_json::from_slice(&answer).map_err(|error| unexpected(error.to_string()))?;
        let image = images.into_iter().next().ok_or_else(|| unexpected("it is empty".to_owned()))?;
        Ok(image.into())
    }

    /// The manifest list of that name; `None` if Podman has no list of that name.
    pub(super) fn manifest_list(&self, name: EngineImageName<'_>) -> Option<ManifestList> {
        self.query(&["manifest", "exists", name.as_str()]).ok()?;
        serde_json::from_slice(&self.query(&["manifest", "inspect", name.as_str()]).ok()?).ok()
    }

    /// Describes the container with this name or id; `None` if Podman has no such container.
    pub(super) fn container(&self, name: EngineImageName<'_>) -> Result<Option<Container>, ProgramError> {
        let Some(answer) = self.query_existing("container", name)? else { return Ok(None) };
        let containers: Vec<PodmanContainer> = serde_json::from_slice(&answer).map_err(|error| {
            std::io::Error::other(format!("unexpected output of `podman container inspect`: {error}"))
        })?;
        let described = |PodmanContainer { id, image, image_name }| {
            let config = ContainerConfig { image: image_name.unwrap_or_default() };
            Container { id, image, config, manifest: None }
        };
        Ok(containers.into_iter().next().map(described))
    }

    /// The paths that the container with this id changed.
    pub(super) fn changes(&self, id: &str) -> Result<Vec<PathChange>, ProgramError> {
        let answer =
            self.0.output(&["container", "diff", "--format", "json", id], None, &mut || ControlFlow::Continue(()))?;
        let PodmanDiff { changed, added, deleted } = serde_json::from_slice(&answer)
            .map_err(|error| std::io::Error::other(format!("unexpected output of `podman container diff`: {error}")))?;
        let of = |paths: Vec<String>, kind| paths.into_iter().map(move |path| PathChange { path, kind });
        let written = of(changed, ChangeKind::Modified).chain(of(added, ChangeKind::Added));
        Ok(written.chain(of(deleted, ChangeKind::Removed)).collect())
    }

    /// Exports the file system of the container with this id, called `name` in messages.
    pub(super) fn export_container(
        &self,
        limits: Limits,
        id: &str,
        name: &str,
        progress: Watch<'_>,
    ) -> Result<Spooled, ExportError> {
        self.0.export(limits, &["container", "export", id], name, None, OnDamage::Fail, progress)
    }

    /// Pulls the image from its registry, with the user's logins, which Podman finds by itself.
    pub(super) fn pull(
        &self,
        name: EngineImageName<'_>,
        platform: Option<&str>,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<(), ProgramError> {
        let platform = platform.into_iter().flat_map(|platform| ["--platform", platform]);
        let arguments: Vec<_> =
            ["image", "pull", "--quiet"].into_iter().chain(platform).chain([name.as_str()]).collect();
        // Podman reports no numbers without a terminal.
        let mut report = || progress(TransferProgress { step: TransferStep::Pull, read: 0, total: None });
        report();
        let pulled = self.0.output(&arguments, None, &mut || {
            report();
            ControlFlow::Continue(())
        });
        pulled.map(drop)
    }

    /// Saves the image of that id, called `name` in messages.
    pub(super) fn save(
        &self,
        limits: Limits,
        id: &str,
        name: &str,
        size: Option<u64>,
        on_damage: OnDamage,
        progress: Watch<'_>,
    ) -> Result<Spooled, ExportError> {
        // The format that Podman's service exports, too.
        let arguments = ["image", "save", "--quiet", "--format", "docker-archive", id];
        self.0.export(limits, &arguments, name, size, on_damage, progress)
    }

    /// The output of `podman KIND inspect NAME`; `None` if Podman says that it does not exist.
    fn query_existing(&self, kind: &str, name: EngineImageName<'_>) -> Result<Option<Vec<u8>>, ProgramError> {
        match self.query(&[kind, "inspect", name.as_str()]) {
            Ok(answer) => Ok(Some(answer)),
            // Error messages differ between versions; this exit code does not.
            Err(failure @ ProgramError::Exited { .. }) => match self.query(&[kind, "exists", name.as_str()]) {
                Err(ProgramError::Exited { status, .. }) if status.code() == Some(DOES_NOT_EXIST) => Ok(None),
                _ => Err(failure),
            },
            Err(failure) => Err(failure),
        }
    }

    fn query(&self, arguments: &[&str]) -> Result<Vec<u8>, ProgramError> {
        self.query_within(INSPECTION, arguments)
    }

    fn query_within(&self, limit: Duration, arguments: &[&str]) -> Result<Vec<u8>, ProgramError> {
        self.0.output(arguments, Some(limit), &mut || ControlFlow::Continue(()))
    }
}

impl From<PodmanImage> for ImageInspect {
    fn from(image: PodmanImage) -> Self {
        let PodmanImage { id, tags, os, architecture, size, root_fs } = image;
        // The service writes ids with their algorithm, so both ways lead to the same record in the cache.
        let id = if id.contains(':') { id } else { format!("sha256:{id}") };
        Self { id: Some(id), repo_tags: tags, os, architecture, size, root_fs, ..Self::default() }
    }
}
