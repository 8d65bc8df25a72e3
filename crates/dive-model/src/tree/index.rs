//! Finds nodes by parent and name while layers are applied.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry as Slot;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::node::{NONE, Node, UNLISTED};
use super::{NodeId, Tree};

/// Hash table from parent and name to node. The names are only in the tree.
#[derive(Debug, Default)]
pub(super) struct Index {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Index {
    /// Reserves space for `coming` nodes. The hash table's own growth would keep the old table until done, and visit
    /// nodes all over the arena; this fills a new one in the order of the arena.
    pub(super) fn reserve(&mut self, tree: &Tree, coming: usize) {
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

    /// The node of `name` in `parent`, if a layer so far has one.
    pub(super) fn find(&self, tree: &Tree, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let hash = self.hasher.hash_one((parent, name));
        self.table.find(hash, |node| is_child(tree, *node, parent, name)).copied().map(NodeId::new)
    }

    /// The node of `name` in `parent`, created if missing.
    pub(super) fn find_or_create(&mut self, tree: &mut Tree, parent: NodeId, name: &[u8]) -> NodeId {
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

/// Hash of a node's parent and name.
fn hash_of(tree: &Tree, hasher: &DefaultHashBuilder, node: u32) -> u64 {
    let node = NodeId::new(node);
    hasher.hash_one((NodeId::new(tree.nodes[node.index()].parent), tree.name(node)))
}

/// Path and nodes of the directory of the last entry. Most entries are in the same directory or near it.
#[derive(Debug, Default)]
pub(super) struct Descent {
    pub(super) path: Vec<u8>,
    /// For each component of the path, its end in `path` and its node.
    pub(super) steps: Vec<(usize, NodeId)>,
}

impl Descent {
    /// Goes back to the deepest directory shared with `path`. Returns the length of its path.
    pub(super) fn back_to(&mut self, path: &[u8]) -> usize {
        let common = self.path.iter().zip(path).take_while(|(ours, theirs)| ours == theirs).count();
        let is_shared = |end: usize| end <= common && path.get(end).is_none_or(|byte| *byte == b'/');
        while self.steps.pop_if(|(end, _)| !is_shared(*end)).is_some() {}
        self.steps.last().map_or(0, |(end, _)| *end)
    }
}
