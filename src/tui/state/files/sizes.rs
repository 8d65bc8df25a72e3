//! Sizes of directories while files are hidden: the sum of the visible files, as in dive. This shows, for example, how
//! much of `/var` is logs.

use dive_model::tree::{Comparison, NodeId, Tree};

/// Hidden bytes of each node and its descendants. Empty while nothing is hidden.
#[derive(Debug, Default)]
pub(super) struct HiddenBytes(Vec<u64>);

impl HiddenBytes {
    /// Resets to the state without hidden nodes.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Resets the counts for a tree with hidden nodes.
    pub(super) fn reset(&mut self, tree: &Tree) {
        self.0.clear();
        self.0.resize(tree.node_count(), 0);
    }

    /// Counts a hidden node. Call this or [`Self::keep`] once per node, children before their parents.
    pub(super) fn hide(&mut self, tree: &Tree, comparison: &Comparison, node: NodeId) {
        self.add_to_parent(tree, comparison, node, comparison.size_bytes(node));
    }

    /// Counts a visible node: passes the hidden bytes of its descendants to its parent.
    pub(super) fn keep(&mut self, tree: &Tree, comparison: &Comparison, node: NodeId) {
        self.add_to_parent(tree, comparison, node, self.0.get(node.index()).copied().unwrap_or(0));
    }

    fn add_to_parent(&mut self, tree: &Tree, comparison: &Comparison, node: NodeId, bytes: u64) {
        if self.0.is_empty() {
            return;
        }
        if let Some(parent) = tree.parent(node).filter(|parent| bytes > 0 && comparison.counts_in(node, *parent)) {
            self.0[parent.index()] += bytes;
        }
    }

    /// Visible bytes of a node and its descendants.
    pub(super) fn visible_bytes(&self, comparison: &Comparison, node: NodeId) -> u64 {
        let hidden = self.0.get(node.index()).copied().unwrap_or(0);
        comparison.size_bytes(node).saturating_sub(hidden)
    }

    /// True if nodes may be hidden.
    pub(super) fn is_partial(&self) -> bool {
        !self.0.is_empty()
    }
}
