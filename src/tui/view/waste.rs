//! Draws the waste view: totals, groups and files with their layers, and what the selected group means.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use crate::tui::content::waste::{self as content, FILES_AT, LAYERS_AT, WasteColumns};
use crate::tui::state::waste::{Waste, WasteOrder, WasteRow};
use crate::tui::state::{Explorer, ScreenState};
use crate::tui::text::{columns, cut, left, path_end, path_middle, right, wrap};
use crate::tui::theme::Theme;
use dive_model::analysis::Exact;
use dive_model::image::ImagePart;
use dive_model::layer::LayerIndex;
use dive_model::tree::{Cause, NodeId};
use dive_model::units::{Bytes, count_of};

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, waste: &Waste, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let (tree, exact) = (&explorer.opened.tree, &explorer.opened.analysis.exact);
    let title = format!("Waste · sorted by {}", waste.order().name());
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    if let Some(node) = waste.selected_node(exact) {
        // The full path: its row may truncate it.
        let sum = match waste.same_place() {
            (0 | 1, _) => String::new(),
            (rows, bytes) => format!(" · {} in {rows} rows", Bytes(bytes)),
        };
        let room = pane::title_width(area).saturating_sub(columns(&sum));
        pane::bottom_title(&(path_middle(&tree.path(node), room) + &sum), theme, frame, area);
    }
    let mut lines = vec![sum(waste, exact, width, theme)];
    if content::shows_causes(state.size.1) {
        for (cause, bytes, count) in waste.by_cause() {
            let size = right(&Bytes(*bytes).to_string(), 8);
            let files = count_of(*count as u64, "file");
            let (count, word) = files.split_once(' ').unwrap_or((&files, ""));
            lines.push(Line::raw(format!("{size}  {}  {count:>6} {word}", left(cause.name(), 22))));
        }
        lines.push(Line::raw(""));
    }
    let table = WasteTable { explorer, waste, columns: WasteColumns::of(explorer, width, waste.order()), width };
    lines.push(Line::styled(cut(&table.head(), width), theme.dim));
    for row in waste.scroll.visible() {
        let Some(what) = waste.row(row) else { break };
        let line = table.row(what, theme);
        let is_selected = row == waste.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
    }
    if waste.scroll.count() == 0 && !exact.files.is_empty() {
        lines.push(Line::raw("No reclaimable file matches the filter."));
        let note = waste.filter().syntax_note().unwrap_or_default();
        lines.extend(wrap(note, width).into_iter().map(Line::raw));
    }
    pane::draw_lines(lines, frame, inside);
    let foot = content::foot_height(state.size) as u16;
    let list = Rect::new(area.x, area.y, area.width, area.height.saturating_sub(foot));
    pane::scroll_marks(waste.scroll.hidden(), theme, frame, list);
    details(state, explorer, waste, frame, inside);
}

/// Draws what the selected group means, at the bottom.
fn details(state: &ScreenState, explorer: &Explorer, waste: &Waste, frame: &mut Frame<'_>, inside: Rect) {
    let theme = &state.settings.theme;
    let height = content::foot_height(state.size) as u16;
    let Some(group) = waste.selected_group().filter(|_| height > 0 && inside.height > height) else { return };
    let width = usize::from(inside.width);
    foot(content::details(explorer, group, width, usize::from(height) - 1), theme, height, frame, inside);
}

/// Draws text below a rule, in the last `height` lines of the area.
pub(super) fn foot(text: Vec<String>, theme: &Theme, height: u16, frame: &mut Frame<'_>, inside: Rect) {
    let rule = Line::styled("─".repeat(inside.width.into()), theme.border);
    let area = Rect::new(inside.x, inside.bottom() - height, inside.width, height);
    pane::draw_lines(std::iter::once(rule).chain(text.into_iter().map(Line::raw)), frame, area);
}

/// Builds the rows of the list.
struct WasteTable<'a> {
    explorer: &'a Explorer,
    waste: &'a Waste,
    columns: WasteColumns,
    width: usize,
}

/// What a row says of its file or group.
struct RowFacts {
    node: NodeId,
    size_bytes: u64,
    layer: LayerIndex,
    hidden_by: LayerIndex,
    cause: Cause,
    files: Option<u64>,
}

