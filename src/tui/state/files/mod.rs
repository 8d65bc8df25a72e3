//! The state of the file tree pane: a comparison of two states of the image, with filter, order and cursor. Each call
//! takes the tree, which must always be the same one.
//!
//! An image may have half a million paths, and the screen shows fifty rows. Work on all nodes is therefore one pass
//! over the arena with a few bytes per node; work on rows descends from the root; only directories on the way to a
//! visible row are listed and sorted.

mod applied_filter;
mod cursor;
mod elsewhere;
mod filter;
mod folds;
mod glob;
mod jumps;
mod lists;
mod node_set;
mod path_matches;
mod row;
mod rows;
mod sizes;
mod totals;
mod typed_searches;
mod visible;
mod whole;

use std::cell::RefCell;
use std::sync::Arc;

pub use elsewhere::MatchElsewhere;
pub use filter::{Filter, FilterError};
pub use folds::Folding;
pub use jumps::{Jump, MatchLanding};
pub use lists::Order;
pub use path_matches::all_matches;
pub use row::FileRow;
pub use totals::ChangeTotals;
pub use visible::{ChangeKinds, Fold};

use applied_filter::AppliedFilter;
use cursor::TreeCursor;
use dive_model::tree::{Change, Comparison, NodeId, Scope, Tree};
use folds::Folds;
use lists::{ChildLists, ListSource, Siblings, Sorting};
use sizes::HiddenBytes;
use typed_searches::TypedSearches;
use visible::{VisibilityRules, VisibleNodes};

/// The state of the file tree pane.
#[derive(Debug)]
pub struct FileTreePane {
    comparison: Comparison,
    kinds: ChangeKinds,
    order: Order,
    folds: Folds,
    applied_filter: Option<AppliedFilter>,
    searches: TypedSearches,
    visible: VisibleNodes,
    hidden: HiddenBytes,
    /// Filled on lookup.
    lists: RefCell<ChildLists>,
    cursor: TreeCursor,
}

impl FileTreePane {
    /// Shows the changes between the two states of `scope`.
    #[must_use]
    pub fn new(tree: &Tree, scope: Scope, folding: Folding) -> Self {
        let mut files = Self {
            comparison: Comparison::between(tree, scope),
            kinds: ChangeKinds::ALL,
            order: Order::default(),
            folds: Folds::new(folding, tree),
            applied_filter: None,
            searches: TypedSearches::default(),
            visible: VisibleNodes::default(),
            hidden: HiddenBytes::default(),
            lists: RefCell::default(),
            cursor: TreeCursor::default(),
        };
        files.folds.compare(tree, &files.comparison);
        files.count(tree);
        files
    }

    /// Changes the compared states. Keeps filter, order and cursor; while the cursor's node has no row, the cursor is
    /// on the directory above it. A cursor that the user has not moved goes to the first change, if it
    /// [follows](Self::follow_changes) them.
    pub fn compare(&mut self, tree: &Tree, scope: Scope) {
        self.comparison.change_to(tree, scope);
        self.folds.compare(tree, &self.comparison);
        self.count(tree);
        self.show_first_change(tree);
    }

    /// The change and the size of every node.
    #[must_use]
    pub const fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    /// Bytes of a node and its visible descendants.
    #[must_use]
    pub fn size_bytes(&self, node: NodeId) -> u64 {
        self.hidden.visible_bytes(&self.comparison, node)
    }

