//! Updates the derived parts of the state: the pending filter, the layout, and the viewport of each list. Runs once per
//! frame, however many events it covers.

use crate::tui::content::{self, files};
use crate::tui::layout::{ContentHeights, ScreenLayout, inside};
use crate::tui::state::{Explorer, Focus, LongLines, Overlay, ScreenState, Stage};
use crate::tui::theme::Theme;

use super::filter;

/// Updates the derived parts of the state. Call it before drawing the state or reading its layout.
pub fn settle(state: &mut ScreenState) {
    filter::apply_pending(state);
    let heights = ContentHeights {
        overlay: &|width| content::overlay_height(state, width),
        image_details: &|area| content::details_height(state, Focus::ImageDetails, area),
    };
    let head = |overlay: &Overlay| content::head_height(overlay, state.size.1);
    state.layout = ScreenLayout::of(state, &heights, state.overlays.last().map_or(0, head));
    if !state.layout.fits {
        // Nothing is visible: lists keep their viewports until the terminal is large enough.
        return;
    }
    if let Some(list) = &mut state.list
        && !state.layout.images.is_empty()
    {
        list.refresh();
        // One row is the column header.
        let other = 1 + content::images::foot_height(state.size);
        list.scroll.set_height(usize::from(inside(state.layout.images).height).saturating_sub(other));
    }
    panes(state);
    overlays(state);
}

/// Updates the visible panes. A hidden pane keeps its viewport.
fn panes(state: &mut ScreenState) {
    let layout = state.layout;
    let rows = |pane| usize::from(inside(pane).height);
    if let Some(list) = state.layers_mut()
        && !layout.layers.is_empty()
    {
        // One row is the column header.
        list.scroll.set_height(rows(layout.layers).saturating_sub(1));
    }
    if let Stage::Open(explorer) = &mut state.stage
        && !layout.files.is_empty()
    {
        let width = usize::from(inside(layout.files).width);
        file_tree(&state.settings.theme, explorer, width, rows(layout.files).saturating_sub(1));
    }
    if !layout.layer_details.is_empty() {
        let lines = content::details_height(state, Focus::LayerDetails, layout.layer_details);
        state.layer_details.set_size(lines, rows(layout.layer_details));
    }
    if !layout.image_details.is_empty() {
        let lines = content::details_height(state, Focus::ImageDetails, layout.image_details);
        state.image_details.set_size(lines, rows(layout.image_details));
    }
}

/// Computes the row on each line of the file tree. With wrapped names, a row takes several lines.
fn file_tree(theme: &Theme, explorer: &mut Explorer, width: usize, height: usize) {
    let long_lines = explorer.long_lines;
    let Some(mut tree) = explorer.files.take() else { return };
    if long_lines == LongLines::Cut {
        tree.set_height(height);
        explorer.line_rows = (tree.first_row()..tree.row_count().min(tree.first_row() + height)).collect();
    } else {
        let first = files::first_row(theme, explorer, &tree, width, height);
        if first != tree.first_row() {
            // Make the cursor's row the last visible one. The previous height may count rows with fewer lines, and
            // would clamp the viewport too early.
            tree.set_height(tree.selected_row() + 1 - first);
        }
        explorer.line_rows = files::line_rows(theme, explorer, &tree, width, height);
        let rows = explorer.line_rows.last().map_or(1, |last| last + 1 - tree.first_row());
        tree.set_height(rows);
    }
    explorer.files = Some(tree);
}

fn overlays(state: &mut ScreenState) {
    let layout = state.layout;
    let size = state.size;
    let in_box = content::overlay_height(state, inside(layout.overlay).width);
    for overlay in &mut state.overlays {
        let area = inside(if overlay.is_box() { layout.overlay } else { layout.body });
        let height = usize::from(area.height);
        let below_head = height.saturating_sub(content::head_height(overlay, size.1));
        match overlay {
            Overlay::Help(help) => help.scroll.set_size(in_box, height),
            Overlay::Warnings(warnings) => warnings.scroll.set_size(in_box, height),
            Overlay::Reason(reason) => reason.scroll.set_size(in_box, height),
            Overlay::Extraction(extraction) => extraction.scroll.set_size(in_box, height),
            Overlay::Palette(palette) => palette.scroll.set_height(height),
            Overlay::Waste(waste) => {
                waste.scroll.set_height(below_head.saturating_sub(content::waste::foot_height(size)));
            }
            Overlay::Advised(advised) => {
                advised.scroll.set_height(below_head.saturating_sub(content::waste::foot_height(size)));
            }
            Overlay::Found(found) => found.scroll.set_height(below_head),
            Overlay::History(history) => history.scroll.set_height(below_head),
            Overlay::Viewer(viewer, _) => viewer.resize(below_head, area.width.into()),
        }
    }
}
