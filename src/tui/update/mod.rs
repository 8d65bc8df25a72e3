//! The only place that changes state. A message in, effects out: what is to happen outside of the state is named here and
//! done in `run`.

mod extraction;
mod message;
mod overlays;
mod panes;
mod settle;
mod text_line;

pub use message::{Effect, Message, Place, Pointed};
pub use settle::settle;

use crate::config::Action;

use super::event::Work;
use super::state::scroll::TextScroll;
use super::state::viewer::Viewer;
use super::state::{Help, Overlay, Stage, State};

/// Changes the state as `message` asks. Call `settle` before the state is drawn or its layout is read.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Act(action) => {
            state.message = None;
            act(state, action, &mut effects);
        }
        Message::Press(key) => text_line::press(state, key),
        Message::Paste(text) => text_line::paste(state, &text),
        Message::Resize(width, height) => state.size = (width, height),
        Message::Scroll(place, rows) => scroll(state, place, rows),
        Message::Point(pointed) => point(state, pointed, &mut effects),
        Message::GrabDivider => state.dragging = true,
        Message::MoveDivider(column) => {
            let share = 1.0 - f64::from(column) / f64::from(state.size.0.max(1));
            state.tree_share = share.clamp(0.0, 1.0);
        }
        Message::DropDivider => state.dragging = false,
        Message::NotStarted(why) => extraction::not_started(state, why),
        Message::Work(work) => worked(state, work, &mut effects),
    }
    effects
}

fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    match action {
        // Nobody knows what is open where nothing is seen.
        Action::Quit if !state.layout.fits => effects.push(Effect::Leave),
        Action::Quit if state.line.is_some() => text_line::act(state, Action::CloseFilterFiles, effects),
        Action::Quit if state.overlays.is_empty() => effects.push(Effect::Leave),
        Action::Quit | Action::CloseView => overlays::close(state, effects),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Help if matches!(state.overlays.last(), Some(Overlay::Help(_))) => overlays::close(state, effects),
        Action::Help => {
            let of = state.context();
            state.overlays.push(Overlay::Help(Help { of, scroll: TextScroll::default() }));
        }
        action if state.line.is_some() => text_line::act(state, action, effects),
        action if !state.overlays.is_empty() => overlays::act(state, action, effects),
        action => panes::act(state, action, effects),
    }
}

fn scroll(state: &mut State, place: Place, rows: isize) {
    match place {
        Place::Overlay => overlays::scroll(state, rows),
        Place::Pane(focus) => panes::scroll(state, focus, rows),
    }
}

fn point(state: &mut State, pointed: Pointed, effects: &mut Vec<Effect>) {
    state.message = None;
    match pointed {
        Pointed::Pane(Place::Pane(focus)) => panes::focus(state, focus),
        Pointed::Row(Place::Pane(focus), row) => panes::point(state, focus, row, effects),
        Pointed::Head(Place::Pane(focus), _) => panes::point_head(state, focus),
        Pointed::Row(Place::Overlay, row) => overlays::point(state, row, effects),
        Pointed::Head(Place::Overlay, column) => overlays::point_head(state, column),
        Pointed::Pane(Place::Overlay) => {}
    }
}

fn worked(state: &mut State, work: Work, effects: &mut Vec<Effect>) {
    match (work, &mut state.stage) {
        (Work::Fetched(fetched), _) => {
            if let Some(viewer) = viewer(state, fetched.ticket) {
                let wanted = viewer.fetched(fetched);
                effects.extend(wanted.into_iter().map(|effect| overlays::job(viewer, effect)));
            }
        }
        (Work::Searched(searched), _) => {
            if let Some(viewer) = viewer(state, searched.ticket) {
                let wanted = viewer.searched(searched);
                effects.extend(wanted.map(|effect| overlays::job(viewer, effect)));
            }
        }
        (Work::Looked(ticket, conflicts), _) => extraction::looked(state, ticket, conflicts, effects),
        (Work::Extracting(ticket, progress), _) => extraction::progressed(state, ticket, progress),
        (Work::Extracted(ticket, report), _) => extraction::ended(state, ticket, report),
        (Work::Spooled(progress), Stage::Finding(spooled)) => *spooled = Some(progress),
        (Work::Image(image), _) => state.found(image),
        (Work::Read(read), Stage::Reading(reading)) => reading.read = reading.read.max(read),
        (Work::Layer { layer, size_bytes }, Stage::Reading(reading)) => {
            if let Some(size) = reading.sizes.get_mut(layer.get()) {
                *size = Some(size_bytes);
            }
        }
        (Work::Opened(opened, totals), _) => state.opened(*opened, totals),
        // Late words of what is over.
        (Work::Spooled(_) | Work::Read(_) | Work::Layer { .. }, _) => {}
    }
}

/// The viewer of that number, if it is still open.
fn viewer(state: &mut State, ticket: u64) -> Option<&mut Viewer> {
    state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Viewer(viewer, _) if viewer.ticket() == ticket => Some(viewer.as_mut()),
        _ => None,
    })
}
