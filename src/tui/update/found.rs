//! Actions in the search in all layers.

use crate::config::Action;
use crate::tui::state::found::Found;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::{Overlay, ScreenState};

use super::steps::ListedPath;
use super::{Effect, steps};

/// Opens the search.
pub(super) fn open(state: &mut ScreenState) {
    if state.explorer().is_some() {
        state.overlays.push(Overlay::Found(Found::default()));
        state.open_prompt(PromptKind::Filter, "");
    }
}

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Found(found)) = state.overlays.last_mut() else { return };
    steps::move_selection(&mut found.scroll, action);
    if matches!(action, Action::FilterFiles | Action::SearchAll) {
        let text = found.filter().text().to_owned();
        return state.open_prompt(PromptKind::Filter, &text);
    }
    let Some(row) = found.selected() else { return };
    let path = ListedPath::of_event(row.node, &row.event);
    match action {
        Action::GoToFile => enter(state),
        action => steps::act_on_path(state, path, action, effects),
    }
}

/// Goes to the selected path, in the layer that changed it.
pub(super) fn enter(state: &mut ScreenState) {
    let Some(Overlay::Found(found)) = state.overlays.last() else { return };
    let Some(row) = found.selected().copied() else { return };
    steps::pop_overlay(state);
    steps::go_to(state, row.event.layer, row.node);
}
