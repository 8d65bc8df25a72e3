//! The filter of the view on top: the waste, the advice, the search in all layers, the list of images, or the file tree.

use crate::tui::state::files::Filter;
use crate::tui::state::{Overlay, ScreenState, Stage};

/// Applies a filter to a tab of the waste view or the search in all layers if one is on top, else to the list of images or the file tree.
fn set(state: &mut ScreenState, filter: Filter) {
    if let (Stage::Choosing, Some(list)) = (&state.stage, &mut state.list) {
        return list.set_filter(filter);
    }
    match (&state.stage, state.overlays.last_mut()) {
        (Stage::Open(explorer), Some(Overlay::Waste(waste))) => {
            waste.set_filter(&explorer.opened.tree, &explorer.opened.analysis.exact, filter);
        }
        (Stage::Open(explorer), Some(Overlay::Advised(advised))) => advised.set_filter(&explorer.opened.tree, filter),
        (Stage::Open(explorer), Some(Overlay::Found(found))) => found.search(&explorer.opened.tree, filter),
        _ => state.set_filter(filter),
    }
}

/// Removes the filter.
pub(super) fn clear(state: &mut ScreenState) {
    state.pending_filter = None;
    set(state, Filter::none());
}

/// Applies the pending filter. Once per frame: on a large image, filtering takes longer than typing a key.
pub(super) fn apply_pending(state: &mut ScreenState) {
    if let Some(filter) = state.pending_filter.take() {
        set(state, filter);
    }
}
