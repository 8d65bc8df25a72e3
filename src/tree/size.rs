//! Sizes of directories as of a layer.

use std::collections::HashSet;

use super::{NodeId, Tree};
use crate::layer::LayerIndex;

/// Bytes at and below every node, as of one layer: each inode once, where the first of its names is that the layer
/// shows.
#[derive(Debug)]
pub struct Sizes(Vec<u64>);

impl Sizes {
    /// Sums up what `layer` shows.
    #[must_use]
    pub fn at(tree: &Tree, layer: LayerIndex) -> Self {
        // Inodes that are shown, but not where their bytes were first named.
        let mut moved = HashSet::new();
        let mut own = |node| {
            let Some(name) = tree.visible(node, layer) else { return 0 };
            let inode = tree.inode(name);
            let span = tree.span(inode);
            let counts = inode == name || (!span.is_visible_at(layer) && moved.insert(inode));
            if counts && span.kind.is_file() { span.size } else { 0 }
        };
        let mut sizes: Vec<u64> = tree.nodes().map(&mut own).collect();
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
