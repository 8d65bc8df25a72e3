//! Draws the viewer.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pane::{self, PaneFocus};
use crate::tui::content;
use crate::tui::content::progress::transfer_lines;
use crate::tui::state::ScreenState;
use crate::tui::state::viewer::{
    Destination, Emphasis, Form, MatchNumber, Phase, RowLabel, SearchState, Viewer, ViewerRow, ViewerStatus,
};
use crate::tui::text::{cut, printable, right};
use crate::tui::theme::Theme;
use dive_model::tree::{Change, SpanId};
use dive_model::units::Bytes;

pub(super) fn draw(state: &ScreenState, viewer: &Viewer, version: SpanId, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.settings.theme;
    let title = match viewer.compared() {
        Some((before, after)) => format!("{} · from layer {before} to layer {after}", viewer.title()),
        None => format!("{}{}", viewer.title(), layers(state, version)),
    };
    let inside = pane::draw(&title, PaneFocus::Focused, theme, frame, area);
    let mut lines = Vec::new();
    if content::viewer_head_height(viewer) > 0 {
        let notes = printable(&viewer.notes().join("; "));
        lines.push(Line::styled(cut(&notes, usize::from(inside.width)), theme.dim));
    }
    let gutter = viewer.gutter();
    let mut style = Style::new();
    lines.extend(viewer.rows().iter().map(|row| {
        if viewer.compared().is_some() && row.label != RowLabel::Continued {
            style = diff_style(&row.text, theme);
        }
        line(row, gutter, style, theme)
    }));
    if let Phase::Transferring(progress) = viewer.status().phase {
        let bar = usize::from(inside.width).saturating_sub(2).min(50);
        lines.extend(
            transfer_lines(progress, bar).into_iter().map(|(part, text)| Line::styled(text, part.style(theme))),
        );
        lines.push(Line::styled("Transferring the layer. esc cancels.", theme.dim));
    }
    pane::draw_lines(lines, frame, inside);
    let subject = if viewer.compared().is_some() { ViewerSubject::Difference } else { ViewerSubject::File };
    let status = status_text(&viewer.status(), subject);
    // A directory has neither position nor size.
    if status.is_empty() {
        return;
    }
    let status = format!(" {} ", cut(&status, pane::title_width(area)));
    let at = area.right().saturating_sub(u16::try_from(Span::raw(&status).width()).unwrap_or(0) + 2);
    frame.buffer_mut().set_string(at.max(area.x + 1), area.bottom() - 1, status, theme.title);
}

/// The layer that created a version, and the layer that removed or replaced it.
fn layers(state: &ScreenState, version: SpanId) -> String {
    let Some(explorer) = state.explorer() else { return String::new() };
    let span = explorer.opened.tree.span(version);
    match span.end() {
        None => format!(" · from layer {}", span.from()),
        Some((layer, cause)) => {
            let verb = content::waste::verb(cause).to_ascii_lowercase();
            format!(" · from layer {}, {verb} layer {layer}", span.from())
        }
    }
}

/// The style of a line of a diff.
fn diff_style(text: &str, theme: &Theme) -> Style {
    match text.as_bytes().first() {
        Some(b'+') => theme.change(Change::Added),
        Some(b'-') => theme.change(Change::Removed),
        Some(b'@' | b'\\') => theme.dim,
        _ => Style::new(),
    }
}

fn line<'a>(row: &'a ViewerRow, gutter: usize, plain: Style, theme: &Theme) -> Line<'a> {
    let label = match row.label {
        RowLabel::None => None,
        _ if gutter == 0 => None,
        RowLabel::Line(number) => Some(right(&number.to_string(), gutter)),
        RowLabel::Uncounted => Some(right("…", gutter)),
        RowLabel::Continued => Some(right("", gutter)),
        RowLabel::Offset(offset) => Some(format!("{offset:0gutter$x}")),
    };
    let mut spans: Vec<Span<'a>> =
        label.map(|label| Span::styled(format!("{label} "), theme.dim)).into_iter().collect();
    let mut at = 0;
    for (range, emphasis) in &row.emphases {
        let style = match emphasis {
            Emphasis::Escape => theme.dim,
            Emphasis::Match => theme.found,
            Emphasis::CurrentMatch => theme.found_current,
        };
        for (range, style) in [(at..range.start, plain), (range.clone(), style)] {
            spans.extend(row.text.get(range).map(|text| Span::styled(text, style)));
        }
        at = range.end;
    }
    spans.extend(row.text.get(at..).map(|text| Span::styled(text, plain)));
    Line::from(spans)
}

