//! The stored bytes of a layer, with its table of contents if it has one.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::toc::Toc;
use crate::blob::Blob;

/// The blob of a layer. Dereferences to [`Blob`].
#[derive(Debug, Clone)]
pub struct LayerBlob {
    bytes: Blob,
    toc: Option<Arc<Toc>>,
}

impl LayerBlob {
    /// Adds a table of contents. Entries then come from `toc`, and the blob is read for file contents only.
    #[must_use]
    pub fn with_toc(self, toc: Toc) -> Self {
        Self { toc: Some(Arc::new(toc)), ..self }
    }

    /// Table of contents, if the layer has one.
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

/// For each layer, the index of the first layer with the same blob. An image may list a blob several times.
pub(super) fn first_with_same_blob(blobs: &[Option<LayerBlob>]) -> Vec<usize> {
    let mut first_at = HashMap::new();
    let first_of = |(layer, blob): (usize, &Option<LayerBlob>)| match blob {
        Some(blob) => *first_at.entry(blob.location()).or_insert(layer),
        None => layer,
    };
    blobs.iter().enumerate().map(first_of).collect()
}
