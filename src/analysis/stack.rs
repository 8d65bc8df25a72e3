//! The file system below a layer as dive sees it, which decides what a whiteout weighs in its numbers. dive adds and
//! removes paths and nothing else: an opaque marker empties nothing, a file leaves what stood below the directory it
//! replaced. This is kept apart from the tree so that being right and being like dive do not mix.

use crate::layer::{EntryKind, LayerIndex};
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
    /// What the path is: a span, or one of the two below.
    what: u32,
    /// Children that may be there.
    first_child: u32,
    next_sibling: u32,
}

/// In [`Stacked::what`]: nothing.
const ABSENT: u32 = u32::MAX;
/// In [`Stacked::what`]: a path that stands above others and that no entry names. dive does not take it for a directory.
const UNNAMED: u32 = u32::MAX - 1;

impl<'a> Stack<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        let empty = Stacked { what: ABSENT, first_child: NONE, next_sibling: UNLISTED };
        Self { tree, nodes: vec![empty; tree.node_count()] }
    }

    /// What a whiteout of `node` weighs: all sizes at and below it if it is a directory, else nothing.
    pub(super) fn removed_by(&self, node: NodeId) -> u64 {
        let mut sum = 0u64;
        if self.entry(node).is_some_and(|span| span.kind == SpanKind::Directory) {
            let mut open = vec![node];
            while let Some(node) = open.pop() {
                sum = sum.saturating_add(self.entry(node).map_or(0, |span| span.size));
                open.extend(self.children(node));
            }
        }
        sum
    }

    /// Stacks a layer. dive walks its names in byte order, in which `.wh.NAME` mostly, but not always, comes before
    /// `NAME`: where it comes later, it also removes what the same layer put there.
    pub(super) fn apply(&mut self, layer: LayerIndex) {
        let tree = self.tree;
        let comes_late = |name: &[u8]| name < [b".wh.", name].concat().as_slice();
        let whiteouts = || tree.layer_markers(layer).iter().filter(|marker| marker.kind == EntryKind::Whiteout);
        for whiteout in whiteouts().filter(|marker| !comes_late(tree.name(marker.node))) {
            self.remove(whiteout.node);
        }
        for id in tree.layer_spans(layer) {
            let span = tree.span(id);
            let named = span.kind != SpanKind::ImplicitDirectory;
            self.add(span.node(), named.then_some(id));
        }
        for marker in tree.layer_markers(layer) {
            let directory =
                if marker.kind == EntryKind::Whiteout { tree.parent(marker.node) } else { Some(marker.node) };
            if let Some(directory) = directory {
                self.add(directory, None);
            }
        }
        for whiteout in whiteouts().filter(|marker| comes_late(tree.name(marker.node))) {
            self.remove(whiteout.node);
        }
    }

    /// Adds a path and the directories above it, with what its entry says, if one does.
    fn add(&mut self, node: NodeId, entry: Option<SpanId>) {
        let mut missing = Some(node);
        while let Some(node) = missing.filter(|node| self.nodes[node.index()].what == ABSENT) {
            missing = self.tree.parent(node);
            let stacked = &mut self.nodes[node.index()];
            stacked.what = UNNAMED;
            if let Some(parent) = missing.filter(|_| stacked.next_sibling == UNLISTED) {
                let raw = u32::try_from(node.index()).unwrap_or(NONE);
                let first = std::mem::replace(&mut self.nodes[parent.index()].first_child, raw);
                self.nodes[node.index()].next_sibling = first;
            }
        }
        if let Some(span) = entry {
            self.nodes[node.index()].what = u32::try_from(span.index()).unwrap_or(UNNAMED);
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
            self.nodes[node.index()].what = ABSENT;
        }
    }

    /// The span that a path was last given, if an entry names it.
    fn entry(&self, node: NodeId) -> Option<&'a Span> {
        self.tree.span_at(self.nodes[node.index()].what as usize)
    }

    fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let list = std::iter::successors(self.tree.node_at(self.nodes[node.index()].first_child as usize), |child| {
            self.tree.node_at(self.nodes[child.index()].next_sibling as usize)
        });
        list.filter(|child| self.nodes[child.index()].what != ABSENT)
    }
}
