//! Lines of progress: text and a bar.

use ratatui::style::Style;

use crate::tui::theme::Theme;
use dive_model::blob::TransferProgress;
use dive_model::units::Bytes;

/// The kind of a progress line, which decides its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum ProgressLine {
    Text,
    Bar,
}

impl ProgressLine {
    pub(in crate::tui) fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Text => Style::new(),
            Self::Bar => theme.bar,
        }
    }
}

/// Lines for a transfer. Has a bar of `bar` cells if the total is known.
pub(in crate::tui) fn transfer_lines(progress: TransferProgress, bar: usize) -> Vec<(ProgressLine, String)> {
    let TransferProgress { step, read, total } = progress;
    let mut lines = vec![(ProgressLine::Text, format!("{} …", capitalised(&step.to_string())))];
    match total {
        Some(total) => {
            lines.push((ProgressLine::Bar, gauge(read, total, bar)));
            lines.push((ProgressLine::Text, format!("{} of {}", Bytes(read), Bytes(total))));
        }
        None => lines.push((ProgressLine::Text, Bytes(read).to_string())),
    }
    lines
}

/// Draws a bar of `cells` cells.
pub(in crate::tui) fn gauge(done: u64, total: u64, cells: usize) -> String {
    let share = if total == 0 { 1.0 } else { (done as f64 / total as f64).clamp(0.0, 1.0) };
    #[allow(clippy::cast_sign_loss, reason = "the share is not negative")]
    let full = (share * cells as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(cells.saturating_sub(full)))
}

/// The text with a capital letter.
pub(in crate::tui) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
