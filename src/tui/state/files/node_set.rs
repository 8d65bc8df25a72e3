//! A bit set of nodes.

use dive_model::tree::NodeId;

/// A set of nodes of one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeSet(Vec<u64>);

impl NodeSet {
    pub(super) fn none(node_count: usize) -> Self {
        Self(vec![0; node_count.div_ceil(64)])
    }

    pub(super) fn all(node_count: usize) -> Self {
        Self(vec![u64::MAX; node_count.div_ceil(64)])
    }

    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.0[node.index() / 64] & Self::bit(node) != 0
    }

    pub(super) fn insert(&mut self, node: NodeId) {
        self.0[node.index() / 64] |= Self::bit(node);
    }

    pub(super) fn remove(&mut self, node: NodeId) {
        self.0[node.index() / 64] &= !Self::bit(node);
    }

    const fn bit(node: NodeId) -> u64 {
        1 << (node.index() % 64)
    }
}
