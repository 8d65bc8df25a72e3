//! dive's view of the file system below a layer, which determines the size of whiteouts in dive's numbers.
//!
//! dive only adds and removes paths: an opaque marker removes nothing, a file keeps what was below the directory it
//! replaces, and a directory without an entry loses the attributes from lower layers. This is separate from the tree,
//! so that compatible and correct numbers do not mix.

use std::collections::HashMap;

use crate::layer::path::WHITEOUT_PREFIX;
use crate::layer::{LayerIndex, MarkerKind};
use crate::tree::{NodeId, Span, SpanId, SpanKind, Tree};
use crate::units::Total;

const NONE: u32 = u32::MAX;
/// In [`StackNode::next_sibling`]: not in its parent's list.
const UNLISTED: u32 = u32::MAX - 1;

/// dive's stacked tree, on the nodes of [`Tree`].
pub(super) struct Stack<'a> {
    tree: &'a Tree,
    nodes: Vec<StackNode>,
}

#[derive(Clone, Copy)]
struct StackNode {
    entry: StackEntry,
    /// Children that may be present.
    first_child: u32,
    next_sibling: u32,
}

/// The entry of a path as a [`SpanId::index`], or one of two special values. An enum would double the memory, and there
/// is one for each node.
#[derive(Clone, Copy, PartialEq, Eq)]
struct StackEntry(u32);

impl StackEntry {
    const ABSENT: Self = Self(u32::MAX);
    /// A parent directory without an entry. dive does not treat it as a directory.
    const UNNAMED: Self = Self(u32::MAX - 1);

    const fn entry(id: SpanId) -> Self {
        // A tree has at most 2^24 spans.
        Self(id.index() as u32)
    }
}

impl<'a> Stack<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let empty = StackNode { entry: StackEntry::ABSENT, first_child: NONE, next_sibling: UNLISTED };
        Self { tree, nodes: vec![empty; tree.node_count()] }
    }

    /// Sizes of whiteouts of `nodes` in one layer, in bytes: all sizes at and below a directory, 0 for anything else.
    pub(super) fn removed_by(&self, mut nodes: Vec<NodeId>) -> HashMap<NodeId, u64> {
        // Deeper nodes come later in the arena. Sum them first: they need not be walked again for their parents.
        nodes.sort_unstable_by(|left, right| right.cmp(left));
        let mut sums = HashMap::with_capacity(nodes.len());
        for node in nodes {
            let (mut sum, mut open) = (Total::default(), vec![node]);
            while let Some(node) = open.pop() {
                if let Some(known) = sums.get(&node) {
                    sum += *known;
                } else {
                    sum += self.entry(node).map_or(0, |span| span.size);
                    open.extend(self.children(node));
                }
            }
            sums.insert(node, sum.get());
        }
        sums.retain(|node, _| self.entry(*node).is_some_and(|span| span.kind == SpanKind::Directory));
        sums
    }

    /// Stacks a layer. `directories` have something below them in it.
    ///
    /// dive walks names in byte order. `.wh.NAME` mostly precedes `NAME`; otherwise it also removes the entry of the
    /// same layer.
    pub(super) fn apply(&mut self, layer: LayerIndex, directories: &[NodeId]) {
        let tree = self.tree;
        let comes_late = |name: &[u8]| name < [WHITEOUT_PREFIX.as_bytes(), name].concat().as_slice();
        for whiteout in tree.layer_whiteouts(layer).filter(|marker| !comes_late(tree.name(marker.node))) {
            self.remove(whiteout.node);
        }
        let emptied = tree.layer_markers(layer).iter().filter(|marker| marker.kind != MarkerKind::Whiteout);
        for directory in directories.iter().copied().chain(emptied.map(|marker| marker.node)) {
            self.add(directory, StackEntry::UNNAMED);
        }
        for id in tree.layer_spans(layer).filter(|id| tree.span(*id).kind != SpanKind::ImplicitDirectory) {
            self.add(tree.listed_node(id), StackEntry::entry(id));
        }
        for whiteout in tree.layer_whiteouts(layer).filter(|marker| comes_late(tree.name(marker.node))) {
            self.remove(whiteout.node);
        }
    }

    /// Adds a path, or replaces its entry.
    fn add(&mut self, node: NodeId, entry: StackEntry) {
        let stacked = &mut self.nodes[node.index()];
        stacked.entry = entry;
        if stacked.next_sibling == UNLISTED
            && let Some(parent) = self.tree.parent(node)
        {
            let raw = u32::try_from(node.index()).unwrap_or(NONE);
            let first = std::mem::replace(&mut self.nodes[parent.index()].first_child, raw);
            self.nodes[node.index()].next_sibling = first;
        }
    }

    /// Removes a path and everything below it. The path stays in its parent's list as absent; everything below leaves
    /// its list, so that nothing is walked twice.
    fn remove(&mut self, node: NodeId) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let mut next = std::mem::replace(&mut self.nodes[node.index()].first_child, NONE);
            while let Some(child) = self.tree.node_at(next as usize) {
                open.push(child);
                next = std::mem::replace(&mut self.nodes[child.index()].next_sibling, UNLISTED);
            }
            self.nodes[node.index()].entry = StackEntry::ABSENT;
        }
    }

    /// Span of the path's last entry, if it is present.
    fn entry(&self, node: NodeId) -> Option<&'a Span> {
        self.tree.span_at(self.nodes[node.index()].entry.0 as usize)
    }

    fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let list = std::iter::successors(self.tree.node_at(self.nodes[node.index()].first_child as usize), |child| {
            self.tree.node_at(self.nodes[child.index()].next_sibling as usize)
        });
        list.filter(|child| self.nodes[child.index()].entry != StackEntry::ABSENT)
    }
}
