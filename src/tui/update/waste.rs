//! Actions in the waste view.

use crate::config::Action;
use crate::tui::content::waste::WasteColumns;
use crate::tui::layout::inside;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::waste::{Waste, WasteRow, hidden_version};
use crate::tui::state::{Overlay, ScreenState, Stage};

use super::steps::ListedPath;
use super::{Effect, advised, steps};

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
    let version = waste.selected_file(exact).and_then(|file| hidden_version(tree, file));
    match (action, waste.selected_node(exact)) {
        (Action::WasteView, _) => steps::pop_overlay(state),
        (Action::ToggleView, _) => advised::switch_to(state, effects),
        (Action::FilterFiles, _) => {
            let text = waste.filter().text().to_owned();
            state.open_prompt(PromptKind::Filter, &text);
        }
        (_, None) => {}
        (Action::ToggleSortOrder, Some(_)) => waste.sort_next(tree, exact),
        (Action::GoToFile, Some(_)) => enter(state),
        (action, Some(node)) => {
            let path = ListedPath {
                node,
                version,
                removed_by: None,
                without_version: "this is a group; open it and choose a file",
            };
            steps::act_on_path(state, path, action, effects);
        }
    }
}

/// True if a tab of the view is on top and has a filter.
pub(super) fn has_filter(state: &ScreenState) -> bool {
    match state.overlays.last() {
        Some(Overlay::Waste(waste)) => !waste.filter().is_empty(),
        Some(Overlay::Advised(advised)) => !advised.filter().is_empty(),
        _ => false,
    }
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
    let columns = WasteColumns::of(explorer, inside(state.layout.overlay).width.into(), waste.order());
    waste.sort(&explorer.opened.tree, &explorer.opened.analysis.exact, columns.order_at(column.into()));
}
