//! Draws the reason for the state of an image of the list: why it could not be read, or which rules it broke.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pane::{self, PaneFocus};
use crate::tui::content::images::reason_lines;
use crate::tui::state::ScreenState;
use crate::tui::state::images::RowReason;
use crate::tui::text::{cut_start, printable};

pub(super) fn draw(state: &ScreenState, reason: &RowReason, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("{}: ", reason.title);
    let name = cut_start(&printable(&reason.name), pane::title_width(area).saturating_sub(title.len()));
    let inside = pane::draw(&format!("{title}{name}"), PaneFocus::Focused, theme, frame, area);
    let lines = reason_lines(reason, inside.width.into()).into_iter().map(Line::raw);
    let visible = lines.skip(reason.scroll.first()).take(inside.height.into());
    pane::draw_lines(visible, frame, inside);
    pane::scroll_marks(reason.scroll.hidden(), theme, frame, area);
}
