//! Actions in panes: layers, details, file tree.

use crate::config::Action;
use crate::tui::state::files::{FileTreePane, Filter, Jump};
use crate::tui::state::layers::CompareMode;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::warnings::Warnings;
use crate::tui::state::waste::{Waste, lines_width};
use crate::tui::state::{Attributes, Explorer, Focus, Motion, Overlay, ScreenState, Stage};
use crate::tui::text::printable;
use dive_model::layer::LayerIndex;
use dive_model::shell::shell_word;
use dive_model::tree::{Change, NodeId, Tree};

use super::{Effect, extraction, overlays};

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::ToggleView => {
            let other = if state.focus == Focus::Files { Focus::Layers } else { Focus::Files };
            focus(state, other);
        }
        Action::FilterFiles => open_filter(state),
        Action::CloseFilterFiles => clear_filter(state),
        Action::WasteView => {
            if let Stage::Open(explorer) = &state.stage {
                let fresh = || Waste::new(&explorer.opened.analysis.exact, lines_width(&explorer.opened));
                let waste = state.closed_waste.take().unwrap_or_else(fresh);
                state.overlays.push(Overlay::Waste(waste));
            }
        }
        Action::ShowWarnings if state.warning_count() == 0 => state.message = Some("there are no warnings".to_owned()),
        Action::ShowWarnings => state.overlays.push(Overlay::Warnings(Warnings::default())),
        action => match state.focus {
            Focus::Layers => in_layers(state, action),
            Focus::LayerDetails | Focus::ImageDetails => in_details(state, action),
            Focus::Files => in_files(state, action, effects),
        },
    }
}

/// Moves focus to a pane.
pub(super) fn focus(state: &mut ScreenState, focus: Focus) {
    state.focus = focus;
    if matches!(focus, Focus::LayerDetails | Focus::ImageDetails) {
        state.last_details = focus;
    }
}

/// Opens the filter prompt with the active filter.
fn open_filter(state: &mut ScreenState) {
    let Some(explorer) = state.explorer() else { return };
    let text = explorer.files.as_ref().and_then(|files| files.filter()).map_or("", |filter| filter.text()).to_owned();
    state.focus = Focus::Files;
    state.open_prompt(PromptKind::Filter, &text);
}

pub(super) fn clear_filter(state: &mut ScreenState) {
    state.pending_filter = None;
    state.set_filter(Filter::none());
}

fn in_layers(state: &mut ScreenState, action: Action) {
    match action {
        Action::Right => {
            return focus(
                state,
                if state.layout.layer_details.is_empty() { state.last_details } else { Focus::LayerDetails },
            );
        }
        Action::Left => return,
        _ => {}
    }
    let Some(layers) = state.layers_mut() else { return };
    overlays::move_selection(&mut layers.scroll, action);
    compare(state, action);
}

/// Applies an action to the comparison, then updates the file tree. Called after each change of the selected layer.
fn compare(state: &mut ScreenState, action: Action) {
    if let Some(layers) = state.layers_mut() {
        match action {
            Action::CompareAll => layers.mode = CompareMode::Aggregated,
            Action::CompareLayer => layers.mode = CompareMode::Layer,
            Action::MarkBase => layers.mark_base(),
            _ => {}
        }
    }
    match &mut state.stage {
        Stage::Open(explorer) => {
            if action == Action::ToggleEmptySteps {
                explorer.layers.toggle_steps(&explorer.opened.image);
            }
            explorer.compare();
        }
        Stage::Reading(reading) if action == Action::ToggleEmptySteps => reading.layers.toggle_steps(&reading.image),
        _ => {}
    }
    state.layer_details.step(isize::MIN);
}

fn in_details(state: &mut ScreenState, action: Action) {
    let is_layer = state.focus == Focus::LayerDetails;
    match action {
        Action::Left if is_layer => return focus(state, Focus::Layers),
        Action::Left => return focus(state, Focus::LayerDetails),
        Action::Right if is_layer => return focus(state, Focus::ImageDetails),
        Action::CompareAll | Action::CompareLayer | Action::MarkBase | Action::ToggleEmptySteps => {
            return compare(state, action);
        }
        _ => {}
    }
    overlays::scroll_text(if is_layer { &mut state.layer_details } else { &mut state.image_details }, action);
}

pub(super) fn in_files(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &mut state.stage else { return };
    match action {
        Action::ToggleAttributes => {
            explorer.attributes = match explorer.attributes {
                Attributes::Shown => Attributes::Hidden,
                Attributes::Hidden => Attributes::Shown,
            };
        }
        Action::ToggleWrap => {
            explorer.long_lines = explorer.long_lines.toggled();
        }
        Action::ViewFile | Action::FileHistory | Action::ExtractFile | Action::CopyPath => {
            if let Some(node) = explorer.selected_node() {
                at_node(state, node, action, effects);
            }
        }
        action => state.message = in_tree(explorer, action),
    }
}

/// Applies an action to the path under the cursor.
fn at_node(state: &mut ScreenState, node: NodeId, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &mut state.stage else { return };
    let tree = &explorer.opened.tree;
    match action {
        Action::FileHistory => overlays::show_history(state, node),
        Action::ExtractFile => extraction::ask_for_node(state, node),
        Action::CopyPath => {
            let path = tree.path(node);
            copy(state, &path, effects);
        }
        _ => {
            let Some(files) = &mut explorer.files else { return };
            match files.comparison().span(tree, node) {
                Some(version) if tree.span(version).kind.is_directory() => files.toggle_collapse(tree),
                Some(version) => overlays::view(state, version, effects),
                None => {}
            }
        }
    }
}

