//! Draws the file tree pane.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pane::{self, PaneFocus};
use crate::config::{Action, Context, Origin};
use crate::tui::content::files::FileTable;
use crate::tui::state::files::{ChangeTotals, FileRow, FileTreePane, MatchElsewhere};
use crate::tui::state::layers::CompareMode;
use crate::tui::state::{Explorer, Focus, ScreenState};
use crate::tui::text::{columns, cut, path_end, path_middle, wrap};
use dive_model::tree::history::LayerAction;
use dive_model::tree::{Change, ChangeCounts};
use dive_model::units::{Bytes, count_of};

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let focus = if state.focus == Focus::Files && state.overlays.is_empty() {
        PaneFocus::Focused
    } else {
        PaneFocus::Unfocused
    };
    let inside = pane::draw(&title(explorer, pane::title_width(area)), focus, theme, frame, area);
    let width = usize::from(inside.width);
    let Some(files) = &explorer.files else {
        let text = wrap("The image has no layers and no files.", width);
        pane::draw_lines(text.into_iter().map(Line::raw), frame, inside);
        return;
    };
    pane::bottom_title(&bottom(explorer, files, pane::title_width(area)), theme, frame, area);
    let table = FileTable::new(theme, explorer, files, width);
    let height = usize::from(inside.height).saturating_sub(1);
    let mut lines = vec![Line::styled(cut(&table.head(), width), theme.dim)];
    if files.row_count() == 0 {
        lines.extend(why_empty(state, files).iter().flat_map(|text| wrap(text, width)).map(Line::raw));
    }
    let (first, rows) = visible_rows(explorer, files);
    let indentation = table.indentation(&rows);
    for (at, row) in rows.iter().enumerate() {
        for mut line in table.row(row, indentation) {
            if first + at == files.selected_row() {
                line = pane::select(line, focus, theme);
            }
            lines.push(line);
        }
    }
    lines.truncate(height + 1);
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks((first, files.row_count() - (first + rows.len())), theme, frame, area);
}

/// The number of the first visible row, and the visible rows.
fn visible_rows(explorer: &Explorer, files: &FileTreePane) -> (usize, Vec<FileRow>) {
    let (Some(first), Some(last)) = (explorer.line_rows.first(), explorer.line_rows.last()) else {
        return (0, Vec::new());
    };
    (*first, files.rows(&explorer.opened.tree, *first, last + 1 - first))
}

/// The title: what is compared, and what changed. Without room, without the layers, which the list shows, and then
/// without dive's words.
fn title(explorer: &Explorer, width: usize) -> String {
    let (words, layers, short) = match (explorer.layers.mode, explorer.layers.layer()) {
        (CompareMode::Layer, Some(layer)) => {
            ("Current Layer Contents", format!(" · layer {layer}"), format!("Layer {layer}"))
        }
        (CompareMode::Aggregated, Some(layer)) => {
            ("Aggregated Layer Contents", format!(" · up to layer {layer}"), format!("All up to layer {layer}"))
        }
        (CompareMode::Marked(base), Some(layer)) if base == layer => {
            let itself = format!("Layer {layer} compared with itself");
            return if columns(&itself) <= width { itself } else { format!("Layer {layer} to {layer}") };
        }
        (CompareMode::Marked(base), Some(layer)) => {
            ("Changes", format!(" from layer {base} to layer {layer}"), format!("Layer {base} to {layer}"))
        }
        (_, None) => return "Current Layer Contents".to_owned(),
    };
    let changes = changes(explorer.changes);
    let (full, short) = (format!("{words}{layers} · {changes}"), format!("{short} · {changes}"));
    // The list of layers shows the selected one, but not what it is compared with.
    let without_layers = match explorer.layers.mode {
        CompareMode::Marked(_) => None,
        CompareMode::Layer | CompareMode::Aggregated => Some(format!("{words} · {changes}")),
    };
    std::iter::once(full).chain(without_layers).find(|title| columns(title) <= width).unwrap_or(short)
}

/// A sum of changes: `+44 ~3 -206 · 26 MB`.
fn changes(totals: ChangeTotals) -> String {
    let ChangeCounts { added, modified, removed } = totals.counts;
    let signs = [('+', added), ('~', modified), ('-', removed)];
    let counts: Vec<_> =
        signs.iter().filter(|(_, count)| *count > 0).map(|(sign, count)| format!("{sign}{count}")).collect();
    if counts.is_empty() {
        return "no changes".to_owned();
    }
    format!("{} · {}", counts.join(" "), Bytes(totals.bytes))
}

