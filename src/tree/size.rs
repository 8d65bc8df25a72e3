//! Sizes of directories as of a layer.

use std::collections::HashMap;

use super::{NodeId, SpanKind, Tree};
use crate::layer::LayerIndex;

/// Bytes at and below every node, as of one layer: each inode once, at the oldest of its names that the layer shows.
#[derive(Debug)]
pub struct Sizes(Vec<u64>);

impl Sizes {
    /// Sums up what `layer` shows.
    #[must_use]
    pub fn at(tree: &Tree, layer: LayerIndex) -> Self {
        // Inodes whose first name is gone, with the oldest one that is left.
        let mut moved = HashMap::new();
        for name in tree.all_spans().filter(|id| tree.span(*id).kind == SpanKind::HardLink) {
            let inode = tree.inode(name);
            if tree.span(name).is_visible_at(layer) && !tree.span(inode).is_visible_at(layer) {
                moved.entry(inode).or_insert(name);
            }
        }
        let own = |node| {
            let Some(name) = tree.visible(node, layer) else { return 0 };
            let inode = tree.inode(name);
            let span = tree.span(inode);
            let counts = inode == name || moved.get(&inode) == Some(&name);
            if counts && span.kind.is_file() { span.size } else { 0 }
        };
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
