//! Presents an image in a registry as an OCI layout: `index.json` names the requested manifest, and `blobs/` fetches blobs on
//! demand. The protocol is that of the OCI distribution specification.

mod auth;
mod challenge;
mod client;
mod deadlines;
mod download;
mod endpoints;
mod error;
mod host;
mod manifest;
mod name;
mod reach;
mod redirects;
mod repository;
mod response;
mod retry;
mod signed;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
mod toc;
mod trust;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

pub(super) use auth::TOKEN_VARIABLE;
pub use error::{Actual, RegistryError, SystemError};
pub(super) use trust::folders as certificate_folders;

use super::access::Access;
use super::error::SourceError;
use super::runtime::{block_on, until_cancelled};
use dive_model::blob::{Blob, Identity};
use dive_model::blob::{Fetch, Watch};
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::cache::{self, Cache};
use dive_model::digest::Digest;
use dive_model::image::manifest::{Descriptor, OciDocument};
use dive_model::layer::toc::{ENTRIES, Toc, TocReference};
use dive_model::remark::{OnDamage, Remark};
use dive_model::store::{Store, StoreError};
use dive_model::units::Total;
use manifest::Role;
use name::Name;
use repository::{Repository, Settings};

/// Blobs fetched in parallel.
const AT_ONCE: usize = 4;

const INDEX: &str = "index.json";

/// An image in a registry: its manifest, and the blobs fetched so far.
#[derive(Debug)]
struct RegistryImage {
    /// The name as typed.
    name: String,
    repository: Arc<Repository>,
    on_damage: OnDamage,
    index: Blob,
    /// The path of the requested manifest, and its name in messages.
    requested: (String, String),
    known: Mutex<KnownBlobs>,
    remarks: Vec<Remark>,
    cache: Option<Cache>,
}

/// The known blobs of the image, by path in the layout.
#[derive(Debug, Default)]
struct KnownBlobs {
    named: HashMap<String, (Role, Descriptor)>,
    /// One handle per path, so that a repeated layer is recognized as the same.
    blobs: HashMap<String, Blob>,
    /// Why documents cannot be read. Each is asked for once: every request may take a minute.
    failed: HashMap<String, RegistryError>,
    /// The number of requested documents, and the time that they took.
    requested: usize,
    waited: Duration,
}

/// Opens an image in a registry.
pub(super) fn open(name: &str, access: &Access) -> Result<Box<dyn Store>, SourceError> {
    Ok(Box::new(RegistryImage::open(name, access)?))
}

impl RegistryImage {
    /// Fetches the manifest of `name` (`HOST/REPOSITORY:TAG`, `...@DIGEST`, or a Docker Hub name).
    fn open(name: &str, access: &Access) -> Result<Self, SourceError> {
        Self::open_with(name, access, Settings::of(access))
    }

    fn open_with(name: &str, access: &Access, settings: Settings) -> Result<Self, SourceError> {
        let mut remarks = endpoints::remarks(&settings.machine);
        // A mirror or an exception in a file that dive cannot use may be what the image needs.
        let unused: Vec<String> = remarks.iter().map(ToString::to_string).collect();
        let error = |error: RegistryError| error.of(name).with_unused_settings(&unused);
        let in_full = settings.machine.in_full(name);
        let parsed = Name::parse(in_full.as_deref().unwrap_or(name)).map_err(error)?;
        let repository = Arc::new(Repository::new(parsed, access, settings).map_err(error)?);
        let answer = block(async { (repository.requested_manifest().await, repository.problems()) }).map_err(error)?;
        let (document, problems) = (answer.0.map_err(error)?, answer.1);
        let full = repository.name();
        let what = format!("the manifest of {}:{}", full.repository, full.version());
        let read = manifest::read(&document.bytes);
        let media_type = manifest::media_type(&document, &read, &what).map_err(error)?;
        let mut entry = serde_json::json!({
            "mediaType": media_type,
            "digest": document.digest.to_string(),
            "size": document.bytes.len(),
        });
        if let Some(tagged) = full.tagged() {
            entry["annotations"] = serde_json::json!({ "io.containerd.image.name": tagged });
        }
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": [entry] });
        let mut known = KnownBlobs::default();
        let member = document.digest.member();
        if let Ok(read) = read {
            known.learn(read);
        }
        known.named.insert(member.clone(), (Role::Manifest, Descriptor::of_digest(document.digest.to_string())));
        known.blobs.insert(member.clone(), Blob::in_memory(document.bytes, &*what));
        remarks.extend(problems.into_iter().map(|problem| Remark::new(name, problem)));
        Ok(Self {
            name: name.to_owned(),
            repository,
            on_damage: access.on_damage,
            index: Blob::in_memory(index.to_string().into_bytes(), INDEX),
            requested: (member, what),
            known: Mutex::new(known),
            remarks,
            cache: access.cache.clone(),
        })
    }

