//! Applies messages to the state, which no other code changes. Work outside of the state is returned as effects, which
//! `run` carries out.

mod advised;
mod details;
mod extraction;
mod filter;
mod found;
mod images;
mod message;
mod overlays;
mod panes;
mod prompt;
mod settle;
mod steps;
mod waste;

use overlays::ClickedRow;

pub use message::{Click, Effect, HitTarget, UpdateMessage};
pub use settle::settle;

use std::sync::Arc;

use crate::config::Action;

use super::content;
use super::event::WorkerEvent;
use super::state::palette::{Offer, Palette};
use super::state::prompt::PromptKind;
use super::state::scroll::TextScroll;
use super::state::viewer::Viewer;
use super::state::{Help, Overlay, OverlayId, ScreenState, Stage};

/// Applies a message to the state. Call `settle` before drawing the state or reading its layout.
pub fn update(state: &mut ScreenState, message: UpdateMessage) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        UpdateMessage::Act(action) => {
            state.message = None;
            act(state, action, &mut effects);
        }
        UpdateMessage::Press(key) => prompt::press(state, key),
        UpdateMessage::Paste(text) => prompt::paste(state, &text),
        UpdateMessage::Resize(width, height) => state.size = (width, height),
        UpdateMessage::Scroll(target, rows) => scroll(state, target, rows),
        UpdateMessage::Click(click) => self::click(state, click, &mut effects),
        UpdateMessage::GrabDivider => state.dragging = true,
        UpdateMessage::MoveDivider(column) => {
            let share = 1.0 - f64::from(column) / f64::from(state.size.0.max(1));
            state.tree_share = share.clamp(0.0, 1.0);
        }
        UpdateMessage::DropDivider => state.dragging = false,
        UpdateMessage::Background(background) => state.settings.follow(background),
        UpdateMessage::NotReopened(why) => state.not_reopened(&why),
        UpdateMessage::NotOpened(why) => effects.extend(state.not_opened(why).into_iter().map(Effect::Cancel)),
        UpdateMessage::NotStarted(why) => extraction::not_started(state, why),
        UpdateMessage::Worker(event) => apply_worker_event(state, event, &mut effects),
    }
    effects
}

fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    match action {
        // On a terminal that is too small, open overlays are invisible: quit without closing them one by one.
        Action::Quit if !state.layout.fits => effects.push(Effect::Quit),
        Action::Quit if state.prompt.is_some() => prompt::act(state, Action::CloseFilterFiles, effects),
        Action::Quit if state.overlays.is_empty() => effects.push(Effect::Quit),
        Action::CloseView if waste::has_filter(state) => filter::clear(state),
        Action::Quit | Action::CloseView => overlays::close(state, effects),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Help if matches!(state.overlays.last(), Some(Overlay::Help(_))) => overlays::close(state, effects),
        Action::Help => {
            let of = state.context();
            state.overlays.push(Overlay::Help(Help { of, scroll: TextScroll::default() }));
        }
        Action::CommandPalette => open_palette(state, Offer::Everything),
        // Only one thread at a time opens an image.
        Action::ShowImages if state.explorer().is_none() => {
            state.message = Some("the image is still being read".to_owned());
        }
        Action::ShowImages if state.image().is_none_or(|image| !image.has_others()) => {
            state.message = Some("this source has only one image".to_owned());
        }
        Action::ShowImages => open_palette(state, Offer::Images),
        action if state.prompt.is_some() => prompt::act(state, action, effects),
        action if !state.overlays.is_empty() => overlays::act(state, action, effects),
        action if state.is_choosing() => images::act(state, action, effects),
        action => panes::act(state, action, effects),
    }
}

fn open_palette(state: &mut ScreenState, offer: Offer) {
    let is_available = |action| content::hints::is_available(state, action);
    let image = state.explorer().and(state.image());
    let palette = Palette::new(&state.settings.keymap, state.context(), offer, image, is_available);
    state.overlays.push(Overlay::Palette(palette));
    state.open_prompt(PromptKind::Command, "");
}

