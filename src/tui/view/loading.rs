//! What is seen in place of the file tree until the image is there.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::pane::{self, Keys};
use crate::tui::state::{Focus, Stage, State};
use crate::tui::theme::Theme;
use dive_model::blob::TransferProgress;
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

/// What a line of a progress is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Words,
    Bar,
}

impl Part {
    pub(super) fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Words => Style::new(),
            Self::Bar => theme.bar,
        }
    }
}

/// How far bytes are on their way here, with a bar of so many cells where it is known how many there are.
pub(super) fn spooled(progress: TransferProgress, bar: usize) -> Vec<(Part, String)> {
    let TransferProgress { step, read, total } = progress;
    let mut lines = vec![(Part::Words, format!("{} …", capitalised(&step.to_string())))];
    match total {
        Some(total) => {
            lines.push((Part::Bar, gauge(read, total, bar)));
            lines.push((Part::Words, format!("{} of {}", Bytes(read), Bytes(total))));
        }
        None => lines.push((Part::Words, Bytes(read).to_string())),
    }
    lines
}

/// A bar of so many cells.
pub(super) fn gauge(done: u64, total: u64, cells: usize) -> String {
    let share = if total == 0 { 1.0 } else { (done as f64 / total as f64).clamp(0.0, 1.0) };
    #[allow(clippy::cast_sign_loss, reason = "a share is not below zero")]
    let full = (share * cells as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(cells.saturating_sub(full)))
}

/// With a capital letter at its start.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
