//! The sum of a comparison, for the title of the tree.

use dive_model::tree::{Change, ChangeCounts, Comparison, NodeId, SpanId, Tree};

/// Paths without directories that differ between two states, and the bytes of those that are there after the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeTotals {
    /// Added, modified and removed paths.
    pub counts: ChangeCounts,
    /// Bytes of the added and modified files.
    pub bytes: u64,
}

impl ChangeTotals {
    /// Sums up a comparison in one pass over its nodes.
    #[must_use]
    pub fn of(tree: &Tree, comparison: &Comparison) -> Self {
        let mut totals = Self::default();
        for node in tree.nodes() {
            let Some(change) = comparison.change(node).filter(|change| *change != Change::Unmodified) else { continue };
            if !is_file(tree, comparison, node) {
                continue;
            }
            let counts = &mut totals.counts;
            match change {
                Change::Added => counts.added += 1,
                Change::Modified => counts.modified += 1,
                Change::Removed => counts.removed += 1,
                Change::Unmodified => {}
            }
            if change != Change::Removed {
                totals.bytes = totals.bytes.saturating_add(comparison.size_bytes(node));
            }
        }
        totals
    }
}

/// True unless a node is a directory in both states, as [`Tree::change_counts`] counts.
fn is_file(tree: &Tree, comparison: &Comparison, node: NodeId) -> bool {
    let is_file = |span: SpanId| !tree.span(span).kind.is_directory();
    let before = || comparison.scope().base.and_then(|base| tree.visible(node, base));
    comparison.span(tree, node).is_some_and(is_file) || before().is_some_and(is_file)
}
