//! Decides at which of its names the size of an inode counts.

use std::collections::HashMap;

use super::{SpanId, Tree};
use crate::layer::LayerIndex;

/// The names at which inodes count in one layer.
#[derive(Debug, Default)]
pub(super) struct CountedNames {
    /// For inodes whose first name is not visible, the oldest visible one.
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

    /// Bytes that count at a visible name: the size of its inode, or 0.
    pub(super) fn bytes_of(&self, tree: &Tree, name: SpanId) -> u64 {
        let inode = tree.inode(name);
        let span = tree.span(inode);
        if span.kind.is_file() && (inode == name || self.moved.get(&inode) == Some(&name)) { span.size } else { 0 }
    }
}
