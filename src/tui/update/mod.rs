//! Applies messages to the state, which no other code changes. Work outside of the state is returned as effects, which
//! `run` carries out.

mod extraction;
mod message;
mod overlays;
mod panes;
mod prompt;
mod settle;

pub use message::{Click, Effect, HitTarget, UpdateMessage};
pub use settle::settle;

use crate::config::Action;

use super::event::WorkerEvent;
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
        Action::Quit | Action::CloseView => overlays::close(state, effects),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Help if matches!(state.overlays.last(), Some(Overlay::Help(_))) => overlays::close(state, effects),
        Action::Help => {
            let of = state.context();
            state.overlays.push(Overlay::Help(Help { of, scroll: TextScroll::default() }));
        }
        action if state.prompt.is_some() => prompt::act(state, action, effects),
        action if !state.overlays.is_empty() => overlays::act(state, action, effects),
        action => panes::act(state, action, effects),
    }
}

fn scroll(state: &mut ScreenState, target: HitTarget, rows: isize) {
    match target {
        HitTarget::Overlay => overlays::scroll(state, rows),
        HitTarget::Pane(focus) => panes::scroll(state, focus, rows),
    }
}

fn click(state: &mut ScreenState, click: Click, effects: &mut Vec<Effect>) {
    state.message = None;
    match click {
        Click::Pane(HitTarget::Pane(focus)) => panes::focus(state, focus),
        Click::Row(HitTarget::Pane(focus), row) => panes::click_row(state, focus, row, effects),
        Click::Header(HitTarget::Pane(focus), _) => panes::click_header(state, focus),
        Click::Row(HitTarget::Overlay, row) => overlays::click_row(state, row, effects),
        Click::Header(HitTarget::Overlay, column) => overlays::click_header(state, column),
        Click::Pane(HitTarget::Overlay) => {}
    }
}

fn apply_worker_event(state: &mut ScreenState, event: WorkerEvent, effects: &mut Vec<Effect>) {
    match (event, &mut state.stage) {
        (WorkerEvent::Fetch(fetched), _) => {
            if let Some(viewer) = viewer(state, fetched.overlay_id) {
                let requested = viewer.fetched(fetched);
                effects.extend(requested.into_iter().map(|effect| overlays::job(viewer, effect)));
            }
        }
        (WorkerEvent::Search(searched), _) => {
            if let Some(viewer) = viewer(state, searched.overlay_id) {
                let requested = viewer.searched(searched);
                effects.extend(requested.map(|effect| overlays::job(viewer, effect)));
            }
        }
        (WorkerEvent::ConflictsChecked(id, conflicts), _) => {
            extraction::conflicts_checked(state, id, conflicts, effects);
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
        (WorkerEvent::BaseFound(base, parts), Stage::Open(explorer)) => explorer.base_found(base, parts),
        // Late reports of a previous stage, or an early one.
        (
            WorkerEvent::Transferred(_)
            | WorkerEvent::BytesRead(_)
            | WorkerEvent::LayerRead { .. }
            | WorkerEvent::BaseFound(..),
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
