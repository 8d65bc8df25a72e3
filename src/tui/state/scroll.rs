//! A list that is longer than its pane: which row is selected, and which rows are seen.

use super::motion::Motion;

/// Selection and what is seen of a list.
#[derive(Debug, Clone, Default)]
pub struct Scroll {
    selected: usize,
    first: usize,
    count: usize,
    height: usize,
}

impl Scroll {
    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The rows that are seen.
    #[must_use]
    pub fn visible(&self) -> std::ops::Range<usize> {
        self.first..self.count.min(self.first + self.height)
    }

    /// How many rows are above and below what is seen.
    #[must_use]
    pub fn hidden(&self) -> (usize, usize) {
        let visible = self.visible();
        (visible.start, self.count - visible.end)
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The list has so many rows now.
    pub fn set_count(&mut self, count: usize) {
        self.count = count;
        self.select(self.selected);
    }

    /// The pane has room for so many rows now.
    pub fn set_height(&mut self, height: usize) {
        self.height = height;
        self.select(self.selected);
    }

    /// Selects a row, or the last one before it, and brings it into sight.
    pub fn select(&mut self, row: usize) {
        self.selected = row.min(self.count.saturating_sub(1));
        let lowest = (self.selected + 1).saturating_sub(self.height);
        // Nothing empty below the last row where there are rows above.
        let highest = self.selected.min(self.count.saturating_sub(self.height));
        self.first = self.first.clamp(lowest.min(highest), highest.max(lowest));
    }

    /// Moves the selection. Nothing is to the left or the right.
    pub fn go(&mut self, motion: Motion) {
        match motion {
            Motion::Up => self.step(-1),
            Motion::Down => self.step(1),
            Motion::PageUp => self.page(-1),
            Motion::PageDown => self.page(1),
            Motion::First => self.select(0),
            Motion::Last => self.select(usize::MAX),
            Motion::Left | Motion::Right => {}
        }
    }

    /// Goes so many rows down, or up.
    pub fn step(&mut self, rows: isize) {
        self.select(self.selected.saturating_add_signed(rows));
    }

    /// Goes so many pages down, or up: a row of the old one stays in sight.
    pub fn page(&mut self, pages: isize) {
        let rows = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.step(rows.saturating_mul(pages));
    }
}

/// A text that is longer than its pane: no row of it is selected.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextScroll {
    first: usize,
    count: usize,
    height: usize,
}

impl TextScroll {
    /// The first line that is seen.
    #[must_use]
    pub fn first(&self) -> usize {
        self.first
    }

    /// The text has so many lines now, and the pane room for so many.
    pub fn set_size(&mut self, count: usize, height: usize) {
        (self.count, self.height) = (count, height);
        self.step(0);
    }

    /// Moves what is seen. Nothing is to the left or the right.
    pub fn go(&mut self, motion: Motion) {
        match motion {
            Motion::Up => self.step(-1),
            Motion::Down => self.step(1),
            Motion::PageUp => self.page(-1),
            Motion::PageDown => self.page(1),
            Motion::First => self.step(isize::MIN),
            Motion::Last => self.step(isize::MAX),
            Motion::Left | Motion::Right => {}
        }
    }

    /// Goes so many lines down, or up.
    pub fn step(&mut self, lines: isize) {
        self.first = self.first.saturating_add_signed(lines).min(self.count.saturating_sub(self.height));
    }

    /// Goes so many pages down, or up.
    pub fn page(&mut self, pages: isize) {
        let lines = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.step(lines.saturating_mul(pages));
    }

    /// What is above and below what is seen.
    #[must_use]
    pub fn hidden(&self) -> (usize, usize) {
        (self.first, self.count.saturating_sub(self.first + self.height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(count: usize, height: usize) -> Scroll {
        let mut list = Scroll::default();
        list.set_count(count);
        list.set_height(height);
        list
    }

    #[test]
    fn the_selected_row_is_always_seen() {
        let mut list = list(100, 10);
        list.step(9);
        assert_eq!(list.visible(), 0..10);
        list.step(1);
        assert_eq!((list.selected(), list.visible()), (10, 1..11));
        list.page(1);
        assert_eq!((list.selected(), list.visible()), (19, 10..20));
        list.select(usize::MAX);
        assert_eq!((list.selected(), list.visible()), (99, 90..100));
        list.set_height(3);
        assert_eq!(list.visible(), 97..100);
        list.step(isize::MIN);
        assert_eq!((list.selected(), list.visible()), (0, 0..3));
        list.select(50);
        list.set_count(5);
        assert_eq!((list.selected(), list.visible()), (4, 2..5));
    }

    #[test]
    fn a_pane_that_grows_shows_what_was_above() {
        let mut list = list(10, 3);
        list.select(9);
        list.set_height(8);
        assert_eq!(list.visible(), 2..10);
        list.set_height(20);
        assert_eq!(list.visible(), 0..10);
    }

    #[test]
    fn an_empty_list_selects_nothing_and_breaks_nothing() {
        let mut list = list(0, 0);
        list.step(5);
        list.page(-3);
        assert_eq!((list.selected(), list.visible()), (0, 0..0));
    }
}
