//! The list of warnings.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Keys};
use crate::tui::content;
use crate::tui::state::State;
use crate::tui::state::warnings::Warnings;

pub(super) fn draw(state: &State, warnings: &Warnings, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("Warnings ({})", state.warning_count());
    let inside = pane::draw(&title, Keys::Here, theme, frame, area);
    let lines = content::warnings::lines(state, inside.width)
        .into_iter()
        .skip(warnings.scroll.first())
        .take(inside.height.into());
    pane::write(lines, frame, inside);
    pane::more(warnings.scroll.hidden(), theme, frame, area);
}
