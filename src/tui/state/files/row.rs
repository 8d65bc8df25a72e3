//! One row of the file tree, as plain values.

use super::visible::Fold;
use dive_model::tree::{Change, NodeId};

/// One row of the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// What it shows.
    pub node: NodeId,
    /// For each level from the topmost down to the row itself, whether the directory on the way, in the end the row, is
    /// the last of its siblings. One entry for what stands in the root: the root has no row.
    pub last: Vec<bool>,
    /// What happened to it.
    pub change: Change,
    /// Bytes at and below it: see [`FileTreePane::size_bytes`](super::FileTree::size_bytes).
    pub size_bytes: u64,
    /// Whether it has rows below.
    pub fold: Fold,
    /// Whether the filter's expression names it: see [`FileTreePane::is_match`](super::FileTree::is_match).
    pub is_match: bool,
}

impl FileRow {
    /// How many directories stand above it, the root aside.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.last.len() - 1
    }
}
