//! The help.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::pane::{self, Keys};
use crate::tui::content;
use crate::tui::state::{Help, State};

pub(super) fn draw(state: &State, help: &Help, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = format!("Keys · {}", help.of.title());
    let inside = pane::draw(&title, Keys::Here, theme, frame, area);
    let lines: Vec<_> = content::help::lines(state, help, inside.width)
        .into_iter()
        .skip(help.scroll.first())
        .take(usize::from(inside.height))
        .collect();
    pane::write(lines, frame, inside);
    pane::more(help.scroll.hidden(), theme, frame, area);
}