    /// The blob at path `member` of the layout. Layers are fetched at their first read.
    fn open_member(&self, member: &str) -> Result<Blob, SourceError> {
        if member == INDEX {
            return Ok(self.index.clone());
        }
        let missing =
            || SourceError::from(StoreError::Missing { archive: self.name.clone(), member: member.to_owned() });
        let (kind, entry) = {
            let blobs = self.known_blobs();
            if let Some(blob) = blobs.blobs.get(member) {
                return Ok(blob.clone());
            }
            if let Some(error) = blobs.failed.get(member) {
                return Err(error.clone().of(&self.name));
            }
            blobs.named.get(member).cloned().ok_or_else(missing)?
        };
        let Ok(digest) = entry.digest.parse::<Digest>() else {
            return Err(RegistryError::UnknownDigest { digest: entry.digest }.of(&self.name));
        };
        let blob = match kind {
            Role::Manifest | Role::Configuration => {
                let document = self.request(async {
                    match kind {
                        Role::Manifest => self.repository.manifest(&digest).await,
                        Role::Configuration | Role::Layer => self.repository.short_blob(&digest).await,
                    }
                });
                let bytes = match document {
                    Ok(document) => document.bytes,
                    Err(error) => {
                        self.known_blobs().failed.insert(member.to_owned(), error.clone());
                        return Err(error.of(&self.name));
                    }
                };
                if kind == Role::Manifest {
                    // `image` reports an unreadable document.
                    if let Ok(read) = manifest::read(&bytes) {
                        self.known_blobs().learn(read);
                    }
                }
                Blob::in_memory(bytes, &*self.file_name(member))
            }
            Role::Layer => match self.size(&digest, &entry) {
                Ok(size) => {
                    let repository = Arc::clone(&self.repository);
                    Blob::remote(RemoteLayer { repository, digest, size }, size, member)
                }
                Err(RegistryError::Missing { .. }) if entry.is_foreign() => return Err(missing()),
                Err(error) => return Err(error.of(&self.name)),
            },
        };
        // If another thread opened the same blob first, its handle is returned.
        Ok(self.known_blobs().blobs.entry(member.to_owned()).or_insert(blob).clone())
    }

    /// The size of a layer: from the manifest, after a check that the registry has the layer.
    fn size(&self, digest: &Digest, entry: &Descriptor) -> Result<u64, RegistryError> {
        let given = entry.size();
        if let Some(size) = given.filter(|_| !entry.is_foreign()) {
            return Ok(size);
        }
        let found = self.request(self.repository.find(digest))?;
        if let Some(size) = given.or(found) {
            return Ok(size);
        }
        // Neither the manifest nor the registry has the size, so fetch the blob.
        Ok(block(self.repository.blob(digest, None, &|_| ()))??.len())
    }

