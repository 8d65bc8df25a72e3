//! What is seen in place of the file tree until the image is there.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pane::{self, Keys};
use crate::tui::content::progress::{gauge, spooled};
use crate::tui::state::{Focus, Stage, State};
use dive_model::units::Bytes;

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let keys = if state.focus == Focus::Files { Keys::Here } else { Keys::Elsewhere };
    let inside = pane::draw("Current Layer Contents", keys, theme, frame, area);
    let bar = usize::from(inside.width).saturating_sub(2).min(50);
    let mut lines = Vec::new();
    match &state.stage {
        Stage::Finding(None) => lines.push(Line::raw("Looking for the image …")),
        Stage::Finding(Some(progress)) => {
            lines.extend(spooled(*progress, bar).into_iter().map(|(part, text)| Line::styled(text, part.style(theme))));
        }
        Stage::Reading(reading) => {
            let read = reading.sizes.iter().flatten().count();
            lines.push(Line::raw(format!("Reading the layers … {read} of {}", reading.sizes.len())));
            lines.push(Line::styled(gauge(reading.read, reading.total, bar), theme.bar));
            lines.push(Line::raw(format!("{} of {}", Bytes(reading.read), Bytes(reading.total))));
        }
        Stage::Open(_) => {}
    }
    pane::write(lines, frame, inside);
}
