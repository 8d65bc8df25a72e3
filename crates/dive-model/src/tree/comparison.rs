//! What is different between two states of the image: the change and the size of every node, computed in one pass over the
//! arena, because a user who holds a key down asks for it thirty times a second. The tests compare it with two plain passes.

use rayon::prelude::*;

use super::node::{NONE, Node};
use super::size::CountedNames;
use super::span::OPEN;
use super::{Change, NodeId, Span, SpanId, Tree};
use crate::layer::LayerIndex;

/// How many nodes are worth a thread's waking.
const PART: usize = 1 << 14;

/// What a path counts as that neither of two states has, but a state between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transient {
    /// Nothing: the two states do not differ in it.
    Omitted,
    /// Removed, as dive's aggregated view has it.
    Removed,
}

/// Which states are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The state before; none is the empty one below the base layer.
    pub base: Option<LayerIndex>,
    /// The state after.
    pub target: LayerIndex,
    /// What paths count as that came and went between the two.
    pub transient: Transient,
}

impl Scope {
    /// Two states and nothing else. They may stand in any order.
    #[must_use]
    pub const fn states(base: Option<LayerIndex>, target: LayerIndex) -> Self {
        Self { base, target, transient: Transient::Omitted }
    }

    /// All that the layers above `base` did, up to `target`.
    #[must_use]
    pub const fn history(base: LayerIndex, target: LayerIndex) -> Self {
        Self { base: Some(base), target, transient: Transient::Removed }
    }
}

/// What happened to every node between two states, and how large it is.
#[derive(Debug)]
pub struct Comparison {
    scope: Scope,
    changes: Vec<Option<Change>>,
    sizes: Vec<u64>,
}

impl Comparison {
    /// Compares the states of `scope`.
    #[must_use]
    pub fn between(tree: &Tree, scope: Scope) -> Self {
        let mut comparison = Self { scope, changes: Vec::new(), sizes: Vec::new() };
        comparison.compare(tree);
        comparison.sum_up(tree);
        comparison
    }

    /// Compares other states, in the memory of this comparison.
    pub fn change_to(&mut self, tree: &Tree, scope: Scope) {
        self.scope = scope;
        self.compare(tree);
        self.sum_up(tree);
    }

    /// The states that are compared.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// What happened to a node; none if it is not part of the comparison.
    #[must_use]
    pub fn change(&self, node: NodeId) -> Option<Change> {
        self.changes.get(node.index()).copied().flatten()
    }

    /// Bytes at and below a node: those of the state after, each inode once. Of what was removed, those of the version that
    /// [`Self::span`] names; they do not count in a directory that is still there.
    #[must_use]
    pub fn size_bytes(&self, node: NodeId) -> u64 {
        self.sizes.get(node.index()).copied().unwrap_or_default()
    }

    /// Whether the bytes of a node count in the directory above: those of what was removed only where that is gone as well.
    #[must_use]
    pub fn counts_in(&self, node: NodeId, parent: NodeId) -> bool {
        self.change(node) != Some(Change::Removed) || self.change(parent) == Some(Change::Removed)
    }

    /// What a node is in the state after. If it is gone: what it was in the state before, or, where transient paths count,
    /// what it was last.
    #[must_use]
    pub fn span(&self, tree: &Tree, node: NodeId) -> Option<SpanId> {
        let Scope { base, target, transient } = self.scope;
        let visible = tree.visible(node, target);
        match (transient, base) {
            (Transient::Removed, Some(base)) => visible.or_else(|| tree.last_between(node, base, target)),
            _ => visible.or_else(|| tree.visible(node, base?)),
        }
    }

    /// Each node for itself.
    fn compare(&mut self, tree: &Tree) {
        let Scope { base, target, transient } = self.scope;
        let names_after = CountedNames::at(tree, target);
        let names_before = base.map(|base| CountedNames::at(tree, base)).unwrap_or_default();
        let target = target.get() as u16;
        // No span is visible at the layer that stands for "open".
        let base = base.map_or(OPEN, |base| base.get() as u16);
        let oldest = base.min(target);
        let compare = |node: &Node| {
            let (mut before, mut after, mut last) = (None, None, None);
            let mut link = node.newest;
            while link != NONE {
                let span = &tree.spans[link as usize];
                if span.from <= target && target < span.to {
                    after = Some(SpanId::new(link));
                }
                if span.from <= base && base < span.to {
                    before = Some(SpanId::new(link));
                }
                if transient == Transient::Removed && last.is_none() && span.is_visible_between(base, target) {
                    last = Some(SpanId::new(link));
                }
                // Older spans ended before this one began.
                if span.from <= oldest {
                    break;
                }
                link = span.previous;
            }
            match (before, after) {
                (None, Some(after)) => (Some(Change::Added), names_after.bytes_of(tree, after)),
                (Some(before), Some(after)) => {
                    let same = before == after || tree.alike(before, after);
                    let change = if same { Change::Unmodified } else { Change::Modified };
                    (Some(change), names_after.bytes_of(tree, after))
                }
                // Only transient paths have a last version that is not the one before.
                (before, None) => match last.or(before) {
                    Some(gone) if before == Some(gone) => (Some(Change::Removed), names_before.bytes_of(tree, gone)),
                    Some(gone) => (Some(Change::Removed), tree.own_bytes(gone)),
                    None => (None, 0),
                },
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

impl Span {
    /// Whether a state from `base` up to `target` shows it. A span that its own layer ended was never visible.
    fn is_visible_between(&self, base: u16, target: u16) -> bool {
        self.from <= target && base < self.to && self.from < self.to
    }
}

impl Tree {
    /// The newest version of a node that a state from `base` up to `target` shows.
    fn last_between(&self, node: NodeId, base: LayerIndex, target: LayerIndex) -> Option<SpanId> {
        let (base, target) = (base.get() as u16, target.get() as u16);
        self.spans(node).find(|span| self.span(*span).is_visible_between(base, target))
    }

    /// Bytes of a version that neither state shows. Each inode counts at its first name, so that hard links add nothing.
    fn own_bytes(&self, version: SpanId) -> u64 {
        let span = self.span(version);
        if span.kind.is_file() { span.size } else { 0 }
    }
}
