//! The frame of a pane: its border, its title, and whether it has the keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType};

use crate::tui::text::{cut, is_plain, printable};
use crate::tui::theme::Theme;

/// Whether a pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaneFocus {
    Focused,
    Unfocused,
}

/// Draws the border, and returns what is inside of it. The pane that has the keys has a thick border: colour alone says
/// nothing to some.
pub(super) fn draw(title: &str, focus: PaneFocus, theme: &Theme, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let (kind, border, style) = match focus {
        PaneFocus::Focused => (BorderType::Thick, theme.focused, theme.focused),
        PaneFocus::Unfocused => (BorderType::Plain, theme.border, theme.title),
    };
    // Whoever the title is from, nothing in it reaches the terminal as it is.
    let title = format!(" {} ", cut(&printable(title), usize::from(area.width).saturating_sub(6)));
    let block = Block::bordered().border_type(kind).border_style(border).title(Line::from(Span::styled(title, style)));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// Says something on the lower border, which is as wide as the pane and mostly empty.
pub(super) fn bottom_title(text: &str, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let text = format!(" {} ", cut(text, usize::from(area.width).saturating_sub(6)));
    frame.buffer_mut().set_string(area.x + 1, area.bottom().saturating_sub(1), text, theme.title);
}

/// Writes lines into an area, each on a row of its own. As [`ratatui::widgets::Paragraph`] does without wrapping, but a
/// line's style goes over the whole row, and what is ASCII, nearly all there is, is not searched for graphemes.
pub(super) fn draw_lines<'a>(lines: impl IntoIterator<Item = Line<'a>>, frame: &mut Frame<'_>, area: Rect) {
    let buffer = frame.buffer_mut();
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let mut x = area.x;
        for span in &line.spans {
            let room = area.right().saturating_sub(x);
            let style = line.style.patch(span.style);
            if is_plain(&span.content) {
                for letter in span.content.chars().take(room.into()) {
                    buffer[(x, y)].set_char(letter).set_style(style);
                    x += 1;
                }
            } else {
                (x, _) = buffer.set_stringn(x, y, &span.content, room.into(), style);
            }
        }
        if line.style != Style::default() {
            let rest = Rect::new(x, y, area.right().saturating_sub(x), 1);
            buffer.set_style(rest, line.style);
        }
    }
}

/// Marks at the right border that there is more above and below.
pub(super) fn scroll_marks(hidden: (usize, usize), theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let (above, below) = hidden;
    let column = area.right().saturating_sub(1);
    for (count, row, sign) in [(above, area.y + 1, "▲"), (below, area.bottom().saturating_sub(2), "▼")] {
        if count > 0 && area.height > 3 {
            frame.buffer_mut().set_string(column, row, sign, theme.key);
        }
    }
}
