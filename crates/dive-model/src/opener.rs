//! Opens an image in one call: finds it in a store, fetches its layers, merges them, computes the numbers.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tracing::info;

use crate::analysis::Analysis;
use crate::budget::{Budget, Limits};
use crate::cache::{self, Cache};
use crate::compression::Compression;
use crate::image::{self, Image, ImageError, ImageSelector, Named, Platform, Selection, VerifiedStore};
use crate::layer::{self, LayerBlob, LayerIndex, ReadOptions};
use crate::observer::{Observer, Silent};
use crate::remark::{OnDamage, Remark, Shown};
use crate::store::{FileStore, Links, Store, StoreError};
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
    observer: &'a dyn Observer,
}

/// Whether a layer's own table of contents (eStargz, zstd:chunked) may replace reading the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TablePolicy {
    /// Tables list the layers if all layers of an image have one. Nothing compares a table with its layer, so the image's
    /// publisher is trusted.
    Trust,
    /// Layers are read whole.
    #[default]
    Ignore,
}

/// Whether layers and documents are compared with their digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// Only where a source or the cache does so anyway.
    #[default]
    Off,
    /// All of them. Layers are read whole: neither the cache nor tables of contents are used.
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
    /// Each layer's compression; `None` if the layer is missing.
    pub compressions: Vec<Option<Compression>>,
    /// Each layer's unpacked length in bytes; `None` if that is unknown without reading it.
    pub unpacked_bytes: Vec<Option<u64>>,
    /// Layers that are missing or incomplete; only with [`OnDamage::Remark`].
    pub damaged_layers: Vec<LayerIndex>,
    /// Oddities of the layers, and with [`OnDamage::Remark`] what was lost. Those of the image are [`Image::remarks`].
    pub layer_remarks: Vec<(LayerIndex, Remark)>,
}

impl Opened {
    /// Computes the numbers of an image whose layers are merged.
    #[must_use]
    pub fn new(image: Arc<Image>, loaded: Loaded) -> Self {
        let start = Instant::now();
        let Loaded { tree, compressions, unpacked_bytes, damaged_layers, remarks: layer_remarks } = loaded;
        let analysis = Analysis::of(&tree);
        info!("analysed in {:.1?}", start.elapsed());
        Self { image, tree, analysis, compressions, unpacked_bytes, damaged_layers, layer_remarks }
    }
}

/// Why an image cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file, directory, engine or registry cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds no such image, or its documents are damaged.
    #[error("{problem}")]
    Image {
        /// The problem.
        problem: ImageError,
        /// Oddities and losses met while the store was opened: they may be the reason.
        remarks: Vec<Remark>,
    },
    /// Something is not what its digest means: [`Verification::On`].
    #[error("{archive}: {}; copy or save the image again, or get it from where it comes from", listed(mismatches))]
    Verification {
        /// The archive, layout or image.
        archive: String,
        /// What it is, and how it differs.
        mismatches: Vec<Named>,
    },
    /// The threads that read layers cannot be started.
    #[error(
        "no threads can be started to read layers: {cause}; raise the limit on processes or memory (ulimit, docker run \
         --pids-limit), or set RAYON_NUM_THREADS=1"
    )]
    Threads {
        /// The system's error.
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
            observer: &Silent,
        }
    }
}

