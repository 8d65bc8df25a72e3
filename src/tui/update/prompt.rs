//! Input in a prompt. While the filter is typed, other keys still move in the file tree.

use crate::config::{Action, Key, KeyPress};
use crate::tui::state::files::Filter;
use crate::tui::state::prompt::{Prompt, PromptKind};
use crate::tui::state::{Overlay, ScreenState};

use super::{Effect, extraction, overlays, panes};

pub(super) fn press(state: &mut ScreenState, key: KeyPress) {
    let Some(prompt) = &mut state.prompt else { return };
    // Backspace in an empty filter closes it.
    if key.key == Key::Backspace && prompt.text().is_empty() && prompt.kind == PromptKind::Filter {
        return cancel(state);
    }
    if prompt.press(key) {
        changed(state);
    }
}

pub(super) fn paste(state: &mut ScreenState, text: &str) {
    if let Some(prompt) = &mut state.prompt {
        prompt.paste(text);
        changed(state);
    }
}

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Some(prompt) = &mut state.prompt else { return };
    match (action, &prompt.kind) {
        (Action::CloseFilterFiles, _) => cancel(state),
        (Action::Accept, _) => accept(state, effects),
        // Other keys apply to the file tree.
        (action, PromptKind::Filter) => panes::in_files(state, action, effects),
        (Action::Left, _) => press(state, Key::Left.into()),
        (Action::Right, _) => press(state, Key::Right.into()),
        (Action::KeepSpecialBits, PromptKind::Folder) => {
            if let Some(Overlay::Extraction(extraction)) = state.overlays.last_mut() {
                extraction.toggle_special_bits();
            }
        }
        _ => {}
    }
}

/// Accepts the text of the prompt.
fn accept(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let Some(prompt) = state.prompt.take_if(|prompt| prompt.error.is_none()) else { return };
    match prompt.kind {
        // Already applied while typed.
        PromptKind::Filter => {}
        PromptKind::Folder => extraction::accept(state, prompt.text(), effects),
        PromptKind::Search => search(state, prompt.text(), effects),
        PromptKind::Position => go_to(state, prompt, effects),
    }
}

/// Goes to a position in the viewer. On invalid text, the prompt stays open with the error.
fn go_to(state: &mut ScreenState, mut prompt: Prompt, effects: &mut Vec<Effect>) {
    let Some(Overlay::Viewer(viewer, _)) = state.overlays.last_mut() else { return };
    match viewer.go_to(prompt.text()) {
        Ok(effect) => effects.extend(effect.map(|effect| overlays::job(viewer, effect))),
        Err(error) => {
            prompt.error = Some(error);
            state.prompt = Some(prompt);
        }
    }
}

/// Starts a search in the viewer.
fn search(state: &mut ScreenState, pattern: &str, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Viewer(viewer, _)) = state.overlays.last_mut() {
        let effect = viewer.search_for(pattern);
        effects.extend(effect.map(|effect| overlays::job(viewer, effect)));
    }
}

/// Closes the prompt without accepting its text.
fn cancel(state: &mut ScreenState) {
    match state.prompt.take().map(|prompt| prompt.kind) {
        Some(PromptKind::Filter) => panes::clear_filter(state),
        Some(PromptKind::Folder) => drop(state.overlays.pop()),
        Some(PromptKind::Search | PromptKind::Position) | None => {}
    }
}

/// Applies the pending filter. Once per frame: on a large image, filtering takes longer than typing a key.
pub(super) fn apply_filter(state: &mut ScreenState) {
    if let Some(filter) = state.pending_filter.take() {
        state.set_filter(filter);
    }
}

/// Reacts to changed text: a filter applies as it is typed, or shows its error.
fn changed(state: &mut ScreenState) {
    let Some(prompt) = &mut state.prompt else { return };
    if prompt.kind != PromptKind::Filter {
        prompt.error = None;
        return;
    }
    match Filter::parse(prompt.text()) {
        Ok(filter) => {
            prompt.error = None;
            state.pending_filter = Some(filter);
        }
        Err(error) => prompt.error = Some(error.to_string()),
    }
}
