//! Steps that several views share: moving a selection, closing an overlay, opening a version of a file, going to a path.

use crate::config::Action;
use crate::tui::state::files::{Filter, Jump};
use crate::tui::state::history::{History, version_before};
use crate::tui::state::layers::CompareMode;
use crate::tui::state::scroll::{Scroll, TextScroll};
use crate::tui::state::viewer::{Viewer, ViewerEffect};
use crate::tui::state::warnings::Warnings;
use crate::tui::state::{Focus, Motion, Overlay, ScreenState, Stage};
use crate::tui::text::printable;
use crate::tui::worker::{Job, JobId};
use dive_model::layer::LayerIndex;
use dive_model::shell::shell_word;
use dive_model::tree::history::HistoryEvent;
use dive_model::tree::{Change, NodeId, SpanId};

use super::{Effect, extraction};

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

/// Removes the top overlay. Keeps the tabs of the waste view, to reopen them in the same state.
pub(super) fn pop_overlay(state: &mut ScreenState) {
    match state.overlays.pop() {
        Some(Overlay::Waste(waste)) => state.closed_waste = Some(waste),
        Some(Overlay::Advised(advised)) => state.closed_advised = Some(advised),
        _ => {}
    }
}

/// Lists the warnings, or says that there are none.
pub(super) fn show_warnings(state: &mut ScreenState) {
    if state.warning_count() == 0 {
        state.message = Some("there are no warnings".to_owned());
    } else {
        state.overlays.push(Overlay::Warnings(Warnings::default()));
    }
}

/// The path of a row in a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListedPath {
    /// The path.
    pub(super) node: NodeId,
    /// The version that the row is about.
    pub(super) version: Option<SpanId>,
    /// The layer that removes the version. `None` if the row is about a layer that stores it.
    pub(super) removed_by: Option<LayerIndex>,
    /// The message if an action needs a version and the row has none.
    pub(super) without_version: &'static str,
}

impl ListedPath {
    /// The path of an event of its history.
    pub(super) fn of_event(node: NodeId, event: &HistoryEvent) -> Self {
        let removed_by = Some(event.layer).filter(|_| event.action.removes());
        Self { node, version: event.version, removed_by, without_version: NO_FILE_AFTER }
    }
}

/// The message for a row about a removal.
const NO_FILE_AFTER: &str = "there is no file to show after this change";

/// Applies an action to the path of the selected row.
pub(super) fn act_on_path(state: &mut ScreenState, path: ListedPath, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &state.stage else { return };
    match (action, path.version) {
        (Action::FileHistory, _) => show_history(state, path.node),
        (Action::CopyPath, _) => {
            let path = explorer.opened.tree.path(path.node);
            copy(state, &path, effects);
        }
        (Action::ViewFile | Action::ViewVersion, Some(version)) => view(state, version, effects),
        (Action::ExtractFile, Some(version)) => extraction::ask_for_version(state, version),
        (Action::ShowDiff, _) if path.removed_by.is_some() => state.message = path.removed_by.map(no_version_after),
        (Action::ShowDiff, Some(version)) => show_diff(state, None, version, effects),
        (Action::ViewFile | Action::ViewVersion | Action::ShowDiff | Action::ExtractFile, None) => {
            state.message = Some(path.without_version.to_owned());
        }
        _ => {}
    }
}

/// The message if a removed version is compared: the layer has no other one.
pub(super) fn no_version_after(layer: LayerIndex) -> String {
    format!("layer {layer} removes the path; there is no version to compare with")
}

/// Opens the history of a path.
pub(super) fn show_history(state: &mut ScreenState, node: NodeId) {
    let Stage::Open(explorer) = &state.stage else { return };
    let history = History::new(&explorer.opened.tree, node, explorer.layers.layer());
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

/// Opens the viewer for the difference between a version and `before`, or the version of the path before it.
pub(super) fn show_diff(state: &mut ScreenState, before: Option<SpanId>, version: SpanId, effects: &mut Vec<Effect>) {
    let overlay_id = state.next_overlay_id();
    let Stage::Open(explorer) = &state.stage else { return };
    let tree = &explorer.opened.tree;
    let Some(before) = before.filter(|before| *before != version).or_else(|| version_before(tree, version)) else {
        state.message = Some("there is no version before this one".to_owned());
        return;
    };
    match Viewer::compare(overlay_id, tree, &explorer.opened.image.layers, (before, version)) {
        Ok((viewer, request)) => {
            state.overlays.push(Overlay::Viewer(Box::new(viewer), version));
            effects.push(Effect::Start(Box::new(Job::Compare(request))));
        }
        Err(why) => state.message = Some(why),
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

/// Moves focus to a pane.
pub(super) fn focus(state: &mut ScreenState, focus: Focus) {
    state.focus = focus;
    if matches!(focus, Focus::LayerDetails | Focus::ImageDetails) {
        state.last_details = focus;
    }
}

/// Sends a path to the clipboard, quoted for a shell if needed.
pub(super) fn copy(state: &mut ScreenState, path: &[u8], effects: &mut Vec<Effect>) {
    let text = shell_word(path);
    state.message = Some(match std::str::from_utf8(path) {
        Ok(path) if path == text => format!("Copied: {text}"),
        _ => format!("Copied (shell-quoted): {}", printable(&text)),
    });
    effects.push(Effect::Copy(text));
}

/// Selects a layer and a path. Removes the filter and unhides all kinds of change if they hide the path.
pub(super) fn go_to(state: &mut ScreenState, layer: LayerIndex, node: NodeId) {
    focus(state, Focus::Files);
    let Stage::Open(explorer) = &mut state.stage else { return };
    explorer.layers.select(layer);
    explorer.compare();
    let tree = &explorer.opened.tree;
    let Some(files) = &mut explorer.files else { return };
    if files.jump_to(tree, node) == Jump::Nowhere {
        files.set_filter(tree, Filter::none());
        for change in [Change::Added, Change::Modified, Change::Removed, Change::Unmodified] {
            if !files.kinds().contain(change) {
                files.toggle_kind(tree, change);
            }
        }
        if files.jump_to(tree, node) == Jump::Nowhere {
            state.message = Some("the path is not in this layer's file system".to_owned());
        }
    }
}

/// Selects a layer in the panes.
pub(super) fn select_layer(state: &mut ScreenState, layer: LayerIndex) {
    while !state.overlays.is_empty() {
        pop_overlay(state);
    }
    if let Some(layers) = state.layers_mut() {
        layers.select(layer);
    }
    compare(state, Action::Down);
}

/// Applies an action to the comparison, then updates the file tree. Called after each change of the selected layer.
pub(super) fn compare(state: &mut ScreenState, action: Action) {
    if let Some(layers) = state.layers_mut() {
        match action {
            Action::CompareAll => layers.mode = CompareMode::Aggregated,
            Action::CompareLayer => layers.mode = CompareMode::Layer,
            Action::MarkBase => layers.mark_base(),
            _ => {}
        }
    }
    match &mut state.stage {
        Stage::Open(explorer) => {
            if action == Action::ToggleEmptySteps {
                explorer.layers.toggle_steps(&explorer.opened.image);
            }
            explorer.compare();
        }
        Stage::Reading(reading) if action == Action::ToggleEmptySteps => reading.layers.toggle_steps(&reading.image),
        _ => {}
    }
    state.layer_details.step(isize::MIN);
}
