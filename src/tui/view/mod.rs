//! Draws the state. Nothing here changes it.

mod advised;
mod details;
mod extraction;
mod files;
mod footer;
mod found;
mod help;
mod history;
mod images;
mod layers;
mod loading;
mod palette;
mod pane;
mod reason;
mod status;
mod viewer;
mod warnings;
mod waste;

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use crate::config::Action;

use super::layout::{MIN_HEIGHT, MIN_WIDTH};
use super::state::{Focus, Overlay, ScreenState, Stage};

/// Draws the whole screen.
pub fn draw(state: &ScreenState, frame: &mut Frame<'_>) {
    let layout = &state.layout;
    let area = frame.area();
    // The terminal was resized and its event is still queued: the layout is for the old size.
    if (area.width, area.height) != state.size {
        return;
    }
    if !layout.fits {
        return draw_too_small(state, frame);
    }
    match state.overlays.iter().rev().find(|overlay| !overlay.is_box()) {
        Some(overlay) => draw_overlay(state, overlay, frame, layout.body),
        None => draw_panes(state, frame),
    }
    if let Some(top) = state.overlays.last().filter(|overlay| overlay.is_box()) {
        frame.render_widget(Clear, layout.overlay);
        draw_overlay(state, top, frame, layout.overlay);
    }
    status::draw(state, frame, layout.status);
    footer::draw(state, frame);
}

/// Draws an overlay.
fn draw_overlay(state: &ScreenState, overlay: &Overlay, frame: &mut Frame<'_>, area: Rect) {
    match (overlay, state.explorer()) {
        (Overlay::Help(help), _) => help::draw(state, help, frame, area),
        (Overlay::Palette(palette), _) => palette::draw(state, palette, frame, area),
        (Overlay::Warnings(list), _) => warnings::draw(state, list, frame, area),
        (Overlay::Reason(reason), _) => reason::draw(state, reason, frame, area),
        (Overlay::Viewer(viewer, version), _) => viewer::draw(state, viewer, *version, frame, area),
        (Overlay::Extraction(extraction), _) => extraction::draw(state, extraction, frame, area),
        (Overlay::Waste(waste), Some(explorer)) => waste::draw(state, explorer, waste, frame, area),
        (Overlay::Advised(advised), Some(explorer)) => advised::draw(state, explorer, advised, frame, area),
        (Overlay::Found(found), Some(explorer)) => found::draw(state, explorer, found, frame, area),
        (Overlay::History(history), Some(explorer)) => history::draw(state, explorer, history, frame, area),
        // These need an open image.
        (Overlay::Waste(_) | Overlay::Advised(_) | Overlay::Found(_) | Overlay::History(_), None) => {}
    }
}

fn draw_panes(state: &ScreenState, frame: &mut Frame<'_>) {
    let layout = &state.layout;
    if let (Stage::Choosing, Some(list)) = (&state.stage, &state.list) {
        return images::draw(state, list, frame, layout.images);
    }
    layers::draw(state, frame, layout.layers);
    details::draw(state, Focus::LayerDetails, frame, layout.layer_details);
    details::draw(state, Focus::ImageDetails, frame, layout.image_details);
    match &state.stage {
        Stage::Open(explorer) => files::draw(state, explorer, frame, layout.files),
        _ => loading::draw(state, frame, layout.files),
    }
}

/// Draws the message for a terminal that is too small.
fn draw_too_small(state: &ScreenState, frame: &mut Frame<'_>) {
    let (width, height) = state.size;
    let quit = state.settings.keymap.hint(state.context(), Action::Quit);
    let leave = quit
        .map_or_else(|| "Make it larger.".to_owned(), |key| format!("Make it larger, or quit with {}.", key.label()));
    let lines = vec![
        Line::from("The terminal is too small."),
        Line::from(format!("It is {width}x{height};")),
        Line::from(format!("dive needs at least {MIN_WIDTH}x{MIN_HEIGHT}.")),
        Line::from(leave),
    ];
    let area = frame.area();
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    let area = Rect::new(area.x, area.y + top, area.width, area.height - top);
    frame.render_widget(Paragraph::new(lines).alignment(Alignment::Center), area);
}
