//! Lines of panes and overlays. `update` counts them, `view` draws them; long lists build only the visible lines.

pub(in crate::tui) mod advised;
pub(in crate::tui) mod bar;
pub(in crate::tui) mod details;
pub(in crate::tui) mod extraction;
pub(in crate::tui) mod files;
pub(in crate::tui) mod help;
pub(in crate::tui) mod hints;
pub(in crate::tui) mod images;
pub(in crate::tui) mod progress;
pub(in crate::tui) mod warnings;
pub(in crate::tui) mod waste;

use ratatui::layout::Rect;

use super::state::viewer::Viewer;
use super::state::{Focus, Overlay, ScreenState};

/// Number of lines of the top overlay at an inner width.
pub(super) fn overlay_height(state: &ScreenState, width: u16) -> usize {
    match state.overlays.last() {
        Some(Overlay::Help(help)) => help::lines(state, help, width).len(),
        Some(Overlay::Warnings(_)) => warnings::lines(state, width).len(),
        Some(Overlay::Reason(reason)) => images::reason_lines(reason, width.into()).len(),
        Some(Overlay::Extraction(extraction)) => extraction::lines(extraction, width).len(),
        Some(Overlay::Palette(palette)) => palette.count(),
        _ => 0,
    }
}

/// Number of lines of the detail pane `which` in `area`.
pub(super) fn details_height(state: &ScreenState, which: Focus, area: Rect) -> usize {
    if area.is_empty() { 0 } else { details::DetailLines::of(state, which, area).len() }
}

/// Number of lines of the image details above the inefficient files.
pub(super) fn image_head_height(state: &ScreenState, area: Rect) -> usize {
    details::DetailLines::of(state, Focus::ImageDetails, area).head_len()
}

/// Number of lines above the first list row of an overlay, on a terminal of this height.
pub(super) fn head_height(overlay: &Overlay, terminal_height: u16) -> usize {
    match overlay {
        Overlay::Waste(waste) => waste::head_height(waste, terminal_height),
        // The sum and the column header.
        Overlay::Found(_) | Overlay::Advised(_) => 2,
        Overlay::History(_) => 1,
        Overlay::Viewer(viewer, _) => viewer_head_height(viewer),
        Overlay::Help(_) | Overlay::Warnings(_) | Overlay::Extraction(_) | Overlay::Palette(_) | Overlay::Reason(_) => {
            0
        }
    }
}

/// Number of lines above the content of a file: the target of a link.
pub(super) fn viewer_head_height(viewer: &Viewer) -> usize {
    usize::from(viewer.has_content() && !viewer.notes().is_empty())
}
