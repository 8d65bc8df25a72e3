//! Draws the detail panes.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, PaneFocus};
use crate::tui::content::details::DetailLines;
use crate::tui::state::{Focus, ScreenState};
use crate::tui::text::path_middle;

pub(super) fn draw(state: &ScreenState, which: Focus, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &state.settings.theme;
    let focus =
        if state.focus == which && state.overlays.is_empty() { PaneFocus::Focused } else { PaneFocus::Unfocused };
    let title = if which == Focus::LayerDetails { "Layer Details" } else { "Image Details" };
    let area_inside = pane::draw(title, focus, theme, frame, area);
    let scroll = if which == Focus::LayerDetails { &state.layer_details } else { &state.image_details };
    let visible = scroll.first()..scroll.first() + usize::from(area_inside.height);
    let lines = DetailLines::of(state, which, area);
    let file = state.inefficient_file.filter(|_| which == Focus::ImageDetails);
    let selected = file.and_then(|file| (lines.head_len() + file).checked_sub(scroll.first()));
    let mut lines = lines.lines(visible);
    if let Some(line) = selected.and_then(|at| lines.get_mut(at)) {
        *line = pane::select(std::mem::take(line), focus, theme);
    }
    pane::draw_lines(lines, frame, area_inside);
    let listed = state.explorer().map(|explorer| &explorer.opened);
    if let Some((opened, file)) = listed.zip(file)
        && let Some(file) = opened.analysis.classic.inefficient_files.get(file)
    {
        // The full path: its row may truncate it.
        let path = path_middle(&opened.tree.path(file.node), pane::title_width(area));
        pane::bottom_title(&path, theme, frame, area);
    }
    pane::scroll_marks(scroll.hidden(), theme, frame, area);
}
