//! Opens an image in one call: finds it in a store, fetches its layers, merges them, computes the numbers.

mod base_search;
mod threads;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tracing::info;

use crate::analysis::{Analysis, Part, Sizes};
use crate::budget::{self, Budget, Limits};
use crate::cache::{self, Cache};
use crate::compression::Compression;
use crate::image::{
    self, BaseCandidates, BaseScope, Dockerfile, DockerfileError, DocumentCheck, GivenBase, Image, ImageError,
    ImagePart, ImageSelector, NamedMismatch, Platform, Selection, WatchedStore, WrongBase,
};
use crate::layer::content::ContentPolicy;
use crate::layer::{self, ContentOptions, LayerBlob, LayerIndex, ReadOptions};
use crate::observer::{Observer, Silent};
use crate::remark::{OnDamage, Remark, Shown};
use crate::store::{FileStore, Links, Store, StoreError};
use crate::stored_digests::StoredDigests;
use crate::tree::{self, LoadError, Loaded, Tree};

/// Options for opening an image. [`Opener::new`] has the defaults: the first image of the file, an error on damage, no cache.
#[derive(Clone)]
pub struct Opener<'a> {
    selection: Selection,
    on_damage: OnDamage,
    links: Links,
    tables: TablePolicy,
    verification: Verification,
    cache: Option<&'a Cache>,
    limits: Limits,
    work: Option<&'a AtomicU64>,
    base: Option<&'a GivenBase>,
    base_candidates: Option<(&'a dyn BaseCandidates, BaseScope)>,
    dockerfile: Option<(&'a Arc<Dockerfile>, DockerfileFit)>,
    pub(crate) contents: ContentOptions,
    stored_digests: Option<&'a StoredDigests>,
    observer: &'a dyn Observer,
}

/// Whether to use tables of contents (eStargz, zstd:chunked) instead of reading layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TablePolicy {
    /// Use tables if all layers of an image have one. They are not compared with the layers, so this trusts the image's
    /// publisher.
    Trust,
    /// Read layers in full.
    #[default]
    Ignore,
}

/// Whether a Dockerfile must match the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DockerfileFit {
    /// One that is invalid or does not match is an error.
    Required,
    /// One that is invalid is a remark. One that does not match is not used: all its instructions may be without a layer.
    Optional,
}

/// Whether to compare layers and documents with their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// Only if the source or the cache does so anyway.
    #[default]
    Off,
    /// Compare all. Layers are read in full, without the cache and tables of contents.
    On,
}

/// An image, its merged layers and its numbers.
#[derive(Debug)]
pub struct Opened {
    /// Names, configuration, history and layers.
    pub image: Arc<Image>,
    /// All layers merged.
    pub tree: Tree,
    /// Efficiency and waste.
    pub analysis: Analysis,
    /// Compression of each layer; `None` if the layer is missing.
    pub compressions: Vec<Option<Compression>>,
    /// Uncompressed size of each layer, in bytes; `None` if the layer was not read.
    pub unpacked_bytes: Vec<Option<u64>>,
    /// Layers that are missing or incomplete; only with [`OnDamage::Remark`].
    pub damaged_layers: Vec<LayerIndex>,
    /// Remarks on the layers, including damage with [`OnDamage::Remark`]. Those on the image are [`Image::remarks`].
    pub layer_remarks: Vec<(LayerIndex, Remark)>,
}

impl Opened {
    /// Computes the numbers of a loaded image.
    #[must_use]
    pub fn new(image: Arc<Image>, loaded: Loaded) -> Self {
        let start = Instant::now();
        let Loaded { tree, compressions, unpacked_bytes, damaged_layers, remarks: layer_remarks } = loaded;
        let analysis = Analysis::of(&tree);
        info!("analysed in {:.1?}", start.elapsed());
        Self { image, tree, analysis, compressions, unpacked_bytes, damaged_layers, layer_remarks }
    }

