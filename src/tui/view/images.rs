//! Draws the list of images: a table, and below it what the selected image shares with the others.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use super::waste::foot;
use crate::many::MemberVerdict;
use crate::tui::content::images::{self as content, ImageColumns};
use crate::tui::state::ScreenState;
use crate::tui::state::images::{ImageEntry, ImageList, ImageOrder, ListedRow};
use crate::tui::text::{cut, cut_start, left, printable, wrap};
use crate::tui::theme::Theme;

pub(super) fn draw(state: &ScreenState, list: &ImageList, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let inside = pane::draw(&title(list), PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    if let Some((image, _)) = list.selected_row() {
        // The whole name: its row may truncate it.
        let name = cut_start(&printable(&image.name), pane::title_width(area));
        pane::bottom_title(&name, theme, frame, area);
    }
    let columns = ImageColumns::of(list, width);
    let mut lines = vec![Line::styled(cut(&columns.head(list), width), theme.dim)];
    for at in list.scroll.visible() {
        let Some(image) = list.image_at(at) else { break };
        let line = row(image, list.row(image), &columns, width, theme);
        let is_selected = at == list.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
    }
    if list.scroll.count() == 0 {
        lines.push(Line::raw("No image matches the filter."));
        let note = list.filter().syntax_note().unwrap_or_default();
        lines.extend(wrap(note, width).into_iter().map(Line::raw));
    }
    pane::draw_lines(lines, frame, inside);
    let height = content::foot_height(state.size) as u16;
    let table = Rect::new(area.x, area.y, area.width, area.height.saturating_sub(height));
    pane::scroll_marks(list.scroll.hidden(), theme, frame, table);
    foot(content::foot(list, width, usize::from(height) - 1), theme, height, frame, inside);
}

fn title(list: &ImageList) -> String {
    let (order, direction) = list.order();
    let reversed = if direction == order.direction() { "" } else { ", reversed" };
    match order {
        ImageOrder::Named => format!("Images ({}) · in the order named{reversed}", list.len()),
        order => format!("Images ({}) · sorted by {}{reversed}", list.len(), order.name()),
    }
}

fn row<'a>(image: &ImageEntry, row: ListedRow<'_>, columns: &ImageColumns, width: usize, theme: &Theme) -> Line<'a> {
    let name = left(&content::short_name(&image.name, columns.name), columns.name);
    let style = match row {
        ListedRow::Read(figures) => {
            let cells = columns.cells(&figures).map(|(figure, text)| {
                let is_broken = figure == ImageOrder::Rules && figures.verdict == MemberVerdict::Broken;
                Span::styled(text, if is_broken { theme.error } else { Style::new() })
            });
            return std::iter::once(Span::raw(name)).chain(cells).collect();
        }
        ListedRow::Waiting => theme.dim,
        ListedRow::Unread(_) => theme.error,
        ListedRow::Reading(_) => theme.key,
    };
    let text = format!("  {}", content::state_text(&image.name, row));
    let room = width.saturating_sub(columns.name);
    Line::from(vec![Span::raw(name), Span::styled(cut(&text, room), style)])
}
