//! The selected row and the viewport around it.

use super::FileTreePane;
use super::visible::Fold;
use crate::tui::state::motion::Motion;
use dive_model::tree::{NodeId, Tree};

/// What the cursor shows until the user moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Following {
    /// The first row.
    #[default]
    Nothing,
    /// The first change of each comparison.
    Changes,
}

/// A place of the cursor.
#[derive(Debug, Clone, Copy)]
struct CursorPlace {
    chosen: Option<NodeId>,
    first: usize,
}

/// Lines that stay visible above and below the target of a jump.
const MARGIN: usize = 2;

/// Selection and viewport.
#[derive(Debug, Default)]
pub(super) struct TreeCursor {
    /// The node that the user selected. While it has no row, the cursor is on a row nearby and returns when the row
    /// does. `None` until the cursor moves: it then stays in the first row.
    chosen: Option<NodeId>,
    /// The first change, if it is shown while the user has chosen nothing.
    change: Option<NodeId>,
    following: Following,
    /// The place of the cursor before the filter.
    before_filter: Option<CursorPlace>,
    /// The match that the filter moved the cursor to.
    pub(super) found: Option<NodeId>,
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

    /// The first row of a viewport with `row` in its middle.
    fn centred(&self, row: usize) -> usize {
        row.saturating_sub(self.height / 2)
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
        if self.cursor.height != height && self.cursor.chosen.is_none() && self.cursor.change.is_some() {
            self.cursor.height = height;
            self.cursor.first = self.cursor.centred(self.cursor.row);
        }
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

    /// Moves the cursor to a node, or to a row nearby. A row near the edge of the viewport or outside of it comes to its
    /// middle.
    pub(super) fn reveal_node(&mut self, tree: &Tree, node: NodeId) {
        self.cursor.chosen = Some(node);
        let row = self.find_row(tree);
        let (first, height) = (self.cursor.first, self.cursor.height);
        let is_in_view = (first + MARGIN..(first + height).saturating_sub(MARGIN)).contains(&row);
        self.settle_at(tree, if is_in_view { first } else { self.cursor.centred(row) });
    }

    /// From now on the cursor shows the first change of each comparison, until the user moves it.
    pub fn follow_changes(&mut self, tree: &Tree) {
        self.cursor.following = Following::Changes;
        self.show_first_change(tree);
    }

    /// Moves the cursor to the first change, in the middle of the viewport, unless the user has moved it. In the base
    /// layer everything is added: there it is in the first row.
    pub(super) fn show_first_change(&mut self, tree: &Tree) {
        if self.cursor.following == Following::Nothing || self.cursor.chosen.is_some() {
            return;
        }
        let has_base = self.comparison.scope().base.is_some();
        self.cursor.change = if has_base { self.first_change(tree) } else { None };
        self.cursor.row = 0;
        let row = self.find_row(tree);
        self.settle_at(tree, self.cursor.centred(row));
    }

    /// Moves the cursor to the first row, unless the user has moved it.
    pub(super) fn show_first_row(&mut self, tree: &Tree) {
        if self.cursor.chosen.is_some() {
            return self.settle(tree);
        }
        (self.cursor.change, self.cursor.row) = (None, 0);
        self.settle_at(tree, 0);
    }

    /// Remembers the place of the cursor, before a filter moves it.
    pub(super) fn keep_place(&mut self) {
        self.cursor.before_filter = Some(CursorPlace { chosen: self.cursor.chosen, first: self.cursor.first });
        self.cursor.found = self.cursor.selected;
    }

    /// The node that the user had chosen before the filter.
    pub(super) fn place_before_filter(&self) -> Option<NodeId> {
        self.cursor.before_filter.and_then(|place| place.chosen)
    }

    /// Returns the cursor to where it was before the filter, unless the user has moved it to `selected` since.
    pub(super) fn return_to_place(&mut self, tree: &Tree, selected: Option<NodeId>) {
        let is_unmoved = selected == self.cursor.found;
        if let Some(place) = self.cursor.before_filter.take().filter(|_| is_unmoved) {
            self.cursor.chosen = place.chosen;
            self.settle_at(tree, place.first);
        }
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
            .or(self.cursor.change)
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
