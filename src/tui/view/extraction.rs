//! The box about writing files to a folder.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Keys};
use crate::tui::content;
use crate::tui::state::State;
use crate::tui::state::extraction::Extraction;

pub(super) fn draw(state: &State, extraction: &Extraction, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("Extract {}", extraction.what);
    let inside = pane::draw(&title, Keys::Here, theme, frame, area);
    let lines = content::extraction::lines(extraction, inside.width)
        .into_iter()
        .skip(extraction.scroll.first())
        .take(usize::from(inside.height));
    pane::write(lines, frame, inside);
    pane::more(extraction.scroll.hidden(), theme, frame, area);
}
