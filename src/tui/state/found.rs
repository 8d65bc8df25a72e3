//! The search in all layers: every version of every path that a filter accepts.

use super::files::{Filter, all_matches};
use super::scroll::Scroll;
use dive_model::tree::history::{HistoryEvent, LayerAction};
use dive_model::tree::{NodeId, PathOrder, SpanId, Tree};

/// Maximum number of rows, and of paths that are listed.
pub const MAX_FOUND: usize = 10_000;

/// What a layer did to a path that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundRow {
    /// The path.
    pub node: NodeId,
    /// What a layer did to it.
    pub event: HistoryEvent,
}

/// The results of a search in all layers.
#[derive(Debug)]
pub struct Found {
    filter: Filter,
    rows: Vec<FoundRow>,
    /// Number of paths that match, also of those without a row.
    paths: usize,
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

impl Default for Found {
    fn default() -> Self {
        Self { filter: Filter::none(), rows: Vec::new(), paths: 0, scroll: Scroll::default() }
    }
}

/// True for the entry of an unchanged directory, which a layer lists because something below changed.
fn is_parent_entry(tree: &Tree, row: &FoundRow) -> bool {
    let is_directory = |version: SpanId| tree.span(version).kind.is_directory();
    row.event.action == LayerAction::ListedAgain && row.event.version.is_some_and(is_directory)
}

impl Found {
    /// Searches all paths, with their versions oldest first. An empty filter finds nothing.
    pub fn search(&mut self, tree: &Tree, filter: Filter) {
        let mut nodes = if filter.is_empty() { Vec::new() } else { all_matches(tree, &filter) };
        if filter.has_sizes() {
            let accepts = |node: &NodeId| tree.spans(*node).any(|span| filter.accepts_size(tree.span(span).size));
            nodes.retain(accepts);
        }
        self.paths = nodes.len();
        // Before they are sorted: a first letter matches most of half a million paths.
        nodes.truncate(MAX_FOUND);
        let order = PathOrder::of(tree, nodes.iter().copied());
        nodes.sort_unstable_by_key(|node| order.rank(*node));
        let events = nodes
            .into_iter()
            .flat_map(|node| tree.history(node).into_iter().map(move |event| FoundRow { node, event }))
            .filter(|row| !is_parent_entry(tree, row));
        let size = |row: &FoundRow| row.event.version.and_then(|version| tree.facts(version).size).unwrap_or(0);
        self.rows = events.filter(|row| filter.accepts_size(size(row))).take(MAX_FOUND).collect();
        self.filter = filter;
        self.scroll.set_count(self.rows.len());
        self.scroll.select(0);
    }

    /// The filter.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Number of paths that match.
    #[must_use]
    pub fn paths(&self) -> usize {
        self.paths
    }

    /// A row.
    #[must_use]
    pub fn row(&self, at: usize) -> Option<&FoundRow> {
        self.rows.get(at)
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&FoundRow> {
        self.row(self.scroll.selected())
    }
}
