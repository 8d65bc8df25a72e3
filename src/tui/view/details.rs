//! The details of the selected layer and of the image.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Keys};
use crate::tui::content::details::DetailLines;
use crate::tui::state::{Focus, State};

pub(super) fn draw(state: &State, which: Focus, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &state.settings.theme;
    let keys = if state.focus == which && state.overlays.is_empty() { Keys::Here } else { Keys::Elsewhere };
    let title = if which == Focus::LayerDetails { "Layer Details" } else { "Image Details" };
    let area_inside = pane::draw(title, keys, theme, frame, area);
    let scroll = if which == Focus::LayerDetails { &state.layer_details } else { &state.image_details };
    let seen = scroll.first()..scroll.first() + usize::from(area_inside.height);
    let lines = DetailLines::of(state, which, area).lines(seen);
    pane::write(lines, frame, area_inside);
    pane::more(scroll.hidden(), theme, frame, area);
}
