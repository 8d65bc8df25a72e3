//! Draws the results of a search in all layers.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use crate::tui::state::found::{Found, FoundRow, MAX_FOUND};
use crate::tui::state::{Explorer, ScreenState};
use crate::tui::text::{columns, cut, left, path_end, path_middle, printable, right, wrap};
use crate::tui::theme::Theme;
use dive_model::tree::Change;
use dive_model::tree::history::LayerAction;
use dive_model::units::{Bytes, count_of};

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, found: &Found, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = match found.filter().text() {
        "" => "Search all layers".to_owned(),
        text => format!("Search all layers · {}", printable(text)),
    };
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    if let Some(row) = found.selected() {
        let text = path_middle(&explorer.opened.tree.path(row.node), pane::title_width(area));
        pane::bottom_title(&text, theme, frame, area);
    }
    let mut lines = vec![Line::raw(cut(&summary(found), width))];
    lines.push(Line::styled(cut(&format!("{:<7}{:<24}{:>8}  Path", "Layer", "What it did", "Size"), width), theme.dim));
    for at in found.scroll.visible() {
        let Some(row) = found.row(at) else { break };
        let line = line(explorer, row, width, theme);
        let is_selected = at == found.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
    }
    if found.paths() == 0 && !found.filter().is_empty() {
        let note = found.filter().syntax_note().unwrap_or_default();
        lines.extend(wrap(note, width).into_iter().map(Line::raw));
    }
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(found.scroll.hidden(), theme, frame, area);
}

fn summary(found: &Found) -> String {
    let rows = found.scroll.count();
    match (found.filter().is_empty(), found.paths()) {
        (true, _) => "Finds paths in all layers, including deleted ones.".to_owned(),
        (false, 0) => "No path in any layer matches.".to_owned(),
        (false, paths) => {
            let is_cut = rows == MAX_FOUND || paths > MAX_FOUND;
            let (paths, changes) = (count_of(paths as u64, "path"), count_of(rows as u64, "change"));
            let more = if is_cut { "; the rest is not listed" } else { "" };
            format!("{paths}, {changes}{more}")
        }
    }
}

fn line<'a>(explorer: &Explorer, row: &FoundRow, width: usize, theme: &Theme) -> Line<'a> {
    let tree = &explorer.opened.tree;
    let size = row.event.version.and_then(|version| tree.facts(version).size);
    let size = size.map_or_else(String::new, |size| Bytes(size).to_string());
    let layer = format!("{:<7}", row.event.layer.get());
    let action = left(row.event.action.name(), 24);
    let before = format!("{}  ", right(&size, 8));
    let room = width.saturating_sub(columns(&layer) + columns(&action) + columns(&before));
    let path = path_end(&tree.path(row.node), room);
    Line::from(vec![
        Span::raw(layer),
        Span::styled(action, theme.change(change(row.event.action))),
        Span::raw(before),
        Span::raw(left(&path, room)),
    ])
}

/// The colour of an action.
pub(super) const fn change(action: LayerAction) -> Change {
    match action {
        LayerAction::Added => Change::Added,
        LayerAction::ListedAgain | LayerAction::WhiteoutOfNothing => Change::Unmodified,
        action if action.removes() => Change::Removed,
        _ => Change::Modified,
    }
}
