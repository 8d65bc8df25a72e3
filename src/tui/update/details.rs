//! Actions in the detail panes. Image Details scrolls as a text until its list of inefficient files is in view, which has
//! a cursor.

use crate::config::Action;
use crate::tui::content;
use crate::tui::state::{Focus, Motion, ScreenState};
use dive_model::tree::NodeId;

use super::steps;

pub(super) fn act(state: &mut ScreenState, action: Action) {
    let is_layer = state.focus == Focus::LayerDetails;
    match action {
        Action::Left if is_layer => steps::focus(state, Focus::Layers),
        Action::Left => steps::focus(state, Focus::LayerDetails),
        Action::Right if is_layer => steps::focus(state, Focus::ImageDetails),
        Action::CompareAll | Action::CompareLayer | Action::MarkBase | Action::ToggleEmptySteps => {
            steps::compare(state, action);
        }
        Action::GoToFile if !is_layer => go_to_file(state),
        _ if is_layer => steps::scroll_text(&mut state.layer_details, action),
        _ => move_in_image(state, action),
    }
}

/// Number of inefficient files.
fn file_count(state: &ScreenState) -> usize {
    state.explorer().map_or(0, |explorer| explorer.opened.analysis.classic.inefficient_files.len())
}

fn move_in_image(state: &mut ScreenState, action: Action) {
    let Some(motion) = Motion::of(action) else { return };
    let head = content::image_head_height(state, state.layout.image_details);
    let Some(last) = file_count(state).checked_sub(1) else { return state.image_details.go(motion) };
    let page = usize::from(state.layout.image_details.height).saturating_sub(3).max(1);
    let file = match (motion, state.inefficient_file) {
        // The text above the list is read first.
        (Motion::Down, None) if !state.image_details.shows(head) => None,
        (Motion::Down, None) => Some(0),
        (Motion::Down, Some(file)) => Some(file + 1),
        // The first file is the largest.
        (Motion::PageDown, None) if state.image_details.shows(head) => Some(0),
        (Motion::PageDown, Some(file)) => Some(file + page),
        (Motion::Up, Some(file)) => file.checked_sub(1),
        (Motion::PageUp, Some(file)) => file.checked_sub(page),
        (Motion::Last, _) => Some(last),
        _ => None,
    };
    state.inefficient_file = file.map(|file| file.min(last));
    match state.inefficient_file {
        Some(file) => state.image_details.reveal(head + file),
        None => state.image_details.go(motion),
    }
}

/// Goes to the selected file, in the last layer that changed it.
fn go_to_file(state: &mut ScreenState) {
    let node = |state: &ScreenState| -> Option<NodeId> {
        let files = &state.explorer()?.opened.analysis.classic.inefficient_files;
        Some(files.get(state.inefficient_file?)?.node)
    };
    let Some((explorer, node)) = state.explorer().zip(node(state)) else { return };
    let last = explorer.opened.tree.history(node).last().map(|event| event.layer);
    if let Some(layer) = last {
        steps::go_to(state, layer, node);
    }
}
