//! A container: its image, and what the container changed as one more layer on top.
//!
//! The engine lists the changed paths (`docker diff`), and exports the file system of the container (`docker export`), from which
//! the entries of these paths are taken. One stream gives every attribute, hard links included; the archive API would take one
//! request for each changed file.

mod changed;
mod changes;
mod exported;

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Value, json};

use self::changed::ChangedLayer;
use self::changes::ChangedPaths;
use super::EngineImage;
use super::api::{ApiError, Container, ListedPlatform, PathChange};
use super::backend::Backend;
use super::error::{EngineError, NameTaken};
use super::export::{self, ExportRequest, ExportStream};
use super::failure;
use super::lookup::ImageLookup;
use super::record::MANIFEST;
use crate::access::{Access, PullPolicy};
use crate::container_engine::ContainerEngine;
use crate::error::SourceError;
use crate::runtime::timeout;
use dive_model::blob::{Blob, Identity, TransferProgress};
use dive_model::image::Platform;
use dive_model::remark::Remark;
use dive_model::store::member_path::normalise;
use dive_model::store::{Ending, Store, StoreError};

/// Timeout for the list of changes: the engine compares two file systems.
const COMPARISON: Duration = Duration::from_mins(10);

/// Limit of a document of the image, in bytes: the most that `image` reads.
const DOCUMENT_LIMIT: u64 = 8 << 20;

/// The members that a container adds to its image.
const CONFIG: &str = "container/config.json";
const LAYER: &str = "container/layer.tar";

/// The OCI index of an export, which lists the image without the container's layer.
const INDEX: &str = "index.json";

/// The image of a container with one more layer.
#[derive(Debug)]
struct ContainerImage {
    /// The container's name as typed.
    name: String,
    image: EngineImage,
    manifest: Blob,
    config: Blob,
    layer: Blob,
    diff_id: String,
    remarks: Vec<Remark>,
}

/// Opens a container in `engine`.
pub(in super::super) fn open(
    engine: ContainerEngine,
    name: &str,
    access: &Access,
    progress: &mut dyn FnMut(TransferProgress),
) -> Result<Box<dyn Store>, SourceError> {
    let lookup = ImageLookup::of_container(engine, name, access)?;
    let backend = lookup.connect()?;
    let container = lookup.container(&backend)?;
    let of_container = Access {
        // The image is there: the container uses it.
        pull: PullPolicy::Never,
        platform: container.platform(),
        ..access.clone()
    };
    let image = EngineImage::open(engine, &container.image, &of_container, progress)?;
    let changes = ChangedPaths::of(lookup.changes(&backend, &container.id)?);
    let layer = lookup.changed_layer(&backend, &container.id, &changes, progress)?;
    let extended = |problem: &str| {
        let answer = format!("its image cannot be extended by a layer: {problem}");
        EngineError::Refused { engine, name: lookup.display_name(), answer }
    };
    let (manifest, config) = extend(&image, name, &layer.diff_id).map_err(|problem| extended(&problem))?;
    let mut remarks = image.remarks.clone();
    remarks.extend(layer.remarks.into_iter().map(|remark| Remark::new(name, remark)));
    Ok(Box::new(ContainerImage {
        name: name.to_owned(),
        image,
        manifest: Blob::in_memory(manifest, MANIFEST),
        config: Blob::in_memory(config, CONFIG),
        layer: layer.blob,
        diff_id: layer.diff_id,
        remarks,
    }))
}

impl Container {
    /// The platform of the container's image, if the engine has several with one id.
    fn platform(&self) -> Option<String> {
        let ListedPlatform { os, architecture, variant } = self.manifest.as_ref()?.platform.as_ref()?;
        Some(Platform::new(os.as_deref()?, architecture.as_deref()?, variant.as_deref()).for_engines())
    }
}

