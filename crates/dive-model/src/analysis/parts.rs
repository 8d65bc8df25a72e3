//! The numbers of a part of an image: of the layers that come from its base, and of its own.

use std::ops::Range;

use super::exact::Exact;
use crate::image::Image;
use crate::layer::LayerIndex;
use crate::tree::Tree;

/// The sums over some layers that follow one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The layers.
    pub layers: Range<usize>,
    /// Bytes as they are stored; of a layer whose length nobody knows, none.
    pub stored_bytes: u64,
    /// Bytes of the files in the layers, unpacked: dive's sizes of layers.
    pub unpacked_bytes: u64,
    /// Files and links that the layers hold, directories left out.
    pub files: u64,
    /// Bytes in these layers that the image does not show.
    pub reclaimable_bytes: u64,
    /// Those of them that a later part hides.
    pub hidden_later_bytes: u64,
}

impl Part {
    /// The sums over the layers of `image` that are in `layers`.
    #[must_use]
    pub fn of(layers: Range<usize>, image: &Image, tree: &Tree, exact: &Exact) -> Self {
        let indexes = || tree.layers().filter(|layer| layers.contains(&layer.get()));
        let sum = |numbers: &mut dyn Iterator<Item = u64>| numbers.fold(0, u64::saturating_add);
        let held = || exact.files.iter().filter(|file| layers.contains(&file.layer.get()));
        let stored = image.layers.iter().take(layers.end).skip(layers.start);
        let files = |layer: LayerIndex| tree.layer_spans(layer).filter(|span| !tree.span(*span).kind.is_directory());
        Self {
            stored_bytes: sum(&mut stored.filter_map(|layer| layer.size)),
            unpacked_bytes: sum(&mut indexes().map(|layer| tree.layer_size_bytes(layer))),
            files: sum(&mut indexes().map(|layer| files(layer).count() as u64)),
            reclaimable_bytes: sum(&mut held().map(|file| file.size_bytes)),
            hidden_later_bytes: sum(&mut held()
                .filter(|file| !layers.contains(&file.hidden_by.get()))
                .map(|file| file.size_bytes)),
            layers,
        }
    }
}

/// What an image weighs. "Size" alone means any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of the layers as the source stores them, each blob once: in a registry, what is pulled.
    pub stored_bytes: u64,
    /// Bytes of the files in all layers, unpacked: dive's total image size.
    pub unpacked_bytes: u64,
}

impl Sizes {
    /// The sizes of `image`.
    #[must_use]
    pub fn of(image: &Image, tree: &Tree) -> Self {
        let unpacked = tree.layers().map(|layer| tree.layer_size_bytes(layer));
        Self { stored_bytes: image.distinct_bytes(), unpacked_bytes: unpacked.fold(0, u64::saturating_add) }
    }

    /// What containerd's image store, Docker's since version 29, holds of it on disk: the stored layers and the unpacked ones.
    /// Docker's older store and Podman hold the unpacked ones alone.
    #[must_use]
    pub const fn on_disk_bytes(&self) -> u64 {
        self.stored_bytes.saturating_add(self.unpacked_bytes)
    }
}
