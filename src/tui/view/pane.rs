//! Draws the parts that panes share: border, title, lines, scroll marks.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType};

use crate::tui::text::{cut, is_plain, printable};
use crate::tui::theme::{SelectionFill, Theme};

/// Whether a pane has focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaneFocus {
    Focused,
    Unfocused,
}

/// Columns for the title of a pane: a corner, a piece of the border and a blank on each side.
pub(super) fn title_width(area: Rect) -> usize {
    usize::from(area.width).saturating_sub(6)
}

/// Draws border and title, and returns the area inside. The focused pane has a thick border, since not everyone sees
/// the colour.
pub(super) fn draw(title: &str, focus: PaneFocus, theme: &Theme, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let (kind, border, style) = match focus {
        PaneFocus::Focused => (BorderType::Thick, theme.focused, theme.focused),
        PaneFocus::Unfocused => (BorderType::Plain, theme.border, theme.title),
    };
    // Titles contain names from the image.
    let title = format!(" {} ", cut(&printable(title), title_width(area)));
    let block = Block::bordered().border_type(kind).border_style(border).title(Line::from(Span::styled(title, style)));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// Styles the line of the selected row.
pub(super) fn select<'a>(mut line: Line<'a>, focus: PaneFocus, theme: &Theme) -> Line<'a> {
    if focus == PaneFocus::Unfocused {
        return line.style(theme.selected_unfocused);
    }
    if theme.selection == SelectionFill::Uniform {
        for span in &mut line.spans {
            span.style = Style::new().add_modifier(span.style.add_modifier - Modifier::DIM);
        }
    }
    line.style(theme.selected)
}

/// Draws a text on the lower border.
pub(super) fn bottom_title(text: &str, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    if text.is_empty() {
        return;
    }
    let text = format!(" {} ", cut(text, title_width(area)));
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

/// Draws marks on the right border for hidden rows above and below, and a bar between them at the place of the visible
/// ones.
pub(super) fn scroll_marks(hidden: (usize, usize), theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let (above, below) = hidden;
    let column = area.right().saturating_sub(1);
    if area.height > 5 && above + below > 0 {
        let (start, length) = thumb(above, below, usize::from(area.height - 2));
        for row in start..start + length {
            frame.buffer_mut().set_string(column, area.y + 1 + row as u16, "▐", theme.border);
        }
    }
    for (count, row, sign) in [(above, area.y + 1, "▲"), (below, area.bottom().saturating_sub(2), "▼")] {
        if count > 0 && area.height > 3 {
            frame.buffer_mut().set_string(column, row, sign, theme.key);
        }
    }
}

/// Start and length of a scroll bar for a list with rows above and below its `height` visible ones.
fn thumb(above: usize, below: usize, height: usize) -> (usize, usize) {
    let all = above + height + below;
    let length = (height * height / all).clamp(1, height);
    let room = height - length;
    let start = (above * room).checked_div(above + below).unwrap_or(0);
    // At an end only if nothing is hidden there.
    let lowest = usize::from(above > 0).min(room);
    let highest = room.saturating_sub(usize::from(below > 0)).max(lowest);
    (start.clamp(lowest, highest), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scroll_bar_is_where_the_visible_rows_are() {
        assert_eq!(thumb(0, 10, 10), (0, 5));
        assert_eq!(thumb(10, 0, 10), (5, 5));
        assert_eq!(thumb(1, 99, 10), (1, 1), "not at the end while rows are hidden there");
        assert_eq!(thumb(99, 1, 10), (8, 1));
        assert_eq!(thumb(0, 500_000, 20), (0, 1));
        for (above, below, height) in [(1, 1, 1), (5, 5, 2), (1, 0, 3), (usize::MAX / 200, 1, 100)] {
            let (start, length) = thumb(above, below, height);
            assert!(length >= 1 && start + length <= height, "{above} {below} {height}");
        }
    }
}
