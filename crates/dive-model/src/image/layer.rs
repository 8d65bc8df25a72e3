//! A layer as the image describes it.

use super::error::LayerLoss;
use crate::layer::LayerBlob;

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
