//! Lines of the warnings, wrapped, below a heading per subject.

use ratatui::text::{Line, Span};

use crate::tui::state::ScreenState;
use crate::tui::text::{printable, wrap};

const BULLET: &str = "! ";

pub(in crate::tui) fn lines(state: &ScreenState, width: u16) -> Vec<Line<'_>> {
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
