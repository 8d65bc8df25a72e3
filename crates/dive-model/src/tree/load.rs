//! Loads an image into a tree: scans layers in parallel, applies them in order, then compares contents.

use std::io;

use tracing::info;

use super::{BuildError, Builder, Tree};
use crate::budget::OverBudget;
use crate::compression::Compression;
use crate::image::{Image, LayerLoss};
use crate::layer::content::PlainLayers;
use crate::layer::{self, LayerError, LayerIndex, ReadOptions};
use crate::observer::Observer;
use crate::remark::Remark;

/// Maximum number of remarks to keep for an image. Further ones are counted for each layer.
const MAX_REMARKS: usize = 10_000;

/// The tree of an image, with facts about its layers.
#[derive(Debug)]
pub struct Loaded {
    /// All layers merged.
    pub tree: Tree,
    /// Compression of each layer; `None` if its bytes are missing.
    pub compressions: Vec<Option<Compression>>,
    /// Uncompressed size of each layer's tar, in bytes; `None` if the layer was not read.
    pub unpacked_bytes: Vec<Option<u64>>,
    /// Layers that are missing or incomplete; only with [`OnDamage::Remark`](crate::remark::OnDamage::Remark).
    pub damaged_layers: Vec<LayerIndex>,
    /// Remarks by layer. With [`OnDamage::Remark`](crate::remark::OnDamage::Remark), these include damage.
    pub remarks: Vec<(LayerIndex, Remark)>,
}

/// An image whose layers cannot be scanned or merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A layer cannot be scanned.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// Layers cannot be merged.
    #[error("{place}: {problem}")]
    Build {
        /// Name of the archive or layout, and of the layer if the error is in one.
        place: String,
        /// Reason.
        problem: BuildError,
    },
    /// The listing of the image would exceed the budget.
    #[error("{place}: {problem}")]
    OverBudget {
        /// Archive and layer that exceeded it.
        place: String,
        /// The exceeded limit.
        problem: OverBudget,
    },
    /// A body cannot be read again for comparing.
    #[error("{archive}: files that several layers write cannot be compared: {problem}")]
    Compare {
        /// Name of the archive or layout.
        archive: String,
        /// Error of the file system.
        problem: io::Error,
    },
}

/// Scans and merges the layers of `image`, which messages call `archive`.
///
/// Layers in the cache are not read; others are added to it. With a verifier, every layer is read in full. Memory is
/// charged to the budget.
///
/// # Errors
/// A layer is damaged (with [`OnDamage::Fail`](crate::remark::OnDamage::Fail)), or the image exceeds a limit.
pub fn load(
    image: &Image,
    archive: &str,
    options: ReadOptions<'_>,
    observer: &dyn Observer,
) -> Result<Loaded, LoadError> {
    let blobs: Vec<_> = image.layers.iter().map(|layer| layer.blob.as_ref().ok().cloned()).collect();
    let mut builder = Builder::within(options.budget);
    let mut text = 0u64;
    let (mut compressions, mut unpacked_bytes) = (Vec::new(), Vec::new());
    let mut damaged_layers = Vec::new();
    let mut remarks = Vec::new();
    let on_bytes = |count| observer.bytes_read(count);
    layer::read(archive, &blobs, options, &on_bytes, |index, scan| {
        observer.layer_read(index, scan.size_bytes);
        compressions.push(scan.compression);
        unpacked_bytes.push(scan.unpacked_bytes);
        let loss = image.layers.get(index.get()).and_then(|layer| layer.blob.as_ref().err());
        if scan.damaged || loss.is_some_and(LayerLoss::is_damage) {
            damaged_layers.push(index);
        }
        let place = || {
            let blob = blobs.get(index.get()).and_then(Option::as_ref).map_or("missing", |blob| blob.name());
            format!("{archive}: layer {index} ({blob})")
        };
        let compression = scan.compression.map_or_else(|| "missing".to_owned(), |compression| compression.to_string());
        let (entries, bytes) = (scan.entry_count, scan.size_bytes);
        let of = blobs.len();
        info!("layer {index} (of {of}): {entries} entries with {bytes} bytes, {compression}");
        options.budget.count_entries(scan.entry_count as u64);
        text = text.saturating_add(scan.listing_bytes);
        options.budget.list(text).map_err(|problem| LoadError::OverBudget { place: place(), problem })?;
        let layer_remarks = builder.apply_cow(scan).map_err(|problem| match problem {
            BuildError::OverBudget { .. } => LoadError::Build { place: place(), problem },
            _ => LoadError::Build { place: archive.to_owned(), problem },
        })?;
        let shown = MAX_REMARKS.saturating_sub(remarks.len()).min(layer_remarks.kept.len());
        let more = layer_remarks.more + (layer_remarks.kept.len() - shown) as u64;
        remarks.extend(layer_remarks.kept.into_iter().take(shown).map(|text| (index, Remark::new(place(), text))));
        if more > 0 {
            remarks.push((index, Remark::new(place(), format!("{more} more warnings on this layer"))));
        }
        Ok::<_, LoadError>(())
    })?;
    let plain = blobs.into_iter().zip(&compressions);
    let plain = plain.map(|(blob, compression)| blob.filter(|_| *compression == Some(Compression::None)));
    let tree = builder
        .finish_with(&PlainLayers::new(plain.collect()), options.contents)
        .map_err(|problem| LoadError::Compare { archive: archive.to_owned(), problem })?;
    observer.merged();
    Ok(Loaded { tree, compressions, unpacked_bytes, damaged_layers, remarks })
}
