//! What the file tree pane shows: two states of the image compared, and of that what the user asked for. The tree itself
//! belongs to others and comes with every call, always the same one.
//!
//! An image has half a million paths and the screen fifty rows. So a question about all nodes is one walk over the
//! arena, a few bytes for each; a question about rows goes down from the root; and nothing is sorted, listed or written
//! out but on the way to a row that is on the screen.

mod applied_filter;
mod cursor;
mod filter;
mod jumps;
mod lists;
mod node_set;
mod row;
mod rows;
mod sizes;
mod visible;

use std::cell::RefCell;
use std::sync::Arc;

pub use filter::{Filter, FilterError};
pub use jumps::Jump;
pub use lists::Order;
pub use row::FileRow;
pub use visible::{ChangeKinds, Fold};

use applied_filter::AppliedFilter;
use cursor::TreeCursor;
use dive_model::tree::{Change, Comparison, NodeId, Scope, Tree};
use lists::{ChildLists, ListSource, Siblings, Sorting};
use node_set::NodeSet;
use sizes::HiddenBytes;
use visible::{VisibilityRules, VisibleNodes};

/// How directories are at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// All that they hold has rows.
    Expanded,
    /// Only what stands in the root has rows.
    Collapsed,
}

/// The state of the file tree pane.
#[derive(Debug)]
pub struct FileTreePane {
    comparison: Comparison,
    kinds: ChangeKinds,
    order: Order,
    collapsed: NodeSet,
    applied_filter: Option<AppliedFilter>,
    visible: VisibleNodes,
    hidden: HiddenBytes,
    /// Made while looking.
    lists: RefCell<ChildLists>,
    cursor: TreeCursor,
}

impl FileTreePane {
    /// Shows what happened between the states of `scope`; see [`Self::compare`].
    #[must_use]
    pub fn new(tree: &Tree, scope: Scope, folding: Folding) -> Self {
        let mut files = Self {
            comparison: Comparison::between(tree, scope),
            kinds: ChangeKinds::ALL,
            order: Order::default(),
            collapsed: folding.of_all(tree),
            applied_filter: None,
            visible: VisibleNodes::default(),
            hidden: HiddenBytes::default(),
            lists: RefCell::default(),
            cursor: TreeCursor::default(),
        };
        files.count(tree);
        files
    }

    /// Shows what happened between the states of `scope`. All else stays as it is; a cursor whose node has no row stands on
    /// the directory above until the node is back.
    pub fn compare(&mut self, tree: &Tree, scope: Scope) {
        self.comparison.change_to(tree, scope);
        self.count(tree);
    }

    /// What happened to every node, and its size.
    #[must_use]
    pub const fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    /// Bytes at and below a node, of what is shown.
    #[must_use]
    pub fn size_bytes(&self, node: NodeId) -> u64 {
        self.hidden.visible_bytes(&self.comparison, node)
    }

