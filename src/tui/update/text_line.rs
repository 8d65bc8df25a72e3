//! Keys in a line that text is typed into. The tree can be walked while the filter is being typed.

use crate::config::{Action, Key, KeyPress};
use crate::tui::state::files::Filter;
use crate::tui::state::line::{Line, Purpose};
use crate::tui::state::{Overlay, State};

use super::{Effect, extraction, overlays, panes};

pub(super) fn press(state: &mut State, key: KeyPress) {
    let Some(line) = &mut state.line else { return };
    // Nothing left to take back: the line is not wanted.
    if key.key == Key::Backspace && line.text().is_empty() && line.purpose == Purpose::Filter {
        return cancel(state);
    }
    if line.press(key) {
        changed(state);
    }
}

pub(super) fn paste(state: &mut State, text: &str) {
    if let Some(line) = &mut state.line {
        line.paste(text);
        changed(state);
    }
}

pub(super) fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(line) = &mut state.line else { return };
    match (action, &line.purpose) {
        (Action::CloseFilterFiles, _) => cancel(state),
        (Action::Accept, _) => accept(state, effects),
        // While a filter is typed, the other keys are the tree's.
        (action, Purpose::Filter) => panes::in_files(state, action, effects),
        (Action::Left, _) => press(state, Key::Left.into()),
        (Action::Right, _) => press(state, Key::Right.into()),
        (Action::KeepSpecialBits, Purpose::Folder) => {
            if let Some(Overlay::Extraction(extraction)) = state.overlays.last_mut() {
                extraction.toggle_special_bits();
            }
        }
        _ => {}
    }
}

/// Does what the line is for.
fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(line) = state.line.take_if(|line| line.error.is_none()) else { return };
    match line.purpose {
        // It is on already.
        Purpose::Filter => {}
        Purpose::Folder => extraction::accept(state, line.text(), effects),
        Purpose::Search => search(state, line.text(), effects),
        Purpose::Place => go_to(state, line, effects),
    }
}

/// Goes to a place in a file; a line that names none stays open, to be corrected.
fn go_to(state: &mut State, mut line: Line, effects: &mut Vec<Effect>) {
    let Some(Overlay::Viewer(viewer, _)) = state.overlays.last_mut() else { return };
    match viewer.go_to(line.text()) {
        Ok(effect) => effects.extend(effect.map(|effect| overlays::job(viewer, effect))),
        Err(error) => {
            line.error = Some(error);
            state.line = Some(line);
        }
    }
}

/// Searches the content of a file.
fn search(state: &mut State, pattern: &str, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Viewer(viewer, _)) = state.overlays.last_mut() {
        let effect = viewer.search_for(pattern);
        effects.extend(effect.map(|effect| overlays::job(viewer, effect)));
    }
}

/// Closes the line, and forgets what it was for.
fn cancel(state: &mut State) {
    match state.line.take().map(|line| line.purpose) {
        Some(Purpose::Filter) => panes::clear_filter(state),
        Some(Purpose::Folder) => drop(state.overlays.pop()),
        Some(Purpose::Search | Purpose::Place) | None => {}
    }
}

/// Applies a filter that was typed. What is typed fast is looked for once: on a large image that takes longer than a key.
pub(super) fn apply_filter(state: &mut State) {
    if let Some(filter) = state.typed_filter.take() {
        state.set_filter(filter);
    }
}

/// The text changed: a filter shows at once what it does, or what is wrong with it.
fn changed(state: &mut State) {
    let Some(line) = &mut state.line else { return };
    if line.purpose != Purpose::Filter {
        line.error = None;
        return;
    }
    match Filter::parse(line.text()) {
        Ok(filter) => {
            line.error = None;
            state.typed_filter = Some(filter);
        }
        Err(error) => line.error = Some(error.to_string()),
    }
}
