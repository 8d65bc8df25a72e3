//! Draws the progress of opening the image, in place of the file tree.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pane::{self, PaneFocus};
use crate::tui::content::progress::{gauge, transfer_lines};
use crate::tui::state::{Focus, ScreenState, Stage};
use dive_model::units::Bytes;

pub(super) fn draw(state: &ScreenState, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let focus = if state.focus == Focus::Files { PaneFocus::Focused } else { PaneFocus::Unfocused };
    let inside = pane::draw("Current Layer Contents", focus, theme, frame, area);
    let bar = usize::from(inside.width).saturating_sub(2).min(50);
    let mut lines = Vec::new();
    match &state.stage {
        Stage::Finding(None) => lines.push(Line::raw("Looking for the image …")),
        Stage::Finding(Some(progress)) => {
            lines.extend(
                transfer_lines(*progress, bar).into_iter().map(|(part, text)| Line::styled(text, part.style(theme))),
            );
        }
        Stage::Reading(reading) => {
            let read = reading.sizes.iter().flatten().count();
            lines.push(Line::raw(format!("Reading the layers … {read} of {}", reading.sizes.len())));
            lines.push(Line::styled(gauge(reading.read, reading.total, bar), theme.bar));
            lines.push(Line::raw(format!("{} of {}", Bytes(reading.read), Bytes(reading.total))));
        }
        Stage::Open(_) => {}
    }
    pane::draw_lines(lines, frame, inside);
}
