//! Draws the progress of opening the image, in place of the file tree.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pane::{self, PaneFocus};
use crate::tui::content::images::state_text;
use crate::tui::content::progress::{capitalised, gauge, transfer_lines};
use crate::tui::state::images::{ImageEntry, ListedRow};
use crate::tui::state::{Focus, ScreenState, Stage};
use crate::tui::text::cut;
use dive_model::units::Bytes;

/// The row of the image in the list.
fn in_list(state: &ScreenState) -> Option<(&ImageEntry, ListedRow<'_>)> {
    let list = state.list.as_ref()?;
    list.image(state.listed()?).map(|image| (image, list.row(image)))
}

pub(super) fn draw(state: &ScreenState, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let focus = if state.focus == Focus::Files { PaneFocus::Focused } else { PaneFocus::Unfocused };
    let inside = pane::draw("Current Layer Contents", focus, theme, frame, area);
    let bar = usize::from(inside.width).saturating_sub(2).min(50);
    let mut lines = Vec::new();
    match &state.stage {
        Stage::Finding(None) => match in_list(state) {
            // The worker that reads the list is reading it.
            Some((image, row @ ListedRow::Reading(Some(_)))) => {
                let text = cut(&capitalised(&state_text(&image.name, row)), inside.width.into());
                lines.push(Line::raw(text));
            }
            _ => lines.push(Line::raw("Looking for the image …")),
        },
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
        Stage::Choosing | Stage::Open(_) => {}
    }
    pane::draw_lines(lines, frame, inside);
}
