//! From an image to its tree in one call: layers are read side by side and applied in order, then contents are compared.

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

/// Remarks on the layers of an image that are kept word by word; more are counted, layer by layer.
const MAX_REMARKS: usize = 10_000;

/// An image's tree, and what was met on the way to it.
#[derive(Debug)]
pub struct Loaded {
    /// All layers merged.
    pub tree: Tree,
    /// How each layer is compressed; none where its bytes are lost.
    pub compressions: Vec<Option<Compression>>,
    /// How long each layer's tar is when it is unpacked, in bytes; none where that is not known without reading it.
    pub unpacked_bytes: Vec<Option<u64>>,
    /// Layers that are missing or could not be read to the end; only with [`OnDamage::Remark`](crate::remark::OnDamage::Remark).
    pub damaged_layers: Vec<LayerIndex>,
    /// What was odd about each layer; with [`OnDamage::Remark`](crate::remark::OnDamage::Remark), what was lost.
    pub remarks: Vec<(LayerIndex, Remark)>,
}

/// An image whose layers cannot be read or merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A layer that cannot be read.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// Layers that cannot be merged.
    #[error("{place}: {problem}")]
    Build {
        /// The archive or layout, with the layer where that tells something.
        place: String,
        /// Why not.
        problem: BuildError,
    },
    /// An image whose listing would be too long, or one that takes too much memory.
    #[error("{place}: {problem}")]
    OverBudget {
        /// The layer with which it does.
        place: String,
        /// What it asked for.
        problem: OverBudget,
    },
    /// A file that could be listed but not read again to compare it.
    #[error("{archive}: comparing files that were written twice: {problem}")]
    Compare {
        /// The archive or layout.
        archive: String,
        /// What the file system answered.
        problem: io::Error,
    },
}

/// Reads and merges the layers of `image`, called `archive` in messages. Layers that `cache` knows are not read; what is
/// read of the others is kept there. With a verifier, all are read whole. What that takes is charged to the budget.
///
/// # Errors
/// When a layer is damaged (unless `on_damage` says to go on), or the image is beyond all limits.
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
        let lost = image.layers.get(index.get()).and_then(|layer| layer.blob.as_ref().err());
        if scan.damaged || lost.is_some_and(LayerLoss::is_damage) {
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
        text = text.saturating_add(scan.named);
        options.budget.list(text).map_err(|problem| LoadError::OverBudget { place: place(), problem })?;
        let odd = builder.apply_either(scan).map_err(|problem| match problem {
            BuildError::OverBudget { .. } => LoadError::Build { place: place(), problem },
            _ => LoadError::Build { place: archive.to_owned(), problem },
        })?;
        let shown = MAX_REMARKS.saturating_sub(remarks.len()).min(odd.kept.len());
        let more = odd.more + (odd.kept.len() - shown) as u64;
        remarks.extend(odd.kept.into_iter().take(shown).map(|text| (index, Remark::new(place(), text))));
        if more > 0 {
            remarks.push((index, Remark::new(place(), format!("{more} more remarks on this layer"))));
        }
        Ok::<_, LoadError>(())
    })?;
    let plain = blobs.into_iter().zip(&compressions);
    let plain = plain.map(|(blob, compression)| blob.filter(|_| *compression == Some(Compression::None)));
    let tree = builder
        .finish(&PlainLayers::new(plain.collect()))
        .map_err(|problem| LoadError::Compare { archive: archive.to_owned(), problem })?;
    observer.merged();
    Ok(Loaded { tree, compressions, unpacked_bytes, damaged_layers, remarks })
}