    /// True if kinds of change are hidden or a filter is active: sizes then exclude hidden files.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.hidden.is_partial()
    }

    /// The visible kinds of change.
    #[must_use]
    pub const fn kinds(&self) -> ChangeKinds {
        self.kinds
    }

    /// Hides or shows a kind of change. A directory stays visible while a descendant is.
    pub fn toggle_kind(&mut self, tree: &Tree, change: Change) {
        self.kinds.toggle(change);
        self.count(tree);
    }

    /// The sort order of siblings.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Toggles the sort order. A cursor that the user has not moved shows the largest file or directory, or again the first
    /// change.
    pub fn toggle_order(&mut self, tree: &Tree) {
        self.order = match self.order {
            Order::Name => Order::Size,
            Order::Size => Order::Name,
        };
        self.lists.get_mut().invalidate();
        match self.order {
            Order::Size => self.show_first_row(tree),
            Order::Name => {
                self.settle(tree);
                self.show_first_change(tree);
            }
        }
    }

    /// True if no filter is active or the filter shows the node, collapsed or not.
    #[must_use]
    pub fn passes_filter(&self, node: NodeId) -> bool {
        self.applied_filter.is_none() || self.visible.is_visible(node)
    }

    /// The active filter.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter> {
        self.applied_filter.as_ref().map(|filter| &filter.filter)
    }

    /// Shows only files that `filter` accepts and the directories above them, all expanded. An empty filter removes the
    /// filter and restores the collapsed directories.
    pub fn set_filter(&mut self, tree: &Tree, filter: Filter) {
        let had_filter = self.applied_filter.is_some();
        let found = self.selected();
        self.applied_filter = if filter.is_empty() {
            self.searches.clear();
            None
        } else {
            let found = filter.pattern().map(|pattern| self.searches.find(tree, pattern));
            Some(AppliedFilter::new(filter, found, tree))
        };
        if self.applied_filter.is_some() && !had_filter {
            self.keep_place();
        }
        self.count(tree);
        if self.applied_filter.is_none() && had_filter {
            self.return_to_place(tree, found);
        }
    }

    /// Collapses or expands the directory under the cursor.
    pub fn toggle_collapse(&mut self, tree: &Tree) {
        if let Some(node) = self.selected().filter(|node| self.fold(*node) != Fold::Leaf) {
            self.refold(tree, node);
            self.select_node(tree, node);
        }
    }

    /// Collapses all directories, or expands them all if every directory in the root is collapsed.
    pub fn toggle_collapse_all(&mut self, tree: &Tree) {
        let root = self.siblings(tree, NodeId::ROOT);
        let any_expanded = root.nodes.iter().any(|node| self.fold(*node) == Fold::Expanded);
        let fold = if any_expanded { Fold::Collapsed } else { Fold::Expanded };
        self.split_folds().0.set_all(fold, tree);
        self.count(tree);
    }

    /// Collapses directories without a change, and those added or removed as a whole, or no longer.
    pub fn toggle_unchanged(&mut self, tree: &Tree) {
        self.folds.toggle_unchanged(tree, &self.comparison);
        self.count(tree);
    }

    /// Takes the order, the hidden kinds and the folding of unchanged directories from the tree of another image. Its
    /// directories are others: what the user collapsed stays there.
    pub fn look_like(&mut self, tree: &Tree, other: &Self) {
        (self.kinds, self.order) = (other.kinds, other.order);
        if self.folds.hide_unchanged() != other.folds.hide_unchanged() {
            self.folds.toggle_unchanged(tree, &self.comparison);
        }
        self.count(tree);
        self.show_first_change(tree);
    }

    /// Recounts all rows. Needed after any change except folding one directory.
    fn count(&mut self, tree: &Tree) {
        let Self { comparison, kinds, folds, applied_filter, visible, hidden, .. } = self;
        let applied_filter = applied_filter.as_ref();
        let folds = applied_filter.map_or(&*folds, |filter| &filter.folds);
        visible.count(tree, comparison, VisibilityRules { kinds: *kinds, applied_filter, folds }, hidden);
        self.lists.get_mut().invalidate();
        self.settle(tree);
    }

    /// Collapses or expands a directory without moving the cursor.
    fn refold(&mut self, tree: &Tree, node: NodeId) {
        let (folds, comparison) = self.split_folds();
        folds.toggle(comparison, node);
        let Self { comparison, order, visible, hidden, lists, applied_filter, folds, .. } = self;
        let folds = applied_filter.as_ref().map_or(&*folds, |filter| &filter.folds);
        let sorting = Sorting { tree, comparison, hidden, order: *order };
        visible.refold(
            tree,
            node,
            |node| folds.contain(comparison, node),
            |directory, child, fold, count| {
                lists.get_mut().refold(directory, child, fold, count, sorting);
            },
        );
    }

    /// The collapsed directories. An active filter has its own.
    fn folds(&self) -> &Folds {
        self.applied_filter.as_ref().map_or(&self.folds, |filter| &filter.folds)
    }

    fn split_folds(&mut self) -> (&mut Folds, &Comparison) {
        let Self { applied_filter, folds, comparison, .. } = self;
        (applied_filter.as_mut().map_or(folds, |filter| &mut filter.folds), comparison)
    }

    /// The number of files below a collapsed directory that was added or removed as a whole: a single change for the user.
    #[must_use]
    pub fn folded_files(&self, node: NodeId) -> Option<u32> {
        self.folds().folded_files(&self.comparison, node)
    }

    fn is_collapsed(&self, node: NodeId) -> bool {
        self.folds().contain(&self.comparison, node)
    }

    fn sorting<'a>(&'a self, tree: &'a Tree) -> Sorting<'a> {
        Sorting { tree, comparison: &self.comparison, hidden: &self.hidden, order: self.order }
    }

    fn siblings(&self, tree: &Tree, directory: NodeId) -> Arc<Siblings> {
        let source = ListSource { sorting: self.sorting(tree), visible: &self.visible, folds: self.folds() };
        self.lists.borrow_mut().of(directory, source)
    }
}
