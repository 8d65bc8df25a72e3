//! The layout of the screen, computed once per frame from plain values. The view draws with it, mouse events are
//! matched against it, and lists take their heights from it.

use ratatui::layout::Rect;

use super::state::{Focus, Overlay, ScreenState, Stage};

/// Minimum width of the terminal, in columns.
pub(super) const MIN_WIDTH: u16 = 60;
/// Minimum height of the terminal, in rows.
pub(super) const MIN_HEIGHT: u16 = 16;

/// From this width on, both columns of panes are visible; below, the left one is hidden while the file tree has focus.
const TWO_COLUMN_WIDTH: u16 = 100;
/// From this height on, both detail panes are visible; below, only the one last focused.
const BOTH_DETAILS_HEIGHT: u16 = 30;
/// Maximum height of the layer details beside those of the image, whose list of files is longer.
const MAX_LAYER_DETAILS: u16 = 18;
/// Rows that the details of an image fill at least, with their border.
const MIN_IMAGE_DETAILS: u16 = 14;
/// Minimum widths of the two columns of panes.
const MIN_LEFT_WIDTH: u16 = 34;
const MIN_TREE_WIDTH: u16 = 30;

/// The areas of the screen, in cells. Areas of panes include their borders; hidden panes are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScreenLayout {
    /// False if the terminal is too small.
    pub fits: bool,
    /// The list of layers.
    pub layers: Rect,
    /// Details of the selected layer.
    pub layer_details: Rect,
    /// Details of the image.
    pub image_details: Rect,
    /// The file tree.
    pub files: Rect,
    /// The list of images. Empty while an image is open.
    pub images: Rect,
    /// Everything above the prompt and the footer.
    pub body: Rect,
    /// The top overlay. Empty without one.
    pub overlay: Rect,
    /// Rows inside the overlay above its first list row.
    pub overlay_head: usize,
    /// The status line.
    pub status: Rect,
    /// The prompt, or the active filter. Empty without one.
    pub prompt: Rect,
    /// Key hints or the status message.
    pub footer: Rect,
}

/// Functions that count lines of text.
pub struct ContentHeights<'a> {
    /// The lines of a dialog box at an inner width.
    pub overlay: &'a dyn Fn(u16) -> usize,
    /// The lines of the image's details in an area.
    pub image_details: &'a dyn Fn(Rect) -> usize,
}

impl ScreenLayout {
    /// Computes the layout of `state` with `heights`; `overlay_head` becomes [`ScreenLayout::overlay_head`].
    #[must_use]
    pub fn of(state: &ScreenState, heights: &ContentHeights<'_>, overlay_head: usize) -> Self {
        let (width, height) = state.size;
        if width < MIN_WIDTH || height < MIN_HEIGHT {
            return Self::default();
        }
        let prompt_rows = u16::from(state.shows_prompt());
        let body = Rect::new(0, 0, width, height - 2 - prompt_rows);
        let mut layout = Self {
            fits: true,
            status: Rect::new(0, body.bottom(), width, 1),
            prompt: Rect::new(0, body.bottom() + 1, width, prompt_rows),
            footer: Rect::new(0, height - 1, width, 1),
            body,
            overlay_head,
            ..Self::default()
        };
        match state.overlays.iter().all(Overlay::is_box) {
            true if state.is_choosing() => layout.images = body,
            true => layout.panes(state, heights, body),
            false => {}
        }
        layout.overlay = match state.overlays.last() {
            None => Rect::default(),
            Some(top) if top.is_box() => {
                let width = box_width(body.width);
                centred_box(body, width, u16::try_from((heights.overlay)(width - 2)).unwrap_or(u16::MAX))
            }
            Some(_) => body,
        };
        layout
    }

    fn panes(&mut self, state: &ScreenState, heights: &ContentHeights<'_>, body: Rect) {
        let left_hidden =
            body.width < TWO_COLUMN_WIDTH && state.focus == Focus::Files && matches!(state.stage, Stage::Open(_));
        let left = if left_hidden { 0 } else { left_width(body.width, state.tree_share) };
        self.files = Rect::new(left, 0, body.width - left, body.height);
        if left > 0 {
            self.left_column(state, heights, Rect::new(0, 0, left, body.height));
        }
    }