fn scroll(state: &mut ScreenState, target: HitTarget, rows: isize) {
    match target {
        HitTarget::Overlay => overlays::scroll(state, rows),
        HitTarget::Images => images::scroll(state, rows),
        HitTarget::Pane(focus) => panes::scroll(state, focus, rows),
    }
}

fn click(state: &mut ScreenState, click: Click, effects: &mut Vec<Effect>) {
    state.message = None;
    match click {
        Click::Pane(HitTarget::Pane(focus)) => steps::focus(state, focus),
        Click::Row(HitTarget::Pane(focus), row) => panes::click_row(state, focus, row, effects),
        Click::Header(HitTarget::Pane(focus), _) => panes::click_header(state, focus),
        Click::Row(HitTarget::Images, row) => images::click_row(state, row, effects),
        Click::Header(HitTarget::Images, column) => images::click_header(state, column),
        Click::Row(HitTarget::Overlay, row) => {
            let clicked = overlays::click_row(state, row, effects);
            if clicked == ClickedRow::Again && matches!(state.overlays.last(), Some(Overlay::Palette(_))) {
                prompt::act(state, Action::Accept, effects);
            }
        }
        Click::Header(HitTarget::Overlay, column) => {
            waste::click_header(state, column);
            advised::click_header(state, column);
        }
        Click::Pane(HitTarget::Overlay | HitTarget::Images) => {}
    }
}

fn apply_worker_event(state: &mut ScreenState, event: WorkerEvent, effects: &mut Vec<Effect>) {
    match (event, &mut state.stage) {
        (WorkerEvent::Fetch(fetched), _) => {
            if let Some(viewer) = viewer(state, fetched.overlay_id) {
                let requested = viewer.fetched(fetched);
                effects.extend(requested.into_iter().map(|effect| steps::job(viewer, effect)));
            }
        }
        (WorkerEvent::Search(searched), _) => {
            if let Some(viewer) = viewer(state, searched.overlay_id) {
                let requested = viewer.searched(searched);
                effects.extend(requested.map(|effect| steps::job(viewer, effect)));
            }
        }
        (WorkerEvent::ConflictsChecked(id, conflicts), _) => {
            extraction::conflicts_checked(state, id, conflicts, effects);
        }
        (WorkerEvent::FolderCompleted { overlay_id, typed, completed }, _) => {
            extraction::folder_completed(state, overlay_id, &typed, &completed);
        }
        (WorkerEvent::ExtractionProgress(id, progress), _) => extraction::progressed(state, id, progress),
        (WorkerEvent::ExtractionEnded(id, report), _) => extraction::ended(state, id, report),
        (WorkerEvent::Transferred(progress), Stage::Finding(transfer)) => *transfer = Some(progress),
        (WorkerEvent::ImageFound(image), _) => state.image_found(image),
        (WorkerEvent::BytesRead(read), Stage::Reading(reading)) => reading.read = reading.read.max(read),
        (WorkerEvent::LayerRead { layer, size_bytes }, Stage::Reading(reading)) => {
            if let Some(size) = reading.sizes.get_mut(layer.get()) {
                *size = Some(size_bytes);
            }
        }
        (WorkerEvent::Opened(opened, totals), _) => state.image_opened(opened, totals),
        (WorkerEvent::BaseFound { image, base, parts }, Stage::Open(explorer))
            if Arc::ptr_eq(&image, &explorer.opened.image) =>
        {
            explorer.base_found(base, parts);
            advised::base_changed(state, effects);
        }
        (WorkerEvent::List(event), _) => images::reported(state, event),
        (WorkerEvent::Advised { image, advice }, _) => advised::found(state, &image, &advice),
        // Late reports of a previous stage or image, or an early one.
        (
            WorkerEvent::Transferred(_)
            | WorkerEvent::BytesRead(_)
            | WorkerEvent::LayerRead { .. }
            | WorkerEvent::BaseFound { .. },
            _,
        ) => {}
    }
}

/// The viewer with this id. `None` if it is closed.
fn viewer(state: &mut ScreenState, overlay_id: OverlayId) -> Option<&mut Viewer> {
    state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Viewer(viewer, _) if viewer.overlay_id() == overlay_id => Some(viewer.as_mut()),
        _ => None,
    })
}
