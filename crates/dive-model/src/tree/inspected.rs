//! What inspected contents say of files, and which files are copies, by the number of the span.

use crate::layer::content::ContentFact;

/// Facts of files and groups of copies.
#[derive(Debug, Default)]
pub(super) struct InspectedContents {
    /// For each layer, the facts by [`super::Span::body`], in order.
    pub(super) facts: Vec<Vec<(u64, ContentFact)>>,
    /// Spans of two or more visible inodes with the same content, in the order of layers.
    pub(super) copies: Vec<Box<[u32]>>,
}