    fn left_column(&mut self, state: &ScreenState, heights: &ContentHeights<'_>, column: Rect) {
        // Two lines of border and the column header.
        let wanted = u16::try_from(state.layer_rows()).unwrap_or(u16::MAX).saturating_add(3);
        let layers = wanted.clamp(6, column.height / 2);
        let rest = column.height - layers;
        let at = |y, height| Rect::new(column.x, y, column.width, height);
        self.layers = at(0, layers);
        if state.size.1 >= BOTH_DETAILS_HEIGHT {
            let mut details = (rest / 2).min(MAX_LAYER_DETAILS);
            // The layer gets the rows that the image does not need. While the image is read, its details still grow.
            if rest - details > MIN_IMAGE_DETAILS && matches!(state.stage, Stage::Open(_)) {
                let needed = (heights.image_details)(at(0, rest)).saturating_add(2);
                details = details.max(rest.saturating_sub(u16::try_from(needed).unwrap_or(u16::MAX)));
            }
            self.layer_details = at(layers, details);
            self.image_details = at(layers + details, rest - details);
        } else if state.last_details == Focus::ImageDetails {
            self.image_details = at(layers, rest);
        } else {
            self.layer_details = at(layers, rest);
        }
    }

    /// The column of the border between layers and file tree. `None` unless both are visible.
    #[must_use]
    pub fn divider(&self) -> Option<u16> {
        (self.layers.width > 0 && self.files.width > 0 && self.overlay.is_empty()).then_some(self.files.x)
    }
}

/// Width of the left column for the file tree's share of the screen (0 to 1).
fn left_width(width: u16, tree_share: f64) -> u16 {
    let wanted = (f64::from(width) * (1.0 - tree_share)).round();
    // The share is between 0 and 1, so the product fits.
    #[allow(clippy::cast_sign_loss, reason = "neither factor is below zero")]
    let wanted = wanted as u16;
    wanted.clamp(MIN_LEFT_WIDTH.min(width - MIN_TREE_WIDTH), width - MIN_TREE_WIDTH)
}

/// Width of a dialog box if the terminal is wide enough.
const BOX_WIDTH: u16 = 92;
/// Columns beside a dialog box, at least: fewer would show fragments of words.
const BESIDE_BOX: u16 = 16;
/// Minimum height of a dialog box.
const MIN_BOX_HEIGHT: u16 = 8;

/// Width of a dialog box: that of the screen, if little of the panes would be visible beside it.
const fn box_width(width: u16) -> u16 {
    if width < BOX_WIDTH + BESIDE_BOX { width } else { BOX_WIDTH }
}

/// A centred box for `lines` of text.
fn centred_box(body: Rect, width: u16, lines: u16) -> Rect {
    let height = lines.saturating_add(2).max(MIN_BOX_HEIGHT).min(body.height);
    Rect::new((body.width - width) / 2, (body.height - height) / 2, width, height)
}

/// The area inside the border of a pane.
#[must_use]
pub(super) fn inside(pane: Rect) -> Rect {
    Rect::new(pane.x + 1, pane.y + 1, pane.width.saturating_sub(2), pane.height.saturating_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_covers_a_screen_that_is_hardly_wider() {
        assert_eq!([80, 100, 107, 108, 200].map(box_width), [80, 100, 107, BOX_WIDTH, BOX_WIDTH]);
    }

    #[test]
    fn both_columns_keep_their_minimum_width_at_any_share() {
        assert_eq!(left_width(120, 0.5), 60);
        assert_eq!(left_width(120, 0.7), 36);
        assert_eq!(left_width(120, 1.0), MIN_LEFT_WIDTH);
        assert_eq!(left_width(120, 0.0), 90);
        assert_eq!(left_width(60, 0.5), 30);
    }
}