/// What the viewer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ViewerSubject {
    File,
    /// The difference of two versions, whose own size says nothing.
    Difference,
}

/// Text of the status line: search, progress, position, size.
fn status_text(status: &ViewerStatus, subject: ViewerSubject) -> String {
    let mut parts = Vec::new();
    match &status.search {
        SearchState::None | SearchState::Found => {}
        SearchState::Invalid(why) | SearchState::Failed(why) => parts.push(format!("search: {}", printable(why))),
        SearchState::Waiting => parts.push(format!("waiting to search for {} …", printable(&status.pattern))),
        SearchState::Searching(done) => parts.push(format!("searching … {}", Bytes(*done))),
        SearchState::FoundWrapped => parts.push("search wrapped".to_owned()),
        SearchState::NotFoundYet(searched) => {
            parts.push(format!("no match for {} in the first {}", printable(&status.pattern), Bytes(*searched)));
        }
        SearchState::NotFound => parts.push(format!("no match for {}", printable(&status.pattern))),
    }
    match (&status.phase, status.pending_destination) {
        (Phase::Failed(why), _) => parts.push(printable(why)),
        (_, Some(Destination::End)) => parts.push("going to the end …".to_owned()),
        (_, Some(Destination::Line(line))) => parts.push(format!("going to line {line} …")),
        (_, Some(Destination::Offset(offset))) => parts.push(format!("going to offset {offset:x} …")),
        (Phase::Reading, None) if status.available < status.size => {
            parts.push(format!("{} unpacked …", Bytes(status.available)));
        }
        _ => {}
    }
    if let Some(MatchNumber { number, of }) = status.match_number {
        parts.push(format!("match {number} of {of}"));
    }
    // An empty file has no position.
    if status.size > 0 {
        match (status.form, status.line, status.lines) {
            (Form::Hex, ..) => parts.push("hex".to_owned()),
            (Form::Text, ..) if subject == ViewerSubject::Difference => {}
            (Form::Text, Some(line), Some(lines)) => parts.push(format!("line {line} of {lines}")),
            (Form::Text, Some(line), None) => parts.push(format!("line {line}")),
            (Form::Text, None, _) => {}
        }
        if subject == ViewerSubject::File {
            parts.push(Bytes(status.size).to_string());
        }
        parts.push(format!("{} %", status.percent));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status line has text that was typed, pasted or read from an archive.
    #[test]
    fn the_status_line_cannot_send_control_sequences_or_reverse_the_line() {
        let evil = "\u{1b}[2J\u{202e}".to_owned();
        let status = |search, phase| ViewerStatus {
            form: Form::Text,
            phase,
            size: 9,
            available: 4,
            percent: 1,
            line: None,
            lines: None,
            pending_destination: None,
            pattern: evil.clone(),
            search,
            match_number: None,
        };
        for (search, phase) in [
            (SearchState::Invalid(evil.clone()), Phase::Complete),
            (SearchState::Failed(evil.clone()), Phase::Complete),
            (SearchState::Waiting, Phase::Complete),
            (SearchState::NotFound, Phase::Complete),
            (SearchState::NotFoundYet(4), Phase::Complete),
            (SearchState::None, Phase::Failed(evil.clone())),
        ] {
            let status_text = status_text(&status(search, phase), ViewerSubject::File);
            assert!(
                status_text.contains("\\u{1b}[2J\\u{202e}") && status_text == printable(&status_text),
                "{status_text}"
            );
        }
        let status_text = status_text(&status(SearchState::NotFoundYet(4), Phase::Reading), ViewerSubject::File);
        assert!(status_text.contains(" in the first 4 B · "), "{status_text}");
    }
}
