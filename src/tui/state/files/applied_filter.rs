//! A filter applied to a tree. Which paths the expression matches does not depend on the layer, so it is computed once.

use std::cell::OnceCell;
use std::sync::Arc;

use super::filter::Filter;
use super::folds::{Folding, Folds};
use super::path_matches::PathMatches;
use super::whole::is_directory;
use dive_model::tree::{Comparison, NodeId, SpanId, SpanKind, Tree};

/// A filter, its matches, and the directories collapsed while it is active.
#[derive(Debug, Clone)]
pub(super) struct AppliedFilter {
    pub(super) filter: Filter,
    /// Matches of the expression. `None` without an expression.
    found: Option<Arc<PathMatches>>,
    /// Directories that the user collapsed while the filter is active.
    pub(super) folds: Folds,
    /// The first match in any layer, and the number of all; computed on demand.
    first_match: OnceCell<Option<(NodeId, usize)>>,
}

impl AppliedFilter {
    /// Applies a filter whose expression matches the paths in `found`.
    pub(super) fn new(filter: Filter, found: Option<Arc<PathMatches>>, tree: &Tree) -> Self {
        Self { filter, found, folds: Folds::new(Folding::Expanded, tree), first_match: OnceCell::new() }
    }

    /// True if the filter accepts the node itself. Descendants do not count.
    pub(super) fn accepts(&self, tree: &Tree, comparison: &Comparison, node: NodeId) -> bool {
        self.found.as_ref().is_none_or(|found| found.contains(node))
            && (!self.filter.has_sizes()
                || (self.filter.accepts_size(comparison.size_bytes(node)) && !is_directory(tree, comparison, node)))
    }

    /// The first path that the filter accepts in any layer, and the number of all.
    pub(super) fn first_match(&self, tree: &Tree) -> Option<(NodeId, usize)> {
        *self.first_match.get_or_init(|| match &self.found {
            Some(found) if !self.filter.has_sizes() => {
                let mut matches = found.matches(tree);
                Some((matches.next()?, 1 + matches.count()))
            }
            found => {
                let accepts = |node: &NodeId| {
                    found.as_ref().is_none_or(|found| found.contains(*node))
                        && tree.spans(*node).any(|version| self.accepts_version(tree, version))
                };
                let mut accepted = tree.nodes().skip(1).filter(accepts);
                let first = accepted.next()?;
                Some((first, 1 + accepted.count()))
            }
        })
    }

    /// True if a layer shows this version, and its size is accepted. The path does not count.
    pub(super) fn accepts_version(&self, tree: &Tree, version: SpanId) -> bool {
        let span = tree.span(version);
        // A version that its own layer hides is in no file system.
        span.end().is_none_or(|(layer, _)| layer > span.from())
            && (!self.filter.has_sizes()
                || !span.kind.is_directory() && self.filter.accepts_size(counted_bytes(tree, version)))
    }

    /// True if a jump to the next match stops at an accepted node. With size terms, it stops at every file.
    pub(super) fn is_match(&self, node: NodeId) -> bool {
        self.filter.has_sizes() || self.found.as_ref().is_some_and(|found| found.is_match(node))
    }
}

/// The bytes of a version that a tree counts: none for a hard link, whose target has them.
fn counted_bytes(tree: &Tree, version: SpanId) -> u64 {
    let span = tree.span(version);
    if matches!(span.kind, SpanKind::File | SpanKind::SparseFile) { span.size } else { 0 }
}