impl WasteTable<'_> {
    fn head(&self) -> String {
        // Sizes sort descending, layer numbers and paths ascending.
        let mark = |order, text: &str| match self.waste.order() {
            own if own != order => text.to_owned(),
            WasteOrder::Size | WasteOrder::Cause => format!("{text} ▼"),
            WasteOrder::Layer | WasteOrder::Path => format!("{text} ▲"),
        };
        let mut head = format!("{:>8}  {:>6}", mark(WasteOrder::Size, "Size"), "Files");
        for (at, text) in [
            (Some(LAYERS_AT), mark(WasteOrder::Layer, "Layers")),
            (self.columns.part, "Of".to_owned()),
            (self.columns.cause, mark(WasteOrder::Cause, "Cause")),
            (Some(self.columns.path), mark(WasteOrder::Path, "Path")),
        ] {
            if let Some(at) = at {
                head = left(&head, at) + &text;
            }
        }
        head
    }

    fn facts(&self, row: WasteRow) -> Option<RowFacts> {
        match row {
            WasteRow::Group(at) => self.waste.group_at(at).map(|group| RowFacts {
                node: group.place,
                size_bytes: group.size_bytes,
                layer: group.layer,
                hidden_by: group.hidden_by,
                cause: group.cause,
                files: Some(group.files),
            }),
            WasteRow::File { file, .. } => self.explorer.opened.analysis.exact.files.get(file).map(|file| RowFacts {
                node: file.node,
                size_bytes: file.size_bytes,
                layer: file.layer,
                hidden_by: file.hidden_by,
                cause: file.cause,
                files: None,
            }),
        }
    }

    fn row<'b>(&self, row: WasteRow, theme: &Theme) -> Line<'b> {
        let Some(facts) = self.facts(row) else { return Line::raw("") };
        let count = facts.files.map_or_else(String::new, |files| files.to_string());
        let mut before = left(&right(&Bytes(facts.size_bytes).to_string(), 8), FILES_AT) + &format!("{count:>6}");
        for (at, text) in [
            (Some(LAYERS_AT), format!("{} > {}", facts.layer, facts.hidden_by)),
            (self.columns.part, content::part(self.explorer, facts.layer).map_or("", ImagePart::name).to_owned()),
            (self.columns.cause, facts.cause.name().to_owned()),
        ] {
            if let Some(at) = at {
                before = left(&before, at) + &text;
            }
        }
        let mark = match row {
            WasteRow::Group(at) if self.waste.is_open(at) => "▾ ",
            WasteRow::Group(_) => "▸ ",
            row if self.waste.is_member(row) => "    ",
            WasteRow::File { .. } => "  ",
        };
        before = left(&before, self.columns.path);
        let room = self.width.saturating_sub(columns(&before) + columns(mark));
        let path = self.path(row, facts.node, room);
        let style = if facts.files.is_some() { theme.label } else { ratatui::style::Style::new() };
        Line::from(vec![Span::raw(before), Span::styled(mark, theme.key), Span::styled(left(&path, room), style)])
    }

    /// The path of a row. A file of an open group is below the path of the group, so its row has the rest. A group of files
    /// all over the image has the path of one of them.
    fn path(&self, row: WasteRow, node: NodeId, room: usize) -> String {
        let path = |node| self.explorer.opened.tree.path(node);
        match row {
            WasteRow::File { group, .. } if self.waste.is_member(row) => {
                let place = self.waste.group_at(group).map_or(NodeId::ROOT, |group| group.place);
                let (path, above) = (path(node), if place == NodeId::ROOT { Vec::new() } else { path(place) });
                path_middle(path.strip_prefix(above.as_slice()).unwrap_or(&path), room)
            }
            WasteRow::Group(at) if node == NodeId::ROOT => {
                let files = &self.explorer.opened.analysis.exact.files;
                let (largest, more) = self.waste.largest_of(at);
                let Some(file) = largest.and_then(|file| files.get(file)) else { return path_end(&path(node), room) };
                let more = format!(" and {more} more");
                path_end(&path(file.node), room.saturating_sub(columns(&more))) + &more
            }
            _ => path_end(&path(node), room),
        }
    }
}

/// The total of all causes, or of what the filter accepts.
fn sum<'a>(waste: &Waste, exact: &Exact, width: usize, theme: &Theme) -> Line<'a> {
    let total = Bytes(exact.total_bytes);
    if exact.files.is_empty() {
        let why = if exact.total_bytes == 0 {
            "the image has no files.".to_owned()
        } else {
            format!("the image uses all {total} of its layers.")
        };
        return Line::raw(cut(&format!("Nothing is reclaimable: {why}"), width));
    }
    let bytes = Bytes(exact.reclaimable_bytes()).to_string();
    let count = exact.files.len() as u64;
    let (long, short) = if waste.filter().is_empty() {
        // One path may have several hidden versions, and a later one that the image shows.
        let versions = count_of(count, "file version");
        let are = if count == 1 { "is" } else { "are" };
        let long = format!(" of {total} is reclaimable: {versions} {are} hidden by later layers");
        (long, format!(" of {total} is reclaimable, in {versions}"))
    } else {
        let (found, size) = waste.accepted();
        let (size, files) = (Bytes(size), count_of(found, "file"));
        let long = format!(" of {total} is reclaimable, {size} of it in {files} that match");
        (long, format!(" reclaimable, {size} in {files} that match"))
    };
    let room = width.saturating_sub(bytes.len());
    let text = cut(if columns(&long) <= room { &long } else { &short }, room);
    Line::from(vec![Span::styled(bytes, theme.label), Span::raw(text)])
}
