//! The help: every key of where one was, from the keymap.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pane::{self, Keys};
use super::text::{left, wrap};
use crate::tui::layout::inside;
use crate::tui::state::{Help, State};

pub(super) fn draw(state: &State, help: &Help, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("Keys · {}", help.of.title());
    let inside = pane::draw(&title, Keys::Here, theme, frame, area);
    let lines: Vec<_> =
        lines(state, help).into_iter().skip(help.scroll.first()).take(usize::from(inside.height)).collect();
    frame.render_widget(Paragraph::new(lines), inside);
    pane::more(help.scroll.hidden(), theme, frame, area);
}

pub(super) fn height(state: &State, help: &Help) -> usize {
    lines(state, help).len()
}

/// Columns of the keys.
const KEYS: usize = 22;

fn lines<'a>(state: &'a State, help: &Help) -> Vec<Line<'a>> {
    let theme = &state.settings.theme;
    let width = usize::from(inside(state.layout.overlay).width);
    let mut lines = Vec::new();
    for row in state.settings.keymap.rows(help.of) {
        let keys: Vec<_> = row.keys.iter().map(ToString::to_string).collect();
        let keys = if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") };
        let parts = wrap(row.does, width.saturating_sub(KEYS + 2).max(10));
        for (at, part) in parts.into_iter().enumerate() {
            let before = if at == 0 { left(&keys, KEYS) } else { " ".repeat(KEYS) };
            lines.push(Line::from(vec![Span::styled(before, theme.key), Span::raw("  "), Span::raw(part)]));
        }
    }
    lines
}
