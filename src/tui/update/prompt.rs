//! Input in a prompt. While the filter is typed, other keys still move in the file tree.

use crate::config::{Action, Context, Key, KeyPress};
use crate::tui::state::files::Filter;
use crate::tui::state::palette::PaletteCommand;
use crate::tui::state::prompt::{Prompt, PromptKind, PromptStep};
use crate::tui::state::{Focus, Overlay, ScreenState};

use dive_model::image::{ImageSelector, Selection};

use super::{Effect, extraction, filter, images, overlays, panes, steps};

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
    let Some(kind) = state.prompt.as_ref().map(|prompt| prompt.kind) else { return };
    match (action, kind) {
        (Action::CloseFilterFiles, _) => cancel(state),
        (Action::Accept, _) => accept(state, effects),
        (Action::Up, PromptKind::Filter | PromptKind::Search) if recalls(state, PromptStep::Older) => {}
        (Action::Down, PromptKind::Filter | PromptKind::Search) if recalls(state, PromptStep::Newer) => {}
        // Other keys apply to the list or to the file tree.
        (action, PromptKind::Filter) if !state.overlays.is_empty() => overlays::act(state, action, effects),
        (action, PromptKind::Filter) if state.is_choosing() => images::act(state, action, effects),
        (action, PromptKind::Filter) => panes::in_files(state, action, effects),
        (Action::Left, _) => press(state, Key::Left.into()),
        (Action::Right, _) => press(state, Key::Right.into()),
        (action, PromptKind::Command) => overlays::act(state, action, effects),
        (Action::CompleteFolder, PromptKind::Folder) => extraction::complete(state, effects),
        (Action::KeepSpecialBits, PromptKind::Folder) => {
            if let Some(Overlay::Extraction(extraction)) = state.overlays.last_mut() {
                extraction.toggle_special_bits();
            }
        }
        _ => {}
    }
}

/// Takes another text of the history, unless the text was typed. True if it did.
fn recalls(state: &mut ScreenState, step: PromptStep) -> bool {
    let Some(prompt) = &mut state.prompt else { return false };
    let history = if prompt.kind == PromptKind::Search { &state.searches } else { &state.filters };
    let has_recalled = prompt.recall(history, step);
    if has_recalled {
        changed(state);
    }
    has_recalled
}

/// Accepts the text of the prompt.
fn accept(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let Some(prompt) = state.prompt.take_if(|prompt| prompt.error.is_none()) else { return };
    match prompt.kind {
        // Already applied while typed.
        PromptKind::Filter => state.filters.remember(prompt.text()),
        PromptKind::Folder => extraction::accept(state, prompt.text(), effects),
        PromptKind::Search => {
            state.searches.remember(prompt.text());
            search(state, prompt.text(), effects);
        }
        PromptKind::Position => go_to(state, prompt, effects),
        PromptKind::Command => run_command(state, effects),
    }
}

/// Goes to a position in the viewer. On invalid text, the prompt stays open with the error.
fn go_to(state: &mut ScreenState, mut prompt: Prompt, effects: &mut Vec<Effect>) {
    let Some(Overlay::Viewer(viewer, _)) = state.overlays.last_mut() else { return };
    match viewer.go_to(prompt.text()) {
        Ok(effect) => effects.extend(effect.map(|effect| steps::job(viewer, effect))),
        Err(error) => {
            prompt.error = Some(error);
            state.prompt = Some(prompt);
        }
    }
}

/// Runs the selected action of the palette in the context below it.
fn run_command(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let Some(Overlay::Palette(palette)) = state.overlays.pop() else { return };
    match palette.selected() {
        Some(PaletteCommand::Act(row)) => {
            if !row.contexts.contains(&palette.of) {
                steps::focus(state, if palette.of == Context::Layers { Focus::Files } else { Focus::Layers });
            }
            super::act(state, row.action, effects);
        }
        Some(PaletteCommand::SelectLayer(layer, _)) => steps::select_layer(state, *layer),
        Some(PaletteCommand::Open(name)) => {
            let image = Some(ImageSelector::Index(name.index));
            reopen(state, Selection { image, platform: None }, effects);
        }
        Some(PaletteCommand::OpenPlatform(platform)) => {
            let selection = Selection { image: state.selection.image.clone(), platform: Some(platform.clone()) };
            reopen(state, selection, effects);
        }
        Some(PaletteCommand::Shown(_)) => {}
        None => state.message = Some("no action has these words".to_owned()),
    }
}

/// Opens another image in place of the one shown.
fn reopen(state: &mut ScreenState, selection: Selection, effects: &mut Vec<Effect>) {
    effects.extend(state.reopen().into_iter().map(Effect::Cancel));
    state.selection = selection.clone();
    effects.push(Effect::Reopen(selection));
}

/// Starts a search in the viewer.
fn search(state: &mut ScreenState, pattern: &str, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Viewer(viewer, _)) = state.overlays.last_mut() {
        let effect = viewer.search_for(pattern);
        effects.extend(effect.map(|effect| steps::job(viewer, effect)));
    }
}

/// Closes the prompt without accepting its text.
fn cancel(state: &mut ScreenState) {
    match state.prompt.take().map(|prompt| prompt.kind) {
        Some(PromptKind::Filter) if matches!(state.overlays.last(), Some(Overlay::Found(_))) => {
            state.pending_filter = None;
            state.overlays.pop();
        }
        Some(PromptKind::Filter) => filter::clear(state),
        Some(PromptKind::Folder | PromptKind::Command) => drop(state.overlays.pop()),
        Some(PromptKind::Search | PromptKind::Position) | None => {}
    }
}

/// Reacts to changed text: a filter applies as it is typed, or shows its error.
fn changed(state: &mut ScreenState) {
    let Some(prompt) = &mut state.prompt else { return };
    if prompt.kind != PromptKind::Filter {
        prompt.error = None;
        let words = prompt.text().to_owned();
        match state.overlays.last_mut() {
            Some(Overlay::Palette(palette)) => palette.search(&words),
            Some(Overlay::Extraction(_)) => extraction::show_target(state, &words),
            _ => {}
        }
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
