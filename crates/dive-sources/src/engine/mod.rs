//! Opens images in Docker and Podman. The engine is found as its own client finds it; the image is inspected, and exported unless
//! a cached record describes it completely.

mod address;
mod api;
mod backend;
mod client;
mod comparison;
pub(super) mod container;
mod context;
mod error;
mod export;
mod failure;
mod known;
mod lookup;
mod platforms;
mod podman;
mod podman_list;
mod pull;
mod record;
mod ssh;
mod stream;
mod tls;

pub(super) use comparison::{diff_ids, is_on_this_machine, longest_prefix};
pub use error::{Attempt, AttemptFailure, EngineError, EngineObject, NameTaken};

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use self::export::Export;
pub(super) use self::known::ExportLater;
use self::known::KnownImage;
use self::lookup::ImageLookup;
pub(super) use self::record::Expected;
use self::record::{MANIFEST, Record};
use super::access::Access;
use super::container_engine::ContainerEngine;
use super::error::SourceError;
use crate::engine_name::{EngineImageName, requested_first};
use crate::environment::Environment;
use crate::program::Program;
use dive_model::blob::TransferProgress;
use dive_model::blob::{Blob, Identity};
use dive_model::cache::Cache;
use dive_model::observer::Observer;
use dive_model::remark::{OnDamage, Remark};
use dive_model::store::member_path::normalise;
use dive_model::store::{Archive, Ending, Store, StoreError};

/// An image in an engine: exported, or cached and exported at the first read of a file.
#[derive(Debug)]
pub(super) struct EngineImage {
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

/// True if `engine` has the image, for the platform in `access` if it names one.
///
/// # Errors
/// If no engine can be reached, or its response is invalid.
pub fn is_present(engine: ContainerEngine, name: &str, access: &Access) -> Result<bool, SourceError> {
    let lookup = ImageLookup::new(engine, name, access)?;
    match lookup.inspect(&lookup.connect()?) {
        Ok(_) => Ok(true),
        Err(error) if error.may_be_pulled() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Time for `docker build --help`.
const HELP_WAIT: Duration = Duration::from_secs(20);

/// What the engine's own client prints for `build --help`. `None` if it fails, or does not end in time or within a limit.
#[must_use]
pub fn build_help(engine: ContainerEngine, environment: &Environment) -> Option<String> {
    let client = Program::new(engine.command(), environment.clone());
    let help = client.output(&["build", "--help"], Some(HELP_WAIT), &mut || ControlFlow::Continue(()));
    help.ok().map(|help| String::from_utf8_lossy(&help).into_owned())
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
        if inspected.has_no_layers() {
            return Err(EngineError::NoLayers { engine, name: name.to_owned() }.into());
        }
        let id = inspected.id.clone().unwrap_or_default();
        let shown = access.shown_tag.as_deref().and_then(EngineImageName::new).unwrap_or(lookup.name);
        let tags = requested_first(shown, inspected.repo_tags.clone().unwrap_or_default());
        let export: Arc<dyn ExportLater> = Arc::new(Export::new(&lookup, backend, &id, &inspected)?);
        let key = record::key(engine, &id, &inspected);
        // Older engines describe another platform of the index than the requested one.
        let cache = access.cache.as_ref().filter(|_| platforms::is_described(&inspected, access));
        let expected = Expected::Described(&inspected);
        let kept = cache.map(|cache| KeptRecord { cache, key, expected });
        Self::exported(name, &export, kept, Some(&tags), access.on_damage, progress)
    }

    /// The image that `export` writes, or its record in the cache. `tags` replace those of the archive.
    pub(super) fn exported(
        name: &str,
        export: &Arc<dyn ExportLater>,
        kept: Option<KeptRecord<'_>>,
        tags: Option<&[String]>,
        on_damage: OnDamage,
        progress: &mut dyn FnMut(TransferProgress),
    ) -> Result<Self, SourceError> {
        let image = |backing, manifest, remarks| Self { name: name.to_owned(), backing, manifest, remarks };
        if let Some(KeptRecord { cache, key, expected }) = &kept
            && let Some(record) = Record::find(cache, key, *expected)
            && let Some(known) = KnownImage::new(record, Arc::clone(export), ((*cache).clone(), key.clone()), tags)
        {
            info!("using the cached copy of {name}");
            return Ok(image(EngineArchive::Known(known), None, Vec::new()));
        }
        let (mut archive, mut remarks) = export.run(on_damage, &mut |heard| {
            progress(heard);
            ControlFlow::Continue(())
        })?;
        remarks.extend(archive.take_remarks());
        // An image with remarks is not cached: the next run would not repeat them.
        if let Some(KeptRecord { cache, key, expected }) = kept.filter(|_| remarks.is_empty())
            && let Some(record) = Record::of(&archive, expected)
        {
            record.keep(cache, &key);
        }
        let manifest = tags.and_then(|tags| record::tagged(&archive, tags));
        let manifest = manifest.map(|manifest| Blob::in_memory(manifest, MANIFEST));
        Ok(image(EngineArchive::Exported(archive), manifest, remarks))
    }
}

/// The place of an image's record in the cache, and what the record must agree with.
#[derive(Debug)]
pub(super) struct KeptRecord<'a> {
    pub(super) cache: &'a Cache,
    pub(super) key: String,
    pub(super) expected: Expected<'a>,
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
