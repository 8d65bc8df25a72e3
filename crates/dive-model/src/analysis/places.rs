//! The visible bytes of an image by place: directories of the first two levels, which people recognize.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::tree::{NodeId, Tree};

/// Depth of a place: `/usr/lib` has 2.
const DEPTH: usize = 2;

/// A directory of the first two levels, or a file above it, with its visible bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisiblePlace {
    /// The directory or file.
    pub node: NodeId,
    /// Bytes of the visible files in it, each inode once, at its first name.
    pub size_bytes: u64,
}

impl VisiblePlace {
    /// Limit of the places in a summary.
    pub const LISTED: usize = 40;

    /// The places with files, largest first.
    #[must_use]
    pub fn of(tree: &Tree) -> Vec<Self> {
        let Some(last) = tree.last_layer() else { return Vec::new() };
        let mut sizes: HashMap<NodeId, u64> = HashMap::new();
        // Files of a directory follow each other, so most have the place of the one before.
        let mut known: Option<(NodeId, NodeId)> = None;
        for span in tree.all_spans().map(|id| tree.span(id)).filter(|span| span.kind.is_file() && span.size > 0) {
            if !span.is_visible_at(last) {
                continue;
            }
            let node = span.node();
            let parent = tree.parent(node).unwrap_or(NodeId::ROOT);
            let place = match known {
                Some((directory, place)) if directory == parent && place != directory => place,
                _ => place_of(tree, node),
            };
            known = (place != node).then_some((parent, place));
            let sum = sizes.entry(place).or_default();
            *sum = sum.saturating_add(span.size);
        }
        let mut places: Vec<Self> = sizes.into_iter().map(|(node, size_bytes)| Self { node, size_bytes }).collect();
        places.sort_unstable_by_key(|place| (Reverse(place.size_bytes), place.node));
        places
    }
}

/// The ancestor of `node` at the depth of places, or `node` above it.
fn place_of(tree: &Tree, node: NodeId) -> NodeId {
    let mut lineage: Vec<NodeId> = tree.ancestors(node).collect();
    // The root is last.
    lineage.pop();
    let at = lineage.len().saturating_sub(DEPTH);
    lineage.get(at).copied().unwrap_or(node)
}
