//! Directories that a comparison adds or removes as a whole. A deleted cache would fill the tree with hundreds of rows that say
//! the same, so a large one is folded.

use super::node_set::NodeSet;
use dive_model::tree::{Change, Comparison, NodeId, Tree};

/// Files below a directory that is not folded.
const MOST_SHOWN: u32 = 10;

/// The large directories that a comparison adds or removes as a whole.
#[derive(Debug, Clone, Default)]
pub(super) struct WholeDirectories {
    /// `None` if there are none.
    nodes: Option<NodeSet>,
    /// The number of files below each, in the order of the arena.
    counts: Vec<(usize, u32)>,
}

impl WholeDirectories {
    /// Counts in one pass, with children before their parents. Without a base, everything is added, and nothing is folded.
    pub(super) fn of(tree: &Tree, comparison: &Comparison) -> Self {
        let mut whole = Self::default();
        if comparison.scope().base.is_none() {
            return whole;
        }
        let mut below = vec![0_u32; tree.node_count()];
        for node in tree.nodes().skip(1).rev() {
            let change = comparison.change(node);
            let Some(Change::Added | Change::Removed) = change else { continue };
            let files = below[node.index()];
            if files > MOST_SHOWN {
                whole.nodes.get_or_insert_with(|| NodeSet::none(tree.node_count())).insert(node);
                whole.counts.push((node.index(), files));
            }
            if let Some(parent) = tree.parent(node).filter(|parent| comparison.change(*parent) == change) {
                // A node with files below it is a directory; only the others cost a look at their type.
                let is_file = files == 0 && !is_directory(tree, comparison, node);
                below[parent.index()] += files + u32::from(is_file);
            }
        }
        whole.counts.reverse();
        whole
    }

    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.nodes.as_ref().is_some_and(|nodes| nodes.contains(node))
    }

    /// The number of files below one of the directories.
    pub(super) fn files_below(&self, node: NodeId) -> Option<u32> {
        let at = self.counts.binary_search_by_key(&node.index(), |(index, _)| *index).ok()?;
        self.counts.get(at).map(|(_, count)| *count)
    }
}

/// True if the node is a directory, or was one before its removal.
pub(super) fn is_directory(tree: &Tree, comparison: &Comparison, node: NodeId) -> bool {
    comparison.span(tree, node).is_some_and(|span| tree.span(span).kind.is_directory())
}
