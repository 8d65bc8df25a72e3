//! Draws the help.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, PaneFocus};
use crate::tui::content;
use crate::tui::state::{Help, Overlay, ScreenState};

pub(super) fn draw(state: &ScreenState, help: &Help, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let below = state.overlays.iter().rev().nth(1);
    let of = match below {
        Some(Overlay::Warnings(_)) => "Warnings",
        Some(Overlay::Reason(reason)) => reason.title,
        _ => help.of.title(),
    };
    let title = format!("Keys · {of}");
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let lines: Vec<_> = content::help::lines(state, help, inside.width)
        .into_iter()
        .skip(help.scroll.first())
        .take(usize::from(inside.height))
        .collect();
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(help.scroll.hidden(), theme, frame, area);
}
