//! An image and its layers as the store's documents describe them, as plain values.

use std::collections::HashMap;

use super::error::LayerLoss;
use super::history::HistoryStep;
use super::other_entry::OtherEntry;
use super::platform::Platform;
use super::selection::ImageName;
use crate::layer::LayerBlob;
use crate::layer::toc::Toc;
use crate::remark::Remark;

/// An image, its layers found and not read.
#[derive(Debug)]
pub struct Image {
    /// Its first tag, or what its store is called if it has none.
    pub name: String,
    /// Its tags, as written.
    pub tags: Vec<String>,
    /// The digest of its configuration, if the archive names it by digest.
    pub id: Option<String>,
    /// What it runs on.
    pub platform: Option<Platform>,
    /// When it was made, as the configuration writes it (RFC 3339).
    pub created: Option<String>,
    /// From the base up.
    pub layers: Vec<ImageLayer>,
    /// All steps of the build, those without a layer too.
    pub history: Vec<HistoryStep>,
    /// What else the store holds.
    pub other_images: Vec<ImageName>,
    /// What the store holds beside images.
    pub other_entries: Vec<OtherEntry>,
    /// What was odd, in the store and in the image; with [`OnDamage::Remark`](crate::remark::OnDamage::Remark), what was lost.
    pub remarks: Vec<Remark>,
}

impl Image {
    /// Stored bytes of all layers that are present: what must be read to read them all.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.layers.iter().filter_map(|layer| layer.blob.as_ref().ok()).map(|blob| blob.len()).sum()
    }
}

impl Image {
    /// The names of the blobs of all layers; `None` if a layer is missing.
    #[must_use]
    pub fn layer_blobs(&self) -> Option<Vec<&str>> {
        self.layers.iter().map(|layer| layer.blob.as_ref().ok().map(|blob| blob.name())).collect()
    }

    /// Bytes that its layers take as they are stored, each blob once.
    #[must_use]
    pub fn distinct_bytes(&self) -> u64 {
        let blobs = self.layers.iter().filter_map(|layer| layer.blob.as_ref().ok());
        let blobs: HashMap<_, u64> = blobs.map(|blob| (blob.location(), blob.len())).collect();
        blobs.into_values().fold(0, u64::saturating_add)
    }

    /// The same image, whose layers hold what these tables say, base first.
    #[must_use]
    pub fn listed_by(mut self, tables: Vec<Toc>) -> Self {
        for (layer, table) in self.layers.iter_mut().zip(tables) {
            if let Ok(blob) = &mut layer.blob {
                *blob = blob.clone().listed(table);
            }
        }
        self
    }
}

/// A layer, found and not read.
#[derive(Debug)]
pub struct ImageLayer {
    /// Its bytes, compressed or not. Else [`LayerLoss::NotATar`]; or, only with [`OnDamage::Remark`](crate::remark::OnDamage::Remark), why they are lost.
    pub blob: Result<LayerBlob, LayerLoss>,
    /// What dive's JSON calls `id`: the legacy layer id where the archive has one, else the blob's digest, else the
    /// blob's name.
    pub id: String,
    /// The blob's digest, if the archive names it by digest. It is text, as are [`ImageLayer::diff_id`] and [`Image::id`]:
    /// images carry digests of unknown algorithms and invalid ones, and reports show them as written. To compare one with
    /// bytes, parse it into a [`Digest`](crate::digest::Digest).
    pub digest: Option<String>,
    /// The digest of the uncompressed layer, as the configuration gives it: dive's `digestId`.
    pub diff_id: Option<String>,
    /// As the manifest gives it; what the bytes are may differ.
    pub media_type: Option<String>,
    /// Bytes as stored; where the blob is lost, as the manifest gives them.
    pub size: Option<u64>,
    /// The command that made it as dive shows it: without a leading `/bin/sh -c `. Empty where none is told.
    pub command: String,
    /// The command as the history has it.
    pub created_by: String,
    /// The builder's comment; empty where there is none.
    pub comment: String,
}
