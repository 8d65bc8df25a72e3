//! Draws the last rows: the prompt or the active filter, and the status message or key hints.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pane;
use crate::config::{Action, Context};
use crate::tui::content;
use crate::tui::content::hints::{HINT_GAP, HintLook};
use crate::tui::state::palette::Offer;
use crate::tui::state::prompt::{Prompt, PromptKind};
use crate::tui::state::{Overlay, ScreenState};
use crate::tui::text::{columns, cut, printable};
use dive_model::units::{count_of, counted};

pub(super) fn draw(state: &ScreenState, frame: &mut Frame<'_>) {
    prompt(state, frame, state.layout.prompt);
    let area = state.layout.footer;
    let width = usize::from(area.width);
    let theme = &state.settings.theme;
    let line = match (&state.message, long_error(state, width)) {
        (_, Some(error)) => Line::styled(cut(&error, width), theme.error),
        (Some(message), None) => Line::styled(cut(&printable(message), width), theme.label),
        (None, None) => hints(state, width),
    };
    pane::draw_lines([line], frame, area);
}

/// The error in the prompt, if there is no room for it after the text: it has a row of its own then, because its end says
/// what to write.
fn long_error(state: &ScreenState, width: usize) -> Option<String> {
    let prompt = state.prompt.as_ref()?;
    let error = printable(prompt.error.as_ref()?);
    let text = columns(&label(state, prompt)).saturating_add(columns(prompt.text()));
    (text.saturating_add(columns(&error) + 2) > width).then_some(error)
}

/// The label before the text of a prompt.
fn label(state: &ScreenState, prompt: &Prompt) -> String {
    match (&prompt.kind, state.overlays.last()) {
        (PromptKind::Position, Some(Overlay::Viewer(viewer, _))) => format!("{}: ", viewer.destination_label()),
        (PromptKind::Filter, Some(Overlay::Found(_))) => "Search all layers: ".to_owned(),
        (PromptKind::Command, Some(Overlay::Palette(palette))) if palette.offer == Offer::Images => {
            "Image: ".to_owned()
        }
        (kind, _) => format!("{}: ", kind.label()),
    }
}

/// The key hints that fit `width`.
fn hints<'a>(state: &ScreenState, width: usize) -> Line<'a> {
    let theme = &state.settings.theme;
    let mut spans: Vec<Span<'a>> = Vec::new();
    for hint in content::hints::hints(state, width) {
        let (key, text) = match hint.look {
            HintLook::Plain => (theme.key, Style::new()),
            HintLook::Active => (theme.key, theme.active),
            HintLook::Off => (theme.dim, theme.dim),
            HintLook::Warning => (theme.error, theme.error),
        };
        spans.push(Span::styled(hint.key, key));
        spans.push(Span::raw(" "));
        if hint.text.is_empty() {
            continue;
        }
        spans.push(Span::styled(hint.text, text));
        spans.push(Span::raw(" ".repeat(HINT_GAP)));
    }
    Line::from(spans)
}

/// Draws the prompt or the active filter.
fn prompt(state: &ScreenState, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = &state.settings.theme;
    let width = usize::from(area.width);
    // Only the tree and the list of images count matches; other lists show their sums.
    let matches = if state.overlays.is_empty() { matches(state) } else { None };
    let Some(prompt) = &state.prompt else {
        let text = state.kept_filter().map_or("", |filter| filter.text());
        let spans = vec![
            Span::styled("Filter: ", theme.label),
            Span::raw(cut(&printable(text), width.saturating_sub(24))),
            Span::styled(format!("  {}", matches.unwrap_or_default()), theme.dim),
        ];
        pane::draw_lines([Line::from(spans)], frame, area);
        return;
    };
    let label = label(state, prompt);
    let suffix = match &prompt.error {
        Some(_) if long_error(state, width).is_some() => None,
        Some(error) => Some((printable(error), theme.error)),
        None => matches.filter(|_| prompt.kind == PromptKind::Filter).map(|matches| (matches, theme.dim)),
    };
    let suffix_width = suffix.as_ref().map_or(0, |(text, _)| columns(text) + 2);
    let room = width.saturating_sub(columns(&label)).saturating_sub(suffix_width).max(16);
    // Pasted text may have wide characters, so the scroll offset is in columns as tui-input counts them.
    let scroll = prompt.input.visual_scroll(room.saturating_sub(1));
    let text = visible(prompt.text(), scroll, room);
    let cursor = columns(&label) + prompt.input.visual_cursor().saturating_sub(scroll);
    let mut spans = vec![Span::styled(label, theme.label), Span::raw(text.clone())];
    let placeholder =
        Some(prompt).filter(|prompt| prompt.text().is_empty()).and_then(|_| placeholder(state, prompt.kind));
    if let Some(placeholder) = placeholder {
        let taken: usize = spans.iter().map(|span| columns(&span.content)).sum();
        spans.push(Span::styled(cut(&placeholder, width.saturating_sub(taken)), theme.dim));
    } else if let Some((suffix, style)) = suffix {
        let taken: usize = spans.iter().map(|span| columns(&span.content)).sum();
        spans.push(Span::raw("  "));
        spans.push(Span::styled(cut(&suffix, width.saturating_sub(taken + 2)), style));
    }
    pane::draw_lines([Line::from(spans)], frame, area);
    frame.set_cursor_position(Position::new(area.x + u16::try_from(cursor).unwrap_or(0).min(area.width - 1), area.y));
}

/// What an empty line takes or means: for a filter also the key for earlier ones.
fn placeholder(state: &ScreenState, kind: PromptKind) -> Option<String> {
    match kind {
        PromptKind::Folder => {
            return Some(format!("{} if empty", printable(&state.last_folder.to_string_lossy())));
        }
        PromptKind::Filter => {}
        PromptKind::Search | PromptKind::Position | PromptKind::Command => return None,
    }
    let up = state.settings.keymap.hint(Context::TextLine, Action::Up).filter(|_| !state.filters.is_empty());
    let earlier = up.map_or_else(String::new, |key| format!("; {}: earlier", key.label()));
    let subject = if state.is_choosing() { "name" } else { "path" };
    Some(format!("expression or glob on the {subject}, sizes: >10MB{earlier}"))
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

/// The place of the cursor among the matches of the filter: `3 of 40`. A match of a directory accepts all paths below it,
/// so the text also counts these.
fn matches(state: &ScreenState) -> Option<String> {
    if let Some(list) = state.list.as_ref().filter(|_| state.is_choosing()) {
        state.pane_filter()?;
        return Some(format!("{} of {}", list.scroll.count(), count_of(list.len() as u64, "image")));
    }
    let explorer = state.explorer()?;
    let files = explorer.files.as_ref().filter(|files| files.filter().is_some())?;
    let count = files.matches();
    let text = match files.match_position(&explorer.opened.tree) {
        Some(position) => format!("{position} of {count}"),
        None => counted(count as u64, "match", "matches"),
    };
    Some(if files.accepted() > count {
        format!("{text} ({} below)", count_of((files.accepted() - count) as u64, "path"))
    } else {
        text
    })
}
