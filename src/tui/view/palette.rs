//! Draws the command palette.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use crate::tui::state::ScreenState;
use crate::tui::state::palette::{Offer, Palette, PaletteCommand};
use crate::tui::text::{cut, left, printable};

/// Width of the keys.
const KEYS_WIDTH: usize = 15;

pub(super) fn draw(state: &ScreenState, palette: &Palette, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let (title, keys_width, nothing) = match palette.offer {
        Offer::Everything => ("Commands", KEYS_WIDTH, "No command has these words."),
        Offer::Images => ("Images and platforms", 1, "No image has these words."),
    };
    let inside = pane::draw(title, PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    let mut lines = Vec::new();
    for at in palette.scroll.visible() {
        let Some(row) = palette.row(at) else { break };
        let (keys, text) = match row {
            PaletteCommand::Act(action) => (action.key_names(), row.text()),
            PaletteCommand::Shown(image) => ("●".to_owned(), printable(image)),
            PaletteCommand::SelectLayer(..) | PaletteCommand::Open(_) | PaletteCommand::OpenPlatform(_) => {
                (String::new(), printable(&row.text()))
            }
        };
        let room = width.saturating_sub(keys_width + 1);
        let line = Line::from(vec![
            Span::styled(left(&keys, keys_width), theme.key),
            Span::raw(format!(" {}", left(&cut(&text, room), room))),
        ]);
        let is_selected = at == palette.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
    }
    if palette.scroll.count() == 0 {
        lines.push(Line::raw(nothing));
    }
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(palette.scroll.hidden(), theme, frame, area);
}
