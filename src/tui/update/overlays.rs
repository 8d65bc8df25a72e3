//! Actions in overlays.

use crate::config::Action;
use crate::tui::state::extraction::ExtractionStage;
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::{Motion, Overlay, ScreenState, Stage};
use dive_model::extract::OnConflict;

use super::steps::ListedPath;
use super::{Effect, advised, extraction, found, steps, waste};

/// Closes the top overlay. An extraction that is writing is only cancelled: the dialog stays to report what was
/// written.
pub(super) fn close(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let Some(top) = state.overlays.last() else { return };
    effects.extend(top.jobs().into_iter().map(Effect::Cancel));
    if matches!(top, Overlay::Extraction(extraction) if matches!(extraction.stage, ExtractionStage::Writing(_))) {
        return;
    }
    steps::pop_overlay(state);
}

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    match state.overlays.last_mut() {
        Some(Overlay::Help(help)) => steps::scroll_text(&mut help.scroll, action),
        Some(Overlay::Warnings(warnings)) => steps::scroll_text(&mut warnings.scroll, action),
        Some(Overlay::Reason(reason)) => steps::scroll_text(&mut reason.scroll, action),
        Some(Overlay::Palette(palette)) => steps::move_selection(&mut palette.scroll, action),
        Some(Overlay::Waste(_)) => waste::act(state, action, effects),
        Some(Overlay::Advised(_)) => advised::act(state, action, effects),
        Some(Overlay::Found(_)) => found::act(state, action, effects),
        Some(Overlay::History(history)) => {
            steps::move_selection(&mut history.scroll, action);
            in_history(state, action, effects);
        }
        Some(Overlay::Viewer(..)) => in_viewer(state, action, effects),
        Some(Overlay::Extraction(dialog)) => {
            steps::scroll_text(&mut dialog.scroll, action);
            in_extraction(state, action, effects);
        }
        None => {}
    }
}

fn in_history(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::History(history)) = state.overlays.last() else { return };
    let Some(event) = history.selected() else { return };
    let path = ListedPath::of_event(history.node, event);
    steps::act_on_path(state, path, action, effects);
}

fn in_viewer(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Viewer(viewer, version)) = state.overlays.last_mut() else { return };
    match action {
        Action::FilterFiles => {
            let pattern = viewer.status().pattern;
            state.open_prompt(PromptKind::Search, &pattern);
        }
        Action::GoToLine => state.open_prompt(PromptKind::Position, ""),
        Action::ToggleHex | Action::ExtractFile if viewer.compared().is_some() => {
            state.message = Some("this is a difference; view a version first".to_owned());
        }
        Action::ExtractFile => {
            let version = *version;
            extraction::ask_for_version(state, version);
        }
        Action::CopyPath => {
            let path = viewer.path().to_vec();
            steps::copy(state, &path, effects);
        }
        action => {
            let effect = viewer.act(action);
            effects.extend(effect.map(|effect| steps::job(viewer, effect)));
        }
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
        effects.push(extraction::write(explorer, dialog, on_conflict));
    }
}

pub(super) fn scroll(state: &mut ScreenState, rows: isize) {
    match state.overlays.last_mut() {
        Some(Overlay::Help(help)) => help.scroll.step(rows),
        Some(Overlay::Warnings(warnings)) => warnings.scroll.step(rows),
        Some(Overlay::Reason(reason)) => reason.scroll.step(rows),
        Some(Overlay::Palette(palette)) => palette.scroll.step(rows),
        Some(Overlay::Waste(waste)) => waste.scroll.step(rows),
        Some(Overlay::Advised(advised)) => advised.scroll.step(rows),
        Some(Overlay::Found(found)) => found.scroll.step(rows),
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

/// What a click on a row of a list did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClickedRow {
    /// Selected it.
    Selected,
    /// It was selected before.
    Again,
    /// There is no such row.
    None,
}

/// Selects the clicked row. A click on the selected row opens it.
pub(super) fn click_row(state: &mut ScreenState, row: usize, effects: &mut Vec<Effect>) -> ClickedRow {
    let scroll = match state.overlays.last_mut() {
        Some(Overlay::Palette(palette)) => &mut palette.scroll,
        Some(Overlay::Waste(waste)) => &mut waste.scroll,
        Some(Overlay::Advised(advised)) => &mut advised.scroll,
        Some(Overlay::Found(found)) => &mut found.scroll,
        Some(Overlay::History(history)) => &mut history.scroll,
        _ => return ClickedRow::None,
    };
    let row = scroll.visible().start + row;
    // Below the list may be other text.
    if row >= scroll.visible().end {
        return ClickedRow::None;
    }
    if row != scroll.selected() {
        scroll.select(row);
        return ClickedRow::Selected;
    }
    match state.overlays.last() {
        Some(Overlay::Waste(_)) => waste::enter(state),
        Some(Overlay::Advised(_)) => advised::enter(state),
        Some(Overlay::Found(_)) => found::enter(state),
        Some(Overlay::History(_)) => in_history(state, Action::ViewFile, effects),
        _ => {}
    }
    ClickedRow::Again
}
