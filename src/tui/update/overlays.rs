//! Actions in what stands over the panes.

use crate::config::Action;
use crate::tui::state::{Overlay, Stage, State};

use super::{Effect, panes};

/// Closes what stands on top.
pub(super) fn close(state: &mut State, _effects: &mut Vec<Effect>) {
    state.overlays.pop();
}

pub(super) fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match state.overlays.last_mut() {
        Some(Overlay::Help(help)) => match action {
            Action::Up => help.scroll.step(-1),
            Action::Down => help.scroll.step(1),
            Action::PageUp => help.scroll.page(-1),
            Action::PageDown => help.scroll.page(1),
            Action::FirstRow => help.scroll.step(isize::MIN),
            Action::LastRow => help.scroll.step(isize::MAX),
            _ => {}
        },
        Some(Overlay::Waste(waste)) => match action {
            Action::Up => waste.scroll.step(-1),
            Action::Down => waste.scroll.step(1),
            Action::PageUp => waste.scroll.page(-1),
            Action::PageDown => waste.scroll.page(1),
            Action::FirstRow => waste.scroll.select(0),
            Action::LastRow => waste.scroll.select(usize::MAX),
            Action::GoToFile => go_to_waste(state),
            Action::ToggleSortOrder => {
                if let Stage::Open(explorer) = &state.stage {
                    waste.sort_next(&explorer.opened.analysis.exact);
                }
            }
            Action::CopyPath => {
                if let Stage::Open(explorer) = &state.stage
                    && let Some(file) = waste.selected(&explorer.opened.analysis.exact)
                {
                    effects.push(Effect::Copy(String::from_utf8_lossy(&file.path).into_owned()));
                }
            }
            _ => {}
        },
        None => {}
    }
}

/// Goes to the selected file, in the layer that holds its bytes.
fn go_to_waste(state: &mut State) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last() else { return };
    let Some(file) = waste.selected(&explorer.opened.analysis.exact) else { return };
    let Some(node) = explorer.opened.loaded.tree.find(&file.path) else { return };
    let layer = file.layer;
    state.overlays.clear();
    panes::go_to(state, layer, node);
}

pub(super) fn scroll(state: &mut State, rows: isize) {
    match state.overlays.last_mut() {
        Some(Overlay::Help(help)) => help.scroll.step(rows),
        Some(Overlay::Waste(waste)) => waste.scroll.step(rows),
        None => {}
    }
}

/// A row was clicked: it is selected; a second click goes to the file.
pub(super) fn point(state: &mut State, row: usize, _effects: &mut Vec<Effect>) {
    let Some(Overlay::Waste(waste)) = state.overlays.last_mut() else { return };
    let row = waste.scroll.seen().start + row;
    if row == waste.scroll.selected() {
        go_to_waste(state);
    } else if row < waste.scroll.count() {
        waste.scroll.select(row);
    }
}

/// The names of the columns were clicked: the list is sorted by the one that was.
pub(super) fn point_head(state: &mut State, column: u16) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last_mut() else { return };
    waste.sort(&explorer.opened.analysis.exact, crate::tui::view::waste_order_at(column));
}