    /// Whether kinds are hidden or a filter is on, so that sizes leave out what has no row.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.hidden.is_partial()
    }

    /// The kinds of change that are shown.
    #[must_use]
    pub const fn kinds(&self) -> ChangeKinds {
        self.kinds
    }

    /// Hides a kind of change, or shows it again. A directory is shown while anything below it is.
    pub fn toggle_kind(&mut self, tree: &Tree, change: Change) {
        self.kinds.toggle(change);
        self.count(tree);
    }

    /// How siblings are ordered.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Changes from one order to the other.
    pub fn toggle_order(&mut self, tree: &Tree) {
        self.order = match self.order {
            Order::Name => Order::Size,
            Order::Size => Order::Name,
        };
        self.lists.get_mut().invalidate();
        self.settle(tree);
    }

    /// Whether a filter, if one is on, leaves a node in sight. Collapsed or not makes no difference.
    #[must_use]
    pub fn passes_filter(&self, node: NodeId) -> bool {
        self.applied_filter.is_none() || self.visible.is_visible(node)
    }

    /// The filter that is on.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter> {
        self.applied_filter.as_ref().map(|filter| &filter.filter)
    }

    /// Shows only what `filter` lets in, with the directories above, all expanded. An empty filter ends that, and
    /// directories are collapsed as they were before.
    pub fn set_filter(&mut self, tree: &Tree, filter: Filter) {
        self.applied_filter = if filter.is_empty() { None } else { Some(AppliedFilter::new(filter, tree)) };
        self.count(tree);
    }

    /// Collapses the directory under the cursor, or expands it.
    pub fn toggle_collapse(&mut self, tree: &Tree) {
        if let Some(node) = self.selected().filter(|node| self.fold(*node) != Fold::Leaf) {
            self.refold(tree, node);
            self.select_node(tree, node);
        }
    }

    /// Collapses all directories; expands them all if none is expanded that has a row.
    pub fn toggle_collapse_all(&mut self, tree: &Tree) {
        let root = self.siblings(tree, NodeId::ROOT);
        let any_expanded = root.nodes.iter().any(|node| self.fold(*node) == Fold::Expanded);
        let folding = if any_expanded { Folding::Collapsed } else { Folding::Expanded };
        *self.collapsed_mut() = folding.of_all(tree);
        self.count(tree);
    }

    /// Counts rows anew, after anything but a single directory changed.
    fn count(&mut self, tree: &Tree) {
        let Self { comparison, kinds, collapsed, applied_filter, visible, hidden, .. } = self;
        let applied_filter = applied_filter.as_ref();
        let collapsed = applied_filter.map_or(&*collapsed, |filter| &filter.collapsed);
        visible.count(tree, comparison, VisibilityRules { kinds: *kinds, applied_filter, collapsed }, hidden);
        self.lists.get_mut().invalidate();
        self.settle(tree);
    }

    /// Collapses an expanded directory or the other way round, without moving the cursor.
    fn refold(&mut self, tree: &Tree, node: NodeId) {
        let is_collapsed = self.is_collapsed(node);
        let set = self.collapsed_mut();
        if is_collapsed {
            set.remove(node);
        } else {
            set.insert(node);
        }
        let Self { comparison, order, visible, hidden, lists, applied_filter, collapsed, .. } = self;
        let collapsed = applied_filter.as_ref().map_or(&*collapsed, |filter| &filter.collapsed);
        let sorting = Sorting { tree, comparison, hidden, order: *order };
        visible.refold(tree, node, collapsed, |directory, child, fold, count| {
            lists.get_mut().refold(directory, child, fold, count, sorting);
        });
    }

    /// The collapsed directories: while a filter is on, those of its result.
    fn collapsed(&self) -> &NodeSet {
        self.applied_filter.as_ref().map_or(&self.collapsed, |filter| &filter.collapsed)
    }

    fn collapsed_mut(&mut self) -> &mut NodeSet {
        self.applied_filter.as_mut().map_or(&mut self.collapsed, |filter| &mut filter.collapsed)
    }

    fn is_collapsed(&self, node: NodeId) -> bool {
        self.collapsed().contains(node)
    }

    fn sorting<'a>(&'a self, tree: &'a Tree) -> Sorting<'a> {
        Sorting { tree, comparison: &self.comparison, hidden: &self.hidden, order: self.order }
    }

    fn siblings(&self, tree: &Tree, directory: NodeId) -> Arc<Siblings> {
        let source = ListSource { sorting: self.sorting(tree), visible: &self.visible, collapsed: self.collapsed() };
        self.lists.borrow_mut().of(directory, source)
    }
}

impl Folding {
    fn of_all(self, tree: &Tree) -> NodeSet {
        match self {
            Self::Expanded => NodeSet::none(tree.node_count()),
            Self::Collapsed => NodeSet::all(tree.node_count()),
        }
    }
}
