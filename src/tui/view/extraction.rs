//! Draws the extraction dialog.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, PaneFocus};
use crate::tui::content;
use crate::tui::state::ScreenState;
use crate::tui::state::extraction::ExtractionDialog;

pub(super) fn draw(state: &ScreenState, extraction: &ExtractionDialog, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("Extract {}", extraction.path);
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let lines = content::extraction::lines(extraction, inside.width)
        .into_iter()
        .skip(extraction.scroll.first())
        .take(usize::from(inside.height));
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(extraction.scroll.hidden(), theme, frame, area);
}
