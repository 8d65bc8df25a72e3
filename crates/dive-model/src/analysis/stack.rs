//! The file system below a layer as dive sees it, which decides what a whiteout weighs in its numbers. dive adds and
//! removes paths and nothing else: an opaque marker empties nothing, a file leaves what stood below the directory it
//! replaced, and a directory that a layer has without an entry forgets what layers below said of it. This is kept apart
//! from the tree so that being right and being like dive do not mix.

use std::collections::HashMap;

use crate::layer::{LayerIndex, MarkerKind};
use crate::tree::{NodeId, Span, SpanId, SpanKind, Tree};

const NONE: u32 = u32::MAX;
/// In [`Stacked::next_sibling`]: not in its parent's list.
const UNLISTED: u32 = u32::MAX - 1;

/// dive's stacked tree, over the nodes of ours.
pub(super) struct Stack<'a> {
    tree: &'a Tree,
    nodes: Vec<Stacked>,
}

#[derive(Clone, Copy)]
struct Stacked {
    what: What,
    /// Children that may be there.
    first_child: u32,
    next_sibling: u32,
}

/// What a path is: the [`SpanId::index`] of the entry that says it, or one of two other things. There is one for each
/// node, and an enum would take twice the memory.
#[derive(Clone, Copy, PartialEq, Eq)]
struct What(u32);

impl What {
    const ABSENT: Self = Self(u32::MAX);
    /// It stands above others, and no entry names it: dive does not take it for a directory.
    const UNNAMED: Self = Self(u32::MAX - 1);

    const fn entry(id: SpanId) -> Self {
        // There are no more than 2^24 spans.
        Self(id.index() as u32)
    }
}

impl<'a> Stack<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let empty = Stacked { what: What::ABSENT, first_child: NONE, next_sibling: UNLISTED };
        Self { tree, nodes: vec![empty; tree.node_count()] }
    }

    /// What whiteouts of `nodes` weigh in one layer: for each all sizes at and below it if it is a directory, else
    /// nothing.
    pub(super) fn removed_by(&self, mut nodes: Vec<NodeId>) -> HashMap<NodeId, u64> {
        // What lies deeper comes later in the arena. Summed up first, it need not be walked again for what is above it.
        nodes.sort_unstable_by(|left, right| right.cmp(left));
        let mut sums = HashMap::with_capacity(nodes.len());
        for node in nodes {
            let (mut sum, mut open) = (0u64, vec![node]);
            while let Some(node) = open.pop() {
                if let Some(known) = sums.get(&node) {
                    sum = sum.saturating_add(*known);
                } else {
                    sum = sum.saturating_add(self.entry(node).map_or(0, |span| span.size));
                    open.extend(self.children(node));
                }
            }
            sums.insert(node, sum);
        }
        sums.retain(|node, _| self.entry(*node).is_some_and(|span| span.kind == SpanKind::Directory));
        sums
    }

    /// Stacks a layer that has something below each of `directories`. dive walks its names in byte order, in which
    /// `.wh.NAME` mostly, but not always, comes before `NAME`: where it comes later, it also removes what the same layer
    /// put there.
    pub(super) fn apply(&mut self, layer: LayerIndex, directories: &[NodeId]) {
        let tree = self.tree;
        let comes_late = |name: &[u8]| name < [b".wh.", name].concat().as_slice();
        for whiteout in tree.layer_whiteouts(layer).filter(|marker| !comes_late(tree.name(marker.node))) {
            self.remove(whiteout.node);
        }
        let emptied = tree.layer_markers(layer).iter().filter(|marker| marker.kind != MarkerKind::Whiteout);
        for directory in directories.iter().copied().chain(emptied.map(|marker| marker.node)) {
            self.add(directory, What::UNNAMED);
        }
        for id in tree.layer_spans(layer).filter(|id| tree.span(*id).kind != SpanKind::ImplicitDirectory) {
            self.add(tree.listed_node(id), What::entry(id));
        }
        for whiteout in tree.layer_whiteouts(layer).filter(|marker| comes_late(tree.name(marker.node))) {
            self.remove(whiteout.node);
        }
    }

    /// Adds one path, or says anew what it is.
    fn add(&mut self, node: NodeId, what: What) {
        let stacked = &mut self.nodes[node.index()];
        stacked.what = what;
        if stacked.next_sibling == UNLISTED
            && let Some(parent) = self.tree.parent(node)
        {
            let raw = u32::try_from(node.index()).unwrap_or(NONE);
            let first = std::mem::replace(&mut self.nodes[parent.index()].first_child, raw);
            self.nodes[node.index()].next_sibling = first;
        }
    }

    /// Removes a path and all below it. It stays in its parent's list, as something absent, until that goes; what was
    /// below it leaves its list, so that nothing is walked twice.
    fn remove(&mut self, node: NodeId) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let mut next = std::mem::replace(&mut self.nodes[node.index()].first_child, NONE);
            while let Some(child) = self.tree.node_at(next as usize) {
                open.push(child);
                next = std::mem::replace(&mut self.nodes[child.index()].next_sibling, UNLISTED);
            }
            self.nodes[node.index()].what = What::ABSENT;
        }
    }

    /// What the last entry of a path says, if it still holds.
    fn entry(&self, node: NodeId) -> Option<&'a Span> {
        self.tree.span_at(self.nodes[node.index()].what.0 as usize)
    }

    fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let list = std::iter::successors(self.tree.node_at(self.nodes[node.index()].first_child as usize), |child| {
            self.tree.node_at(self.nodes[child.index()].next_sibling as usize)
        });
        list.filter(|child| self.nodes[child.index()].what != What::ABSENT)
    }
}
