//! Actions in the waste view.

use crate::config::Action;
use crate::tui::content::waste::WasteColumns;
use crate::tui::layout::inside;
use crate::tui::state::files::Filter;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::waste::{Waste, WasteRow, hidden_version};
use crate::tui::state::{Overlay, ScreenState, Stage};

use super::{Effect, extraction, steps};

/// Opens the view as it was closed.
pub(super) fn open(state: &mut ScreenState) {
    let Stage::Open(explorer) = &state.stage else { return };
    let fresh = || Waste::new(&explorer.opened.tree, &explorer.opened.analysis.exact);
    let waste = state.closed_waste.take().unwrap_or_else(fresh);
    state.overlays.push(Overlay::Waste(waste));
}

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last_mut() else { return };
    steps::move_selection(&mut waste.scroll, action);
    let (tree, exact) = (&explorer.opened.tree, &explorer.opened.analysis.exact);
    let file = waste.selected_file(exact);
    let version = file.and_then(|file| hidden_version(tree, file));
    let Some(node) = waste.selected_node(exact) else {
        return if action == Action::FilterFiles { open_filter(state) } else { act_without_row(state, action) };
    };
    match (action, version) {
        (Action::ToggleSortOrder, _) => waste.sort_next(tree, exact),
        (Action::CopyPath, _) => {
            let path = tree.path(node);
            steps::copy(state, &path, effects);
        }
        (Action::GoToFile, _) => enter(state),
        (Action::FileHistory, _) => steps::show_history(state, node),
        (Action::ViewVersion, Some(version)) => steps::view(state, version, effects),
        (Action::ExtractFile, Some(version)) => extraction::ask_for_version(state, version),
        (Action::ViewVersion | Action::ExtractFile, None) => {
            state.message = Some("this is a group; open it and choose a file".to_owned());
        }
        (Action::FilterFiles, _) => open_filter(state),
        (action, _) => act_without_row(state, action),
    }
}

/// Applies an action that needs no selected row.
fn act_without_row(state: &mut ScreenState, action: Action) {
    if action == Action::WasteView {
        steps::pop_overlay(state);
    }
}

fn open_filter(state: &mut ScreenState) {
    let Some(Overlay::Waste(waste)) = state.overlays.last() else { return };
    let text = waste.filter().text().to_owned();
    state.open_prompt(PromptKind::Filter, &text);
}

/// Applies a filter to the view, if it is on top. Returns the filter if not.
pub(super) fn set_filter(state: &mut ScreenState, filter: Filter) -> Option<Filter> {
    let (Stage::Open(explorer), Some(Overlay::Waste(waste))) = (&state.stage, state.overlays.last_mut()) else {
        return Some(filter);
    };
    waste.set_filter(&explorer.opened.tree, &explorer.opened.analysis.exact, filter);
    None
}

/// True if the view is on top and has a filter.
pub(super) fn has_filter(state: &ScreenState) -> bool {
    matches!(state.overlays.last(), Some(Overlay::Waste(waste)) if !waste.filter().is_empty())
}

/// Opens or closes a group; goes to a file in the layer that contains its bytes.
pub(super) fn enter(state: &mut ScreenState) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last_mut() else { return };
    let (tree, exact) = (&explorer.opened.tree, &explorer.opened.analysis.exact);
    match (waste.selected(), waste.selected_file(exact)) {
        (Some(WasteRow::Group(_)), _) => waste.toggle(tree, exact),
        (_, Some(file)) => {
            let (layer, node) = (file.layer, file.node);
            steps::pop_overlay(state);
            steps::go_to(state, layer, node);
        }
        _ => {}
    }
}

/// Sorts by the clicked column.
pub(super) fn click_header(state: &mut ScreenState, column: u16) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last_mut() else { return };
    let columns = WasteColumns::of(explorer, inside(state.layout.overlay).width.into());
    waste.sort(&explorer.opened.tree, &explorer.opened.analysis.exact, columns.order_at(column.into()));
}
