//! Sizes of directories as of a layer.

use std::collections::HashMap;

use super::{NodeId, SpanId, Tree};
use crate::layer::LayerIndex;

/// Bytes at and below every node, as of one layer: each inode once, at the oldest of its names that the layer shows.
#[derive(Debug)]
pub struct Sizes(Vec<u64>);

impl Sizes {
    /// Sums up what `layer` shows.
    #[must_use]
    pub fn at(tree: &Tree, layer: LayerIndex) -> Self {
        let names = CountedNames::at(tree, layer);
        let own = |node| tree.visible(node, layer).map_or(0, |name| names.bytes_of(tree, name));
        let mut sizes: Vec<u64> = tree.nodes().map(own).collect();
        for node in tree.nodes().rev() {
            if let Some(parent) = tree.parent(node) {
                sizes[parent.index()] = sizes[parent.index()].saturating_add(sizes[node.index()]);
            }
        }
        Self(sizes)
    }

    /// Bytes at and below a node.
    #[must_use]
    pub fn of(&self, node: NodeId) -> u64 {
        self.0.get(node.index()).copied().unwrap_or_default()
    }
}

/// At which of its names an inode counts, as of a layer.
#[derive(Debug, Default)]
pub(super) struct CountedNames {
    /// Inodes whose first name is gone, with the oldest one that is left.
    moved: HashMap<SpanId, SpanId>,
}

impl CountedNames {
    pub(super) fn at(tree: &Tree, layer: LayerIndex) -> Self {
        let mut moved = HashMap::new();
        for name in &tree.hard_links {
            let inode = tree.inode(*name);
            if tree.span(*name).is_visible_at(layer) && !tree.span(inode).is_visible_at(layer) {
                moved.entry(inode).or_insert(*name);
            }
        }
        Self { moved }
    }

    /// What a name that the layer shows counts, in bytes.
    pub(super) fn bytes_of(&self, tree: &Tree, name: SpanId) -> u64 {
        let inode = tree.inode(name);
        let span = tree.span(inode);
        if span.kind.is_file() && (inode == name || self.moved.get(&inode) == Some(&name)) { span.size } else { 0 }
    }
}
