//! Draws the advice tab of the waste view: findings with their bytes and layers, the directories of open ones, and what to write
//! instead.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use super::waste;
use crate::tui::content::advised::{self as content, AdviceColumns};
use crate::tui::content::waste::foot_height;
use crate::tui::state::advised::{AdviceOrder, AdviceViewRow, Advised};
use crate::tui::state::{Explorer, ScreenState};
use crate::tui::text::{columns, cut, left, path_end, right, wrap};
use crate::tui::theme::Theme;
use dive_model::advice::{AdviceLevel, CountedBytes, Finding};
use dive_model::units::Bytes;

/// Only `dive advise` and a rule inspect contents: they may find more than the screen.
const WITHOUT_CONTENTS: &str = " · without contents: see dive advise";

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, advised: &Advised, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let contents = if explorer.opened.tree.has_inspected_contents() { "" } else { WITHOUT_CONTENTS };
    let title = format!("Advice · sorted by {}{contents}", advised.order().name());
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    if let Some(node) = advised.selected_node() {
        // The full path: its row may truncate it.
        let path = path_end(&explorer.opened.tree.path(node), pane::title_width(area));
        pane::bottom_title(&path, theme, frame, area);
    }
    let mut lines = vec![Line::raw(content::sum(explorer, advised, width))];
    if advised.has_findings() {
        lines.push(Line::styled(cut(&head(advised.order(), width), width), theme.dim));
    }
    for at in advised.scroll.visible() {
        let Some(row) = advised.row(at) else { break };
        let line = line(explorer, advised, row, width, theme);
        let is_selected = at == advised.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
    }
    if advised.scroll.count() == 0 && advised.has_findings() {
        lines.push(Line::raw("No finding matches the filter, by its kind or its directories."));
        let note = advised.filter().syntax_note().unwrap_or_default();
        lines.extend(wrap(note, width).into_iter().map(Line::raw));
    }
    pane::draw_lines(lines, frame, inside);
    let foot = foot_height(state.size) as u16;
    let list = Rect::new(area.x, area.y, area.width, area.height.saturating_sub(foot));
    pane::scroll_marks(advised.scroll.hidden(), theme, frame, list);
    details(explorer, advised, theme, foot, frame, inside);
}

/// Draws what the selected finding means, at the bottom.
fn details(explorer: &Explorer, advised: &Advised, theme: &Theme, height: u16, frame: &mut Frame<'_>, inside: Rect) {
    let Some(finding) = advised.selected().filter(|_| height > 0 && inside.height > height) else { return };
    let width = usize::from(inside.width);
    waste::foot(content::details(explorer, finding, width, usize::from(height) - 1), theme, height, frame, inside);
}

fn head(order: AdviceOrder, width: usize) -> String {
    let at = AdviceColumns::of(width);
    // Sizes sort descending, names and layer numbers ascending.
    let mark = |own, text: &str| match own {
        own if own != order => text.to_owned(),
        AdviceOrder::Size => format!("{text} ▼"),
        AdviceOrder::Kind | AdviceOrder::Layer | AdviceOrder::Path => format!("{text} ▲"),
    };
    let mut head = format!("{:>8}", mark(AdviceOrder::Size, "Size"));
    if let Some(files) = at.files {
        head = format!("{}{:>6}", left(&head, files), "Files");
    }
    head = left(&(left(&head, at.layers) + &mark(AdviceOrder::Layer, "Layers")), at.part) + "Of";
    head = left(&head, at.kind) + "  " + &mark(AdviceOrder::Kind, "Advice");
    match at.path {
        Some(path) => left(&head, path) + &mark(AdviceOrder::Path, "Path"),
        None => head,
    }
}

fn line<'a>(explorer: &Explorer, advised: &Advised, row: AdviceViewRow, width: usize, theme: &Theme) -> Line<'a> {
    let tree = &explorer.opened.tree;
    let (AdviceViewRow::Finding(index) | AdviceViewRow::Group { finding: index, .. }) = row;
    let Some(finding) = advised.finding(index) else { return Line::raw("") };
    let counts_nothing = finding.kind.row().counts == CountedBytes::Nothing;
    let size = |bytes: u64| if counts_nothing { "-".to_owned() } else { Bytes(bytes).to_string() };
    let at = AdviceColumns::of(width);
    let before = |bytes: u64, files: u64| {
        let size = right(&size(bytes), 8);
        match at.files.filter(|_| files > 0) {
            Some(at) => format!("{}{files:>6}", left(&size, at)),
            None => size,
        }
    };
    if let Some(group) = advised.group(row) {
        let before = left(&before(group.size_bytes, group.files), at.kind);
        let room = width.saturating_sub(at.kind + 4);
        let path = left(&path_end(&tree.path(group.place), room), room);
        return Line::from(vec![Span::raw(before), Span::raw("    "), Span::raw(path)]);
    }
    let mut text = left(&before(finding.size_bytes, finding.files), at.layers) + &layers(finding);
    text = left(&text, at.part) + finding.part.name();
    text = left(&text, at.kind);
    let mark = match advised.listed_groups(index).nth(1) {
        None => "  ",
        Some(_) if advised.is_open(index) => "▾ ",
        Some(_) => "▸ ",
    };
    let kind_style = if finding.kind.row().level >= AdviceLevel::Warn { theme.label } else { Style::new() };
    let kind_end = at.path.unwrap_or(width);
    let room = kind_end.saturating_sub(at.kind + columns(mark));
    // A blank before the path.
    let kind = left(&cut(finding.kind.id(), room.saturating_sub(usize::from(at.path.is_some()))), room);
    let mut spans = vec![Span::raw(text), Span::styled(mark, theme.key), Span::styled(kind, kind_style)];
    let room = width.saturating_sub(kind_end);
    let path =
        advised.listed_groups(index).next().map(|group| path_end(&tree.path(group.place), room)).unwrap_or_default();
    spans.push(Span::raw(left(&path, room)));
    Line::from(spans)
}

/// `3 > 5`: stored by layer 3, hidden by layer 5.
fn layers(finding: &Finding) -> String {
    match (finding.layer, finding.hidden_by) {
        (Some(layer), Some(hidden_by)) => format!("{layer} > {hidden_by}"),
        (Some(layer), None) => layer.to_string(),
        (None, _) if finding.summed > 0 => "several".to_owned(),
        (None, _) => String::new(),
    }
}
