//! Row lookup by descent from the root. Only visible rows are built, of half a million in a large image.

use std::sync::Arc;

use super::FileTreePane;
use super::elsewhere::MatchElsewhere;
use super::lists::Siblings;
use super::row::FileRow;
use super::visible::{Fold, JumpTarget};
use dive_model::tree::history::HistoryEvent;
use dive_model::tree::{Change, NodeId, Tree};

/// A directory on the path of the descent. `next` is the next child to visit.
struct Level {
    siblings: Arc<Siblings>,
    next: usize,
}

impl FileTreePane {
    /// Number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.visible.below(NodeId::ROOT) as usize
    }

    /// Up to `count` rows from row `first` on.
    #[must_use]
    pub fn rows(&self, tree: &Tree, first: usize, count: usize) -> Vec<FileRow> {
        let count = count.min(self.row_count().saturating_sub(first));
        let mut rows = Vec::with_capacity(count);
        if count == 0 {
            return rows;
        }
        // `last` of the current path; its innermost entry is set for each row.
        let mut last = Vec::new();
        let mut levels = self.levels_to(tree, first);
        for level in &levels {
            last.push(level.next == level.siblings.nodes.len());
        }
        // `levels_to` ends after the first row; step back to include it.
        if let Some(level) = levels.last_mut() {
            level.next -= 1;
        }
        while rows.len() < count
            && let Some(level) = levels.last_mut()
        {
            let Some(node) = level.siblings.nodes.get(level.next).copied() else {
                levels.pop();
                last.pop();
                continue;
            };
            level.next += 1;
            let is_last = level.next == level.siblings.nodes.len();
            last.truncate(levels.len() - 1);
            last.push(is_last);
            let fold = self.fold(node);
            rows.push(FileRow {
                node,
                last: last.clone(),
                change: self.comparison.change(node).unwrap_or(Change::Unmodified),
                size_bytes: self.size_bytes(node),
                fold,
                is_match: self.is_match(node),
            });
            if fold == Fold::Expanded {
                levels.push(Level { siblings: self.siblings(tree, node), next: 0 });
            }
        }
        rows
    }

    /// The node of a row. `None` if there are fewer rows.
    #[must_use]
    pub fn node_at(&self, tree: &Tree, row: usize) -> Option<NodeId> {
        if row >= self.row_count() {
            return None;
        }
        let levels = self.levels_to(tree, row);
        levels.last().and_then(|level| level.siblings.nodes.get(level.next - 1).copied())
    }

    /// The row of a node. `None` if it is not visible or a directory above it is collapsed.
    #[must_use]
    pub fn row_of(&self, tree: &Tree, node: NodeId) -> Option<usize> {
        let mut parent = tree.parent(node)?;
        let mut child = node;
        let mut row = 0;
        loop {
            let siblings = self.siblings(tree, parent);
            row += siblings.rows_before(siblings.position(child, self.sorting(tree))?);
            if parent == NodeId::ROOT {
                return Some(row);
            }
            if self.is_collapsed(parent) {
                return None;
            }
            // The parent's own row.
            row += 1;
            child = parent;
            parent = tree.parent(parent)?;
        }
    }

    /// True if a visible node matches the filter by itself: its path matches and the path of its parent does not, or
    /// the match reaches into its own name. With size terms, true for every accepted file.
    #[must_use]
    pub fn is_match(&self, node: NodeId) -> bool {
        self.visible.is_target(node, JumpTarget::Match)
    }

    /// Number of matching nodes, including those in collapsed directories.
    #[must_use]
    pub fn matches(&self) -> usize {
        self.visible.match_count()
    }

    /// Number of paths that the filter accepts: the matches, and what is below them.
    #[must_use]
    pub const fn accepted(&self) -> usize {
        self.visible.accepted()
    }

    /// The place of the cursor among the matches in display order, from 1. `None` if it is not on a match.
    #[must_use]
    pub fn match_position(&self, tree: &Tree) -> Option<usize> {
        let node = self.selected().filter(|node| self.is_match(*node))?;
        let mut before = 0;
        let mut child = node;
        while let Some(parent) = tree.parent(child) {
            let siblings = self.siblings(tree, parent);
            let position = siblings.position(child, self.sorting(tree))?;
            before += siblings.matches_before(position);
            before += usize::from(parent != NodeId::ROOT && self.is_match(parent));
            child = parent;
        }
        Some(before + 1)
    }

    /// A match of the filter in another layer. `None` if this comparison shows one, or no layer has any.
    #[must_use]
    pub fn match_elsewhere(&self, tree: &Tree) -> Option<MatchElsewhere> {
        let filter = self.applied_filter.as_ref().filter(|_| self.matches() == 0)?;
        // A match in this comparison is not elsewhere: its kind of change is hidden.
        let is_elsewhere =
            |node| self.comparison.change(node).is_none() || !filter.accepts(tree, &self.comparison, node);
        let (node, count) = filter.first_match(tree).filter(|(node, _)| is_elsewhere(*node))?;
        let history = tree.history(node);
        let has_match =
            |event: &&HistoryEvent| event.version.is_some_and(|version| filter.accepts_version(tree, version));
        let HistoryEvent { layer, action, .. } = *history.iter().find(has_match)?;
        let removed = history.iter().find(|event| event.layer > layer && event.action.removes());
        Some(MatchElsewhere { node, count, layer, action, removed: removed.map(|event| event.layer) })
    }

    /// The levels from the root to a row. `next` of each is after the child on the path.
    fn levels_to(&self, tree: &Tree, mut row: usize) -> Vec<Level> {
        let mut levels = Vec::new();
        let mut directory = NodeId::ROOT;
        loop {
            let siblings = self.siblings(tree, directory);
            let position = siblings.at_row(row);
            let Some(node) = siblings.nodes.get(position).copied() else { return levels };
            row -= siblings.rows_before(position);
            levels.push(Level { siblings, next: position + 1 });
            if row == 0 {
                return levels;
            }
            row -= 1;
            directory = node;
        }
    }

    /// Whether a visible node is expanded, collapsed or a leaf.
    #[must_use]
    pub fn fold(&self, node: NodeId) -> Fold {
        match self.visible.below(node) {
            0 => Fold::Leaf,
            _ if self.is_collapsed(node) => Fold::Collapsed,
            _ => Fold::Expanded,
        }
    }
}
