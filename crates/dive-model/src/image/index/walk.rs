//! Walks the entries of an index to manifests of images and of other content (attestations, signatures, SBOMs, charts).
//! Indexes may be nested. Each document is read once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::config::ImageConfig;
use super::super::document::{self, DocumentKind};
use super::super::error::ImageError;
use super::super::layer_kind::{LayerKind, layer_kind};
use super::super::manifest::{ConfigKind, Descriptor, ManifestKind, OciDocument, config_kind};
use super::super::plan::{Attestation, why_missing};
use super::super::platform::Platform;
use super::super::schema1::Schema1;
use crate::json::List;
use crate::remark::Remark;
use crate::store::Store;

pub(in crate::image) const INDEX: &str = "index.json";

/// Maximum number of documents to read when searching a manifest. Real indexes have some ten entries; a hostile file
/// can list any number.
const DOCUMENT_COUNT: usize = 1_000;

/// Maximum number of chosen manifests to read beyond that.
const CHOSEN_COUNT: usize = 100;

/// Maximum number of bytes to read of documents and configurations when searching a manifest: a thousand may share a configuration of
/// megabytes. Real ones have less than 100 kB each.
const DOCUMENT_BYTES: u64 = 128 << 20;

/// Maximum number of entries in all these documents.
const LISTED_COUNT: usize = 10_000;

/// A manifest reached from an index.
#[derive(Debug)]
pub(super) struct ManifestLeaf {
    pub(super) descriptor: Descriptor,
    pub(super) path: String,
    /// Tags of the entries of `index.json` that lead to it.
    pub(super) tags: Arc<[String]>,
    /// Platform in the index, or else in the configuration.
    pub(super) platform: Option<Platform>,
    pub(super) content: ManifestContent,
    /// Digest of the configuration, which is the image id; `None` if the manifest was not read.
    pub(super) config_digest: Option<String>,
    /// Why it cannot be read. Indexes list platforms that were not pulled, so this is an error only for the chosen
    /// manifest.
    pub(super) error: Option<ImageError>,
}

impl ManifestLeaf {
    /// True if it is or may be an image.
    pub(super) const fn may_be_image(&self) -> bool {
        matches!(self.content, ManifestContent::Unread | ManifestContent::Image)
    }

    /// The manifest as an attestation of another; `None` unless `BuildKit` marked it as one.
    pub(super) fn attestation(&self) -> Option<Attestation> {
        let of = self
            .descriptor
            .attestation_subject()
            .filter(|_| self.descriptor.is_attestation() && self.error.is_none())?;
        Some(Attestation { path: self.path.clone(), of: of.to_owned() })
    }

    /// True if the index gives an unknown platform.
    pub(super) fn is_listed_as_unknown(&self) -> bool {
        self.descriptor.platform().is_some_and(|platform| !platform.is_known())
    }

    /// True if neither index nor configuration gives a known platform.
    pub(super) fn is_of_unknown_platform(&self) -> bool {
        self.platform.is_none() && self.is_listed_as_unknown()
    }

    /// True if it is missing and of unknown platform: beside an image, probably an attestation.
    pub(super) fn may_be_missing_attestation(&self) -> bool {
        self.content == ManifestContent::Unread && self.error.is_some() && self.is_of_unknown_platform()
    }
}

/// Content of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ManifestContent {
    /// Not read; probably an image.
    Unread,
    Image,
    /// An attestation of a builder.
    Attestation,
    /// An artifact, with its type.
    Artifact(Option<String>),
}

/// Follows the entries of a store's indexes.
pub(super) struct IndexWalker<'a> {
    store: &'a dyn Store,
    documents: usize,
    /// Maximum number of documents.
    limit: usize,
    /// Bytes that may still be read.
    bytes_left: u64,
    /// Number of chosen manifests read beyond the limit.
    chosen: usize,
    listed: usize,
    /// Remarks on invalid entries.
    pub(super) remarks: Vec<Remark>,
    /// Of each index below `index.json`, by digest, the digests of its entries.
    pub(super) nested: HashMap<String, Vec<String>>,
}

impl<'a> IndexWalker<'a> {
    pub(super) fn new(store: &'a dyn Store) -> Self {
        Self {
            store,
            documents: 0,
            limit: DOCUMENT_COUNT,
            bytes_left: DOCUMENT_BYTES,
            chosen: 0,
            listed: 0,
            remarks: Vec::new(),
            nested: HashMap::new(),
        }
    }

