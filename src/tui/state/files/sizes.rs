//! Sizes of what is shown. Of a directory in a tree with hidden kinds or a filter, the sum of the files that have rows is
//! what a user asks for: how much of `/var` are logs. dive shows the same.

use crate::tree::{Comparison, NodeId, Tree};

/// Bytes at and below each node that are not shown; empty while everything is.
#[derive(Debug, Default)]
pub(super) struct HiddenBytes(Vec<u64>);

impl HiddenBytes {
    /// Starts anew: nothing is hidden.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Starts anew, for a tree of which some nodes are hidden.
    pub(super) fn reset(&mut self, tree: &Tree) {
        self.0.clear();
        self.0.resize(tree.node_count(), 0);
    }

    /// Hides a node that has no row. Like [`Self::keep`], this is for children before their parents.
    pub(super) fn hide(&mut self, tree: &Tree, comparison: &Comparison, node: NodeId) {
        self.carry_up(tree, comparison, node, comparison.size_bytes(node));
    }

    /// Keeps a node that has a row, but for what is hidden below it.
    pub(super) fn keep(&mut self, tree: &Tree, comparison: &Comparison, node: NodeId) {
        self.carry_up(tree, comparison, node, self.0.get(node.index()).copied().unwrap_or(0));
    }

    fn carry_up(&mut self, tree: &Tree, comparison: &Comparison, node: NodeId, bytes: u64) {
        if self.0.is_empty() {
            return;
        }
        if let Some(parent) = tree.parent(node).filter(|parent| bytes > 0 && comparison.counts_in(node, *parent)) {
            self.0[parent.index()] += bytes;
        }
    }

    /// Bytes at and below a node that are shown.
    pub(super) fn rest(&self, comparison: &Comparison, node: NodeId) -> u64 {
        let hidden = self.0.get(node.index()).copied().unwrap_or(0);
        comparison.size_bytes(node).saturating_sub(hidden)
    }

    /// Whether some nodes may be hidden.
    pub(super) fn is_partial(&self) -> bool {
        !self.0.is_empty()
    }
}
