//! The selected row and the window around it.

use super::FileTreePane;
use super::visible::Fold;
use crate::tui::state::motion::Motion;
use dive_model::tree::{NodeId, Tree};

/// What is selected, and what part of the rows is on the screen.
#[derive(Debug, Default)]
pub(super) struct TreeCursor {
    /// What the user went to. While it has no row the cursor stands somewhere near, and comes back with it. A cursor that
    /// was never moved stays in the first row, whatever stands there.
    pub(super) chosen: Option<NodeId>,
    selected: Option<NodeId>,
    row: usize,
    first: usize,
    height: usize,
}

impl TreeCursor {
    fn scroll(&mut self, row_count: usize) {
        let height = self.height.max(1);
        // So that the row is inside and no line is left empty that could be filled.
        let first = self.first.clamp((self.row + 1).saturating_sub(height), self.row);
        self.first = first.min(row_count.saturating_sub(height));
    }
}

impl FileTreePane {
    /// The node under the cursor; none if there are no rows.
    #[must_use]
    pub const fn selected(&self) -> Option<NodeId> {
        self.cursor.selected
    }

    /// The row of the cursor, 0 if there are none.
    #[must_use]
    pub const fn selected_row(&self) -> usize {
        self.cursor.row
    }

    /// The first row on the screen.
    #[must_use]
    pub const fn first_row(&self) -> usize {
        self.cursor.first
    }

    /// How many rows the screen has.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.cursor.height
    }

    /// Gives the pane so many rows.
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

    /// Moves the cursor to a row, or to the last one.
    pub fn select_row(&mut self, tree: &Tree, row: usize) {
        let row = row.min(self.row_count().saturating_sub(1));
        if let Some(node) = self.node_at(tree, row) {
            self.cursor.chosen = Some(node);
            self.cursor.selected = Some(node);
            self.cursor.row = row;
        }
        self.cursor.scroll(self.row_count());
    }

    /// Moves the window without the cursor leaving it, as a mouse wheel does.
    pub fn scroll_to(&mut self, tree: &Tree, first: usize) {
        let height = self.cursor.height.max(1);
        let first = first.min(self.row_count().saturating_sub(height));
        self.cursor.first = first;
        self.select_row(tree, self.cursor.row.clamp(first, first + height - 1));
    }

    /// A page is a screen further: the cursor stays on its line of the screen.
    fn go_page(&mut self, tree: &Tree, row: usize, first: usize) {
        self.cursor.first = first;
        self.select_row(tree, row);
    }

    /// Puts the cursor on a node, or as near as may be.
    pub(super) fn select_node(&mut self, tree: &Tree, node: NodeId) {
        self.cursor.chosen = Some(node);
        self.settle_at(tree, self.cursor.first);
    }

    /// Finds the cursor's place again after the rows changed. It stays on its line of the screen if it can.
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

    /// The row of what the user chose, of what stands for it, or the one that is now where the cursor was.
    fn find_row(&self, tree: &Tree) -> usize {
        self.cursor
            .chosen
            .and_then(|chosen| self.stand_in(tree, chosen))
            .and_then(|node| self.row_of(tree, node))
            .unwrap_or_else(|| self.cursor.row.min(self.row_count().saturating_sub(1)))
    }

    /// A node or the innermost directory above it that has a row.
    fn stand_in(&self, tree: &Tree, node: NodeId) -> Option<NodeId> {
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
