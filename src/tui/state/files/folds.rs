//! Which directories are collapsed: those that the user collapsed, and while [`Folding::Changed`] is on, those in which
//! the comparison has no change, and large ones that it adds or removes as a whole.

use super::node_set::NodeSet;
use super::whole::WholeDirectories;
use dive_model::tree::{Change, Comparison, NodeId, Tree};

/// The state of directories that the user has neither collapsed nor expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// Expanded.
    Expanded,
    /// Collapsed: only the entries of the root have rows.
    Collapsed,
    /// Expanded if something changed in the directory, unless it is large and was added or removed as a whole.
    Changed,
}

/// The collapsed directories of a tree.
#[derive(Debug, Clone)]
pub(super) struct Folds {
    collapsed: NodeSet,
    /// Directories without a change, or changed as a whole, that the user expanded. `None` if a change makes no difference.
    expanded: Option<NodeSet>,
    /// Large directories that the comparison adds or removes as a whole. Empty if a change makes no difference.
    whole: WholeDirectories,
}

impl Folds {
    pub(super) fn new(folding: Folding, tree: &Tree) -> Self {
        let nodes = tree.node_count();
        let (none, all) = (NodeSet::none(nodes), || NodeSet::all(nodes));
        let (collapsed, expanded) = match folding {
            Folding::Expanded => (none, None),
            Folding::Collapsed => (all(), None),
            Folding::Changed => (none.clone(), Some(none)),
        };
        Self { collapsed, expanded, whole: WholeDirectories::default() }
    }

    /// Takes the changes of another comparison.
    pub(super) fn compare(&mut self, tree: &Tree, comparison: &Comparison) {
        let has_effect = self.expanded.is_some();
        self.whole = if has_effect { WholeDirectories::of(tree, comparison) } else { WholeDirectories::default() };
    }

    /// The number of files below a collapsed directory that was added or removed as a whole.
    pub(super) fn folded_files(&self, comparison: &Comparison, node: NodeId) -> Option<u32> {
        self.whole.files_below(node).filter(|_| self.contain(comparison, node))
    }

    /// True if a directory is collapsed. Leaves may count as collapsed, too.
    pub(super) fn contain(&self, comparison: &Comparison, node: NodeId) -> bool {
        self.collapsed.contains(node)
            || self.expanded.as_ref().is_some_and(|expanded| {
                (comparison.change(node) == Some(Change::Unmodified) || self.whole.contains(node))
                    && !expanded.contains(node)
            })
    }

    /// Collapses an expanded directory and expands a collapsed one.
    pub(super) fn toggle(&mut self, comparison: &Comparison, node: NodeId) {
        if self.contain(comparison, node) {
            self.collapsed.remove(node);
            if let Some(expanded) = &mut self.expanded {
                expanded.insert(node);
            }
        } else {
            self.collapsed.insert(node);
        }
    }

    /// Collapses or expands all directories, those without a change and those changed as a whole included.
    pub(super) fn set_all(&mut self, fold: super::Fold, tree: &Tree) {
        let nodes = tree.node_count();
        self.collapsed = if fold == super::Fold::Collapsed { NodeSet::all(nodes) } else { NodeSet::none(nodes) };
        if let Some(expanded) = &mut self.expanded {
            *expanded = NodeSet::all(nodes);
        }
    }

    /// True if directories without a change, and those changed as a whole, are collapsed.
    pub(super) const fn hide_unchanged(&self) -> bool {
        self.expanded.is_some()
    }

    /// Collapses directories without a change, and those changed as a whole, or no longer. Directories that the user
    /// collapsed stay so.
    pub(super) fn toggle_unchanged(&mut self, tree: &Tree, comparison: &Comparison) {
        self.expanded = match self.expanded {
            Some(_) => None,
            None => Some(NodeSet::none(tree.node_count())),
        };
        self.compare(tree, comparison);
    }
}
