//! Where things stand on the screen. One place decides, from plain values: the view draws there, the mouse is matched with
//! it, and lists learn from it how many rows they have.

use ratatui::layout::Rect;

use super::state::{Focus, Overlay, ScreenState, Stage};

/// Columns that the screen needs.
pub(super) const MIN_WIDTH: u16 = 60;
/// Rows that the screen needs.
pub(super) const MIN_HEIGHT: u16 = 16;

/// Columns from which both columns of panes stay in sight; below, the left one folds away while the file tree has the keys.
const TWO_COLUMN_WIDTH: u16 = 100;
/// Rows from which both details stay in sight; below, the one that was last in use.
const BOTH_DETAILS_HEIGHT: u16 = 30;
/// The least that a column of panes is worth having.
const MIN_LEFT_WIDTH: u16 = 34;
const MIN_TREE_WIDTH: u16 = 30;

/// Where what stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScreenLayout {
    /// Whether there is room for anything but the word that there is none.
    pub fits: bool,
    /// The panes, borders included; those that are folded away are empty.
    pub layers: Rect,
    /// The selected layer's details.
    pub layer_details: Rect,
    /// The image's details.
    pub image_details: Rect,
    /// The file tree.
    pub files: Rect,
    /// All above the line and the footer.
    pub body: Rect,
    /// What stands on top of all else, if something does.
    pub overlay: Rect,
    /// Rows inside of it above the first of its list.
    pub overlay_head: usize,
    /// The line that is typed into, or that tells of the filter; empty without.
    pub prompt: Rect,
    /// Hints and messages.
    pub footer: Rect,
}

impl ScreenLayout {
    /// The layout of what `state` shows. A box over the panes asks `overlay_height` how many lines it has at a width;
    /// `overlay_head` is what [`ScreenLayout::overlay_head`] says.
    #[must_use]
    pub fn of(state: &ScreenState, overlay_height: impl Fn(u16) -> usize, overlay_head: usize) -> Self {
        let (width, height) = state.size;
        if width < MIN_WIDTH || height < MIN_HEIGHT {
            return Self::default();
        }
        let prompt_rows = u16::from(state.shows_prompt());
        let body = Rect::new(0, 0, width, height - 1 - prompt_rows);
        let mut layout = Self {
            fits: true,
            prompt: Rect::new(0, body.bottom(), width, prompt_rows),
            footer: Rect::new(0, height - 1, width, 1),
            body,
            overlay_head,
            ..Self::default()
        };
        if state.overlays.iter().all(Overlay::is_box) {
            layout.panes(state, body);
        }
        layout.overlay = match state.overlays.last() {
            None => Rect::default(),
            Some(top) if top.is_box() => {
                let width = body.width.min(BOX_WIDTH);
                centred_box(body, width, u16::try_from(overlay_height(width - 2)).unwrap_or(u16::MAX))
            }
            Some(_) => body,
        };
        layout
    }

    fn panes(&mut self, state: &ScreenState, body: Rect) {
        let left_hidden =
            body.width < TWO_COLUMN_WIDTH && state.focus == Focus::Files && matches!(state.stage, Stage::Open(_));
        let left = if left_hidden { 0 } else { left_width(body.width, state.tree_share) };
        self.files = Rect::new(left, 0, body.width - left, body.height);
        if left > 0 {
            self.left_column(state, Rect::new(0, 0, left, body.height));
        }
    }

    fn left_column(&mut self, state: &ScreenState, column: Rect) {
        // Two lines of border and one that names the columns.
        let wanted = u16::try_from(state.layer_rows()).unwrap_or(u16::MAX).saturating_add(3);
        let layers = wanted.clamp(6, column.height / 2);
        let rest = column.height - layers;
        let at = |y, height| Rect::new(column.x, y, column.width, height);
        self.layers = at(0, layers);
        if state.size.1 >= BOTH_DETAILS_HEIGHT {
            let details = rest / 2;
            self.layer_details = at(layers, details);
            self.image_details = at(layers + details, rest - details);
        } else if state.last_details == Focus::ImageDetails {
            self.image_details = at(layers, rest);
        } else {
            self.layer_details = at(layers, rest);
        }
    }

    /// The column that the border between layers and tree stands in, if both are there.
    #[must_use]
    pub fn divider(&self) -> Option<u16> {
        (self.layers.width > 0 && self.files.width > 0 && self.overlay.is_empty()).then_some(self.files.x)
    }
}

/// Columns of the left half, for the share that the tree is to have.
fn left_width(width: u16, tree_share: f64) -> u16 {
    let wanted = (f64::from(width) * (1.0 - tree_share)).round();
    // A share lies between 0 and 1, so that the product fits.
    #[allow(clippy::cast_sign_loss, reason = "neither factor is below zero")]
    let wanted = wanted as u16;
    wanted.clamp(MIN_LEFT_WIDTH.min(width - MIN_TREE_WIDTH), width - MIN_TREE_WIDTH)
}

/// Columns of a box over the panes, where there is room.
const BOX_WIDTH: u16 = 92;
/// Rows that it has at least.
const MIN_BOX_HEIGHT: u16 = 8;

/// A box over the panes, as high as its lines need.
fn centred_box(body: Rect, width: u16, lines: u16) -> Rect {
    let height = lines.saturating_add(2).max(MIN_BOX_HEIGHT).min(body.height);
    Rect::new((body.width - width) / 2, (body.height - height) / 2, width, height)
}

/// What is inside the border of a pane.
#[must_use]
pub(super) fn inside(pane: Rect) -> Rect {
    Rect::new(pane.x + 1, pane.y + 1, pane.width.saturating_sub(2), pane.height.saturating_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_tree_leaves_each_column_what_it_needs() {
        assert_eq!(left_width(120, 0.5), 60);
        assert_eq!(left_width(120, 0.7), 36);
        assert_eq!(left_width(120, 1.0), MIN_LEFT_WIDTH);
        assert_eq!(left_width(120, 0.0), 90);
        assert_eq!(left_width(60, 0.5), 30);
    }
}
