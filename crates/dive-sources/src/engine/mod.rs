//! Opens images in Docker and Podman. The engine is found as its own client finds it; the image is inspected, and exported unless
//! a cached record describes it completely.

mod address;
mod api;
mod backend;
mod client;
mod comparison;
mod context;
mod error;
mod export;
mod failure;
mod known;
mod lookup;
mod podman;
mod pull;
mod record;
mod ssh;
mod stream;
mod tls;

pub(super) use comparison::{diff_ids, is_on_this_machine, longest_prefix};
pub use error::{Attempt, EngineError};

use std::ops::ControlFlow;

use tracing::info;

use self::api::ImageInspect;
use self::export::Export;
use self::known::KnownImage;
use self::lookup::ImageLookup;
use self::record::{MANIFEST, Record};
use super::access::Access;
use super::container_engine::ContainerEngine;
use super::error::SourceError;
use crate::engine_name::requested_first;
use dive_model::blob::TransferProgress;
use dive_model::blob::{Blob, Identity};
use dive_model::observer::Observer;
use dive_model::remark::Remark;
use dive_model::store::member_path::normalise;
use dive_model::store::{Archive, Ending, Store, StoreError};

/// An image in an engine: exported, or cached and exported at the first read of a file.
#[derive(Debug)]
struct EngineImage {
    name: String,
    backing: EngineArchive,
    /// The archive's manifest with the image's tags; `None` if the manifest is unreadable.
    manifest: Option<Blob>,
    remarks: Vec<Remark>,
}

#[derive(Debug)]
enum EngineArchive {
    Exported(Archive),
    Known(KnownImage),
}

/// True if `engine` has the image.
///
/// # Errors
/// If no engine can be reached, or its response is invalid.
pub fn is_present(engine: ContainerEngine, name: &str, access: &Access) -> Result<bool, SourceError> {
    let lookup = ImageLookup::new(engine, name, access)?;
    match lookup.inspect(&lookup.connect()?) {
        Ok(_) => Ok(true),
        Err(EngineError::NoSuchImage { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Has `engine` pull the image from its registry, whatever the pull policy in `access`.
///
/// # Errors
/// If no engine can be reached, or the pull fails.
pub fn pull(engine: ContainerEngine, name: &str, access: &Access, observer: &dyn Observer) -> Result<(), SourceError> {
    let lookup = ImageLookup::new(engine, name, access)?;
    Ok(lookup.pull(&lookup.connect()?, &mut |progress| observer.transferred(progress))?)
}

/// Opens an image in `engine`.
pub(super) fn open(
    engine: ContainerEngine,
    name: &str,
    access: &Access,
    progress: &mut dyn FnMut(TransferProgress),
) -> Result<Box<dyn Store>, SourceError> {
    Ok(Box::new(EngineImage::open(engine, name, access, progress)?))
}

impl EngineImage {
    /// Looks up the image, and exports it if it is not cached.
    fn open(
        engine: ContainerEngine,
        name: &str,
        access: &Access,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<Self, SourceError> {
        let lookup = ImageLookup::new(engine, name, access)?;
        let backend = lookup.connect()?;
        let inspected = lookup.find(&backend, progress)?;
        let id = inspected.id.clone().unwrap_or_default();
        let tags = requested_first(lookup.name, inspected.repo_tags.clone().unwrap_or_default());
        let export = Export::new(&lookup, backend, &id, size(&inspected))?;
        let image = |backing, manifest, remarks| Self { name: name.to_owned(), backing, manifest, remarks };
        let key = record::key(engine, &id);
        if let Some(cache) = access.cache.as_ref().filter(|_| is_of_platform(&inspected, access))
            && let Some(record) = Record::find(cache, &key, &inspected)
            && let Some(known) = KnownImage::new(record, export.clone(), (cache.clone(), key.clone()), &tags)
        {
            info!("using the cached copy of {name}");
            return Ok(image(EngineArchive::Known(known), None, Vec::new()));
        }
        let (mut archive, mut remarks) = export.run(access.on_damage, &mut |heard| {
            progress(heard);
            ControlFlow::Continue(())
        })?;
        remarks.extend(archive.take_remarks());
        // An image with remarks is not cached: the next run would not repeat them.
        if let Some(cache) = access.cache.as_ref().filter(|_| remarks.is_empty())
            && let Some(record) = Record::of(&archive, &inspected)
        {
            record.keep(cache, &key);
        }
        let manifest = record::tagged(&archive, &tags).map(|manifest| Blob::in_memory(manifest, MANIFEST));
        Ok(image(EngineArchive::Exported(archive), manifest, remarks))
    }
}

/// Members of the exported archive.
impl Store for EngineImage {
    fn name(&self) -> &str {
        &self.name
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    fn blob(&self, member: &str) -> Result<Blob, StoreError> {
        let name = normalise("", member)
            .map_err(|_| StoreError::Outside { archive: self.name.clone(), member: member.to_owned() })?;
        if let Some(manifest) = self.manifest.as_ref().filter(|_| name == MANIFEST) {
            return Ok(manifest.clone());
        }
        match &self.backing {
            EngineArchive::Exported(archive) => archive.open(member),
            EngineArchive::Known(known) => known
                .blob(&name)
                .cloned()
                .ok_or_else(|| StoreError::Missing { archive: self.name.clone(), member: member.to_owned() }),
        }
    }

    fn contains(&self, member: &str) -> bool {
        match &self.backing {
            EngineArchive::Exported(archive) => archive.contains(member),
            EngineArchive::Known(known) => normalise("", member).is_ok_and(|name| known.blob(&name).is_some()),
        }
    }

    fn links(&self) -> Vec<(&str, &str)> {
        match &self.backing {
            EngineArchive::Exported(archive) => archive.links().collect(),
            EngineArchive::Known(known) => known.links().collect(),
        }
    }

    fn member_names(&self) -> Vec<&str> {
        match &self.backing {
            EngineArchive::Exported(archive) => archive.member_names().collect(),
            EngineArchive::Known(_) => Vec::new(),
        }
    }

    fn ending(&self) -> Ending {
        match &self.backing {
            EngineArchive::Exported(archive) => archive.ending(),
            EngineArchive::Known(_) => Ending::Marked,
        }
    }

    /// The `diff_id` from the engine.
    fn identity(&self, _digest: Option<&str>, diff_id: Option<&str>) -> Option<Identity> {
        diff_id.map(|diff_id| Identity::Unpacked(diff_id.to_owned()))
    }
}

/// The approximate size of the export in bytes. `None` with the containerd image store, which reports another size.
fn size(inspected: &ImageInspect) -> Option<u64> {
    let size = inspected.size.filter(|size| *size > 0 && inspected.descriptor.is_none())?;
    u64::try_from(size).ok()
}

/// True if the description is of the requested platform: all platforms of an image share one id.
fn is_of_platform(inspected: &ImageInspect, access: &Access) -> bool {
    let Some(wanted) = &access.platform else { return true };
    let mut parts = wanted.splitn(3, '/');
    let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
    (os, architecture) == (inspected.os.as_deref(), inspected.architecture.as_deref())
        && (variant.is_none() || variant == inspected.variant.as_deref())
}