    /// All manifests below `entry`, in the order of the indexes.
    pub(super) fn leaves(&mut self, entry: Descriptor) -> Result<Vec<ManifestLeaf>, ImageError> {
        let mut leaves = Vec::new();
        let mut seen = HashSet::new();
        // A stack: the next entry is on top.
        let mut ahead = vec![entry];
        while let Some(descriptor) = ahead.pop() {
            if !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            let (path, error) = match descriptor.path() {
                Ok(path) => (path, None),
                Err(cause) => {
                    let archive = self.store.name().to_owned();
                    (String::new(), Some(ImageError::Digest { archive, what: "manifest", cause }))
                }
            };
            let platform = descriptor.platform().filter(Platform::is_known);
            let leaf = ManifestLeaf {
                platform,
                path,
                tags: Arc::default(),
                content: ManifestContent::Unread,
                config_digest: None,
                error,
                descriptor,
            };
            match self.follow(leaf)? {
                Followed::Leaf(leaf) => leaves.push(*leaf),
                Followed::Index { digest, path, entries } => {
                    let entries = self.with_digest(&path, entries);
                    self.nested.insert(digest, entries.iter().map(|entry| entry.digest.clone()).collect());
                    ahead.extend(entries.into_iter().rev());
                }
            }
        }
        Ok(leaves)
    }

    /// The entries of `document` with a digest. Go reads `null` as an empty entry.
    pub(super) fn with_digest(&mut self, document: &str, List(entries): List<Descriptor>) -> Vec<Descriptor> {
        let mut empty = (0..entries.len()).filter(|at| entries[*at].digest.is_empty());
        if let Some(first) = empty.next() {
            let text = match empty.count() {
                0 => format!("entry {first} of its manifests names no digest; dive skips it"),
                more => format!("entry {first} of its manifests and {more} more name no digest; dive skips them"),
            };
            let document = self.store.file_name(document);
            self.remarks.push(Remark::new(format!("{}: {document}", self.store.name()), text));
        }
        entries.into_iter().filter(|entry| !entry.digest.is_empty()).collect()
    }

    fn follow(&mut self, mut leaf: ManifestLeaf) -> Result<Followed, ImageError> {
        let leaf_of = |leaf| Ok(Followed::Leaf(Box::new(leaf)));
        if leaf.descriptor.is_attestation() {
            leaf.content = ManifestContent::Attestation;
            return leaf_of(leaf);
        }
        if leaf.error.is_none() && !self.store.contains(&leaf.path) {
            leaf.error = Some(ImageError::MissingDocument {
                archive: self.store.name().to_owned(),
                what: "manifest",
                path: self.store.file_name(&leaf.path).into_owned(),
                hint: why_missing(self.store),
            });
        }
        if leaf.error.is_some() {
            return leaf_of(leaf);
        }
        // The descriptor suffices. In a registry, each document is a request.
        if leaf.platform.is_some() && leaf.descriptor.is_manifest() && leaf.descriptor.artifact_type().is_none() {
            return leaf_of(leaf);
        }
        match self.read(&mut leaf)? {
            Some(entries) => Ok(Followed::Index { digest: leaf.descriptor.digest, path: leaf.path, entries }),
            None => leaf_of(leaf),
        }
    }

    /// Reads a manifest if it is unread.
    pub(super) fn inspect(&mut self, leaf: &mut ManifestLeaf) -> Result<(), ImageError> {
        if leaf.content == ManifestContent::Unread && leaf.error.is_none() && self.read(leaf)?.is_some() {
            leaf.error = Some(no_configuration(self.store, &leaf.path));
        }
        Ok(())
    }

    /// Reads a chosen manifest, even beyond the limit.
    pub(super) fn inspect_chosen(&mut self, leaf: &mut ManifestLeaf) -> Result<(), ImageError> {
        if !self.is_at_limit() || leaf.content != ManifestContent::Unread || leaf.error.is_some() {
            return self.inspect(leaf);
        }
        self.chosen += 1;
        self.limit = self.documents + 1;
        self.bytes_left = self.bytes_left.max(1);
        // A nested index was not walked, so its manifests are unknown.
        if self.chosen > CHOSEN_COUNT || self.read(leaf)?.is_some() {
            return Err(self.too_many());
        }
        Ok(())
    }

    fn is_at_limit(&self) -> bool {
        self.documents >= self.limit || self.bytes_left == 0
    }

