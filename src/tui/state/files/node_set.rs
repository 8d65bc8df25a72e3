//! A bit set of nodes.

use rayon::prelude::*;

use dive_model::tree::{NodeId, Tree};

/// Words per chunk for one thread.
const CHUNK_WORDS: usize = 256;

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

    /// The first node of the set, in the order of the arena.
    pub(super) fn first(&self, tree: &Tree) -> Option<NodeId> {
        let (at, word) = self.0.iter().enumerate().find(|(_, word)| **word != 0)?;
        tree.node_at(at * 64 + word.trailing_zeros() as usize)
    }

    /// Number of nodes.
    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn insert(&mut self, node: NodeId) {
        self.0[node.index() / 64] |= Self::bit(node);
    }

    pub(super) fn remove(&mut self, node: NodeId) {
        self.0[node.index() / 64] &= !Self::bit(node);
    }

    /// Splits the set into chunks of adjacent nodes, for threads to fill.
    pub(super) fn chunks_mut(&mut self) -> impl IndexedParallelIterator<Item = NodeChunk<'_>> {
        self.0
            .par_chunks_mut(CHUNK_WORDS)
            .enumerate()
            .map(|(at, words)| NodeChunk { first: at * CHUNK_WORDS * 64, words })
    }

    const fn bit(node: NodeId) -> u64 {
        1 << (node.index() % 64)
    }
}

/// The bits of adjacent nodes.
pub(super) struct NodeChunk<'a> {
    first: usize,
    words: &'a mut [u64],
}

impl NodeChunk<'_> {
    /// All nodes of the chunk except the root.
    pub(super) fn nodes<'t>(&self, tree: &'t Tree) -> impl Iterator<Item = NodeId> + use<'t> {
        let end = (self.first + self.words.len() * 64).min(tree.node_count());
        // `skip` on all nodes would step through those of the chunks before.
        (self.first.max(1)..end).filter_map(|index| tree.node_at(index))
    }

    pub(super) fn insert(&mut self, node: NodeId) {
        self.words[(node.index() - self.first) / 64] |= NodeSet::bit(node);
    }
}
