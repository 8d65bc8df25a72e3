//! Draws the reason why an image of the list could not be read.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pane::{self, PaneFocus};
use crate::tui::state::ScreenState;
use crate::tui::state::images::UnreadReason;
use crate::tui::text::{cut_start, printable, wrap};

pub(super) fn draw(state: &ScreenState, unread: &UnreadReason, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = "Unread: ";
    let name = cut_start(&printable(&unread.name), pane::title_width(area).saturating_sub(title.len()));
    let inside = pane::draw(&format!("{title}{name}"), PaneFocus::Focused, theme, frame, area);
    let lines = wrap(&printable(&unread.reason), inside.width.into()).into_iter().map(Line::raw);
    let visible = lines.skip(unread.scroll.first()).take(inside.height.into());
    pane::draw_lines(visible, frame, inside);
    pane::scroll_marks(unread.scroll.hidden(), theme, frame, area);
}
