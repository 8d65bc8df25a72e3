//! Digests of the layers of an opened image without their times: a rebuilt layer with the same files has the same digest.

use std::cmp::Reverse;

use rayon::prelude::*;

use crate::compression::Compression;
use crate::image::ImageLayer;
use crate::layer::content::PlainLayers;
use crate::layer::{HashPolicy, LayerIndex};
use crate::opener::{Opened, Opener};
use crate::tree::EntriesDigest;

impl Opener<'_> {
    /// Sets whether compressed layers have digests in [`Opened::entries_digests`].
    #[must_use]
    pub const fn hashes(mut self, hashes: HashPolicy) -> Self {
        self.contents.hashes = hashes;
        self
    }
}

impl Opened {
    /// Digests of the entries of some layers without their times, for a comparison with another version of the image; `None` for
    /// a layer whose contents are not at hand. Reads at most 1 GiB of plain layers, the upper ones first: those of the base are
    /// rarely rebuilt.
    #[must_use]
    pub fn entries_digests(&self, layers: &[LayerIndex]) -> Vec<Option<EntriesDigest>> {
        const MOST_READ: u64 = 1 << 30;
        let plain = |(layer, compression): (&ImageLayer, &Option<Compression>)| {
            let blob = layer.blob.as_ref().ok().filter(|_| *compression == Some(Compression::None))?;
            // A comparison is not worth an export or a download.
            (!blob.needs_fetch()).then(|| blob.clone())
        };
        let bodies = PlainLayers::new(self.image.layers.iter().zip(&self.compressions).map(plain).collect());
        let mut left = MOST_READ;
        let mut affordable: Vec<LayerIndex> = layers.to_vec();
        affordable.sort_unstable_by_key(|layer| Reverse(*layer));
        affordable.retain(|layer| {
            let is_plain = self.compressions.get(layer.get()) == Some(&Some(Compression::None));
            let cost = if is_plain { self.tree.layer_size_bytes(*layer) } else { 0 };
            let rest = left.checked_sub(cost);
            left = rest.unwrap_or(left);
            rest.is_some()
        });
        let digest = |layer: &LayerIndex| {
            let is_whole = affordable.contains(layer) && !self.damaged_layers.contains(layer);
            is_whole.then(|| self.tree.entries_digest(*layer, &bodies).ok().flatten()).flatten()
        };
        layers.par_iter().map(digest).collect()
    }
}