    /// Sizes of the image: stored, unpacked, and on disk.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes::of(&self.image, &self.tree, &self.compressions)
    }

    /// Sums over the layers from the base, and over the image's own; `None` if the number of base layers is unknown.
    #[must_use]
    pub fn parts(&self) -> Option<(Part, Part)> {
        Some(self.parts_at(self.image.base.as_ref()?.layers()?))
    }

    /// The part of the image that the layer belongs to; `None` if the number of base layers is unknown.
    #[must_use]
    pub fn part_of(&self, layer: LayerIndex) -> Option<ImagePart> {
        self.image.base.as_ref()?.part_of(layer)
    }

    /// Sums over the layers below `end`, and over those from it on.
    #[must_use]
    pub fn parts_at(&self, end: usize) -> (Part, Part) {
        let (image, tree, exact) = (&*self.image, &self.tree, &self.analysis.exact);
        (Part::of(0..end, image, tree, exact), Part::of(end..image.layers.len(), image, tree, exact))
    }
}

/// An image that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file, directory, engine or registry cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not have the image, or its documents are damaged.
    #[error("{problem}")]
    Image {
        /// The error.
        problem: ImageError,
        /// Remarks from opening the store, which may explain the error.
        remarks: Vec<Remark>,
    },
    /// Digests do not match, with [`Verification::On`].
    #[error("{archive}: {}; save, copy or pull the image again", listed(mismatches))]
    Verification {
        /// Name of the archive, layout or image.
        archive: String,
        /// Name of each document or layer, and how it differs.
        mismatches: Vec<NamedMismatch>,
    },
    /// The image was not built on the base image.
    #[error("{archive}: {problem}")]
    Base {
        /// Name of the archive, layout or image.
        archive: String,
        /// The first difference.
        problem: WrongBase,
    },
    /// The file is not a Dockerfile, or not that of the image.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// Threads cannot be started.
    #[error(
        "cannot start threads to read layers: {cause}; raise the limit on processes or memory (ulimit, docker run \
         --pids-limit), or set RAYON_NUM_THREADS=1"
    )]
    Threads {
        /// Error of the system.
        cause: String,
    },
    /// A layer cannot be read or merged.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Default for Opener<'_> {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            on_damage: OnDamage::default(),
            links: Links::default(),
            tables: TablePolicy::default(),
            verification: Verification::default(),
            cache: None,
            limits: Limits::default(),
            work: None,
            base: None,
            base_candidates: None,
            dockerfile: None,
            contents: ContentOptions::default(),
            stored_digests: None,
            observer: &Silent,
        }
    }
}

impl fmt::Debug for Opener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { selection, on_damage, links, tables, verification, cache, limits, .. } = self;
        f.debug_struct("Opener")
            .field("selection", selection)
            .field("on_damage", on_damage)
            .field("links", links)
            .field("tables", tables)
            .field("verification", verification)
            .field("cache", cache)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

impl<'a> Opener<'a> {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens this image, if the store has several.
    #[must_use]
    pub fn image(mut self, image: ImageSelector) -> Self {
        self.selection.image = Some(image);
        self
    }

    /// Opens the image for this platform.
    #[must_use]
    pub fn platform(mut self, platform: Platform) -> Self {
        self.selection.platform = Some(platform);
        self
    }

    /// Replaces image and platform.
    #[must_use]
    pub fn selection(self, selection: Selection) -> Self {
        Self { selection, ..self }
    }

    /// Sets whether damage is an error or a remark.
    #[must_use]
    pub const fn on_damage(mut self, on_damage: OnDamage) -> Self {
        self.on_damage = on_damage;
        self
    }

    /// Sets whether symbolic links in a layout directory may point outside it.
    #[must_use]
    pub const fn links(mut self, links: Links) -> Self {
        self.links = links;
        self
    }

    /// Sets whether to use tables of contents.
    #[must_use]
    pub const fn tables_of_contents(mut self, tables: TablePolicy) -> Self {
        self.tables = tables;
        self
    }

    /// Sets whether to compare all layers and documents with their digests.
    #[must_use]
    pub const fn verification(mut self, verification: Verification) -> Self {
        self.verification = verification;
        self
    }

    /// Reads scanned layers from `cache`, and adds others: those of engines and registries, which have an
    /// [`Identity`](crate::blob::Identity), and with [`Self::stored_digests`] those of files.
    #[must_use]
    pub const fn cache(mut self, cache: Option<&'a Cache>) -> Self {
        self.cache = cache;
        self
    }

    /// Adds what reading an image takes to this sum, even if it fails: in bytes that gzip unpacks in the same time.
    #[must_use]
    pub const fn work(mut self, sum: &'a AtomicU64) -> Self {
        self.work = Some(sum);
        self
    }

