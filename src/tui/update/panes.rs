//! Actions in panes: layers, details, file tree.

use crate::config::Action;
use crate::tui::state::files::{ChangeKinds, FileTreePane, Jump, MatchElsewhere};
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::{Attributes, Explorer, Focus, Motion, ScreenState, Stage};
use dive_model::tree::history::LayerAction;
use dive_model::tree::{Change, NodeId, Tree};

use super::{Effect, details, extraction, filter, found, images, steps, waste};

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::ToggleView => {
            let other = if state.focus == Focus::Files { Focus::Layers } else { Focus::Files };
            steps::focus(state, other);
        }
        Action::FilterFiles => open_filter(state),
        Action::CloseFilterFiles if state.pane_filter().is_some() => filter::clear(state),
        Action::CloseFilterFiles => images::back(state, effects),
        Action::SearchAll => found::open(state),
        Action::WasteView => waste::open(state),
        Action::NextMatch | Action::PreviousMatch | Action::NextChange | Action::PreviousChange => {
            if let Stage::Open(explorer) = &mut state.stage {
                state.message = in_tree(explorer, action);
            }
        }
        Action::ShowWarnings => steps::show_warnings(state),
        action => match state.focus {
            Focus::Layers => in_layers(state, action),
            Focus::LayerDetails | Focus::ImageDetails => details::act(state, action),
            Focus::Files => in_files(state, action, effects),
        },
    }
}

/// Opens the filter prompt with the active filter.
fn open_filter(state: &mut ScreenState) {
    let Some(explorer) = state.explorer() else { return };
    let text = explorer.files.as_ref().and_then(|files| files.filter()).map_or("", |filter| filter.text()).to_owned();
    state.focus = Focus::Files;
    state.open_prompt(PromptKind::Filter, &text);
}

fn in_layers(state: &mut ScreenState, action: Action) {
    match action {
        Action::Right => {
            return steps::focus(
                state,
                if state.layout.layer_details.is_empty() { state.last_details } else { Focus::LayerDetails },
            );
        }
        Action::Left => return,
        _ => {}
    }
    let Some(layers) = state.layers_mut() else { return };
    steps::move_selection(&mut layers.scroll, action);
    steps::compare(state, action);
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
        Action::ViewFile | Action::FileHistory | Action::ShowDiff | Action::ExtractFile | Action::CopyPath => {
            match explorer.selected_node() {
                Some(node) => at_node(state, node, action, effects),
                None => state.message = Some("the tree shows no file".to_owned()),
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
        Action::FileHistory => steps::show_history(state, node),
        Action::ExtractFile => extraction::ask_for_node(state, node),
        Action::ShowDiff => {
            let Some(comparison) = explorer.files.as_ref().map(FileTreePane::comparison) else { return };
            if comparison.change(node) == Some(Change::Removed) {
                state.message = Some(steps::no_version_after(comparison.scope().target));
                return;
            }
            let before = comparison.scope().base.and_then(|base| tree.visible(node, base));
            if let Some(version) = comparison.span(tree, node) {
                steps::show_diff(state, before, version, effects);
            }
        }
        Action::CopyPath => {
            let path = tree.path(node);
            steps::copy(state, &path, effects);
        }
        _ => {
            let Some(files) = &mut explorer.files else { return };
            match files.comparison().span(tree, node) {
                Some(version) if tree.span(version).kind.is_directory() => files.toggle_collapse(tree),
                Some(version) => steps::view(state, version, effects),
                None => {}
            }
        }
    }
}

/// Applies an action to the file tree. Returns a message if a jump wrapped or found nothing.
fn in_tree(explorer: &mut Explorer, action: Action) -> Option<String> {
    let tree = &explorer.opened.tree;
    let files = explorer.files.as_mut()?;
    let jumped = match action {
        Action::NextMatch | Action::PreviousMatch if files.filter().is_none() => {
            return Some("no filter is active; open the filter first".to_owned());
        }
        Action::NextMatch | Action::PreviousMatch if files.matches() == 0 => return Some(go_elsewhere(explorer)),
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

/// Goes to the first layer with a version that the filter accepts, which this layer does not have.
fn go_elsewhere(explorer: &mut Explorer) -> String {
    let tree = &explorer.opened.tree;
    let elsewhere = explorer.files.as_ref().and_then(|files| files.match_elsewhere(tree));
    let Some(MatchElsewhere { layer, action, .. }) = elsewhere else {
        let hides = explorer.files.as_ref().is_some_and(|files| files.kinds() != ChangeKinds::ALL);
        return if hides { "no file that is shown matches" } else { "no layer has a match" }.to_owned();
    };
    explorer.layers.select(layer);
    explorer.compare();
    let verb = if action == LayerAction::Added { "added" } else { "changed" };
    format!("went to layer {layer}, which {verb} the match")
}

fn apply_to_tree(files: &mut FileTreePane, tree: &Tree, action: Action) {
    if let Some(motion) = Motion::of(action) {
        return files.go(tree, motion);
    }
    match action {
        Action::ToggleCollapseDir => files.toggle_collapse(tree),
        Action::ToggleCollapseAllDir => files.toggle_collapse_all(tree),
        Action::ToggleUnchangedDirs => files.toggle_unchanged(tree),
        Action::ToggleAddedFiles => files.toggle_kind(tree, Change::Added),
        Action::ToggleRemovedFiles => files.toggle_kind(tree, Change::Removed),
        Action::ToggleModifiedFiles => files.toggle_kind(tree, Change::Modified),
        Action::ToggleUnmodifiedFiles => files.toggle_kind(tree, Change::Unmodified),
        Action::ToggleSortOrder => files.toggle_order(tree),
        _ => {}
    }
}

pub(super) fn scroll(state: &mut ScreenState, pane: Focus, rows: isize) {
    match pane {
        Focus::Layers => {
            if let Some(layers) = state.layers_mut() {
                layers.scroll.step(rows.signum());
            }
            steps::compare(state, Action::Down);
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
    steps::focus(state, pane);
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
            steps::compare(state, Action::Down);
        }
        _ => {}
    }
}

/// Toggles the sort order after a click on the column header.
pub(super) fn click_header(state: &mut ScreenState, pane: Focus) {
    steps::focus(state, pane);
    if let (Focus::Files, Stage::Open(explorer)) = (pane, &mut state.stage)
        && let Some(files) = &mut explorer.files
    {
        files.toggle_order(&explorer.opened.tree);
    }
}
