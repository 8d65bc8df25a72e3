//! Draws the list of warnings.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, PaneFocus};
use crate::tui::content;
use crate::tui::state::ScreenState;
use crate::tui::state::warnings::Warnings;

pub(super) fn draw(state: &ScreenState, warnings: &Warnings, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("Warnings ({})", state.warning_count());
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let lines = content::warnings::lines(state, inside.width)
        .into_iter()
        .skip(warnings.scroll.first())
        .take(inside.height.into());
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(warnings.scroll.hidden(), theme, frame, area);
}
