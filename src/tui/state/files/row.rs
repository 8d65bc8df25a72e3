//! A row of the file tree.

use super::visible::Fold;
use dive_model::tree::{Change, NodeId};

/// A row of the file tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// The node of the row.
    pub node: NodeId,
    /// For each level from the top to the row itself: true if the node on that level is the last of its siblings. A row
    /// in the root has one entry, since the root has no row.
    pub last: Vec<bool>,
    /// Change of the node in the comparison.
    pub change: Change,
    /// Bytes of the node and its visible descendants: see [`FileTreePane::size_bytes`](super::FileTreePane::size_bytes).
    pub size_bytes: u64,
    /// Whether the node is expanded, collapsed or a leaf.
    pub fold: Fold,
    /// True if the node matches the filter: see [`FileTreePane::is_match`](super::FileTreePane::is_match).
    pub is_match: bool,
}

impl FileRow {
    /// Number of directories above the node, without the root.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.last.len() - 1
    }
}
