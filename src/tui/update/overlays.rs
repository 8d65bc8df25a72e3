//! Actions in overlays.

use crate::config::Action;
use crate::tui::layout::inside;
use crate::tui::state::extraction::{ExtractionDialog, ExtractionStage};
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::scroll::{Scroll, TextScroll};
use crate::tui::state::viewer::{Viewer, ViewerEffect};
use crate::tui::state::{Motion, Overlay, ScreenState, Stage};
use crate::tui::worker::{Job, JobId};
use dive_model::extract::{LayerBlobs, OnConflict, Options};
use dive_model::tree::{NodeId, SpanId};

use super::{Effect, extraction, panes};

/// Closes the top overlay. An extraction that is writing is only cancelled: the dialog stays to report what was
/// written.
pub(super) fn close(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    match state.overlays.last() {
        Some(Overlay::Viewer(viewer, _)) => {
            effects.push(Effect::Cancel(JobId::Fetch(viewer.overlay_id())));
            effects.push(Effect::Cancel(JobId::Search(viewer.overlay_id())));
        }
        Some(Overlay::Extraction(extraction)) => {
            effects.push(Effect::Cancel(JobId::Extract(extraction.overlay_id)));
            if matches!(extraction.stage, ExtractionStage::Writing(_)) {
                return;
            }
        }
        _ => {}
    }
    pop_overlay(state);
}

/// Removes the top overlay. Keeps the waste view, to reopen it in the same state.
fn pop_overlay(state: &mut ScreenState) {
    if let Some(Overlay::Waste(waste)) = state.overlays.pop() {
        state.closed_waste = Some(waste);
    }
}

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    match state.overlays.last_mut() {
        Some(Overlay::Help(help)) => scroll_text(&mut help.scroll, action),
        Some(Overlay::Warnings(warnings)) => scroll_text(&mut warnings.scroll, action),
        Some(Overlay::Waste(waste)) => {
            move_selection(&mut waste.scroll, action);
            in_waste(state, action, effects);
        }
        Some(Overlay::History(history)) => {
            move_selection(&mut history.scroll, action);
            in_history(state, action, effects);
        }
        Some(Overlay::Viewer(..)) => in_viewer(state, action, effects),
        Some(Overlay::Extraction(dialog)) => {
            scroll_text(&mut dialog.scroll, action);
            in_extraction(state, action, effects);
        }
        None => {}
    }
}

/// Applies a motion to a list.
pub(super) fn move_selection(scroll: &mut Scroll, action: Action) {
    if let Some(motion) = Motion::of(action) {
        scroll.go(motion);
    }
}

/// Applies a motion to a text.
pub(super) fn scroll_text(scroll: &mut TextScroll, action: Action) {
    if let Some(motion) = Motion::of(action) {
        scroll.go(motion);
    }
}

fn in_waste(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last_mut() else { return };
    let (tree, exact) = (&explorer.opened.tree, &explorer.opened.analysis.exact);
    match action {
        Action::ToggleSortOrder => waste.sort_next(tree, exact),
        Action::CopyPath => {
            if let Some(path) = waste.selected(exact).map(|file| tree.path(file.node)) {
                panes::copy(state, &path, effects);
            }
        }
        Action::GoToFile => go_to_waste(state),
        _ => {}
    }
}

/// Goes to the selected file, in the layer that contains its bytes.
fn go_to_waste(state: &mut ScreenState) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last() else { return };
    let Some(file) = waste.selected(&explorer.opened.analysis.exact) else { return };
    let (layer, node) = (file.layer, file.node);
    pop_overlay(state);
    panes::go_to(state, layer, node);
}

fn in_history(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::History(history)) = state.overlays.last() else { return };
    let (node, version) = (history.node, history.version());
    match (action, version) {
        (Action::ViewFile, Some(version)) => view(state, version, effects),
        (Action::ExtractFile, Some(version)) => extraction::ask_for_version(state, version),
        (Action::ViewFile | Action::ExtractFile, None) => {
            state.message = Some("there is no file to show after this change".to_owned());
        }
        (Action::CopyPath, _) => {
            let path = explorer.opened.tree.path(node);
            panes::copy(state, &path, effects);
        }
        _ => {}
    }
}

/// Opens the history of a path.
pub(super) fn show_history(state: &mut ScreenState, node: NodeId) {
    let Stage::Open(explorer) = &state.stage else { return };
    let history = crate::tui::state::history::History::new(&explorer.opened.tree, node, explorer.layers.layer());
    state.overlays.push(Overlay::History(history));
}