impl ImageLookup<'_> {
    /// Describes the container with this name or id.
    fn container(&self, backend: &Backend) -> Result<Container, EngineError> {
        let found = self.find_container(backend).map_err(|failure| self.container_error(failure))?;
        let Some(container) = found else {
            // The name may be that of an image; whether it is only changes the advice.
            let taken = if self.inspect_image(backend).is_ok() { NameTaken::ByImage } else { NameTaken::ByNothing };
            return Err(EngineError::NoSuchContainer { engine: self.engine, name: self.display_name(), taken });
        };
        // The id becomes part of a URL path.
        if container.id.is_empty() || !container.id.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(self.refused("its response has no valid container id".to_owned()));
        }
        Ok(container)
    }

    /// The paths that the container changed.
    fn changes(&self, backend: &Backend, id: &str) -> Result<Vec<PathChange>, EngineError> {
        let client = match backend {
            Backend::Command { podman, .. } => {
                return podman.changes(id).map_err(|failure| self.refused(failure::of_program(&failure)));
            }
            Backend::Service(client) => client,
        };
        let path = format!("/containers/{id}/changes");
        let answer = self.wait(async { timeout(COMPARISON, client.long_document(&path)).await })?;
        let changes: Option<Vec<PathChange>> = answer
            .unwrap_or(Err(ApiError::Timeout(COMPARISON)))
            .map_err(|error| self.refused(failure::answer(&error, client.address())))?;
        Ok(changes.unwrap_or_default())
    }

    /// The layer with what the container changed.
    fn changed_layer(
        &self,
        backend: &Backend,
        id: &str,
        changes: &ChangedPaths,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<ChangedLayer, SourceError> {
        let (engine, name) = (self.engine, self.display_name());
        let mut watch = |heard| {
            progress(heard);
            ControlFlow::Continue(())
        };
        match backend {
            Backend::Command { podman, .. } => {
                let exported = podman.export_container(self.access.limits, id, self.name.as_str(), &mut watch);
                let spooled = exported.map_err(|error| export::failed(error, engine, &name))?;
                let file = Blob::new(spooled.file.into(), 0, spooled.len, name.as_str());
                changed::layer(file.reader(), changes, engine, &name)
            }
            Backend::Service(client) => {
                let path = format!("/containers/{id}/export");
                let request = ExportRequest { engine, name: &name, path: &path, size: None };
                let stream = ExportStream::begin(client, &request, &mut watch)?;
                changed::layer(stream, changes, engine, &name)
            }
        }
    }

    fn refused(&self, answer: String) -> EngineError {
        EngineError::Refused { engine: self.engine, name: self.display_name(), answer }
    }
}

/// The manifest and the configuration of the image with one more layer.
fn extend(image: &EngineImage, name: &str, diff_id: &str) -> Result<(Vec<u8>, Vec<u8>), String> {
    let document = |member: &str| -> Result<Value, String> {
        let blob = image.blob(member).map_err(|error| error.to_string())?;
        let bytes = blob.read_document(DOCUMENT_LIMIT).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{member}: {error}"))
    };
    let mut manifest = document(MANIFEST)?;
    let Some([Value::Object(entry)]) = manifest.as_array_mut().map(Vec::as_mut_slice) else {
        return Err(format!("{MANIFEST} does not have one image"));
    };
    let config =
        entry.get("Config").and_then(Value::as_str).ok_or_else(|| format!("{MANIFEST} has no configuration"))?;
    let mut config = document(config)?;
    entry.insert("Config".to_owned(), CONFIG.into());
    // The tags are those of the image without the container's changes.
    entry.insert("RepoTags".to_owned(), Value::Null);
    match entry.entry("Layers").or_insert(Value::Null) {
        Value::Array(layers) => layers.push(LAYER.into()),
        layers => *layers = json!([LAYER]),
    }
    let root_fs = config.get_mut("rootfs").and_then(Value::as_object_mut).ok_or("its configuration has no rootfs")?;
    match root_fs.entry("diff_ids").or_insert(Value::Null) {
        Value::Array(diff_ids) => diff_ids.push(diff_id.into()),
        diff_ids => *diff_ids = json!([diff_id]),
    }
    // An image without history has none for its layers either.
    if let Some(Value::Array(history)) = config.get_mut("history") {
        history.push(json!({ "created_by": format!("changes in the container {name}") }));
    }
    Ok((manifest.to_string().into_bytes(), config.to_string().into_bytes()))
}

/// Members of the image's archive, with the container's.
impl Store for ContainerImage {
    fn name(&self) -> &str {
        &self.name
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    fn blob(&self, member: &str) -> Result<Blob, StoreError> {
        match normalise("", member).as_deref() {
            Ok(MANIFEST) => Ok(self.manifest.clone()),
            Ok(CONFIG) => Ok(self.config.clone()),
            Ok(LAYER) => Ok(self.layer.clone()),
            _ => self.image.blob(member),
        }
    }

    fn contains(&self, member: &str) -> bool {
        match normalise("", member).as_deref() {
            Ok(MANIFEST | CONFIG | LAYER) => true,
            Ok(INDEX) => false,
            _ => self.image.contains(member),
        }
    }

    fn links(&self) -> Vec<(&str, &str)> {
        self.image.links()
    }

    fn member_names(&self) -> Vec<&str> {
        self.image.member_names()
    }

    fn ending(&self) -> Ending {
        self.image.ending()
    }

    /// `None` for the container's layer, which may change with every run.
    fn identity(&self, digest: Option<&str>, diff_id: Option<&str>) -> Option<Identity> {
        if diff_id == Some(self.diff_id.as_str()) { None } else { self.image.identity(digest, diff_id) }
    }
}
