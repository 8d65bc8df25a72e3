//! The searches on the way to the current filter. Each letter of a text leaves fewer matches, so the next search needs to
//! look only at those; deleting it brings back what was found before.

use std::sync::Arc;

use super::filter::PathPattern;
use super::path_matches::PathMatches;
use dive_model::tree::Tree;

/// Patterns with their matches, each narrower than the one before.
#[derive(Debug, Default)]
pub(super) struct TypedSearches(Vec<(PathPattern, Arc<PathMatches>)>);

impl TypedSearches {
    /// Maximum number of kept searches, with a byte per node each.
    const MAX_KEPT: usize = 8;

    /// The paths that a pattern matches.
    pub(super) fn find(&mut self, tree: &Tree, pattern: &PathPattern) -> Arc<PathMatches> {
        let Self(kept) = self;
        while kept.pop_if(|(wider, _)| !pattern.narrows(wider)).is_some() {}
        let last = kept.last();
        if let Some((_, found)) = last.filter(|(wider, _)| pattern.is(wider)) {
            return Arc::clone(found);
        }
        let found = Arc::new(PathMatches::of(pattern, tree, last.map(|(_, found)| &**found)));
        if kept.len() == Self::MAX_KEPT {
            kept.remove(0);
        }
        kept.push((pattern.clone(), Arc::clone(&found)));
        found
    }

    /// Discards the kept searches.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