/// Opens the viewer for a version of a file.
pub(super) fn view(state: &mut ScreenState, version: SpanId, effects: &mut Vec<Effect>) {
    let overlay_id = state.next_overlay_id();
    let Stage::Open(explorer) = &state.stage else { return };
    let tree = &explorer.opened.tree;
    let from = tree.span(version).from();
    // Follow links in the file system of the selected layer, unless that no longer has the file.
    let layer = explorer.layers.layer().filter(|layer| tree.span(version).is_visible_at(*layer)).unwrap_or(from);
    let (viewer, request) = Viewer::open(overlay_id, tree, &explorer.opened.image.layers, version, layer);
    state.overlays.push(Overlay::Viewer(Box::new(viewer), version));
    effects.extend(request.map(|request| Effect::Start(Box::new(Job::Fetch(request)))));
}

fn in_viewer(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Viewer(viewer, version)) = state.overlays.last_mut() else { return };
    match action {
        Action::FilterFiles => {
            let pattern = viewer.status().pattern;
            state.open_prompt(PromptKind::Search, &pattern);
        }
        Action::GoToLine => state.open_prompt(PromptKind::Position, ""),
        Action::ExtractFile => {
            let version = *version;
            extraction::ask_for_version(state, version);
        }
        Action::CopyPath => {
            let path = viewer.path().to_vec();
            panes::copy(state, &path, effects);
        }
        action => {
            let effect = viewer.act(action);
            effects.extend(effect.map(|effect| job(viewer, effect)));
        }
    }
}

/// Converts a request of the viewer to an effect.
pub(super) fn job(viewer: &Viewer, effect: ViewerEffect) -> Effect {
    match effect {
        ViewerEffect::Fetch(request) => Effect::Start(Box::new(Job::Fetch(request))),
        ViewerEffect::Search(request) => Effect::Start(Box::new(Job::Search(request))),
        ViewerEffect::StopSearch => Effect::Cancel(JobId::Search(viewer.overlay_id())),
    }
}

fn in_extraction(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let on_conflict = match action {
        Action::OverwriteFiles => OnConflict::Overwrite,
        Action::SkipFiles => OnConflict::Skip,
        _ => return,
    };
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Extraction(dialog)) = state.overlays.last_mut() else { return };
    if matches!(dialog.stage, ExtractionStage::Conflict(_)) {
        effects.push(write(explorer, dialog, on_conflict));
    }
}

/// Starts writing.
pub(super) fn write(
    explorer: &crate::tui::state::Explorer,
    dialog: &mut ExtractionDialog,
    on_conflict: OnConflict,
) -> Effect {
    dialog.stage = ExtractionStage::Writing(dive_model::extract::Progress::default());
    Effect::Start(Box::new(Job::Extract {
        overlay_id: dialog.overlay_id,
        plan: std::sync::Arc::clone(&dialog.plan),
        layers: LayerBlobs::of(&explorer.opened.image, &explorer.opened.damaged_layers),
        folder: dialog.folder.clone(),
        options: Options { on_conflict, special_bits: dialog.special_bits },
    }))
}

pub(super) fn scroll(state: &mut ScreenState, rows: isize) {
    match state.overlays.last_mut() {
        Some(Overlay::Help(help)) => help.scroll.step(rows),
        Some(Overlay::Warnings(warnings)) => warnings.scroll.step(rows),
        Some(Overlay::Waste(waste)) => waste.scroll.step(rows),
        Some(Overlay::History(history)) => history.scroll.step(rows),
        Some(Overlay::Extraction(dialog)) => dialog.scroll.step(rows),
        Some(Overlay::Viewer(viewer, _)) => {
            let motion = if rows < 0 { Motion::Up } else { Motion::Down };
            for _ in 0..rows.unsigned_abs() {
                viewer.go(motion);
            }
        }
        None => {}
    }
}

/// Selects the clicked row. A click on the selected row opens it.
pub(super) fn click_row(state: &mut ScreenState, row: usize, effects: &mut Vec<Effect>) {
    let scroll = match state.overlays.last_mut() {
        Some(Overlay::Waste(waste)) => &mut waste.scroll,
        Some(Overlay::History(history)) => &mut history.scroll,
        _ => return,
    };
    let row = scroll.visible().start + row;
    if row >= scroll.count() {
        return;
    }
    if row != scroll.selected() {
        scroll.select(row);
        return;
    }
    match state.overlays.last() {
        Some(Overlay::Waste(_)) => go_to_waste(state),
        _ => in_history(state, Action::ViewFile, effects),
    }
}

/// Sorts the waste view by the clicked column.
pub(super) fn click_header(state: &mut ScreenState, column: u16) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Waste(waste)) = state.overlays.last_mut() else { return };
    let order = waste.order_at(column, inside(state.layout.body).width);
    waste.sort(&explorer.opened.tree, &explorer.opened.analysis.exact, order);
}
