//! Sizes of directories as of a layer.

use super::{NodeId, Tree};
use crate::layer::LayerIndex;

/// Bytes at and below every node, as of one layer. An inode counts where its bytes stand, hard links count nothing.
#[derive(Debug)]
pub struct Sizes(Vec<u64>);

impl Sizes {
    /// Sums up what `layer` shows.
    #[must_use]
    pub fn at(tree: &Tree, layer: LayerIndex) -> Self {
        let own = |node| {
            let span = tree.visible(node, layer).map(|id| tree.span(id));
            span.filter(|span| span.kind.is_file()).map_or(0, |span| span.size)
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
