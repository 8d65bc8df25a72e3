//! Nodes: names under a parent, shared by all layers.

use super::{SpanId, Tree};
use crate::layer::TextRange;

/// "None" in the links of the arena.
pub(super) const NONE: u32 = u32::MAX;
/// In [`Node::next_sibling`], while building: not in the parent's list.
pub(super) const UNLISTED: u32 = u32::MAX - 1;

/// A node of one [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The root directory.
    pub const ROOT: Self = Self(0);

    pub(super) const fn new(index: u32) -> Self {
        Self(index)
    }

    pub(super) const fn raw(self) -> u32 {
        self.0
    }

    /// Index into a list with one element per node, of length [`Tree::node_count`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) parent: u32,
    pub(super) name_at: u32,
    pub(super) name_len: u16,
    /// The newest span. [`super::Span::previous`] leads to older ones.
    pub(super) newest: u32,
    /// While building, children that may be open. Afterwards, all children, oldest first.
    pub(super) first_child: u32,
    pub(super) next_sibling: u32,
}

impl Tree {
    /// Parent directory; `None` for the root.
    #[must_use]
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        let parent = self.nodes[node.index()].parent;
        (parent != NONE).then_some(NodeId(parent))
    }

    /// Name of the node; empty for the root.
    #[must_use]
    pub fn name(&self, node: NodeId) -> &[u8] {
        let node = &self.nodes[node.index()];
        TextRange { at: node.name_at, len: node.name_len.into() }.of(&self.text)
    }

    /// Children in any layer, in no particular order.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let mut next = self.nodes[node.index()].first_child;
        std::iter::from_fn(move || {
            let child = next;
            let node = self.nodes.get(child as usize)?;
            next = node.next_sibling;
            Some(NodeId(child))
        })
    }

    /// The child with this name.
    #[must_use]
    pub fn child(&self, node: NodeId, name: &[u8]) -> Option<NodeId> {
        self.children(node).find(|child| self.name(*child) == name)
    }

    /// The node at `path`, with or without slashes at its ends.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<NodeId> {
        crate::layer::path::components(path).try_fold(NodeId::ROOT, |node, name| self.child(node, name))
    }

    /// Appends the path of a node to `out`, without a leading slash; nothing for the root.
    pub fn push_path(&self, node: NodeId, out: &mut Vec<u8>) {
        let start = out.len();
        let mut len = 0;
        for step in self.lineage(node) {
            len += self.name(step).len() + 1;
        }
        out.resize(start + len.saturating_sub(1), b'/');
        let mut end = out.len();
        for step in self.lineage(node) {
            let name = self.name(step);
            out[end - name.len()..end].copy_from_slice(name);
            end = (end - name.len()).saturating_sub(1);
        }
    }

    /// Path of a node with a leading slash; `/` for the root.
    #[must_use]
    pub fn path(&self, node: NodeId) -> Vec<u8> {
        let mut path = vec![b'/'];
        self.push_path(node, &mut path);
        path
    }

    /// A node and the directories above it, innermost first, to the root.
    pub fn ancestors(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(Some(node), |node| self.parent(*node))
    }

    /// A node and its parent directories, innermost first, without the root.
    fn lineage(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.ancestors(node).take_while(|node| *node != NodeId::ROOT)
    }

    /// Spans of a node, newest first.
    pub fn spans(&self, node: NodeId) -> impl Iterator<Item = SpanId> {
        let newest = SpanId::from_link(self.nodes[node.index()].newest);
        std::iter::successors(newest, move |span| self.span(*span).previous())
    }
}
