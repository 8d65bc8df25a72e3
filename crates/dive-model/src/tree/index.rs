//! Finding nodes by their names while layers are applied.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry as Slot;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::node::{NONE, Node, UNLISTED};
use super::{NodeId, Tree};

/// Which node a name under a parent is. The names themselves are only in the tree.
#[derive(Debug, Default)]
pub(super) struct Index {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Index {
    /// Makes room for `coming` nodes. A table that grows by itself keeps the old one until it is done, and asks for nodes
    /// all over the arena to do it; this one is filled anew, in the order that nodes lie in.
    pub(super) fn make_room(&mut self, tree: &Tree, coming: usize) {
        let Self { table, hasher } = self;
        if table.capacity() - table.len() >= coming {
            return;
        }
        *table = HashTable::new();
        *table = HashTable::with_capacity(tree.nodes.len() + coming);
        for node in 1..tree.nodes.len() as u32 {
            table.insert_unique(hash_of(tree, hasher, node), node, |node| hash_of(tree, hasher, *node));
        }
    }

    /// The node of `name` in `parent`, if any layer so far had one there.
    pub(super) fn find(&self, tree: &Tree, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let hash = self.hasher.hash_one((parent, name));
        self.table.find(hash, |node| is_child(tree, *node, parent, name)).copied().map(NodeId::new)
    }

    /// The node of `name` in `parent`, made if it is not there.
    pub(super) fn find_or_make(&mut self, tree: &mut Tree, parent: NodeId, name: &[u8]) -> NodeId {
        let Self { table, hasher } = self;
        let hash = hasher.hash_one((parent, name));
        let is_child = |node: &u32| is_child(tree, *node, parent, name);
        match table.entry(hash, is_child, |node| hash_of(tree, hasher, *node)) {
            Slot::Occupied(slot) => NodeId::new(*slot.get()),
            Slot::Vacant(slot) => {
                let id = tree.nodes.len() as u32;
                slot.insert(id);
                tree.nodes.push(Node {
                    parent: parent.raw(),
                    name_at: tree.text.len() as u32,
                    name_len: u16::try_from(name.len()).unwrap_or(u16::MAX),
                    newest: NONE,
                    first_child: NONE,
                    next_sibling: UNLISTED,
                });
                tree.text.extend_from_slice(name);
                NodeId::new(id)
            }
        }
    }
}

fn is_child(tree: &Tree, node: u32, parent: NodeId, name: &[u8]) -> bool {
    tree.nodes[node as usize].parent == parent.raw() && tree.name(NodeId::new(node)) == name
}

/// What a node is found by.
fn hash_of(tree: &Tree, hasher: &DefaultHashBuilder, node: u32) -> u64 {
    let node = NodeId::new(node);
    hasher.hash_one((NodeId::new(tree.nodes[node.index()].parent), tree.name(node)))
}

/// The way down to the directory that the last entry stood in: most entries stand in the same one, or near it.
#[derive(Debug, Default)]
pub(super) struct Descent {
    pub(super) path: Vec<u8>,
    /// Where each component of the path ends, and its node.
    pub(super) steps: Vec<(usize, NodeId)>,
}

impl Descent {
    /// Goes back to where the way to `path` branches off. Gives back how far down `path` that is.
    pub(super) fn turn_to(&mut self, path: &[u8]) -> usize {
        let common = self.path.iter().zip(path).take_while(|(ours, theirs)| ours == theirs).count();
        let is_on_the_way = |end: usize| end <= common && path.get(end).is_none_or(|byte| *byte == b'/');
        while self.steps.pop_if(|(end, _)| !is_on_the_way(*end)).is_some() {}
        self.steps.last().map_or(0, |(end, _)| *end)
    }
}
