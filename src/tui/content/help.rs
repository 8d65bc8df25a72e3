//! Lines of the help: every key of a context, from the keymap.

use ratatui::text::{Line, Span};

use crate::config::KeyPress;
use crate::tui::keymap::ActionRow;
use crate::tui::state::{Help, ScreenState};
use crate::tui::text::{columns, left, wrap};

pub(in crate::tui) fn lines<'a>(state: &'a ScreenState, help: &Help, width: u16) -> Vec<Line<'a>> {
    let theme = &state.settings.theme;
    let width = usize::from(width);
    let rows: Vec<_> = state.settings.keymap.rows(help.of).map(|row| (row, keys(row))).collect();
    let wide = rows.iter().map(|(_, keys)| columns(keys)).max().unwrap_or(0).min(width / 2);
    let mut lines = Vec::new();
    for (row, keys) in rows {
        let parts = wrap(row.does, width.saturating_sub(wide + 2).max(10));
        for (at, part) in parts.into_iter().enumerate() {
            let before = if at == 0 { left(&keys, wide) } else { " ".repeat(wide) };
            lines.push(Line::from(vec![Span::styled(before, theme.key), Span::raw("  "), Span::raw(part)]));
        }
    }
    lines
}

fn keys(row: &ActionRow) -> String {
    if row.keys.is_empty() {
        return "no key".to_owned();
    }
    row.keys.iter().map(KeyPress::label).collect::<Vec<_>>().join(", ")
}
