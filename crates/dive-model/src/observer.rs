//! Progress of opening an image, for progress bars and screens.

use std::sync::Arc;

use crate::blob::TransferProgress;
use crate::image::Image;
use crate::layer::LayerIndex;

/// Receives the progress of opening an image. Each method does nothing by default.
///
/// The calls are in this order: [`transferred`](Self::transferred) any number of times, [`found`](Self::found) once,
/// [`bytes_read`](Self::bytes_read) and [`layer_read`](Self::layer_read) interleaved, [`merged`](Self::merged) once.
/// After an error, there are no more calls.
pub trait Observer: Sync {
    /// Bytes of an archive, of an engine's pull or export, or of registry layers arrived.
    fn transferred(&self, progress: TransferProgress) {
        let _ = progress;
    }

    /// The image's documents are read; its layers are read next.
    fn found(&self, image: &Arc<Image>) {
        let _ = image;
    }

    /// `count` further stored bytes of layers are read or skipped. Called from several threads.
    fn bytes_read(&self, count: u64) {
        let _ = count;
    }

    /// A layer is scanned. `size_bytes` is the sum of the sizes in its tar headers. Layers are in order, base first.
    fn layer_read(&self, layer: LayerIndex, size_bytes: u64) {
        let _ = (layer, size_bytes);
    }

    /// All layers are merged into one tree.
    fn merged(&self) {}
}

/// An observer that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
