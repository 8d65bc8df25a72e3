//! Draws the advice tab of the waste view: findings with their bytes and layers, the directories of open ones, and what to write
//! instead.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use super::waste;
use crate::tui::content::advised::{self as content, KIND_AT, LAYERS_AT, PART_AT, PATH_AT, PATH_WIDTH};
use crate::tui::content::waste::foot_height;
use crate::tui::state::advised::{AdviceViewRow, Advised};
use crate::tui::state::{Explorer, ScreenState};
use crate::tui::text::{columns, cut, left, path_end, right};
use crate::tui::theme::Theme;
use dive_model::advice::{AdviceLevel, CountedBytes, Finding};
use dive_model::units::Bytes;

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, advised: &Advised, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let inside = pane::draw("Advice", PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    if let Some(node) = advised.selected_node() {
        // The full path: its row may truncate it.
        let path = path_end(&explorer.opened.tree.path(node), pane::title_width(area));
        pane::bottom_title(&path, theme, frame, area);
    }
    let mut lines = vec![Line::raw(content::sum(explorer, advised.advice(), width))];
    if advised.scroll.count() > 0 {
        lines.push(Line::styled(cut(&head(width), width), theme.dim));
    }
    for at in advised.scroll.visible() {
        let Some(row) = advised.row(at) else { break };
        let line = line(explorer, advised, row, width, theme);
        let is_selected = at == advised.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
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

fn head(width: usize) -> String {
    let head = format!("{:>8}  {:>6}", "Size", "Files");
    let head = left(&(left(&head, LAYERS_AT) + "Layers"), PART_AT) + "Of";
    let head = left(&head, KIND_AT) + "  Advice";
    if has_paths(width) { left(&head, PATH_AT) + "Path" } else { head }
}

/// True if a finding has room for its largest directory.
const fn has_paths(width: usize) -> bool {
    width >= PATH_AT + PATH_WIDTH
}

fn line<'a>(explorer: &Explorer, advised: &Advised, row: AdviceViewRow, width: usize, theme: &Theme) -> Line<'a> {
    let tree = &explorer.opened.tree;
    let (AdviceViewRow::Finding(at) | AdviceViewRow::Group { finding: at, .. }) = row;
    let Some(finding) = advised.finding(at) else { return Line::raw("") };
    let counts_nothing = finding.kind.row().counts == CountedBytes::Nothing;
    let size = |bytes: u64| if counts_nothing { "-".to_owned() } else { Bytes(bytes).to_string() };
    let before = |bytes: u64, files: u64| {
        let files = if files == 0 { String::new() } else { files.to_string() };
        format!("{}  {files:>6}", right(&size(bytes), 8))
    };
    if let Some(group) = advised.group(row) {
        let before = left(&before(group.size_bytes, group.files), KIND_AT);
        let room = width.saturating_sub(KIND_AT + 4);
        let path = left(&path_end(&tree.path(group.place), room), room);
        return Line::from(vec![Span::raw(before), Span::raw("    "), Span::raw(path)]);
    }
    let mut text = left(&before(finding.size_bytes, finding.files), LAYERS_AT) + &layers(finding);
    text = left(&text, PART_AT) + finding.part.name();
    text = left(&text, KIND_AT);
    let mark = match finding.groups.len() {
        0 | 1 => "  ",
        _ if advised.is_open(at) => "▾ ",
        _ => "▸ ",
    };
    let room = width.saturating_sub(KIND_AT + columns(mark));
    let kind = if has_paths(width) { PATH_AT - KIND_AT - columns(mark) } else { room };
    let kind_style = if finding.kind.row().level >= AdviceLevel::Warn { theme.label } else { Style::new() };
    let mut spans =
        vec![Span::raw(text), Span::styled(mark, theme.key), Span::styled(left(finding.kind.id(), kind), kind_style)];
    if has_paths(width) {
        let room = width.saturating_sub(PATH_AT);
        let path = finding.groups.first().map(|group| path_end(&tree.path(group.place), room)).unwrap_or_default();
        spans.push(Span::raw(left(&path, room)));
    }
    Line::from(spans)
}

/// `3 > 5`: stored by layer 3, hidden by layer 5.
fn layers(finding: &Finding) -> String {
    match (finding.layer, finding.hidden_by) {
        (Some(layer), Some(hidden_by)) => format!("{layer} > {hidden_by}"),
        (Some(layer), None) => layer.to_string(),
        (None, _) => String::new(),
    }
}
