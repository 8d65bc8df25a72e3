//! Actions in the advice tab of the waste view.

use std::sync::Arc;

use crate::config::Action;
use crate::tui::content::advised::AdviceColumns;
use crate::tui::layout::inside;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::{AdviceProgress, Overlay, ScreenState, Stage};
use crate::tui::worker::Job;
use dive_model::advice::Advice;
use dive_model::image::Image;

use super::steps::ListedPath;
use super::{Effect, steps, waste};

/// The message for actions that need a file.
const NO_FILE: &str = "this is a directory; go to it and choose a file";

/// Opens the tab as it was closed, in place of the one on top. Starts to look for advice if nobody has.
pub(super) fn switch_to(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    steps::pop_overlay(state);
    let mut advised = state.closed_advised.take().unwrap_or_default();
    let Stage::Open(explorer) = &state.stage else { return };
    if let (AdviceProgress::Found(advice), None) = (&explorer.advice, advised.advice()) {
        advised.set(&explorer.opened.tree, Arc::clone(advice));
    }
    state.overlays.push(Overlay::Advised(advised));
    look_for_advice(state, effects);
}

/// Starts to look for advice, unless that has begun.
pub(super) fn look_for_advice(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &mut state.stage else { return };
    if matches!(explorer.advice, AdviceProgress::None) {
        explorer.advice = AdviceProgress::Looking;
        let (opened, own) = (Arc::clone(&explorer.opened), explorer.own_boundary());
        effects.push(Effect::Start(Box::new(Job::Advise { opened, own })));
    }
}

/// Forgets the advice for another base. Looks again if the tab is open.
pub(super) fn base_changed(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    state.closed_advised = None;
    if let Stage::Open(explorer) = &mut state.stage {
        explorer.advice = AdviceProgress::None;
    }
    if state.overlays.iter().any(|overlay| matches!(overlay, Overlay::Advised(_))) {
        look_for_advice(state, effects);
    }
}

/// Takes the advice on an image, unless it is another one by now, or has another base.
pub(super) fn found(state: &mut ScreenState, image: &Arc<Image>, advice: &Arc<Advice>) {
    let Stage::Open(explorer) = &mut state.stage else { return };
    let is_of_its_base = explorer.own_boundary().is_none_or(|own| own == advice.own);
    if !Arc::ptr_eq(image, &explorer.opened.image) || !is_of_its_base {
        return;
    }
    explorer.advice = AdviceProgress::Found(Arc::clone(advice));
    let open = state.overlays.iter_mut().filter_map(|overlay| match overlay {
        Overlay::Advised(advised) => Some(advised),
        _ => None,
    });
    let tree = &explorer.opened.tree;
    open.chain(&mut state.closed_advised).for_each(|advised| advised.set(tree, Arc::clone(advice)));
}

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Advised(advised)) = state.overlays.last_mut() else { return };
    steps::move_selection(&mut advised.scroll, action);
    let tree = &explorer.opened.tree;
    let version = advised.version(tree);
    match (action, advised.selected_node()) {
        (Action::WasteView, _) => steps::pop_overlay(state),
        (Action::ToggleView, _) => {
            steps::pop_overlay(state);
            waste::open(state);
        }
        (Action::FilterFiles, _) if advised.has_findings() => {
            let text = advised.filter().text().to_owned();
            state.open_prompt(PromptKind::Filter, &text);
        }
        (Action::ToggleSortOrder, _) if advised.has_findings() => advised.sort_next(tree),
        (Action::GoToFile, _) => enter(state),
        (action, Some(node)) => {
            let path = ListedPath { node, version, removed_by: None, without_version: NO_FILE };
            steps::act_on_path(state, path, action, effects);
        }
        (_, None) => {}
    }
}

/// Opens or closes a finding with several directories; goes to a directory or file in the layer that stores it.
pub(super) fn enter(state: &mut ScreenState) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Advised(advised)) = state.overlays.last_mut() else { return };
    if advised.opens() {
        return advised.toggle(&explorer.opened.tree);
    }
    let Some((layer, summed)) = advised.selected().map(|finding| (finding.layer, finding.summed)) else { return };
    match (layer, advised.selected_node()) {
        (None, _) if summed > 0 => {
            state.message = Some("this is the sum of small findings in several layers, not one place".to_owned());
        }
        (Some(layer), Some(node)) => {
            steps::pop_overlay(state);
            steps::go_to(state, layer, node);
        }
        (Some(layer), None) => steps::select_layer(state, layer),
        (None, _) => state.message = Some("this is about the configuration of the image, not about a path".to_owned()),
    }
}

/// Sorts by the clicked column.
pub(super) fn click_header(state: &mut ScreenState, column: u16) {
    let Stage::Open(explorer) = &state.stage else { return };
    let Some(Overlay::Advised(advised)) = state.overlays.last_mut() else { return };
    let columns = AdviceColumns::of(inside(state.layout.overlay).width.into());
    if let Some(order) = columns.order_at(column.into()) {
        advised.sort(&explorer.opened.tree, order);
    }
}
