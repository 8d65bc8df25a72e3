//! Hashes of file contents, by the number of the span. Only compressed layers have them: plain ones are read where they lie.

use std::ops::Range;

use crate::layer::content::ContentHash;

/// A range of spans, and an element for each.
type LayerHashes = (Range<u32>, Box<[Option<ContentHash>]>);

/// The hashes of each layer that has some.
#[derive(Debug, Default)]
pub(super) struct ContentHashes(Vec<LayerHashes>);

impl ContentHashes {
    /// Adds those of a layer, whose spans follow all others.
    pub(super) fn push(&mut self, spans: Range<u32>, hashes: Vec<Option<ContentHash>>) {
        self.0.push((spans, hashes.into_boxed_slice()));
    }

    /// The hash of a span's content; `None` if its layer was not hashed.
    pub(super) fn get(&self, span: u32) -> Option<ContentHash> {
        let layer = self.0.partition_point(|(range, _)| range.end <= span);
        let (range, hashes) = self.0.get(layer)?;
        let at = span.checked_sub(range.start)?;
        hashes.get(at as usize).copied().flatten()
    }
}
