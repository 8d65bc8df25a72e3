//! What a screen needs of two states of the image: for every node what happened to it, and its size. The same as
//! [`Changes`](super::Changes) and [`Sizes`](super::size::Sizes) say, in one pass over the arena, because a user who holds
//! a key down asks for it thirty times a second.

use rayon::prelude::*;

use super::node::{NONE, Node};
use super::size::CountedNames;
use super::span::OPEN;
use super::{Change, NodeId, SpanId, Tree};
use crate::layer::LayerIndex;

/// How many nodes are worth a thread's waking.
const PART: usize = 1 << 14;

/// What happened to every node between two states, and how large it is.
#[derive(Debug)]
pub struct Comparison {
    base: Option<LayerIndex>,
    target: LayerIndex,
    changes: Vec<Option<Change>>,
    sizes: Vec<u64>,
}

impl Comparison {
    /// What happened from `base` to `target`, which may stand in any order. No base is the empty state below the base
    /// layer.
    #[must_use]
    pub fn between(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) -> Self {
        let mut comparison = Self { base, target, changes: Vec::new(), sizes: Vec::new() };
        comparison.compare(tree);
        comparison.sum_up(tree);
        comparison
    }

    /// Compares two other states, in the memory of this comparison.
    pub fn change_to(&mut self, tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) {
        (self.base, self.target) = (base, target);
        self.compare(tree);
        self.sum_up(tree);
    }

    /// The state before; none is the empty one.
    #[must_use]
    pub const fn base(&self) -> Option<LayerIndex> {
        self.base
    }

    /// The state after.
    #[must_use]
    pub const fn target(&self) -> LayerIndex {
        self.target
    }

    /// What happened to a node; none if neither state has it.
    #[must_use]
    pub fn change(&self, node: NodeId) -> Option<Change> {
        self.changes.get(node.index()).copied().flatten()
    }

    /// Bytes at and below a node: those of the state after, each inode once. Of what was removed, those of the state
    /// before; they do not count in a directory that is still there.
    #[must_use]
    pub fn size_bytes(&self, node: NodeId) -> u64 {
        self.sizes.get(node.index()).copied().unwrap_or_default()
    }

    /// What a node is in the state after or, if it is gone, was in the state before.
    #[must_use]
    pub fn span(&self, tree: &Tree, node: NodeId) -> Option<SpanId> {
        tree.visible(node, self.target).or_else(|| tree.visible(node, self.base?))
    }

    /// Each node for itself.
    fn compare(&mut self, tree: &Tree) {
        let names_after = CountedNames::at(tree, self.target);
        let names_before = self.base.map(|base| CountedNames::at(tree, base)).unwrap_or_default();
        let target = self.target.get() as u16;
        // No span is visible at the layer that stands for "open".
        let base = self.base.map_or(OPEN, |base| base.get() as u16);
        let oldest = base.min(target);
        let compare = |node: &Node| {
            let (mut before, mut after) = (None, None);
            let mut link = node.newest;
            while link != NONE {
                let span = &tree.spans[link as usize];
                if span.from <= target && target < span.to {
                    after = Some(SpanId::new(link));
                }
                if span.from <= base && base < span.to {
                    before = Some(SpanId::new(link));
                }
                // Older spans ended before this one began.
                if span.from <= oldest {
                    break;
                }
                link = span.previous;
            }
            match (before, after) {
                (None, None) => (None, 0),
                (None, Some(after)) => (Some(Change::Added), names_after.bytes_of(tree, after)),
                (Some(before), None) => (Some(Change::Removed), names_before.bytes_of(tree, before)),
                (Some(before), Some(after)) => {
                    let same = before == after || tree.alike(before, after);
                    let change = if same { Change::Unmodified } else { Change::Modified };
                    (Some(change), names_after.bytes_of(tree, after))
                }
            }
        };
        let nodes = tree.nodes.par_iter().with_min_len(PART);
        nodes.map(compare).unzip_into_vecs(&mut self.changes, &mut self.sizes);
    }

    /// Carries changes and sizes up to the root: children stand behind their parents.
    fn sum_up(&mut self, tree: &Tree) {
        for index in (1..tree.nodes.len()).rev() {
            let Some(change) = self.changes[index] else { continue };
            let parent = tree.nodes[index].parent as usize;
            let above = self.changes[parent];
            if change != Change::Unmodified && above == Some(Change::Unmodified) {
                self.changes[parent] = Some(Change::Modified);
            }
            if change != Change::Removed || above == Some(Change::Removed) {
                self.sizes[parent] = self.sizes[parent].saturating_add(self.sizes[index]);
            }
        }
    }
}
