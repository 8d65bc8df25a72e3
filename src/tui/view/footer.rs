//! Draws the last rows: the prompt or the active filter, and the status message or key hints.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pane;
use crate::config::{Action, Context, KeyPress};
use crate::tui::keymap::ActionRow;
use crate::tui::state::extraction::ExtractionStage;
use crate::tui::state::files::{FileTreePane, Fold};
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::viewer::SearchState;
use crate::tui::state::{Overlay, ScreenState};
use crate::tui::text::{columns, cut, printable};

/// Actions with a hint in the footer, by priority. The help lists all.
const HINTED: [Action; 30] = [
    Action::ShowWarnings,
    Action::Quit,
    Action::Help,
    Action::ToggleView,
    Action::Accept,
    Action::OverwriteFiles,
    Action::SkipFiles,
    Action::KeepSpecialBits,
    Action::GoToFile,
    Action::ViewFile,
    Action::CloseView,
    Action::FilterFiles,
    Action::CloseFilterFiles,
    Action::WasteView,
    Action::CompareLayer,
    Action::CompareAll,
    Action::MarkBase,
    Action::ToggleEmptySteps,
    Action::ExtractFile,
    Action::FileHistory,
    Action::ToggleCollapseDir,
    Action::ToggleCollapseAllDir,
    Action::ToggleAddedFiles,
    Action::ToggleRemovedFiles,
    Action::ToggleModifiedFiles,
    Action::ToggleUnmodifiedFiles,
    Action::ToggleSortOrder,
    Action::NextMatch,
    Action::ToggleHex,
    Action::GoToLine,
];

pub(super) fn draw(state: &ScreenState, frame: &mut Frame<'_>) {
    prompt(state, frame, state.layout.prompt);
    let area = state.layout.footer;
    let width = usize::from(area.width);
    let line = match &state.message {
        Some(message) => Line::styled(cut(&printable(message), width), state.settings.theme.label),
        None => hints(state, width),
    };
    pane::draw_lines([line], frame, area);
}

/// The key hints that fit `width`.
fn hints<'a>(state: &'a ScreenState, width: usize) -> Line<'a> {
    let theme = &state.settings.theme;
    let keymap = &state.settings.keymap;
    let context = state.context();
    let mut spans: Vec<Span<'a>> = Vec::new();
    let mut taken = 0;
    for action in HINTED {
        let Some(key) = keymap.hint(context, action) else { continue };
        let Some(row) = keymap.rows(context).find(|row| row.action == action) else { continue };
        if !is_available(state, action) {
            continue;
        }
        let (key, hint) = (short(key), hint(state, row));
        let needs = columns(&key) + columns(&hint) + 3;
        if taken + needs > width {
            continue;
        }
        taken += needs;
        let (key_style, hint_style) = match action {
            Action::ShowWarnings => (theme.error, theme.error),
            _ => (theme.key, Style::new()),
        };
        spans.push(Span::styled(key, key_style));
        spans.push(Span::styled(format!(" {hint}"), hint_style));
        spans.push(Span::raw("  "));
    }
    Line::from(spans)
}

/// True if the action has an effect in the current state.
fn is_available(state: &ScreenState, action: Action) -> bool {
    let filtered =
        || state.explorer().and_then(|explorer| explorer.files.as_ref()).and_then(FileTreePane::filter).is_some();
    let kind = state.prompt.as_ref().map(|prompt| &prompt.kind);
    match (action, state.overlays.last()) {
        (Action::Quit | Action::Help | Action::ToggleView | Action::CloseView | Action::ToggleEmptySteps, _) => true,
        (Action::ShowWarnings, _) => state.warning_count() > 0,
        _ if state.explorer().is_none() => false,
        (Action::Accept, _) => state.prompt.as_ref().is_some_and(|prompt| prompt.error.is_none()),
        (Action::CloseFilterFiles, _) => kind.is_some() || filtered(),
        (Action::KeepSpecialBits, _) => kind == Some(&PromptKind::Folder),
        (Action::NextMatch, Some(Overlay::Viewer(viewer, _))) => viewer.status().search != SearchState::None,
        (Action::NextMatch, _) => filtered(),
        (Action::OverwriteFiles | Action::SkipFiles, Some(Overlay::Extraction(extraction))) => {
            matches!(extraction.stage, ExtractionStage::Conflict(_))
        }
        _ => true,
    }
}

/// The fold of the row under the cursor of the file tree.
fn fold(state: &ScreenState) -> Option<Fold> {
    let files = state.explorer()?.files.as_ref()?;
    Some(files.fold(files.selected()?))
}