/// Sends a path to the clipboard, quoted for a shell if needed.
pub(super) fn copy(state: &mut ScreenState, path: &[u8], effects: &mut Vec<Effect>) {
    let text = shell_word(path);
    state.message = Some(match std::str::from_utf8(path) {
        Ok(path) if path == text => format!("{text} was sent to the clipboard"),
        _ => format!("{} was sent to the clipboard, quoted for a shell", printable(&text)),
    });
    effects.push(Effect::Copy(text));
}

/// Applies an action to the file tree. Returns a message if a jump wrapped or found nothing.
fn in_tree(explorer: &mut Explorer, action: Action) -> Option<String> {
    let tree = &explorer.opened.tree;
    let files = explorer.files.as_mut()?;
    let jumped = match action {
        Action::NextMatch | Action::PreviousMatch if files.filter().is_none() => {
            return Some("no filter is active; open the filter first".to_owned());
        }
        Action::NextMatch => files.next_match(tree),
        Action::PreviousMatch => files.previous_match(tree),
        Action::NextChange => files.next_change(tree),
        Action::PreviousChange => files.previous_change(tree),
        _ => {
            apply_to_tree(files, tree, action);
            return None;
        }
    };
    let what = if matches!(action, Action::NextMatch | Action::PreviousMatch) { "match" } else { "changed file" };
    let end = if matches!(action, Action::NextMatch | Action::NextChange) { "first" } else { "last" };
    match jumped {
        Jump::Done => None,
        Jump::Wrapped => Some(format!("wrapped to the {end} {what}")),
        Jump::Nowhere => Some(format!("there is no {what}")),
    }
}

fn apply_to_tree(files: &mut FileTreePane, tree: &Tree, action: Action) {
    if let Some(motion) = Motion::of(action) {
        return files.go(tree, motion);
    }
    match action {
        Action::ToggleCollapseDir => files.toggle_collapse(tree),
        Action::ToggleCollapseAllDir => files.toggle_collapse_all(tree),
        Action::ToggleAddedFiles => files.toggle_kind(tree, Change::Added),
        Action::ToggleRemovedFiles => files.toggle_kind(tree, Change::Removed),
        Action::ToggleModifiedFiles => files.toggle_kind(tree, Change::Modified),
        Action::ToggleUnmodifiedFiles => files.toggle_kind(tree, Change::Unmodified),
        Action::ToggleSortOrder => files.toggle_order(tree),
        _ => {}
    }
}

/// Selects a layer and a path. Removes the filter and unhides all kinds of change if they hide the path.
pub(super) fn go_to(state: &mut ScreenState, layer: LayerIndex, node: NodeId) {
    focus(state, Focus::Files);
    let Stage::Open(explorer) = &mut state.stage else { return };
    explorer.layers.select(layer);
    explorer.compare();
    let tree = &explorer.opened.tree;
    let Some(files) = &mut explorer.files else { return };
    if files.jump_to(tree, node) == Jump::Nowhere {
        files.set_filter(tree, Filter::none());
        for change in [Change::Added, Change::Modified, Change::Removed, Change::Unmodified] {
            if !files.kinds().contain(change) {
                files.toggle_kind(tree, change);
            }
        }
        if files.jump_to(tree, node) == Jump::Nowhere {
            state.message = Some("the path is not in this layer's file system".to_owned());
        }
    }
}

pub(super) fn scroll(state: &mut ScreenState, pane: Focus, rows: isize) {
    match pane {
        Focus::Layers => {
            if let Some(layers) = state.layers_mut() {
                layers.scroll.step(rows.signum());
            }
            compare(state, Action::Down);
        }
        Focus::LayerDetails => state.layer_details.step(rows),
        Focus::ImageDetails => state.image_details.step(rows),
        Focus::Files => {
            if let Stage::Open(explorer) = &mut state.stage
                && let Some(files) = &mut explorer.files
            {
                let first = files.first_row().saturating_add_signed(rows);
                files.scroll_to(&explorer.opened.tree, first);
            }
        }
    }
}

/// Selects the clicked row. A click on the selected row opens a file, and collapses or expands a directory.
pub(super) fn click_row(state: &mut ScreenState, pane: Focus, row: usize, effects: &mut Vec<Effect>) {
    focus(state, pane);
    match (pane, &mut state.stage) {
        (Focus::Files, Stage::Open(explorer)) => {
            let tree = &explorer.opened.tree;
            let Some(files) = &mut explorer.files else { return };
            if let Some(row) = explorer.line_rows.get(row).copied() {
                if row != files.selected_row() {
                    files.select_row(tree, row);
                } else if let Some(node) = files.selected() {
                    at_node(state, node, Action::ViewFile, effects);
                }
            }
        }
        (Focus::Layers, _) => {
            if let Some(layers) = state.layers_mut() {
                let row = layers.scroll.visible().start + row;
                if row < layers.scroll.count() {
                    layers.scroll.select(row);
                }
            }
            compare(state, Action::Down);
        }
        _ => {}
    }
}

/// Toggles the sort order after a click on the column header.
pub(super) fn click_header(state: &mut ScreenState, pane: Focus) {
    focus(state, pane);
    if let (Focus::Files, Stage::Open(explorer)) = (pane, &mut state.stage)
        && let Some(files) = &mut explorer.files
    {
        files.toggle_order(&explorer.opened.tree);
    }
}