    fn warn_of_limit(&mut self) {
        let limit = match self.bytes_left {
            0 => format!("{} MiB of documents", DOCUMENT_BYTES >> 20),
            _ => format!("{DOCUMENT_COUNT} documents"),
        };
        let text = format!("leads to more than {limit} (dive's limit); --image NAME reads another document");
        let remark = Remark::new(format!("{}: {}", self.store.name(), self.store.file_name(INDEX)), text);
        if self.remarks.last() != Some(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Reads the document of `leaf`, and returns the entries if it is an index. Stores an error in `leaf`.
    fn read(&mut self, leaf: &mut ManifestLeaf) -> Result<Option<List<Descriptor>>, ImageError> {
        if self.is_at_limit() {
            self.warn_of_limit();
            return Ok(None);
        }
        leaf.content = ManifestContent::Image;
        self.documents += 1;
        let document = self.store.blob(&leaf.path).map_err(ImageError::from).and_then(|blob| {
            self.bytes_left = self.bytes_left.saturating_sub(blob.len());
            let read: Result<OciDocument, _> =
                document::read(self.store, &blob, DocumentKind::OciDocument, &mut Vec::new());
            read.map(|document| (blob, document))
        });
        let (blob, document) = match document {
            Ok(read) => read,
            Err(ImageError::Document { .. } | ImageError::Limit { .. }) if leaf.descriptor.is_other_document() => {
                leaf.content = ManifestContent::Artifact(leaf.descriptor.media_type().map(str::to_owned));
                return Ok(None);
            }
            Err(error) => {
                leaf.error = Some(error);
                return Ok(None);
            }
        };
        match document.kind() {
            Some(ManifestKind::Index) => {
                let inner = document.manifests.unwrap_or_default();
                self.listed += inner.0.len();
                return if self.listed > LISTED_COUNT { Err(self.too_many()) } else { Ok(Some(inner)) };
            }
            Some(ManifestKind::Schema1) => {
                let platform = leaf.platform.take().or_else(|| Schema1::platform(self.store, &blob));
                leaf.platform = platform.filter(Platform::is_known);
            }
            Some(ManifestKind::Manifest) | None => self.classify(leaf, &document),
        }
        Ok(None)
    }

    /// Sets content, platform and configuration digest of `leaf`.
    fn classify(&mut self, leaf: &mut ManifestLeaf, document: &OciDocument) {
        leaf.config_digest = document.config.as_ref().map(|config| config.digest.clone());
        let artifact_type = document.artifact_type.as_deref().or_else(|| leaf.descriptor.artifact_type());
        let media_type = document.config.as_ref().and_then(Descriptor::media_type);
        let kind = config_kind(media_type);
        // A configuration with another media type is an image's if it has fields that only images have.
        let needs_config = leaf.platform.is_none() || (kind == ConfigKind::Unknown && media_type.is_some());
        let config = document.config.as_ref().filter(|_| needs_config && kind != ConfigKind::Artifact);
        let config = config.and_then(|config| self.config(config));
        if leaf.platform.is_none() {
            leaf.platform = config.as_ref().and_then(ImageConfig::platform).filter(Platform::is_known);
        }
        let is_foreign =
            kind == ConfigKind::Unknown && media_type.is_some() && config.is_some_and(|config| config.rootfs.is_none());
        let layer_type = document.layers.0.first().and_then(Descriptor::media_type);
        leaf.content = if kind == ConfigKind::Artifact || is_foreign || document.is_artifact() {
            ManifestContent::Artifact(artifact_type.or(media_type).map(str::to_owned))
        } else if is_data_only(document) {
            match layer_type {
                Some(layer_type) if layer_type.contains("in-toto") => ManifestContent::Attestation,
                layer_type => ManifestContent::Artifact(artifact_type.or(layer_type).map(str::to_owned)),
            }
        } else {
            ManifestContent::Image
        };
        if leaf.content == ManifestContent::Image && document.config.is_none() {
            let other_type = leaf.descriptor.media_type().filter(|_| leaf.descriptor.is_other_document());
            match artifact_type.or(other_type) {
                Some(kind) => leaf.content = ManifestContent::Artifact(Some(kind.to_owned())),
                None => leaf.error = Some(no_configuration(self.store, &leaf.path)),
            }
        }
    }

    /// Digest of the configuration of `leaf`, if readable.
    pub(super) fn id_of(&mut self, leaf: &ManifestLeaf) -> Result<Option<String>, ImageError> {
        self.count_document()?;
        let Ok(blob) = self.store.blob(&leaf.path) else { return Ok(None) };
        let read: Result<OciDocument, _> =
            document::read(self.store, &blob, DocumentKind::OciDocument, &mut Vec::new());
        Ok(read.ok().and_then(|document| document.config).map(|config| config.digest))
    }

    /// Counts the next document. In a registry, each is a request.
    fn count_document(&mut self) -> Result<(), ImageError> {
        self.documents += 1;
        if self.documents > self.limit { Err(self.too_many()) } else { Ok(()) }
    }

    fn config(&mut self, config: &Descriptor) -> Option<ImageConfig> {
        let blob = self.store.blob(&config.path().ok()?).ok()?;
        self.bytes_left = self.bytes_left.saturating_sub(blob.len());
        document::read(self.store, &blob, DocumentKind::OciDocument, &mut Vec::new()).ok()
    }

    fn too_many(&self) -> ImageError {
        ImageError::Manifest {
            archive: self.store.name().to_owned(),
            document: self.store.file_name(INDEX).into_owned(),
            problem: "leads to more than 1,000 manifests (dive's limit); choose one by tag or digest with --image",
        }
    }
}

pub(super) fn no_configuration(store: &dyn Store, manifest: &str) -> ImageError {
    ImageError::Manifest {
        archive: store.name().to_owned(),
        document: store.file_name(manifest).into_owned(),
        problem: "is not an image manifest: it names no configuration",
    }
}

/// True if no layer can be part of a file system. cosign stores signatures with the configuration of an image.
fn is_data_only(document: &OciDocument) -> bool {
    let is_data =
        |layer: &Descriptor| matches!(layer_kind(layer.media_type()), LayerKind::Other(other) if !other.is_file_system);
    !document.layers.0.is_empty() && document.layers.0.iter().all(is_data)
}

enum Followed {
    Leaf(Box<ManifestLeaf>),
    Index { digest: String, path: String, entries: List<Descriptor> },
}