    /// The table of contents that the manifest names for a layer, with the layer's digest and size.
    fn named_table(&self, member: &str) -> Option<(Digest, u64, TocReference)> {
        let blobs = self.known_blobs();
        let (_, entry) = blobs.named.get(member).filter(|(kind, _)| *kind == Role::Layer)?;
        let digest: Digest = entry.digest.parse().ok()?;
        (!self.repository.is_fetched(&digest)).then_some(())?;
        Some((digest, entry.size()?, entry.table_of_contents()?))
    }

    /// The table of contents of a layer, from the cache or the registry.
    async fn table(&self, layer: &Digest, size: u64, table: &TocReference) -> Result<Toc, RegistryError> {
        // The key has both digests: a wrong pair in one image must not affect the table of another.
        let key = format!("{layer}+{}", table.digest());
        let kept = self.cache.as_ref().and_then(|cache| cache.read(cache::RecordKind::Table, &key));
        if let Some(toc) = kept.and_then(|record| postcard::from_bytes(&record).ok()) {
            return Ok(toc);
        }
        let toc = toc::fetch(&self.repository, layer, size, table).await?;
        if let Some(cache) = &self.cache {
            cache.write(cache::RecordKind::Table, &key, |out| {
                postcard::to_io(&toc, out).map(drop).map_err(io::Error::other)
            });
        }
        Ok(toc)
    }

    /// Requests a document. A hostile index names thousands, and each may take a minute.
    fn request<T>(&self, request: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
        {
            let mut known = self.known_blobs();
            self.repository.check_documents(known.requested, known.waited)?;
            known.requested = known.requested.saturating_add(1);
        }
        let start = Instant::now();
        let response = block(request);
        let mut known = self.known_blobs();
        known.waited = known.waited.saturating_add(start.elapsed());
        response?
    }

    fn known_blobs(&self) -> MutexGuard<'_, KnownBlobs> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Paths of an OCI layout.
impl Store for RegistryImage {
    fn name(&self) -> &str {
        &self.name
    }

    fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    fn blob(&self, member: &str) -> Result<Blob, StoreError> {
        Ok(self.open_member(member)?)
    }

    fn contains(&self, member: &str) -> bool {
        member == INDEX || self.known_blobs().named.contains_key(member)
    }