/// Text for the lower border: the hidden kinds, or their number if little room is left, and the end of the path under the
/// cursor, which its row may cut. What is hidden comes first, because nothing else tells why files are missing.
fn bottom(explorer: &Explorer, files: &FileTreePane, width: usize) -> String {
    let hidden: Vec<_> = hidden_kinds(files).into_iter().map(|(_, name, _)| name).collect();
    let path = files.selected().map(|node| explorer.opened.tree.path(node));
    if hidden.is_empty() {
        return path.map(|path| path_middle(&path, width)).unwrap_or_default();
    }
    let note = format!("hidden: {}", hidden.join(", "));
    let Some(path) = path else { return note };
    let room = |note: &str| width.saturating_sub(columns(note) + columns(BETWEEN));
    let short = format!("hidden: {}", count_of(hidden.len() as u64, "kind"));
    let fits = room(&note) >= path.len().min(MIN_PATH_WIDTH);
    let note = if fits { note } else { short };
    format!("{note}{BETWEEN}{}", path_middle(&path, room(&note)))
}

/// Between the hidden kinds and the path.
const BETWEEN: &str = " · ";
/// Columns of a path that tell more than the names of the hidden kinds.
const MIN_PATH_WIDTH: usize = 24;

/// A kind of change, its name, and the action that toggles its visibility.
type KindToggle = (Change, &'static str, Action);

const KINDS: [KindToggle; 4] = [
    (Change::Added, "added", Action::ToggleAddedFiles),
    (Change::Removed, "removed", Action::ToggleRemovedFiles),
    (Change::Modified, "modified", Action::ToggleModifiedFiles),
    (Change::Unmodified, "unmodified", Action::ToggleUnmodifiedFiles),
];

fn hidden_kinds(files: &FileTreePane) -> Vec<KindToggle> {
    KINDS.into_iter().filter(|(change, ..)| !files.kinds().contain(*change)).collect()
}

/// Explains why the tree is empty, and which keys show the hidden files.
fn why_empty(state: &ScreenState, files: &FileTreePane) -> Vec<String> {
    let hidden = hidden_kinds(files);
    let mut text = Vec::new();
    if let Some(filter) = files.filter() {
        text.push("No file matches the filter.".to_owned());
        let elsewhere = elsewhere(state, files);
        text.extend(elsewhere.or_else(|| filter.syntax_note().map(str::to_owned)));
    } else if hidden.is_empty() {
        text.push("The file system of this layer is empty.".to_owned());
    }
    if hidden.is_empty() {
        return text;
    }
    let names: Vec<_> = hidden.iter().map(|(_, name, _)| *name).collect();
    let origin = state.settings.hides_all(hidden.iter().map(|(change, ..)| *change));
    let by = match origin {
        Some(origin @ Origin::File { .. }) => format!("Hidden by diff.hide in {origin}"),
        Some(origin) => format!("Hidden by {origin}"),
        None => "Hidden".to_owned(),
    };
    text.push(format!("{by}: {} files.", joined(&names)));
    let key_of = |action| state.settings.keymap.hint(Context::FileTree, action);
    let bound = hidden.iter().filter_map(|(_, name, action)| Some((key_of(*action)?.label(), *name)));
    let verbs = std::iter::once(" shows").chain(std::iter::repeat(""));
    let keys: Vec<_> = bound.zip(verbs).map(|((key, name), verb)| format!("{key}{verb} {name}")).collect();
    if !keys.is_empty() {
        text.push(format!("In this pane, {} files.", joined(&keys)));
    }
    text
}

/// The layer with a match of a filter that has none here, and the key that goes to it.
fn elsewhere(state: &ScreenState, files: &FileTreePane) -> Option<String> {
    let explorer = state.explorer()?;
    let tree = &explorer.opened.tree;
    let MatchElsewhere { node, count, layer, action, removed } = files.match_elsewhere(tree)?;
    let target = files.comparison().scope().target;
    let path = path_end(&tree.path(node), ELSEWHERE_WIDTH);
    let deleted = removed.map_or_else(String::new, |removed| format!(", deleted in layer {removed}"));
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    let verb = if action == LayerAction::Added { "added" } else { "changed" };
    let text = format!("Not in layer {target}: {path}, {verb} in layer {layer}{deleted}{more}");
    let key = |context, action| state.settings.keymap.hint(context, action).map(|key| key.label());
    let pane = if state.focus == Focus::Files { Context::FileTree } else { Context::Layers };
    let next = key(pane, Action::NextMatch);
    // In the filter line, the key types its letter.
    let close = if state.prompt.is_some() { key(Context::TextLine, Action::Accept) } else { None };
    let how = match (close, next) {
        (Some(close), Some(next)) => format!(" Press {close}, then {next}, to go there."),
        (None, Some(next)) => format!(" Press {next} to go there."),
        (_, None) => String::new(),
    };
    Some(format!("{text}.{how}"))
}

/// Columns for a path that the filter matches elsewhere.
const ELSEWHERE_WIDTH: usize = 200;

/// `a, b and c`.
fn joined(parts: &[impl AsRef<str>]) -> String {
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        out.push_str(match at {
            0 => "",
            at if at + 1 == parts.len() => " and ",
            _ => ", ",
        });
        out.push_str(part.as_ref());
    }
    out
}
