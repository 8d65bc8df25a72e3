//! State in, cells out: nothing here changes anything.

mod details;
mod extraction;
mod files;
mod footer;
mod help;
mod history;
mod layers;
mod loading;
mod pane;
mod viewer;
mod waste;

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::layout::{MIN_HEIGHT, MIN_WIDTH};
use super::state::{Focus, Overlay, Stage, State};

pub(super) use waste::order_at as waste_order_at;

/// Draws the whole screen.
pub fn draw(state: &State, frame: &mut Frame<'_>) {
    let layout = &state.layout;
    let area = frame.area();
    // The terminal has another size already; its event is on the way, and nothing laid out for the old one may be drawn.
    if (area.width, area.height) != state.size {
        return;
    }
    if !layout.fits {
        return too_small(state, frame);
    }
    let covered = layout.overlay.width == layout.footer.width;
    if !covered {
        panes(state, frame);
    }
    if let Some(overlay) = state.overlays.last() {
        frame.render_widget(Clear, layout.overlay);
        match overlay {
            Overlay::Help(help) => help::draw(state, help, frame, layout.overlay),
            Overlay::Waste(waste) => {
                if let Some(explorer) = state.explorer() {
                    waste::draw(state, explorer, waste, frame, layout.overlay);
                }
            }
            Overlay::History(history) => {
                if let Some(explorer) = state.explorer() {
                    history::draw(state, explorer, history, frame, layout.overlay);
                }
            }
            Overlay::Viewer(viewer, _) => viewer::draw(state, viewer, frame, layout.overlay),
            Overlay::Extraction(extraction) => extraction::draw(state, extraction, frame, layout.overlay),
        }
    }
    footer::draw(state, frame);
}

fn panes(state: &State, frame: &mut Frame<'_>) {
    let layout = &state.layout;
    layers::draw(state, frame, layout.layers);
    details::draw(state, Focus::LayerDetails, frame, layout.layer_details);
    details::draw(state, Focus::ImageDetails, frame, layout.image_details);
    match &state.stage {
        Stage::Open(explorer) => files::draw(state, explorer, frame, layout.files),
        _ => loading::draw(state, frame, layout.files),
    }
}

/// Says what the screen needs.
fn too_small(state: &State, frame: &mut Frame<'_>) {
    let (width, height) = state.size;
    let lines = vec![
        Line::from("The terminal is too small."),
        Line::from(format!("It has {width}x{height},")),
        Line::from(format!("dive needs {MIN_WIDTH}x{MIN_HEIGHT}.")),
        Line::from("Make it larger, or press q."),
    ];
    let area = frame.area();
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    let area = Rect::new(area.x, area.y + top, area.width, area.height - top);
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), area);
}

/// How many rows the contents of panes have that only the view can count.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heights {
    /// Lines of the box over the panes.
    pub(super) in_box: usize,
    /// Lines above the list of what stands over the panes.
    pub(super) overlay_head: usize,
    /// Lines of the selected layer's details.
    pub(super) layer_details: usize,
    /// Lines of the image's details.
    pub(super) image_details: usize,
}

/// Lines of a box over the panes that has so many columns inside.
pub(super) fn box_lines(state: &State, width: u16) -> usize {
    match state.overlays.last() {
        Some(Overlay::Help(help)) => help::height(state, help, width),
        Some(Overlay::Extraction(extraction)) => extraction::height(extraction, width),
        _ => 0,
    }
}

/// Counts what the view would draw.
pub(super) fn heights(state: &State) -> Heights {
    let layout = &state.layout;
    Heights {
        in_box: box_lines(state, super::layout::inside(layout.overlay).width),
        overlay_head: overlay_head(state),
        layer_details: details::height(state, Focus::LayerDetails, layout.layer_details),
        image_details: details::height(state, Focus::ImageDetails, layout.image_details),
    }
}

/// Lines above the first row of what stands over the panes.
pub(super) fn overlay_head(state: &State) -> usize {
    match state.overlays.last() {
        Some(Overlay::Waste(waste)) => waste::head_height(waste),
        Some(Overlay::History(_)) => 1,
        Some(Overlay::Viewer(viewer, _)) => viewer::head_height(viewer),
        Some(Overlay::Help(_) | Overlay::Extraction(_)) | None => 0,
    }
}
