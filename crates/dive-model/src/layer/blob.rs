//! A layer's bytes, with its table of contents where that is used instead of reading them.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::toc::Toc;
use crate::blob::Blob;

/// The stored bytes of a layer.
///
/// It dereferences to its [`Blob`]: all that can be asked of a run of bytes can be asked of a layer's.
#[derive(Debug, Clone)]
pub struct LayerBlob {
    bytes: Blob,
    toc: Option<Arc<Toc>>,
}

impl LayerBlob {
    /// The same bytes, listed by `toc`: entries come from there, and the bytes are read only for a file's content.
    #[must_use]
    pub fn listed(self, toc: Toc) -> Self {
        Self { toc: Some(Arc::new(toc)), ..self }
    }

    /// The table of contents that lists the layer, if one does.
    #[must_use]
    pub fn toc(&self) -> Option<&Toc> {
        self.toc.as_deref()
    }
}

impl From<Blob> for LayerBlob {
    fn from(bytes: Blob) -> Self {
        Self { bytes, toc: None }
    }
}

impl Deref for LayerBlob {
    type Target = Blob;

    fn deref(&self) -> &Blob {
        &self.bytes
    }
}

/// For each layer the first one with the same blob: an image may list one several times.
pub(super) fn first_with_same_blob(blobs: &[Option<LayerBlob>]) -> Vec<usize> {
    let mut first_at = HashMap::new();
    let first_of = |(layer, blob): (usize, &Option<LayerBlob>)| match blob {
        Some(blob) => *first_at.entry(blob.location()).or_insert(layer),
        None => layer,
    };
    blobs.iter().enumerate().map(first_of).collect()
}
