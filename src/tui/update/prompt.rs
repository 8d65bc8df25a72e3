//! Keys in a line that text is typed into. The tree can be walked while the filter is being typed.

use crate::config::{Action, Key, KeyPress};
use crate::tui::state::files::Filter;
use crate::tui::state::prompt::{Prompt, PromptKind};
use crate::tui::state::{Overlay, ScreenState};

use super::{Effect, extraction, overlays, panes};

pub(super) fn press(state: &mut ScreenState, key: KeyPress) {
    let Some(prompt) = &mut state.prompt else { return };
    // Nothing left to take back: the line is not wanted.
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
        // While a filter is typed, the other keys are the tree's.
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

/// Does what the line is for.
fn accept(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let Some(prompt) = state.prompt.take_if(|prompt| prompt.error.is_none()) else { return };
    match prompt.kind {
        // It is on already.
        PromptKind::Filter => {}
        PromptKind::Folder => extraction::accept(state, prompt.text(), effects),
        PromptKind::Search => search(state, prompt.text(), effects),
        PromptKind::Position => go_to(state, prompt, effects),
    }
}

/// Goes to a place in a file; a line that names none stays open, to be corrected.
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

/// Searches the content of a file.
fn search(state: &mut ScreenState, pattern: &str, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Viewer(viewer, _)) = state.overlays.last_mut() {
        let effect = viewer.search_for(pattern);
        effects.extend(effect.map(|effect| overlays::job(viewer, effect)));
    }
}

/// Closes the line, and forgets what it was for.
fn cancel(state: &mut ScreenState) {
    match state.prompt.take().map(|prompt| prompt.kind) {
        Some(PromptKind::Filter) => panes::clear_filter(state),
        Some(PromptKind::Folder) => drop(state.overlays.pop()),
        Some(PromptKind::Search | PromptKind::Position) | None => {}
    }
}

/// Applies a filter that was typed. What is typed fast is looked for once: on a large image that takes longer than a key.
pub(super) fn apply_filter(state: &mut ScreenState) {
    if let Some(filter) = state.pending_filter.take() {
        state.set_filter(filter);
    }
}

/// The text changed: a filter shows at once what it does, or what is wrong with it.
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
