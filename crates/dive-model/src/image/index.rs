//! What the entries of an index lead to: manifests of images, and what registries and builders keep beside images
//! (attestations, signatures, SBOMs, charts). Indexes lie inside indexes; each document is read once.

use std::collections::HashSet;

use super::config::ImageConfig;
use super::content::{LayerKind, layer_kind};
use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::manifest::{ConfigKind, Descriptor, OciDocument, config_kind};
use super::platform::Platform;
use super::schema1::Schema1;
use crate::json::List;
use crate::store::{Store, StoreError};

pub(super) const INDEX: &str = "index.json";

/// Documents that are read in search of a manifest. Real indexes have some ten entries; a file can claim any number.
const DOCUMENT_COUNT: usize = 1_000;

/// Entries that all those documents together may list.
const LISTED_COUNT: usize = 10_000;

/// A manifest that an index leads to.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) descriptor: Descriptor,
    pub(super) path: String,
    /// By the index, or by the configuration where the index names none.
    pub(super) platform: Option<Platform>,
    pub(super) content: Content,
    pub(super) presence: Presence,
    /// The digest of its configuration, if it was read: the image's id.
    pub(super) config_digest: Option<String>,
    /// Why it could not be read.
    pub(super) lost: Option<StoreError>,
}

/// What a manifest describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// An image, or what was not looked into and so may be one.
    Image,
    /// What a builder states about an image.
    Attestation,
    /// Something else in the form of an image, with its type.
    Artifact(Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Here,
    /// The index names it and the source does not hold it: indexes list platforms nobody pulled.
    Absent,
}

/// Follows the entries of one store's indexes.
pub(super) struct Follower<'a> {
    store: &'a dyn Store,
    documents: usize,
    listed: usize,
}

impl<'a> Follower<'a> {
    pub(super) const fn new(store: &'a dyn Store) -> Self {
        Self { store, documents: 0, listed: 0 }
    }

    /// All manifests below `entry`, in the order of the indexes.
    pub(super) fn leaves(&mut self, entry: Descriptor) -> Result<Vec<Leaf>, ImageError> {
        let mut leaves = Vec::new();
        let mut seen = HashSet::new();
        // The next entry is the last one.
        let mut ahead = vec![entry];
        while let Some(descriptor) = ahead.pop() {
            if !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            let path = descriptor.path().map_err(|cause| ImageError::Digest {
                archive: self.store.name().to_owned(),
                what: "manifest",
                cause,
            })?;
            let platform = descriptor.platform().filter(Platform::is_known);
            let leaf = Leaf {
                platform,
                path,
                content: Content::Image,
                presence: Presence::Here,
                config_digest: None,
                lost: None,
                descriptor,
            };
            match self.follow(leaf)? {
                Followed::Leaf(leaf) => leaves.push(*leaf),
                Followed::Index(List(inner)) => ahead.extend(inner.into_iter().rev()),
            }
        }
        Ok(leaves)
    }

    fn follow(&mut self, mut leaf: Leaf) -> Result<Followed, ImageError> {
        let leaf_of = |leaf| Ok(Followed::Leaf(Box::new(leaf)));
        if leaf.descriptor.is_attestation() {
            leaf.content = Content::Attestation;
            return leaf_of(leaf);
        }
        if !self.store.contains(&leaf.path) {
            // Of a platform that is named unknown, and not here, only attestations are known.
            if leaf.descriptor.platform().is_some_and(|platform| !platform.is_known()) {
                leaf.content = Content::Attestation;
            }
            leaf.presence = Presence::Absent;
            return leaf_of(leaf);
        }
        // All that matters is told: in a registry, each document that is read is a request.
        if leaf.platform.is_some() && leaf.descriptor.is_manifest() && leaf.descriptor.artifact_type().is_none() {
            return leaf_of(leaf);
        }
        self.documents += 1;
        if self.documents > DOCUMENT_COUNT {
            return Err(self.too_many());
        }
        // A manifest that cannot be read is an error only if it is the chosen one.
        let blob = match self.store.blob(&leaf.path) {
            Ok(blob) => blob,
            Err(error) => {
                leaf.lost = Some(error);
                return leaf_of(leaf);
            }
        };
        let read = document::read(self.store, &blob, DocumentKind::OciDocument, &mut Vec::new());
        let Ok::<OciDocument, _>(document) = read else { return leaf_of(leaf) };
        if let Some(inner) = document.manifests {
            self.listed += inner.0.len();
            return if self.listed > LISTED_COUNT { Err(self.too_many()) } else { Ok(Followed::Index(inner)) };
        }
        if document.fs_layers.is_some() {
            leaf.platform = leaf.platform.or_else(|| Schema1::platform(self.store, &blob)).filter(Platform::is_known);
        } else {
            self.look_into(&mut leaf, &document);
        }
        leaf_of(leaf)
    }

    /// Notes what the manifest of `leaf` describes.
    fn look_into(&self, leaf: &mut Leaf, document: &OciDocument) {
        leaf.config_digest = document.config.as_ref().map(|config| config.digest.clone());
        let artifact_type = document.artifact_type.as_deref().or_else(|| leaf.descriptor.artifact_type());
        let media_type = document.config.as_ref().and_then(Descriptor::media_type);
        let kind = config_kind(media_type);
        // A configuration that calls itself something else is an image's if it has what only images have.
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
            Content::Artifact(artifact_type.or(media_type).map(str::to_owned))
        } else if is_data_only(document) {
            match layer_type {
                Some(layer_type) if layer_type.contains("in-toto") => Content::Attestation,
                layer_type => Content::Artifact(artifact_type.or(layer_type).map(str::to_owned)),
            }
        } else {
            Content::Image
        };
    }

    fn config(&self, config: &Descriptor) -> Option<ImageConfig> {
        let blob = self.store.blob(&config.path().ok()?).ok()?;
        document::read(self.store, &blob, DocumentKind::OciDocument, &mut Vec::new()).ok()
    }

    fn too_many(&self) -> ImageError {
        ImageError::Manifest {
            archive: self.store.name().to_owned(),
            document: INDEX.to_owned(),
            problem: "names more manifests than any image has",
        }
    }
}

/// Whether no layer can be a part of a file system: cosign keeps signatures under an image's configuration.
fn is_data_only(document: &OciDocument) -> bool {
    let is_data =
        |layer: &Descriptor| matches!(layer_kind(layer.media_type()), LayerKind::Other(other) if !other.is_file_system);
    !document.layers.0.is_empty() && document.layers.0.iter().all(is_data)
}

enum Followed {
    Leaf(Box<Leaf>),
    Index(List<Descriptor>),
}
