//! Selection and viewport of lists and texts that are longer than their pane.

use super::motion::Motion;

/// Selection and viewport of a list. The selected row is always visible.
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

    /// The visible rows.
    #[must_use]
    pub fn visible(&self) -> std::ops::Range<usize> {
        self.first..self.count.min(self.first + self.height)
    }

    /// Number of rows above and below the viewport.
    #[must_use]
    pub fn hidden(&self) -> (usize, usize) {
        let visible = self.visible();
        (visible.start, self.count - visible.end)
    }

    /// Number of rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Sets the number of rows.
    pub fn set_count(&mut self, count: usize) {
        self.count = count;
        self.select(self.selected);
    }

    /// Sets the height of the viewport, in rows.
    pub fn set_height(&mut self, height: usize) {
        self.height = height;
        self.select(self.selected);
    }

    /// Selects a row, or the last one if there are fewer, and scrolls to it.
    pub fn select(&mut self, row: usize) {
        self.selected = row.min(self.count.saturating_sub(1));
        let lowest = (self.selected + 1).saturating_sub(self.height);
        // No empty lines below the last row while rows above are hidden.
        let highest = self.selected.min(self.count.saturating_sub(self.height));
        self.first = self.first.clamp(lowest.min(highest), highest.max(lowest));
    }

    /// Moves the selection. Left and right have no effect.
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

    /// Moves by `rows`, up if negative.
    pub fn step(&mut self, rows: isize) {
        self.select(self.selected.saturating_add_signed(rows));
    }

    /// Moves by `pages`, up if negative. Consecutive pages overlap by one row.
    pub fn page(&mut self, pages: isize) {
        let rows = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.step(rows.saturating_mul(pages));
    }
}

/// Viewport of a text, which has no selection.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextScroll {
    first: usize,
    count: usize,
    height: usize,
}

impl TextScroll {
    /// The first visible line.
    #[must_use]
    pub fn first(&self) -> usize {
        self.first
    }

    /// Sets the number of lines and the height of the viewport.
    pub fn set_size(&mut self, count: usize, height: usize) {
        (self.count, self.height) = (count, height);
        self.step(0);
    }

    /// Scrolls. Left and right have no effect.
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

    /// True if a line is visible.
    #[must_use]
    pub fn shows(&self, line: usize) -> bool {
        (self.first..self.first + self.height).contains(&line)
    }

    /// Scrolls as little as possible to make a line visible.
    pub fn reveal(&mut self, line: usize) {
        // A hidden text has no height.
        self.first = self.first.clamp((line + 1).saturating_sub(self.height.max(1)), line);
        self.step(0);
    }

    /// Scrolls by `lines`, up if negative.
    pub fn step(&mut self, lines: isize) {
        self.first = self.first.saturating_add_signed(lines).min(self.count.saturating_sub(self.height));
    }

    /// Scrolls by `pages`, up if negative.
    pub fn page(&mut self, pages: isize) {
        let lines = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.step(lines.saturating_mul(pages));
    }

    /// Number of lines above and below the viewport.
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
    fn the_selected_row_is_always_visible() {
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
    fn a_pane_that_grows_leaves_no_empty_lines() {
        let mut list = list(10, 3);
        list.select(9);
        list.set_height(8);
        assert_eq!(list.visible(), 2..10);
        list.set_height(20);
        assert_eq!(list.visible(), 0..10);
    }

    #[test]
    fn a_text_scrolls_to_a_line() {
        let mut text = TextScroll::default();
        text.set_size(20, 5);
        text.reveal(7);
        assert!(text.first() == 3 && text.shows(7) && text.shows(3) && !text.shows(8));
        text.reveal(4);
        assert_eq!(text.first(), 3);
        text.reveal(0);
        assert_eq!(text.first(), 0);
        text.reveal(100);
        assert_eq!(text.first(), 15);
        text.set_size(20, 0);
        text.reveal(18);
        text.set_size(20, 5);
        text.reveal(18);
        assert!(text.shows(18));
    }

    #[test]
    fn an_empty_list_does_not_panic() {
        let mut list = list(0, 0);
        list.step(5);
        list.page(-3);
        assert_eq!((list.selected(), list.visible()), (0, 0..0));
    }
}
