//! Visibility and row counts of all nodes, computed in one pass over the arena with children before their parents. Rows
//! are then found by descending from the root along the counts.

use super::applied_filter::AppliedFilter;
use super::folds::Folds;
use super::sizes::HiddenBytes;
use super::whole::is_directory;
use dive_model::tree::{Change, Comparison, NodeId, Tree};

/// A set of kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeKinds(u8);

impl ChangeKinds {
    /// All kinds.
    pub const ALL: Self = Self(0b1111);

    /// True if the set contains a kind.
    #[must_use]
    pub const fn contain(self, change: Change) -> bool {
        self.0 & Self::bit(change) != 0
    }

    pub(super) const fn toggle(&mut self, change: Change) {
        self.0 ^= Self::bit(change);
    }

    const fn bit(change: Change) -> u8 {
        match change {
            Change::Unmodified => 1,
            Change::Added => 2,
            Change::Removed => 4,
            Change::Modified => 8,
        }
    }
}

/// A target of jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JumpTarget {
    /// A match of the filter.
    Match,
    /// An added, modified or removed file.
    Changed,
}

const VISIBLE: u8 = 1;
const MATCH: u8 = 1 << 1;
const CHANGED: u8 = 1 << 2;
/// The node has children in the comparison.
const HAS_CHILDREN: u8 = 1 << 5;
/// Shift from [`MATCH`] or [`CHANGED`] to the flag for a node or any of its descendants.
const WITHIN: u8 = 2;

impl JumpTarget {
    const fn bit(self) -> u8 {
        match self {
            Self::Match => MATCH,
            Self::Changed => CHANGED,
        }
    }
}

/// The rules that decide whether a node is visible, and whether it is collapsed.
#[derive(Clone, Copy)]
pub(super) struct VisibilityRules<'a> {
    pub(super) kinds: ChangeKinds,
    pub(super) applied_filter: Option<&'a AppliedFilter>,
    pub(super) folds: &'a Folds,
}

/// Visibility and row counts by node.
#[derive(Debug, Default)]
pub(super) struct VisibleNodes {
    flags: Vec<u8>,
    /// Rows below each node if it is expanded; directories below it count as they are folded.
    below: Vec<u32>,
    /// Matches at or below each node. Empty without a filter.
    matches: Vec<u32>,
    /// Nodes that the filter accepts by themselves.
    accepted: usize,
}

impl VisibleNodes {
    /// Recomputes all flags and counts, and the bytes of hidden nodes.
    pub(super) fn count(
        &mut self,
        tree: &Tree,
        comparison: &Comparison,
        rules: VisibilityRules<'_>,
        hidden: &mut HiddenBytes,
    ) {
        if rules.kinds == ChangeKinds::ALL && rules.applied_filter.is_none() {
            hidden.clear();
        } else {
            hidden.reset(tree);
        }
        self.flags.clear();
        self.flags.resize(tree.node_count(), 0);
        self.below.clear();
        self.below.resize(tree.node_count(), 0);
        self.matches.clear();
        self.accepted = 0;
        if rules.applied_filter.is_some() {
            self.matches.resize(tree.node_count(), 0);
        }
        for node in tree.nodes().rev() {
            let Some(change) = comparison.change(node) else { continue };
            let below = self.below[node.index()];
            let mut flags = self.flags[node.index()];
            if rules.kinds.contain(change)
                && rules.applied_filter.is_none_or(|filter| filter.accepts(tree, comparison, node))
            {
                flags |= VISIBLE;
                if let Some(filter) = rules.applied_filter {
                    self.accepted += 1;
                    if filter.is_match(node) {
                        flags |= MATCH | MATCH << WITHIN;
                        self.matches[node.index()] += 1;
                    }
                }
                // A directory with children may have changed only because of its descendants.
                let is_leaf = || flags & HAS_CHILDREN == 0 || !is_directory(tree, comparison, node);
                if change != Change::Unmodified && is_leaf() {
                    flags |= CHANGED | CHANGED << WITHIN;
                }
            } else if below > 0 {
                flags |= VISIBLE;
            }
            self.flags[node.index()] = flags;
            if flags & VISIBLE == 0 {
                hidden.hide(tree, comparison, node);
            } else {
                hidden.keep(tree, comparison, node);
            }
            let Some(parent) = tree.parent(node) else { continue };
            self.flags[parent.index()] |= HAS_CHILDREN | flags & (MATCH << WITHIN | CHANGED << WITHIN);
            if flags & VISIBLE == 0 {
                continue;
            }
            if let Some(count) = self.matches.get(node.index()).copied() {
                self.matches[parent.index()] += count;
            }
            self.below[parent.index()] += 1 + if rules.folds.contain(comparison, node) { 0 } else { below };
        }
    }

    /// Updates the row counts above a node that was collapsed or expanded. Calls `passed` with each updated directory
    /// and its child, up to the first collapsed directory, which hides the difference from those above.
    pub(super) fn refold(
        &mut self,
        tree: &Tree,
        node: NodeId,
        is_collapsed: impl Fn(NodeId) -> bool,
        mut passed: impl FnMut(NodeId, NodeId, Fold, u32),
    ) {
        let count = self.below(node);
        let fold = if is_collapsed(node) { Fold::Collapsed } else { Fold::Expanded };
        let mut child = node;
        while let Some(parent) = tree.parent(child) {
            let below = &mut self.below[parent.index()];
            *below = if fold == Fold::Expanded { *below + count } else { *below - count };
            passed(parent, child, fold, count);
            if is_collapsed(parent) {
                break;
            }
            child = parent;
        }
    }

    pub(super) fn is_visible(&self, node: NodeId) -> bool {
        self.flags[node.index()] & VISIBLE != 0
    }

    pub(super) fn is_target(&self, node: NodeId, target: JumpTarget) -> bool {
        self.flags[node.index()] & target.bit() != 0
    }

    /// True if a node or any of its descendants is a target.
    pub(super) fn has_target_within(&self, node: NodeId, target: JumpTarget) -> bool {
        self.flags[node.index()] & target.bit() << WITHIN != 0
    }

    /// Rows below a node if it is expanded. For the root, the number of all rows.
    pub(super) fn below(&self, node: NodeId) -> u32 {
        self.below[node.index()]
    }

    pub(super) fn match_count(&self) -> usize {
        self.matches_within(NodeId::ROOT) as usize
    }

    /// Number of matches at or below a node.
    pub(super) fn matches_within(&self, node: NodeId) -> u32 {
        self.matches.get(node.index()).copied().unwrap_or(0)
    }

    /// Number of nodes that the filter accepts: matches, and what is below them.
    pub(super) const fn accepted(&self) -> usize {
        self.accepted
    }
}

/// Whether a row is expanded, collapsed or a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// No visible descendants.
    Leaf,
    /// Children have rows.
    Expanded,
    /// Children have no rows.
    Collapsed,
}
