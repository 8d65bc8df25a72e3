//! Keys in a line that text is typed into. The tree can be walked while the filter is being typed.

use crate::config::{Action, Key, KeyPress};
use crate::tui::state::files::Filter;
use crate::tui::state::line::Purpose;
use crate::tui::state::{Stage, State};

use super::{Effect, panes};

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
        (Action::Accept, Purpose::Filter) if line.error.is_none() => state.line = None,
        (Action::Accept, _) => {}
        // While a filter is typed, the other keys are the tree's.
        (action, Purpose::Filter) => panes::in_files(state, action, effects),
        (Action::Left, _) => press(state, Key::Left.into()),
        (Action::Right, _) => press(state, Key::Right.into()),
        _ => {}
    }
}

/// Closes the line, and forgets what it was for.
fn cancel(state: &mut State) {
    let closed = state.line.take();
    if closed.is_some_and(|line| line.purpose == Purpose::Filter) {
        panes::clear_filter(state);
    }
}

/// The text changed: a filter shows at once what it does, or what is wrong with it.
fn changed(state: &mut State) {
    let Some(line) = &mut state.line else { return };
    if line.purpose != Purpose::Filter {
        return;
    }
    match Filter::parse(line.text()) {
        Ok(filter) => {
            line.error = None;
            if let Stage::Open(explorer) = &mut state.stage
                && let Some(files) = &mut explorer.files
            {
                files.set_filter(&explorer.opened.loaded.tree, filter);
            }
        }
        Err(error) => line.error = Some(error.to_string()),
    }
}
