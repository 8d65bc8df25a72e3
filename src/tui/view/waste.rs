//! The waste view: what is reclaimable, by cause, and each file with its layers.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, Keys};
use super::text::{cut, left, name, right};
use crate::tui::state::waste::{Waste, WasteOrder};
use crate::tui::state::{Explorer, State};
use crate::units::Bytes;

/// Lines above the first file: the sum, a line a cause, an empty one, the names of the columns.
pub(super) fn head_height(waste: &Waste) -> usize {
    waste.by_cause().len() + 3
}

/// Where the columns start.
const LAYER_AT: u16 = 10;
const HIDDEN_AT: u16 = 17;
const CAUSE_AT: u16 = 28;
const PATH_AT: u16 = 52;

/// What a click on the names of the columns sorts by.
pub(in crate::tui) const fn order_at(column: u16) -> WasteOrder {
    match column {
        0..LAYER_AT => WasteOrder::Size,
        LAYER_AT..CAUSE_AT => WasteOrder::Layer,
        CAUSE_AT..PATH_AT => WasteOrder::Cause,
        _ => WasteOrder::Path,
    }
}

pub(super) fn draw(state: &State, explorer: &Explorer, waste: &Waste, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let exact = &explorer.opened.analysis.exact;
    let title = format!("Waste · sorted by {}", waste.order().name());
    let inside = pane::draw(&title, Keys::Here, theme, frame, area);
    let width = usize::from(inside.width);
    let mut lines = Vec::new();
    let files = if exact.files.len() == 1 { "file" } else { "files" };
    lines.push(Line::from(vec![
        Span::styled(Bytes(exact.reclaimable_bytes()).to_string(), theme.label),
        Span::raw(format!(
            " of {} are reclaimable, in {} {files}: bytes that the finished image no longer shows",
            Bytes(exact.total_bytes),
            exact.files.len()
        )),
    ]));
    for (cause, bytes, count) in waste.by_cause() {
        let text = format!("{}  {}  {count}", right(&Bytes(*bytes).to_string(), 8), left(cause.name(), 22));
        lines.push(Line::raw(text));
    }
    lines.push(Line::raw(""));
    let mark = |order, text: &str| if waste.order() == order { format!("{text} ▼") } else { text.to_owned() };
    let head = format!(
        "{:>8}  {:<7}{:<11}{:<24}{}",
        mark(WasteOrder::Size, "Size"),
        mark(WasteOrder::Layer, "Layer"),
        "Hidden by",
        mark(WasteOrder::Cause, "Cause"),
        mark(WasteOrder::Path, "Path")
    );
    lines.push(Line::styled(cut(&head, width), theme.dim));
    for row in waste.scroll.seen() {
        let Some(file) = waste.file(exact, row) else { break };
        let room = width.saturating_sub(usize::from(PATH_AT));
        let text = format!(
            "{}  {:<7}{:<11}{}{}",
            right(&Bytes(file.size_bytes).to_string(), 8),
            file.layer.get(),
            file.hidden_by.get(),
            left(file.cause.name(), usize::from(PATH_AT - CAUSE_AT)),
            left(&name(&file.path, room), room)
        );
        let style = if row == waste.scroll.selected() { theme.selected } else { ratatui::style::Style::new() };
        lines.push(Line::styled(text, style));
    }
    pane::write(lines, frame, inside);
    let seen = waste.scroll.seen();
    pane::more((seen.start, waste.scroll.count() - seen.end), theme, frame, area);
}

const _: () = assert!(LAYER_AT < HIDDEN_AT && HIDDEN_AT < CAUSE_AT);
