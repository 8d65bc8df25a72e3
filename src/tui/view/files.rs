//! The file tree: the rows that are seen of it, with what the selected comparison did to them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::pane::{self, Keys};
use super::text::{columns, cut, left, name, right, wrap};
use crate::report::listing::permissions;
use crate::tree::{Change, SpanKind, Tree};
use crate::tui::state::files::{FileTree, Fold, Order, Row};
use crate::tui::state::layers::CompareMode;
use crate::tui::state::{Attributes, Explorer, Focus, LongLines, State};
use crate::units::Bytes;

/// Which columns there is room for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// Permissions, owner, size.
    All,
    /// Size.
    Size,
    /// Names alone.
    None,
}

/// Columns that permissions and owners need, and names beside them.
const WIDE: usize = 56;
/// What a name has at least, whatever stands before it.
const LEAST_NAME: usize = 12;

pub(super) fn draw(state: &State, explorer: &Explorer, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let keys = if state.focus == Focus::Files && state.overlays.is_empty() { Keys::Here } else { Keys::Elsewhere };
    let inside = pane::draw(&title(explorer), keys, theme, frame, area);
    let Some(files) = &explorer.files else {
        let text = wrap("The image has no layers, and so no files.", usize::from(inside.width));
        pane::write(text.into_iter().map(Line::raw), frame, inside);
        return;
    };
    if let Some(hidden) = hidden(files) {
        pane::foot(&hidden, theme, frame, area);
    }
    let width = usize::from(inside.width);
    let shown = match explorer.attributes {
        Attributes::Hidden => Columns::None,
        Attributes::Shown if width >= WIDE => Columns::All,
        Attributes::Shown => Columns::Size,
    };
    let mut lines = vec![Line::styled(cut(&head(files.order(), shown), width), theme.dim)];
    let height = usize::from(inside.height).saturating_sub(1);
    let tree = &explorer.opened.loaded.tree;
    if files.row_count() == 0 {
        let text = if files.filter().is_some() { "No file matches the filter." } else { "Nothing to show." };
        lines.push(Line::styled(text, theme.dim));
    }
    let first = match explorer.long_lines {
        LongLines::Cut => files.first_row(),
        LongLines::Wrapped => first_that_shows_the_cursor(state, explorer, files, shown, width, height),
    };
    for (at, row) in files.rows(tree, first, height).into_iter().enumerate() {
        let is_selected = first + at == files.selected_row();
        for mut line in row_lines(state, explorer, files, &row, shown, width) {
            if is_selected {
                line = line.style(if keys == Keys::Here { theme.selected } else { theme.selected_elsewhere });
            }
            lines.push(line);
        }
    }
    lines.truncate(height + 1);
    pane::write(lines, frame, inside);
    let below = files.row_count().saturating_sub(first + height);
    pane::more((first, below), theme, frame, area);
}

/// With wrapped lines fewer rows fit: the first that leaves the cursor's row in sight.
fn first_that_shows_the_cursor(
    state: &State,
    explorer: &Explorer,
    files: &FileTree,
    shown: Columns,
    width: usize,
    height: usize,
) -> usize {
    let tree = &explorer.opened.loaded.tree;
    let first = files.first_row();
    let rows = files.rows(tree, first, files.selected_row() + 1 - first.min(files.selected_row()));
    let mut room = height;
    let fitting = rows.iter().rev().take_while(|row| {
        let lines = row_lines(state, explorer, files, row, shown, width).len();
        let fits = lines <= room;
        room = room.saturating_sub(lines);
        fits
    });
    first + rows.len() - fitting.count().clamp(1, rows.len().max(1)).min(rows.len())
}

fn title(explorer: &Explorer) -> String {
    match (explorer.layers.mode, explorer.layers.layer()) {
        (CompareMode::Layer, Some(layer)) => format!("Current Layer Contents · layer {layer}"),
        (CompareMode::Aggregated, Some(layer)) => format!("Aggregated Layer Contents · up to layer {layer}"),
        (CompareMode::Marked(base), Some(layer)) => format!("Changes from layer {base} to layer {layer}"),
        (_, None) => "Current Layer Contents".to_owned(),
    }
}

/// Which kinds of change are hidden, if any are.
fn hidden(files: &FileTree) -> Option<String> {
    let kinds = [
        (Change::Added, "added"),
        (Change::Removed, "removed"),
        (Change::Modified, "modified"),
        (Change::Unmodified, "unmodified"),
    ];
    let hidden = kinds.into_iter().filter(|(change, _)| !files.kinds().contain(*change));
    let hidden: Vec<_> = hidden.map(|(_, word)| word).collect();
    if hidden.is_empty() { None } else { Some(format!("hidden: {}", hidden.join(", "))) }
}

