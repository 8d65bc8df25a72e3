//! Draws the history of a path.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::found;
use super::pane::{self, PaneFocus};
use crate::report::instruction;
use crate::report::listing::permissions;
use crate::tui::state::history::History;
use crate::tui::state::{Explorer, ScreenState};
use crate::tui::text::{cut, left, name, printable, right, start_of, wrap};
use crate::tui::theme::Theme;
use dive_model::tree::history::{HistoryEvent, LayerAction};
use dive_model::units::Bytes;

pub(super) fn draw(state: &ScreenState, explorer: &Explorer, history: &History, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let tree = &explorer.opened.tree;
    let path = name(&tree.path(history.node), usize::from(area.width));
    let inside = pane::draw(&format!("History of {path}"), PaneFocus::Focused, theme, frame, area);
    let width = usize::from(inside.width);
    let head =
        format!("{:<7}{:<25}{:<12}{:>9}  {:>8}", "Layer", "Change", "Permission", "UID:GID", "Size") + "  Command";
    let mut lines = vec![Line::styled(cut(&head, width), theme.dim)];
    for row in history.scroll.visible() {
        let Some(event) = history.events().get(row) else { break };
        let text = left(&row_text(explorer, event, width), width);
        let (layer, rest) = text.split_at(text.floor_char_boundary(CHANGE_AT));
        let (action, rest) = rest.split_at(rest.floor_char_boundary(event.action.name().len()));
        let line = Line::from(vec![
            Span::raw(layer.to_owned()),
            Span::styled(action.to_owned(), theme.change(found::change(event.action))),
            Span::raw(rest.to_owned()),
        ]);
        let is_selected = row == history.scroll.selected();
        lines.push(if is_selected { pane::select(line, PaneFocus::Focused, theme) } else { line });
    }
    if history.events().is_empty() {
        lines.push(Line::raw("No layer has an entry for this path: it is only the parent directory of other entries."));
    }
    lines.extend(explained(explorer, history, width, theme));
    pane::draw_lines(lines, frame, inside);
    pane::scroll_marks(history.scroll.hidden(), theme, frame, area);
}

/// Where the change begins, after the layer.
const CHANGE_AT: usize = 7;

/// The whole instruction of the selected event, below the list.
fn explained<'a>(explorer: &Explorer, history: &History, width: usize, theme: &Theme) -> Vec<Line<'a>> {
    let event = history.events().get(history.scroll.selected());
    let Some(layer) = event.and_then(|event| explorer.opened.image.layers.get(event.layer.get())) else {
        return Vec::new();
    };
    let command = instruction::lines(start_of(&layer.created_by, MAX_COMMAND))
        .into_iter()
        .flat_map(|line| wrap(&printable(&line), width));
    let mut lines = vec![Line::raw("")];
    let explanation = event.and_then(|event| explanation(event.action));
    lines.extend(explanation.into_iter().flat_map(|text| wrap(text, width)).map(Line::raw));
    lines.push(Line::styled("Command of the selected layer:", theme.label));
    lines.extend(command.map(Line::raw));
    lines
}

/// What an action means, if its name does not say it.
const fn explanation(action: LayerAction) -> Option<&'static str> {
    Some(match action {
        LayerAction::MetadataOnly => "The content is the same; the mode, the owner or an extended attribute changed.",
        LayerAction::ListedAgain => "The layer repeats the entry; only its times may differ.",
        LayerAction::Replaced => "The path has another type from this layer on.",
        LayerAction::DeletedWithDirectory => "The layer deleted a directory above the path.",
        LayerAction::HiddenByOpaque => "The layer deleted a directory above the path and made it again.",
        LayerAction::ReplacedWithDirectory => "Something of another type replaced a directory above the path.",
        LayerAction::WhiteoutOfNothing => "The layer deletes the path, but no layer below has it.",
        LayerAction::Added | LayerAction::Overwritten | LayerAction::Deleted => return None,
    })
}

/// Bytes of a command that are shown.
const MAX_COMMAND: usize = 4096;
/// Bytes of a command that are formatted for a row.
const COMMAND: usize = 600;

fn row_text(explorer: &Explorer, event: &HistoryEvent, width: usize) -> String {
    let tree = &explorer.opened.tree;
    let before = format!("{:<CHANGE_AT$}{:<25}", event.layer.get(), event.action.name());
    let Some(version) = event.version else { return before };
    let facts = tree.facts(version);
    let size = facts.size.map_or_else(String::new, |size| Bytes(size).to_string());
    let owner = right(&format!("{}:{}", facts.uid, facts.gid), 9);
    let text = format!("{before}{:<12}{owner}  {}", permissions(facts.kind, facts.mode), right(&size, 8));
    let text = if facts.target.is_empty() { text } else { format!("{text}  -> {}", name(facts.target, width)) };
    // The layer's command explains the change.
    let made_by = explorer.opened.image.layers.get(event.layer.get()).map_or("", |layer| &layer.created_by);
    let text = format!("{text}  {}", printable(&instruction::line(start_of(made_by, COMMAND))));
    cut(&text, width)
}
