//! The selected row and the viewport around it.

use super::FileTreePane;
use super::visible::Fold;
use crate::tui::state::motion::Motion;
use dive_model::tree::{NodeId, Tree};

/// Selection and viewport.
#[derive(Debug, Default)]
pub(super) struct TreeCursor {
    /// The node that the user selected. While it has no row, the cursor is on a row nearby and returns when the row
    /// does. `None` until the cursor moves: it then stays in the first row.
    pub(super) chosen: Option<NodeId>,
    selected: Option<NodeId>,
    row: usize,
    first: usize,
    height: usize,
}

impl TreeCursor {
    fn scroll(&mut self, row_count: usize) {
        let height = self.height.max(1);
        // The selected row stays visible, and the viewport leaves no empty lines below the last row.
        let first = self.first.clamp((self.row + 1).saturating_sub(height), self.row);
        self.first = first.min(row_count.saturating_sub(height));
    }
}

impl FileTreePane {
    /// The node under the cursor. `None` if there are no rows.
    #[must_use]
    pub const fn selected(&self) -> Option<NodeId> {
        self.cursor.selected
    }

    /// The row of the cursor. 0 if there are no rows.
    #[must_use]
    pub const fn selected_row(&self) -> usize {
        self.cursor.row
    }

    /// The first visible row.
    #[must_use]
    pub const fn first_row(&self) -> usize {
        self.cursor.first
    }

    /// Height of the viewport in rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.cursor.height
    }

    /// Sets the height of the viewport, in rows.
    pub fn set_height(&mut self, height: usize) {
        self.cursor.height = height;
        self.cursor.scroll(self.row_count());
    }

    /// Moves the cursor.
    pub fn go(&mut self, tree: &Tree, motion: Motion) {
        let page = self.cursor.height.max(1);
        let row = self.cursor.row;
        match motion {
            Motion::Up => self.select_row(tree, row.saturating_sub(1)),
            Motion::Down => self.select_row(tree, row + 1),
            Motion::PageUp => self.go_page(tree, row.saturating_sub(page), self.cursor.first.saturating_sub(page)),
            Motion::PageDown => self.go_page(tree, row + page, self.cursor.first + page),
            Motion::First => self.select_row(tree, 0),
            Motion::Last => self.select_row(tree, usize::MAX),
            Motion::Left => {
                let parent = self.selected().and_then(|node| tree.parent(node));
                if let Some(parent) = parent.filter(|parent| *parent != NodeId::ROOT) {
                    self.select_node(tree, parent);
                }
            }
            Motion::Right => {
                let Some(node) = self.selected() else { return };
                match self.fold(node) {
                    Fold::Leaf => return,
                    Fold::Collapsed => self.refold(tree, node),
                    Fold::Expanded => {}
                }
                self.select_row(tree, row + 1);
            }
        }
    }

    /// Moves the cursor to a row, or to the last one if there are fewer.
    pub fn select_row(&mut self, tree: &Tree, row: usize) {
        let row = row.min(self.row_count().saturating_sub(1));
        if let Some(node) = self.node_at(tree, row) {
            self.cursor.chosen = Some(node);
            self.cursor.selected = Some(node);
            self.cursor.row = row;
        }
        self.cursor.scroll(self.row_count());
    }

    /// Scrolls the viewport as a mouse wheel does: the cursor stays inside it.
    pub fn scroll_to(&mut self, tree: &Tree, first: usize) {
        let height = self.cursor.height.max(1);
        let first = first.min(self.row_count().saturating_sub(height));
        self.cursor.first = first;
        self.select_row(tree, self.cursor.row.clamp(first, first + height - 1));
    }

    /// Moves by one page. The cursor stays on its line of the viewport.
    fn go_page(&mut self, tree: &Tree, row: usize, first: usize) {
        self.cursor.first = first;
        self.select_row(tree, row);
    }

    /// Moves the cursor to a node, or to a row nearby.
    pub(super) fn select_node(&mut self, tree: &Tree, node: NodeId) {
        self.cursor.chosen = Some(node);
        self.settle_at(tree, self.cursor.first);
    }

    /// Finds the cursor's row after the rows changed. It stays on its line of the viewport if possible.
    pub(super) fn settle(&mut self, tree: &Tree) {
        let line = self.cursor.row.saturating_sub(self.cursor.first);
        let row = self.find_row(tree);
        self.settle_at(tree, row.saturating_sub(line));
    }

    fn settle_at(&mut self, tree: &Tree, first: usize) {
        self.cursor.row = self.find_row(tree);
        self.cursor.selected = self.node_at(tree, self.cursor.row);
        self.cursor.first = first;
        self.cursor.scroll(self.row_count());
    }

    /// The row of the chosen node, else of its nearest directory with a row, else the previous row number.
    fn find_row(&self, tree: &Tree) -> usize {
        self.cursor
            .chosen
            .and_then(|chosen| self.nearest_with_row(tree, chosen))
            .and_then(|node| self.row_of(tree, node))
            .unwrap_or_else(|| self.cursor.row.min(self.row_count().saturating_sub(1)))
    }

    /// The node, or the innermost directory above it that has a row. `None` if neither has one.
    fn nearest_with_row(&self, tree: &Tree, node: NodeId) -> Option<NodeId> {
        let mut found = None;
        let mut next = Some(node).filter(|node| *node != NodeId::ROOT);
        while let Some(node) = next {
            if self.visible.is_visible(node) && (found.is_none() || self.is_collapsed(node)) {
                found = Some(node);
            }
            next = tree.parent(node).filter(|parent| *parent != NodeId::ROOT);
        }
        found
    }
}