/// The name of an action in the current context.
fn hint(state: &ScreenState, row: &ActionRow) -> Cow<'static, str> {
    let is_filter = state.prompt.as_ref().is_none_or(|prompt| prompt.kind == PromptKind::Filter);
    let hint = match (row.action, state.context()) {
        (Action::ShowWarnings, _) => match state.warning_count() {
            1 => return Cow::Borrowed("1 warning"),
            count => return Cow::Owned(format!("{count} warnings")),
        },
        (Action::FilterFiles, Context::Viewer) => "Search",
        (Action::Quit, _) if state.prompt.is_some() || !state.overlays.is_empty() => "Close",
        (Action::ViewFile, Context::FileTree) => match fold(state) {
            Some(Fold::Expanded) => "Collapse",
            Some(Fold::Collapsed) => "Expand",
            Some(Fold::Leaf) | None => row.hint,
        },
        (Action::Accept, _) if !is_filter => "OK",
        (Action::CloseFilterFiles, _) if !is_filter => "Cancel",
        _ => row.hint,
    };
    Cow::Borrowed(hint)
}

/// Abbreviates a key for hints: `^A` for `ctrl+a`.
pub(super) fn short(key: KeyPress) -> String {
    let name = key.label();
    match name.strip_prefix("ctrl+") {
        Some(rest) if rest.chars().count() == 1 => format!("^{}", rest.to_uppercase()),
        Some(rest) => format!("^{rest}"),
        None => name,
    }
}

/// Draws the prompt or the active filter.
fn prompt(state: &ScreenState, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &state.settings.theme;
    let width = usize::from(area.width);
    let files = state.explorer().and_then(|explorer| explorer.files.as_ref());
    let matches = files.filter(|files| files.filter().is_some()).map(|files| {
        let count = files.matches();
        if count == 1 { "1 match".to_owned() } else { format!("{count} matches") }
    });
    let Some(prompt) = &state.prompt else {
        let text = files.and_then(FileTreePane::filter).map_or("", |filter| filter.text());
        let spans = vec![
            Span::styled("Filter: ", theme.label),
            Span::raw(cut(&printable(text), width.saturating_sub(24))),
            Span::styled(format!("  {}", matches.unwrap_or_default()), theme.dim),
        ];
        pane::draw_lines([Line::from(spans)], frame, area);
        return;
    };
    let label = match (&prompt.kind, state.overlays.last()) {
        (PromptKind::Position, Some(Overlay::Viewer(viewer, _))) => format!("{}: ", viewer.destination_label()),
        (kind, _) => format!("{}: ", kind.label()),
    };
    let suffix = prompt.error.as_ref().map(|error| (printable(error), theme.error)).or_else(|| {
        let is_filter = prompt.kind == PromptKind::Filter;
        matches.filter(|_| is_filter).map(|matches| (matches, theme.dim))
    });
    let suffix_width = suffix.as_ref().map_or(0, |(text, _)| columns(text) + 2);
    let room = width.saturating_sub(columns(&label)).saturating_sub(suffix_width).max(16);
    // Pasted text may have wide characters, so the scroll offset is in columns as tui-input counts them.
    let scroll = prompt.input.visual_scroll(room.saturating_sub(1));
    let text = visible(prompt.text(), scroll, room);
    let cursor = columns(&label) + prompt.input.visual_cursor().saturating_sub(scroll);
    let mut spans = vec![Span::styled(label, theme.label), Span::raw(text.clone())];
    if prompt.text().is_empty() && prompt.kind == PromptKind::Filter {
        spans.push(Span::styled("regular expression on the path, sizes such as >10MB", theme.dim));
    } else if let Some((suffix, style)) = suffix {
        let taken: usize = spans.iter().map(|span| columns(&span.content)).sum();
        spans.push(Span::raw("  "));
        spans.push(Span::styled(cut(&suffix, width.saturating_sub(taken + 2)), style));
    }
    pane::draw_lines([Line::from(spans)], frame, area);
    frame.set_cursor_position(Position::new(area.x + u16::try_from(cursor).unwrap_or(0).min(area.width - 1), area.y));
}

/// The part of a text after its first `skip` columns, at most `room` columns wide.
fn visible(text: &str, skip: usize, room: usize) -> String {
    use unicode_width::UnicodeWidthChar;
    let mut taken = 0;
    let mut out = String::new();
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if taken >= skip && taken + wide <= skip + room {
            out.push(letter);
        }
        taken += wide;
    }
    out
}