/// The names of the columns; the one that rows are sorted by has a mark.
fn head(order: Order, shown: Columns) -> String {
    let (size, files) = match order {
        Order::Name => ("Size", "Filetree ▲"),
        Order::Size => ("▼ Size", "Filetree"),
    };
    match shown {
        Columns::All => format!("  {:<10} {:>9} {size:>8}  {files}", "Permission", "UID:GID"),
        Columns::Size => format!("  {size:>8}  {files}"),
        Columns::None => format!("  {files}"),
    }
}

/// A row on one line, or on as many as its name takes.
fn row_lines<'a>(
    state: &State,
    explorer: &Explorer,
    files: &FileTree,
    row: &Row,
    shown: Columns,
    width: usize,
) -> Vec<Line<'a>> {
    let theme = &state.settings.theme;
    let tree = &explorer.opened.loaded.tree;
    let style = theme.change(row.change);
    let mark = match row.change {
        Change::Added => "+ ",
        Change::Modified => "~ ",
        Change::Removed => "- ",
        Change::Unmodified => "  ",
    };
    let mut spans = vec![Span::styled(mark, style)];
    spans.extend(attributes(tree, files, row, shown).map(|text| Span::styled(text, style)));
    let taken: usize = spans.iter().map(|span| columns(&span.content)).sum();
    let branch = branch(row, width.saturating_sub(taken + LEAST_NAME));
    let indent = taken + columns(&branch);
    let room = width.saturating_sub(indent);
    spans.push(Span::styled(branch, theme.dim));
    let limit = match explorer.long_lines {
        LongLines::Cut => room,
        LongLines::Wrapped => WRAPPED,
    };
    let text = label(tree, files, row, limit);
    let style = if row.is_match { style.patch(theme.found) } else { style };
    let style = if row.fold == Fold::Leaf { style } else { style.add_modifier(Modifier::BOLD) };
    match explorer.long_lines {
        LongLines::Cut => {
            spans.push(Span::styled(cut(&text, room), style));
            vec![Line::from(spans)]
        }
        LongLines::Wrapped => {
            let mut parts = wrap(&text, room).into_iter();
            spans.push(Span::styled(parts.next().unwrap_or_default(), style));
            let mut lines = vec![Line::from(spans)];
            lines.extend(parts.map(|part| Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(part, style)])));
            lines
        }
    }
}

/// Columns of a name that are shown on several lines.
const WRAPPED: usize = 1024;

fn attributes(tree: &Tree, files: &FileTree, row: &Row, shown: Columns) -> Option<String> {
    let size = right(&Bytes(row.size_bytes).to_string(), 8);
    match shown {
        Columns::None => None,
        Columns::Size => Some(format!("{size}  ")),
        Columns::All => {
            let inode = files.comparison().span(tree, row.node).map(|span| *tree.span(tree.inode(span)))?;
            let mode = if inode.kind == SpanKind::Symlink { 0o777 } else { inode.mode };
            let owner = right(&format!("{}:{}", inode.uid, inode.gid), 9);
            Some(format!("{} {owner} {size}  ", permissions(inode.kind, mode)))
        }
    }
}

/// The lines that lead to a row. Where a tree is deeper than the pane is wide, its start is left out.
fn branch(row: &Row, room: usize) -> String {
    const STEP: usize = 4;
    let depth = row.last.len();
    let fitting = (room / STEP).max(1).min(depth);
    let mut out = String::new();
    for (at, last) in row.last.iter().enumerate().skip(depth - fitting) {
        let is_own = at + 1 == depth;
        out.push_str(match (is_own, *last) {
            _ if at == depth - fitting && fitting < depth => "⋯   ",
            (false, true) => "    ",
            (false, false) => "│   ",
            (true, true) if row.fold == Fold::Collapsed => "└─⊕ ",
            (true, false) if row.fold == Fold::Collapsed => "├─⊕ ",
            (true, true) => "└── ",
            (true, false) => "├── ",
        });
    }
    out
}

/// A name, with where it leads to if it is a link.
fn label(tree: &Tree, files: &FileTree, row: &Row, room: usize) -> String {
    let own = name(tree.name(row.node), room);
    let Some(span) = files.comparison().span(tree, row.node) else { return own };
    let inode = tree.inode(span);
    match (tree.span(span).kind, tree.span(inode).kind) {
        (_, SpanKind::Symlink) => format!("{own} -> {}", name(tree.link(inode), room)),
        (SpanKind::HardLink, _) => format!("{own} -> /{}", name(tree.link(span), room).trim_start_matches('/')),
        _ => left(&own, columns(&own)),
    }
}
