//! What a screen needs of two states of the image: for every node what happened to it, and its size. The same as
//! [`Changes`](super::Changes) and [`Sizes`](super::size::Sizes) say, in one pass over the arena, because a user who holds
//! a key down asks for it thirty times a second.

use std::collections::HashMap;

use super::node::NONE;
use super::size::CountedNames;
use super::span::OPEN;
use super::{Change, NodeId, SpanId, SpanKind, Tree};
use crate::layer::LayerIndex;

/// What happened to every node between two states, and how large it is.
#[derive(Debug)]
pub struct Comparison {
    base: Option<LayerIndex>,
    target: LayerIndex,
    outlines: Box<[Outline]>,
    states: Vec<State>,
    sizes: Vec<u64>,
}

/// What nearly every node is: one entry of one layer, there from some layer on. Side by side in 16 bytes, a node costs a
/// fifth of what the way over its spans does.
#[derive(Debug, Clone, Copy)]
struct Outline {
    /// What it counts while it is there, in bytes.
    size: u64,
    parent: u32,
    from: u16,
    /// [`Outline::NOT_PLAIN`] for nodes that only their spans tell of. A node that goes in the layer it came with, the
    /// base layer, has the same number there, and is never to be seen either way.
    to: u16,
}

impl Outline {
    /// Several layers wrote it, or it is a hard link.
    const NOT_PLAIN: u16 = 0;

    fn of(tree: &Tree, node: NodeId) -> Self {
        let record = &tree.nodes[node.index()];
        let not_plain = Self { size: 0, parent: record.parent, from: 0, to: Self::NOT_PLAIN };
        let Some(span) = tree.spans.get(record.newest as usize) else { return not_plain };
        if span.previous != NONE || span.kind == SpanKind::HardLink {
            return not_plain;
        }
        let size = if span.kind.is_file() { span.size } else { 0 };
        Self { size, parent: record.parent, from: span.from, to: span.to }
    }

    const fn is_visible_at(&self, layer: u16) -> bool {
        self.from <= layer && layer < self.to
    }
}

/// What happened to a node, and whether it has any below it.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    change: Option<Change>,
    /// Something below it is in one of both states.
    has_below: bool,
}

impl Comparison {
    /// What happened from `base` to `target`, which may stand in any order. No base is the empty state below the base
    /// layer.
    #[must_use]
    pub fn between(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) -> Self {
        let outlines = tree.nodes().map(|node| Outline::of(tree, node)).collect();
        let mut comparison = Self { base, target, outlines, states: Vec::new(), sizes: Vec::new() };
        comparison.compare(tree);
        comparison
    }

    /// Compares two other states of the same tree, in the memory of this comparison.
    pub fn change_to(&mut self, tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) {
        (self.base, self.target) = (base, target);
        self.compare(tree);
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
        self.states.get(node.index()).and_then(|state| state.change)
    }

    /// Whether one of both states has something below a node.
    #[must_use]
    pub fn has_below(&self, node: NodeId) -> bool {
        self.states.get(node.index()).is_some_and(|state| state.has_below)
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

    /// One walk backwards: children stand behind their parents, so each node knows what is below it when its turn comes.
    fn compare(&mut self, tree: &Tree) {
        let question = Question::new(tree, self.base, self.target);
        let Self { outlines, states, sizes, .. } = self;
        states.clear();
        states.resize(outlines.len(), State::default());
        sizes.clear();
        sizes.resize(outlines.len(), 0);
        // What was removed below a directory, by its place: it counts in those that are removed as well.
        let mut removed_sizes = HashMap::new();
        let mut above = Above::default();
        for index in (0..outlines.len()).rev() {
            if above.parent == index {
                std::mem::take(&mut above).carry(states, sizes, &mut removed_sizes);
            }
            let Outline { parent, .. } = outlines[index];
            let Some((own, bytes)) = question.answer(tree, index, outlines[index]) else { continue };
            let State { change: below, has_below } = states[index];
            // Until its turn comes, what a node carries is what those below it say.
            let change = if own == Change::Unmodified { below.unwrap_or(own) } else { own };
            states[index].change = Some(change);
            let mut size = sizes[index].saturating_add(bytes);
            if own == Change::Removed && has_below {
                size = size.saturating_add(removed_sizes.remove(&index).unwrap_or_default());
            }
            sizes[index] = size;
            if parent == NONE {
                continue;
            }
            let parent = parent as usize;
            if above.parent != parent {
                std::mem::replace(&mut above, Above { parent, ..Above::default() }).carry(
                    states,
                    sizes,
                    &mut removed_sizes,
                );
            }
            above.has_below = true;
            above.has_changed |= change != Change::Unmodified;
            let sum = if change == Change::Removed { &mut above.removed_size } else { &mut above.size };
            *sum = sum.saturating_add(size);
        }
    }
}

/// What siblings that follow each other say of the directory they stand in. Each told by itself would wait for the one
/// before: the processor reads no faster what was just written.
#[derive(Default)]
struct Above {
    parent: usize,
    size: u64,
    removed_size: u64,
    has_below: bool,
    has_changed: bool,
}

impl Above {
    fn carry(self, states: &mut [State], sizes: &mut [u64], removed_sizes: &mut HashMap<usize, u64>) {
        let Self { parent, size, removed_size, has_below, has_changed } = self;
        if !has_below {
            return;
        }
        states[parent].has_below = true;
        if has_changed {
            states[parent].change = Some(Change::Modified);
        }
        sizes[parent] = sizes[parent].saturating_add(size);
        if removed_size > 0 {
            let sum = removed_sizes.entry(parent).or_default();
            *sum = sum.saturating_add(removed_size);
        }
    }
}

/// Two states, in the form in which half a million nodes are asked of them.
struct Question {
    /// [`OPEN`] for the empty state: no span is visible at the layer that stands for "open".
    base: u16,
    target: u16,
    names_before: CountedNames,
    names_after: CountedNames,
}

impl Question {
    fn new(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) -> Self {
        Self {
            base: base.map_or(OPEN, |base| base.get() as u16),
            target: target.get() as u16,
            names_before: base.map(|base| CountedNames::at(tree, base)).unwrap_or_default(),
            names_after: CountedNames::at(tree, target),
        }
    }

    /// What happened to a node itself, and its own bytes.
    #[inline]
    fn answer(&self, tree: &Tree, node: usize, outline: Outline) -> Option<(Change, u64)> {
        if outline.to == Outline::NOT_PLAIN {
            return self.answer_by_spans(tree, node);
        }
        match (outline.is_visible_at(self.base), outline.is_visible_at(self.target)) {
            (false, false) => None,
            (false, true) => Some((Change::Added, outline.size)),
            (true, false) => Some((Change::Removed, outline.size)),
            (true, true) => Some((Change::Unmodified, outline.size)),
        }
    }

    /// Kept out of the way of the many that need it not.
    #[cold]
    fn answer_by_spans(&self, tree: &Tree, node: usize) -> Option<(Change, u64)> {
        let Self { base, target, .. } = *self;
        let oldest = base.min(target);
        let (mut before, mut after) = (None, None);
        let mut link = tree.nodes[node].newest;
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
            (None, None) => None,
            (None, Some(after)) => Some((Change::Added, self.names_after.bytes_of(tree, after))),
            (Some(before), None) => Some((Change::Removed, self.names_before.bytes_of(tree, before))),
            (Some(before), Some(after)) => {
                let same = before == after || tree.alike(before, after);
                let change = if same { Change::Unmodified } else { Change::Modified };
                Some((change, self.names_after.bytes_of(tree, after)))
            }
        }
    }
}