    /// What a document is. No user has a file of its path.
    fn file_name<'a>(&self, member: &'a str) -> Cow<'a, str> {
        if member == self.requested.0 {
            return Cow::Owned(self.requested.1.clone());
        }
        match self.known_blobs().named.get(member) {
            Some((Role::Manifest, entry)) => Cow::Owned(format!("the manifest {}", entry.digest)),
            Some((Role::Configuration, entry)) => Cow::Owned(format!("the configuration {}", entry.digest)),
            Some((Role::Layer, _)) | None => Cow::Borrowed(member),
        }
    }

    /// True: every fetched blob is compared with its digest.
    fn is_verified(&self) -> bool {
        true
    }

    fn identity(&self, digest: Option<&str>, _diff_id: Option<&str>) -> Option<Identity> {
        digest.map(|digest| Identity::Stored(digest.to_owned()))
    }

    fn fetch(&self, members: &[&str], progress: &mut dyn FnMut(TransferProgress)) -> Result<(), StoreError> {
        let mut wanted: Vec<(Digest, Option<u64>)> = Vec::new();
        {
            let blobs = self.known_blobs();
            for (kind, entry) in members.iter().filter_map(|member| blobs.named.get(*member)) {
                let Ok(digest) = entry.digest.parse() else { continue };
                let known = wanted.iter().any(|(other, _)| *other == digest);
                if *kind == Role::Layer && !known && !self.repository.is_fetched(&digest) {
                    wanted.push((digest, entry.size()));
                }
            }
        }
        let total = wanted.iter().map(|(_, size)| size.unwrap_or_default()).sum::<Total>().get();
        let (read, progress) = (Cell::new(0_u64), RefCell::new(progress));
        let meter = |delta: i64| {
            read.set(read.get().saturating_add_signed(delta));
            (progress.borrow_mut())(TransferProgress {
                step: TransferStep::Download,
                read: read.get(),
                total: Some(total),
            });
        };
        let fetched = block(async {
            let fetches = wanted.iter().map(|(digest, size)| self.repository.blob(digest, *size, &meter));
            let mut fetches = stream::iter(fetches).buffer_unordered(AT_ONCE);
            while let Some(fetched) = fetches.next().await {
                match fetched {
                    // The error is reported again when the blob is read.
                    Err(error) if self.on_damage == OnDamage::Remark => tracing::warn!("{}: {error}", self.name),
                    fetched => drop(fetched?),
                }
            }
            Ok(())
        });
        fetched.and_then(|fetched| fetched).map_err(|error: RegistryError| error.of(&self.name).into())
    }

    /// Fetches the tables in parallel. `None` if a layer is already fetched: all layers are then read instead.
    fn tables_of_contents(&self, members: &[&str]) -> Option<Vec<Toc>> {
        // A repeated layer has one table.
        let once: BTreeSet<&str> = members.iter().copied().collect();
        let named: Option<Vec<_>> = once.iter().map(|member| self.named_table(member)).collect();
        let tables = named?.into_iter().map(async |(digest, size, table)| self.table(&digest, size, &table).await);
        // Without tables the layers are fetched whole, so errors are only logged.
        let tables = block(self.repository.tables(async {
            let (mut taken, mut weight) = (Vec::new(), 0);
            let mut tables = stream::iter(tables).buffered(AT_ONCE);
            while let Some(table) = tables.next().await {
                let table = table?;
                weight += table.weight();
                if weight > ENTRIES {
                    return Err(RegistryError::Toc {
                        why: format!("the layers list more than {ENTRIES} entries (dive's limit)"),
                    });
                }
                taken.push(table);
            }
            Ok(taken)
        }));
        let tables = tables.and_then(|tables| tables);
        let tables = tables.inspect_err(|why| tracing::info!("{}: layers are read whole: {why}", self.name)).ok()?;
        let tables: BTreeMap<&str, Toc> = once.into_iter().zip(tables).collect();
        members.iter().map(|member| tables.get(member).cloned()).collect()
    }
}

impl KnownBlobs {
    /// Adds the blobs of a manifest or an index. Blobs that are known already keep their role.
    fn learn(&mut self, document: OciDocument) {
        for (kind, entry) in manifest::entries(document) {
            if let Some((algorithm, hex)) = entry.digest.split_once(':') {
                self.named.entry(format!("blobs/{algorithm}/{hex}")).or_insert((kind, entry));
            }
        }
    }
}

/// A layer in a registry, fetched at the first read.
#[derive(Debug)]
struct RemoteLayer {
    repository: Arc<Repository>,
    digest: Digest,
    size: u64,
}

impl Fetch for RemoteLayer {
    fn start(&self) -> TransferProgress {
        TransferProgress { step: TransferStep::Download, read: 0, total: Some(self.size) }
    }

    fn fetch(&self, progress: Watch<'_>) -> io::Result<Blob> {
        let read = Cell::new(0_u64);
        let meter = |delta: i64| read.set(read.get().saturating_add_signed(delta));
        let download = self.repository.blob(&self.digest, Some(self.size), &meter);
        let mut go_on = || progress(TransferProgress { read: read.get(), ..self.start() });
        let fetched = block(until_cancelled(download, &mut go_on)).map_err(io::Error::other)?;
        // A cancelled read: its caller ignores the error.
        let Some(fetched) = fetched else { return Err(io::ErrorKind::Interrupted.into()) };
        fetched.map_err(io::Error::other)
    }
}

/// Blocks on a request.
fn block<F: Future>(future: F) -> Result<F::Output, RegistryError> {
    block_on(future).map_err(|error| RegistryError::Runtime { why: error.to_string() })
}