impl fmt::Debug for Opener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { selection, on_damage, links, tables, verification, cache, limits, observer: _ } = self;
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

    /// Opens this image of a store that holds several.
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

    /// Whether damage is an error or a remark.
    #[must_use]
    pub const fn on_damage(mut self, on_damage: OnDamage) -> Self {
        self.on_damage = on_damage;
        self
    }

    /// Whether symbolic links of a layout directory may leave it.
    #[must_use]
    pub const fn links(mut self, links: Links) -> Self {
        self.links = links;
        self
    }

    /// Whether tables of contents may replace reading the layers.
    #[must_use]
    pub const fn tables_of_contents(mut self, tables: TablePolicy) -> Self {
        self.tables = tables;
        self
    }

    /// Whether to compare all layers and documents with their digests.
    #[must_use]
    pub const fn verification(mut self, verification: Verification) -> Self {
        self.verification = verification;
        self
    }

    /// Takes the entries of known layers from `cache`, and keeps those of other layers there. Only layers with an
    /// [`Identity`](crate::blob::Identity) are cached: those of engines and registries, not those of files.
    #[must_use]
    pub const fn cache(mut self, cache: Option<&'a Cache>) -> Self {
        self.cache = cache;
        self
    }

    /// What opening the image may cost. Without, that depends on its size.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
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
    /// As [`Opener::open_store`]; also if nothing is at `path`, or it holds no image.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Opened, OpenError> {
        let mut transferred = |progress| self.observer.transferred(progress);
        let store = FileStore::open_within(self.limits, path.as_ref(), self.links, self.on_damage, &mut transferred)?;
        self.open_store(&store)
    }

    /// Opens the image in `store`.
    ///
    /// # Errors
    /// If the store holds no such image or platform, a document or layer is damaged (unless [`OnDamage::Remark`] is set),
    /// or a layer cannot be fetched.
    pub fn open_store(&self, store: &dyn Store) -> Result<Opened, OpenError> {
        let (image, loaded) = self.load(store)?;
        Ok(Opened::new(image, loaded))
    }

    /// Opens the image in `store` without computing its numbers; [`Opened::new`] does that later.
    ///
    /// # Errors
    /// As [`Opener::open_store`].
    pub fn load(&self, store: &dyn Store) -> Result<(Arc<Image>, Loaded), OpenError> {
        let loaded = match self.verification {
            Verification::Off => self.read(store, None),
            Verification::On => {
                let (tables, cache) = (TablePolicy::Ignore, None);
                Opener { tables, cache, ..self.clone() }.load_verified(store)
            }
        };
        // Before any other error: what was read of two versions of a file looks like damage.
        store.check_unchanged()?;
        loaded
    }

    fn load_verified(&self, store: &dyn Store) -> Result<(Arc<Image>, Loaded), OpenError> {
        let verified = VerifiedStore::new(store);
        let mut of_layers = Vec::new();
        let loaded = self.read(&verified, Some(&mut of_layers));
        let mismatches = [verified.mismatches(), of_layers].concat();
        // Before any other error, of which it may be the reason.
        if mismatches.is_empty() {
            return loaded;
        }
        Err(OpenError::Verification { archive: store.name().to_owned(), mismatches })
    }

    /// Reads the image. What is wrong with the digests of its layers goes to `mismatches`, where they are to be compared.
    fn read(&self, store: &dyn Store, mismatches: Option<&mut Vec<Named>>) -> Result<(Arc<Image>, Loaded), OpenError> {
        let start = Instant::now();
        let image = image::open(store, &self.selection, self.on_damage)
            .map_err(|problem| OpenError::Image { problem, remarks: store.remarks().to_vec() })?;
        let platform = image.platform.as_ref().map_or_else(String::new, |platform| format!(" ({platform})"));
        let (name, count, elapsed) = (&image.name, image.layers.len(), start.elapsed());
        info!("image {name}{platform}: {count} layers, documents read in {elapsed:.1?}");
        let image = Arc::new(self.with_layers(store, image)?);
        self.observer.found(&image);
        start_threads()?;
        let start = Instant::now();
        let budget = Budget::new(self.limits, store.stored_bytes().unwrap_or_else(|| image.distinct_bytes()));
        let options = ReadOptions { on_damage: self.on_damage, cache: self.cache, verifier: None, budget: &budget };
        let Some(mismatches) = mismatches else {
            let loaded = tree::load(&image, store.name(), options, self.observer)?;
            info!("layers read in {:.1?}", start.elapsed());
            return Ok((image, loaded));
        };
        let (verifier, before) = image.verifier(store);
        let options = ReadOptions { cache: None, verifier: Some(&verifier), ..options };
        let loaded = tree::load(&image, store.name(), options, self.observer);
        mismatches.extend(before.into_iter().chain(image.mismatches(&verifier)));
        info!("layers read and verified in {:.1?}", start.elapsed());
        Ok((image, loaded?))
    }

    /// Fetches the layers that are elsewhere and not in the cache, or their tables of contents if those suffice.
    fn with_layers(&self, store: &dyn Store, image: Image) -> Result<Image, StoreError> {
        let blobs = image.layers.iter().filter_map(|layer| layer.blob.as_ref().ok());
        let wanted: Vec<_> = blobs.filter(|blob| !self.is_cached(blob)).map(|blob| blob.name()).collect();
        if wanted.is_empty() {
            return Ok(image);
        }
        // All layers or none: tables compare contents by the publisher's digests, layers that are read by another hash.
        let layers = image.layer_blobs().filter(|_| self.tables == TablePolicy::Trust);
        let tables = layers.and_then(|layers| store.tables_of_contents(&layers));
        if let Some(tables) = tables.filter(|tables| tables.iter().all(layer::is_complete)) {
            info!("layers are listed by their own tables of contents");
            return Ok(image.listed_by(tables));
        }
        store.fetch(&wanted, &mut |progress| self.observer.transferred(progress))?;
        Ok(image)
    }

    fn is_cached(&self, blob: &LayerBlob) -> bool {
        let known = self.cache.zip(blob.identity());
        known.is_some_and(|(cache, identity)| cache.contains(cache::Kind::Layer, identity.digest()))
    }
}

/// Mismatches that an error lists.
const MOST_LISTED: usize = 10;

fn listed(mismatches: &[Named]) -> String {
    let text = |(name, mismatch): &Named| format!("{} {}", Shown(name), Shown(&mismatch.to_string()));
    let more = mismatches.len().saturating_sub(MOST_LISTED);
    let rest = (more > 0).then(|| format!("and {more} more"));
    mismatches.iter().take(MOST_LISTED).map(text).chain(rest).collect::<Vec<_>>().join("; ")
}

/// Starts rayon's threads, unless the program has done so. Started by their first use, a failure would be a panic.
fn start_threads() -> Result<(), OpenError> {
    // A second attempt after a failure reports success, though there are no threads: the first outcome holds.
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| match rayon::ThreadPoolBuilder::new().build_global() {
        Ok(()) => Ok(()),
        // Only a failure of the system has a source. The other one is that the program started its threads before.
        Err(error) => error.source().map_or(Ok(()), |cause| Err(cause.to_string())),
    });
    started.clone().map_err(|cause| OpenError::Threads { cause })
}
