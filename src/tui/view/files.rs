//! Draws the file tree pane.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pane::{self, PaneFocus};
use crate::config::{Action, Context, Origin};
use crate::tui::content::files::FileTable;
use crate::tui::state::files::{FileRow, FileTreePane};
use crate::tui::state::layers::CompareMode;
use crate::tui::state::{Explorer, Focus, ScreenState};
use crate::tui::text::{columns, cut, wrap};
use dive_model::tree::Change;

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let focus = if state.focus == Focus::Files && state.overlays.is_empty() {
        PaneFocus::Focused
    } else {
        PaneFocus::Unfocused
    };
    let inside = pane::draw(&title(explorer), focus, theme, frame, area);
    let width = usize::from(inside.width);
    let Some(files) = &explorer.files else {
        let text = wrap("The image has no layers and no files.", width);
        pane::draw_lines(text.into_iter().map(Line::raw), frame, inside);
        return;
    };
    if files.is_partial() {
        pane::bottom_title(&hidden_note(files, width), theme, frame, area);
    }
    let table = FileTable::new(theme, explorer, files, width);
    let height = usize::from(inside.height).saturating_sub(1);
    let mut lines = vec![Line::styled(cut(&table.head(), width), theme.dim)];
    if files.row_count() == 0 {
        lines.extend(why_empty(state, files).iter().flat_map(|text| wrap(text, width)).map(Line::raw));
    }
    let (first, rows) = visible_rows(explorer, files);
    let skipped_levels = table.skipped_levels(&rows);
    for (at, row) in rows.iter().enumerate() {
        for mut line in table.row(row, skipped_levels) {
            if first + at == files.selected_row() {
                line = line.style(if focus == PaneFocus::Focused { theme.selected } else { theme.selected_unfocused });
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

fn title(explorer: &Explorer) -> String {
    match (explorer.layers.mode, explorer.layers.layer()) {
        (CompareMode::Layer, Some(layer)) => format!("Current Layer Contents · layer {layer}"),
        (CompareMode::Aggregated, Some(layer)) => format!("Aggregated Layer Contents · up to layer {layer}"),
        (CompareMode::Marked(base), Some(layer)) => format!("Changes from layer {base} to layer {layer}"),
        (_, None) => "Current Layer Contents".to_owned(),
    }
}

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

/// Text for the lower border: the hidden kinds and, if there is room, that sizes exclude them.
fn hidden_note(files: &FileTreePane, width: usize) -> String {
    const SIZES: &str = "sizes: shown files only";
    let names: Vec<_> = hidden_kinds(files).into_iter().map(|(_, name, _)| name).collect();
    if names.is_empty() {
        return SIZES.to_owned();
    }
    let hidden = format!("hidden: {}", names.join(", "));
    let both = format!("{hidden} · {SIZES}");
    // A blank and a piece of the border on each side.
    if columns(&both) + 4 <= width { both } else { hidden }
}

/// Explains why the tree is empty, and which keys show the hidden files.
fn why_empty(state: &ScreenState, files: &FileTreePane) -> Vec<String> {
    let hidden = hidden_kinds(files);
    let mut text = Vec::new();
    if files.filter().is_some() {
        text.push("No file matches the filter.".to_owned());
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
