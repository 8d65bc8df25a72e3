//! Compares the file systems of two layers: the change and size of every node.
//!
//! This is one pass over the arena, because a user who holds down a key asks for it thirty times a second. Tests
//! compare it with a straightforward implementation.

use rayon::prelude::*;

use super::node::{NONE, Node};
use super::size::CountedNames;
use super::span::OPEN;
use super::{Change, NodeId, Span, SpanId, Tree};
use crate::layer::LayerIndex;

/// Minimum number of nodes per thread.
const MIN_NODES: usize = 1 << 14;

/// How to count a path that neither of two layers shows, but a layer between them does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transient {
    /// Not at all.
    Omitted,
    /// As removed, like dive's aggregated view.
    Removed,
}

/// Two layers to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Layer before; `None` is the empty file system below the base layer.
    pub base: Option<LayerIndex>,
    /// Layer after.
    pub target: LayerIndex,
    /// How to count paths that only layers between the two show.
    pub transient: Transient,
}

impl Scope {
    /// Compares two layers, in any order, and ignores the layers between them.
    #[must_use]
    pub const fn states(base: Option<LayerIndex>, target: LayerIndex) -> Self {
        Self { base, target, transient: Transient::Omitted }
    }

    /// Compares `base` with `target`, including paths that layers between them added and removed.
    #[must_use]
    pub const fn history(base: LayerIndex, target: LayerIndex) -> Self {
        Self { base: Some(base), target, transient: Transient::Removed }
    }
}

/// Change and size of every node between two layers.
#[derive(Debug)]
pub struct Comparison {
    scope: Scope,
    changes: Vec<Option<Change>>,
    sizes: Vec<u64>,
}

impl Comparison {
    /// Compares the layers of `scope`.
    #[must_use]
    pub fn between(tree: &Tree, scope: Scope) -> Self {
        let mut comparison = Self { scope, changes: Vec::new(), sizes: Vec::new() };
        comparison.compare(tree);
        comparison.propagate(tree);
        comparison
    }

    /// Compares other layers, and reuses the memory.
    pub fn change_to(&mut self, tree: &Tree, scope: Scope) {
        self.scope = scope;
        self.compare(tree);
        self.propagate(tree);
    }

    /// The compared layers.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// Change of a node; `None` if neither layer shows it.
    #[must_use]
    pub fn change(&self, node: NodeId) -> Option<Change> {
        self.changes.get(node.index()).copied().flatten()
    }

    /// Size of a node and everything below it, in bytes: that after the change, each inode once. For a removed node,
    /// that of the version [`Self::span`] returns. Removed nodes do not count in a parent that still exists.
    #[must_use]
    pub fn size_bytes(&self, node: NodeId) -> u64 {
        self.sizes.get(node.index()).copied().unwrap_or_default()
    }

    /// True if the size of `node` counts in `parent`: always, unless only `node` is removed.
    #[must_use]
    pub fn counts_in(&self, node: NodeId, parent: NodeId) -> bool {
        self.change(node) != Some(Change::Removed) || self.change(parent) == Some(Change::Removed)
    }

    /// The visible span of a node after the change, or of a removed node the one before. With [`Transient::Removed`],
    /// that of a removed node is its last one.
    #[must_use]
    pub fn span(&self, tree: &Tree, node: NodeId) -> Option<SpanId> {
        let Scope { base, target, transient } = self.scope;
        let visible = tree.visible(node, target);
        match (transient, base) {
            (Transient::Removed, Some(base)) => visible.or_else(|| tree.last_between(node, base, target)),
            _ => visible.or_else(|| tree.visible(node, base?)),
        }
    }

    /// Computes change and own size of each node, without its children.
    fn compare(&mut self, tree: &Tree) {
        let Scope { base, target, transient } = self.scope;
        let names_after = CountedNames::at(tree, target);
        let names_before = base.map(|base| CountedNames::at(tree, base)).unwrap_or_default();
        let target = target.get() as u16;
        // OPEN works as "no base": no span is visible at that layer.
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
                // All older spans ended before `oldest`.
                if span.from <= oldest {
                    break;
                }
                link = span.previous;
            }
            match (before, after) {
                (None, Some(after)) => (Some(Change::Added), names_after.bytes_of(tree, after)),
                (Some(before), Some(after)) => {
                    let same = before == after || tree.are_equal(before, after);
                    let change = if same { Change::Unmodified } else { Change::Modified };
                    (Some(change), names_after.bytes_of(tree, after))
                }
                // `last` differs from `before` only for transient paths.
                (before, None) => match last.or(before) {
                    Some(gone) if before == Some(gone) => (Some(Change::Removed), names_before.bytes_of(tree, gone)),
                    Some(gone) => (Some(Change::Removed), tree.own_bytes(gone)),
                    None => (None, 0),
                },
            }
        };
        let nodes = tree.nodes.par_iter().with_min_len(MIN_NODES);
        nodes.map(compare).unzip_into_vecs(&mut self.changes, &mut self.sizes);
    }

    /// Propagates changes and sizes to the root. Children follow their parents in the arena, so a backward pass
    /// suffices.
    fn propagate(&mut self, tree: &Tree) {
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
    /// True if a layer from `base` to `target` shows the span. A span that its own layer ended is never visible.
    fn is_visible_between(&self, base: u16, target: u16) -> bool {
        self.from <= target && base < self.to && self.from < self.to
    }
}

impl Tree {
    /// The newest span of a node visible in a layer from `base` to `target`.
    fn last_between(&self, node: NodeId, base: LayerIndex, target: LayerIndex) -> Option<SpanId> {
        let (base, target) = (base.get() as u16, target.get() as u16);
        self.spans(node).find(|span| self.span(*span).is_visible_between(base, target))
    }

    /// Size of a span that neither layer shows, in bytes. Inodes count at their first name, so hard links count as 0.
    fn own_bytes(&self, version: SpanId) -> u64 {
        let span = self.span(version);
        if span.kind.is_file() { span.size } else { 0 }
    }
}
