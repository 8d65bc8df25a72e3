//! The list of warnings, each in full, below a heading for its subject.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, Keys};
use crate::tui::state::State;
use crate::tui::state::warnings::Warnings;
use crate::tui::text::{printable, wrap};

/// Before the first line of each warning.
const BULLET: &str = "! ";

pub(super) fn draw(state: &State, warnings: &Warnings, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("Warnings ({})", state.warning_count());
    let inside = pane::draw(&title, Keys::Here, theme, frame, area);
    let lines = lines(state, inside.width).into_iter().skip(warnings.scroll.first()).take(inside.height.into());
    pane::write(lines, frame, inside);
    pane::more(warnings.scroll.hidden(), theme, frame, area);
}

pub(super) fn height(state: &State, width: u16) -> usize {
    lines(state, width).len()
}

fn lines(state: &State, width: u16) -> Vec<Line<'_>> {
    let theme = &state.settings.theme;
    let mut lines = Vec::new();
    let mut subject = None;
    for (about, text) in state.warnings() {
        if subject != Some(about) {
            subject = Some(about);
            lines.push(Line::styled(about.title(), theme.label));
        }
        for (at, part) in
            wrap(&printable(&text), usize::from(width).saturating_sub(BULLET.len())).into_iter().enumerate()
        {
            let before = if at == 0 { BULLET } else { "  " };
            lines.push(Line::from(vec![Span::styled(before, theme.error), Span::raw(part)]));
        }
    }
    lines
}