    /// Sets the limits. The defaults depend on the size of the image.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the base image. Opening fails if the image was not built on it.
    #[must_use]
    pub const fn base(mut self, base: Option<&'a GivenBase>) -> Self {
        self.base = base;
        self
    }

    /// Looks for the base in these images, if none is given.
    #[must_use]
    pub fn base_candidates(self, base_candidates: Option<(&'a dyn BaseCandidates, BaseScope)>) -> Self {
        Self { base_candidates, ..self }
    }

    /// Matches this Dockerfile with the history, for layers whose lines provenance does not state.
    #[must_use]
    pub const fn dockerfile(mut self, dockerfile: Option<(&'a Arc<Dockerfile>, DockerfileFit)>) -> Self {
        self.dockerfile = dockerfile;
        self
    }

    /// Also caches compressed layers of files: `digests` computes the digests of their stored bytes. It belongs to one store.
    #[must_use]
    pub const fn stored_digests(mut self, digests: Option<&'a StoredDigests>) -> Self {
        self.stored_digests = digests;
        self
    }

    /// Reports progress to `observer`.
    #[must_use]
    pub fn observer(self, observer: &'a dyn Observer) -> Self {
        Self { observer, ..self }
    }

    /// Opens the image in an archive, a pipe or a layout directory.
    ///
    /// # Errors
    /// As [`Opener::open_store`], or if `path` does not exist or is not an image.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Opened, OpenError> {
        let mut transferred = |progress| self.observer.transferred(progress);
        let store = FileStore::open_within(self.limits, path.as_ref(), self.links, self.on_damage, &mut transferred)?;
        self.open_store(&store)
    }

    /// Opens the image in `store`.
    ///
    /// # Errors
    /// The store does not have the image or platform, a document or layer is damaged (unless [`OnDamage::Remark`] is
    /// set), or a layer cannot be fetched.
    pub fn open_store(&self, store: &dyn Store) -> Result<Opened, OpenError> {
        let (image, loaded) = self.load(store)?;
        Ok(Opened::new(image, loaded))
    }

    /// Loads the image in `store` without computing its numbers. [`Opened::new`] does that later.
    ///
    /// # Errors
    /// As [`Opener::open_store`].
    pub fn load(&self, store: &dyn Store) -> Result<(Arc<Image>, Loaded), OpenError> {
        let check = match self.verification {
            Verification::Off => DocumentCheck::Off,
            Verification::On => DocumentCheck::Digests,
        };
        let watched = WatchedStore::new(store, check);
        let loaded = match self.verification {
            Verification::Off => self.read(&watched, None),
            Verification::On => {
                let (tables, cache) = (TablePolicy::Ignore, None);
                Opener { tables, cache, ..self.clone() }.load_verified(&watched)
            }
        };
        self.add_work(budget::work_of_documents(watched.document_bytes()));
        // Check this before any other error: two versions of a file look like damage.
        store.check_unchanged()?;
        loaded
    }

    fn add_work(&self, work: u64) {
        if let Some(sum) = self.work {
            sum.fetch_add(work, Ordering::Relaxed);
        }
    }

    fn load_verified(&self, store: &WatchedStore<'_>) -> Result<(Arc<Image>, Loaded), OpenError> {
        let mut of_layers = Vec::new();
        let loaded = self.read(store, Some(&mut of_layers));
        let mismatches = [store.mismatches(), of_layers].concat();
        // Report mismatches before any other error, because they may be its cause.
        if mismatches.is_empty() {
            return loaded;
        }
        Err(OpenError::Verification { archive: store.name().to_owned(), mismatches })
    }

    /// Loads the image. Adds the mismatches of its layers to `mismatches`, if given.
    fn read(
        &self,
        store: &dyn Store,
        mismatches: Option<&mut Vec<NamedMismatch>>,
    ) -> Result<(Arc<Image>, Loaded), OpenError> {
        let start = Instant::now();
        let mut image = image::open(store, &self.selection, self.on_damage)
            .map_err(|problem| OpenError::Image { problem, remarks: store.remarks().to_vec() })?;
        if let Some(base) = self.base {
            let archive = || store.name().to_owned();
            let found = base.below(&image).map_err(|problem| OpenError::Base { archive: archive(), problem })?;
            if found.layers() == Some(image.layers.len()) {
                let name = Shown(&base.image.name);
                let note = format!("{name} has all layers of the image, so rules for its own layers check nothing");
                image.remarks.push(Remark::new(store.name(), note));
            }
            image.base = Some(found);
        } else if let Some((candidates, scope)) = self.base_candidates {
            base_search::find_base(&mut image, store.name(), candidates, scope);
        }
        if let Some((dockerfile, fit)) = self.dockerfile {
            match (image.match_dockerfile(dockerfile), fit) {
                (Err(problem), DockerfileFit::Required) => return Err(problem.into()),
                (Err(problem @ DockerfileError::Invalid { .. }), DockerfileFit::Optional) => {
                    image.remarks.push(Remark::new(
                        store.name(),
                        format!("dive cannot name lines of the Dockerfile: {problem}"),
                    ));
                }
                (Err(problem), DockerfileFit::Optional) => info!("{problem}"),
                (Ok(()), _) => {}
            }
        }
        let platform = image.platform.as_ref().map_or_else(String::new, |platform| format!(" ({platform})"));
        let (name, count, elapsed) = (&image.name, image.layers.len(), start.elapsed());
        info!("image {name}{platform}: {count} layers, documents read in {elapsed:.1?}");
        if let Some(digests) = self.stored_digests.filter(|_| self.cache.is_some()) {
            threads::start()?;
            digests.identify(&mut image.layers);
        }
        let image = Arc::new(self.with_layers(store, image)?);
        self.observer.found(&image);
        threads::start()?;
        let start = Instant::now();
        let budget = Budget::new(self.limits, store.stored_bytes().unwrap_or_else(|| image.distinct_bytes()));
        let Self { on_damage, cache, contents, .. } = *self;
        let options = ReadOptions { on_damage, cache, verifier: None, budget: &budget, contents };
        let read = |options| {
            let loaded = tree::load(&image, store.name(), options, self.observer);
            self.add_work(budget.work());
            loaded
        };
        let Some(mismatches) = mismatches else {
            let loaded = read(options)?;
            info!("layers read in {:.1?}", start.elapsed());
            return Ok((image, loaded));
        };
        let (verifier, before) = image.verifier(store);
        let loaded = read(ReadOptions { cache: None, verifier: Some(&verifier), ..options });
        mismatches.extend(before.into_iter().chain(image.mismatches(&verifier)));
        info!("layers read and verified in {:.1?}", start.elapsed());
        Ok((image, loaded?))
    }

    /// Fetches remote layers that are not cached, or tables of contents if those suffice.
    fn with_layers(&self, store: &dyn Store, image: Image) -> Result<Image, StoreError> {
        let blobs = image.layers.iter().filter_map(|layer| layer.blob.as_ref().ok());
        let wanted: Vec<_> = blobs.filter(|blob| !self.is_cached(blob)).map(|blob| blob.name()).collect();
        if wanted.is_empty() {
            return Ok(image);
        }
        // Use tables for all layers or none: their hashes of contents cannot be compared with those of scanned layers.
        let uses_tables = self.tables == TablePolicy::Trust && self.contents.inspection == ContentPolicy::Skip;
        let layers = image.layer_blobs().filter(|_| uses_tables);
        let tables = layers.and_then(|layers| store.tables_of_contents(&layers));
        if let Some(tables) = tables.filter(|tables| tables.iter().all(layer::is_complete)) {
            info!("layers are listed by their own tables of contents");
            return Ok(image.with_tables(tables));
        }
        store.fetch(&wanted, &mut |progress| self.observer.transferred(progress))?;
        Ok(image)
    }

    fn is_cached(&self, blob: &LayerBlob) -> bool {
        let known = self.cache.zip(blob.identity());
        known.is_some_and(|(cache, identity)| cache.contains(cache::RecordKind::Layer, identity.digest()))
    }
}

/// Maximum number of mismatches in an error.
const MAX_MISMATCHES: usize = 10;

fn listed(mismatches: &[NamedMismatch]) -> String {
    let text = |(name, mismatch): &NamedMismatch| format!("{} {}", Shown(name), Shown(&mismatch.to_string()));
    let more = mismatches.len().saturating_sub(MAX_MISMATCHES);
    let rest = (more > 0).then(|| format!("and {more} more"));
    mismatches.iter().take(MAX_MISMATCHES).map(text).chain(rest).collect::<Vec<_>>().join("; ")
}
