//! Actions in the search in all layers.

use crate::config::Action;
use crate::tui::state::files::Filter;
use crate::tui::state::found::Found;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::{Overlay, ScreenState, Stage};

use super::{Effect, extraction, steps};

/// Opens the search.
pub(super) fn open(state: &mut ScreenState) {
    if state.explorer().is_some() {
        state.overlays.push(Overlay::Found(Found::default()));
        state.open_prompt(PromptKind::Filter, "");
    }
}

/// Searches, if the results are on top. Returns the filter if not.
pub(super) fn set_filter(state: &mut ScreenState, filter: Filter) -> Option<Filter> {
    let (Stage::Open(explorer), Some(Overlay::Found(found))) = (&state.stage, state.overlays.last_mut()) else {
        return Some(filter);
    };
    found.search(&explorer.opened.tree, filter);
    None
}

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Found(found)) = state.overlays.last_mut() else { return };
    steps::move_selection(&mut found.scroll, action);
    if action == Action::FilterFiles {
        let text = found.filter().text().to_owned();
        return state.open_prompt(PromptKind::Filter, &text);
    }
    let Some(row) = found.selected().copied() else { return };
    match (action, row.event.version) {
        (Action::GoToFile, _) => enter(state),
        (Action::FileHistory, _) => steps::show_history(state, row.node),
        (Action::CopyPath, _) => {
            let path = explorer.opened.tree.path(row.node);
            steps::copy(state, &path, effects);
        }
        (Action::ViewVersion, Some(version)) => steps::view(state, version, effects),
        (Action::ExtractFile, Some(version)) => extraction::ask_for_version(state, version),
        (Action::ViewVersion | Action::ExtractFile, None) => {
            state.message = Some("this event has no file version to show".to_owned());
        }
        _ => {}
    }
}

/// Goes to the selected path, in the layer that changed it.
pub(super) fn enter(state: &mut ScreenState) {
    let Some(Overlay::Found(found)) = state.overlays.last() else { return };
    let Some(row) = found.selected().copied() else { return };
    steps::pop_overlay(state);
    steps::go_to(state, row.event.layer, row.node);
}
