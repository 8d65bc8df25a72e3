//! Draws the waste view: totals by cause, and each reclaimable file with its layers.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use crate::report::dockerfile_lines_of_pair;
use crate::tui::state::waste::{CAUSE_AT, LINES_AT, LINES_TITLE, Waste, WasteOrder};
use crate::tui::state::{Explorer, ScreenState};
use crate::tui::text::{columns, cut, left, name, right};
use crate::tui::theme::Theme;
use dive_model::analysis::Exact;
use dive_model::analysis::exact::ReclaimableFile;
use dive_model::units::Bytes;

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, waste: &Waste, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let opened = &explorer.opened;
    let (tree, exact) = (&opened.tree, &opened.analysis.exact);
    let title = format!("Waste · sorted by {}", waste.order().name());
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    let lines_width = usize::from(waste.lines_width(inside.width));
    let dockerfile_lines =
        |file: &ReclaimableFile| dockerfile_lines_of_pair(opened, file.layer, file.hidden_by).unwrap_or_default();
    if let Some(file) = waste.selected(exact) {
        // The full path: its row may truncate it.
        let lines = if lines_width == 0 { dockerfile_lines(file) } else { String::new() };
        let lines = if lines.is_empty() { lines } else { format!("{LINES_TITLE} {lines} · ") };
        let room = width.saturating_sub(columns(&lines));
        pane::bottom_title(&format!("{lines}{}", name(&tree.path(file.node), room)), theme, frame, area);
    }
    let mut lines = vec![sum(exact, width, theme)];
    for (cause, bytes, count) in waste.by_cause() {
        let size = right(&Bytes(*bytes).to_string(), 8);
        lines.push(Line::raw(format!("{size}  {}  {count:>6} {}", left(cause.name(), 22), files(*count))));
    }
    lines.push(Line::raw(""));
    // Sizes sort descending, layer numbers and paths ascending.
    let mark = |order, text: &str| match waste.order() {
        own if own != order => text.to_owned(),
        WasteOrder::Size | WasteOrder::Cause => format!("{text} ▼"),
        WasteOrder::Layer | WasteOrder::Path => format!("{text} ▲"),
    };
    let lines_title = if lines_width == 0 { "" } else { LINES_TITLE };
    let head = format!(
        "{:>8}  {:<8}{:<11}{:<23}{lines_title:<lines_width$}{}",
        mark(WasteOrder::Size, "Size"),
        mark(WasteOrder::Layer, "Layer"),
        "Hidden by",
        mark(WasteOrder::Cause, "Cause"),
        mark(WasteOrder::Path, "Path")
    );
    lines.push(Line::styled(cut(&head, width), theme.dim));
    for row in waste.scroll.visible() {
        let Some(file) = waste.file(exact, row) else { break };
        let room = width.saturating_sub(usize::from(LINES_AT) + lines_width);
        let text = format!(
            "{}  {:<8}{:<11}{}{}{}",
            right(&Bytes(file.size_bytes).to_string(), 8),
            file.layer.get(),
            file.hidden_by.get(),
            left(file.cause.name(), usize::from(LINES_AT - CAUSE_AT)),
            if lines_width == 0 { String::new() } else { left(&dockerfile_lines(file), lines_width - 1) + " " },
            left(&name(&tree.path(file.node), room), room)
        );
        let style = if row == waste.scroll.selected() { theme.selected } else { ratatui::style::Style::new() };
        lines.push(Line::styled(text, style));
    }
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(waste.scroll.hidden(), theme, frame, area);
}

/// The total of all causes.
fn sum<'a>(exact: &Exact, width: usize, theme: &Theme) -> Line<'a> {
    let total = Bytes(exact.total_bytes);
    if exact.files.is_empty() {
        return Line::raw(cut(&format!("Nothing is reclaimable: the image uses all {total} of its layers"), width));
    }
    let bytes = Bytes(exact.reclaimable_bytes()).to_string();
    let count = exact.files.len();
    let text = format!(" of {total} is reclaimable: the image no longer shows {count} {}", files(count));
    let text = cut(&text, width.saturating_sub(bytes.len()));
    Line::from(vec![Span::styled(bytes, theme.label), Span::raw(text)])
}

const fn files(count: usize) -> &'static str {
    if count == 1 { "file" } else { "files" }
}
