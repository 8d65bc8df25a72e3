//! Which name of an inode counts its bytes, as of a layer.

use std::collections::HashMap;

use super::{SpanId, Tree};
use crate::layer::LayerIndex;

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
