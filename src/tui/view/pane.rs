//! Draws the parts that panes share: border, title, lines, scroll marks.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType};

use crate::tui::text::{cut, is_plain, printable};
use crate::tui::theme::Theme;

/// Whether a pane has focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaneFocus {
    Focused,
    Unfocused,
}

/// Draws border and title, and returns the area inside. The focused pane has a thick border, since not everyone sees
/// the colour.
pub(super) fn draw(title: &str, focus: PaneFocus, theme: &Theme, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let (kind, border, style) = match focus {
        PaneFocus::Focused => (BorderType::Thick, theme.focused, theme.focused),
        PaneFocus::Unfocused => (BorderType::Plain, theme.border, theme.title),
    };
    // Titles contain names from the image.
    let title = format!(" {} ", cut(&printable(title), usize::from(area.width).saturating_sub(6)));
    let block = Block::bordered().border_type(kind).border_style(border).title(Line::from(Span::styled(title, style)));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// Draws a text on the lower border.
pub(super) fn bottom_title(text: &str, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let text = format!(" {} ", cut(text, usize::from(area.width).saturating_sub(6)));
    frame.buffer_mut().set_string(area.x + 1, area.bottom().saturating_sub(1), text, theme.title);
}

/// Draws one line per row. Differs from [`ratatui::widgets::Paragraph`]: the style of a line covers the whole row, and
/// ASCII text, the common case, skips grapheme segmentation.
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

/// Draws marks on the right border for hidden rows above and below.
pub(super) fn scroll_marks(hidden: (usize, usize), theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let (above, below) = hidden;
    let column = area.right().saturating_sub(1);
    for (count, row, sign) in [(above, area.y + 1, "▲"), (below, area.bottom().saturating_sub(2), "▼")] {
        if count > 0 && area.height > 3 {
            frame.buffer_mut().set_string(column, row, sign, theme.key);
        }
    }
}
