//! Sums the numbers of the layers from the base image, and of the image's own layers.

use std::collections::HashMap;
use std::ops::Range;

use super::exact::Exact;
use crate::compression::Compression;
use crate::image::Image;
use crate::layer::LayerIndex;
use crate::tree::Tree;
use crate::units::Total;

/// Sums over consecutive layers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Range of the layers.
    pub layers: Range<usize>,
    /// Stored bytes, without layers of unknown size.
    pub stored_bytes: u64,
    /// Unpacked bytes of the files: the sum of dive's layer sizes.
    pub unpacked_bytes: u64,
    /// Number of files and links, without directories.
    pub files: u64,
    /// Bytes in these layers that are not visible in the image.
    pub reclaimable_bytes: u64,
    /// Reclaimable bytes that a later part hides.
    pub hidden_later_bytes: u64,
}

impl Part {
    /// Sums the layers of `image` in the range `layers`.
    #[must_use]
    pub fn of(layers: Range<usize>, image: &Image, tree: &Tree, exact: &Exact) -> Self {
        let indexes = || tree.layers().filter(|layer| layers.contains(&layer.get()));
        let sum = |numbers: &mut dyn Iterator<Item = u64>| numbers.sum::<Total>().get();
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

/// Sizes of an image. "Size" alone can mean any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Stored bytes of the layers, each blob once: the bytes of a pull.
    pub stored_bytes: u64,
    /// Unpacked bytes of the files in all layers: dive's total image size.
    pub unpacked_bytes: u64,
    /// The part of `stored_bytes` in compressed layers.
    pub compressed_bytes: u64,
}

impl Sizes {
    /// Computes the sizes of `image`, whose layers have these compressions; `None` for an unread layer.
    #[must_use]
    pub fn of(image: &Image, tree: &Tree, compressions: &[Option<Compression>]) -> Self {
        let unpacked = tree.layers().map(|layer| tree.layer_size_bytes(layer));
        let compressed = image.layers.iter().zip(compressions).filter_map(|(layer, compression)| {
            let blob = layer.blob.as_ref().ok()?;
            compression.filter(|it| *it != Compression::None).map(|_| (blob.location(), blob.len()))
        });
        // A blob that several layers name is stored once.
        let compressed: HashMap<_, u64> = compressed.collect();
        Self {
            stored_bytes: image.distinct_bytes(),
            unpacked_bytes: unpacked.sum::<Total>().get(),
            compressed_bytes: compressed.into_values().sum::<Total>().get(),
        }
    }

    /// Disk usage in the engine that stores the layers as the source does: unpacked, with the compressed layers beside them.
    /// containerd, and Docker since version 29, keep both. Docker's older store and Podman keep only the unpacked layers;
    /// their layers come uncompressed, and count once.
    #[must_use]
    pub const fn on_disk_bytes(&self) -> u64 {
        self.compressed_bytes.saturating_add(self.unpacked_bytes)
    }
}
