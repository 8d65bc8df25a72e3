//! Lines of the help: the keys of a context from the keymap, grouped by task, the useful ones first.

use ratatui::text::{Line, Span};

use crate::config::{Action, Context, Task};
use crate::tui::keymap::ActionRow;
use crate::tui::state::{Focus, Help, ScreenState};
use crate::tui::text::{columns, left};
use crate::tui::theme::Theme;

/// Actions that share a row with the one before them, and what they do together.
const PAIRS: [(Action, Action, &str); 7] = [
    (Action::Up, Action::Down, "Up, down"),
    (Action::Left, Action::Right, "Left, right"),
    (Action::PageUp, Action::PageDown, "Page up, page down"),
    (Action::FirstRow, Action::LastRow, "First row, last row"),
    (Action::NextMatch, Action::PreviousMatch, "Next, previous match"),
    (Action::FileHistory, Action::ShowDiff, "History, diff"),
    (Action::NextChange, Action::PreviousChange, "Next, previous change"),
];

/// What an action does, in few words. The name in the footer is a noun where the key toggles something.
fn short_verb(row: &ActionRow, of: Context) -> &'static str {
    match row.action {
        Action::WasteView if of == Context::Waste => "Close waste",
        Action::ToggleAddedFiles => "Show, hide added",
        Action::ToggleRemovedFiles => "Show, hide removed",
        Action::ToggleModifiedFiles => "Show, hide modified",
        Action::ToggleUnmodifiedFiles => "Show, hide unmodified",
        Action::ToggleUnchangedDirs => "Fold unchanged dirs",
        Action::ToggleAttributes => "Show, hide attributes",
        Action::CompareLayer => "Show layer changes",
        Action::CompareAll => "Show all changes",
        Action::ToggleEmptySteps => "Show, hide empty steps",
        Action::WasteView => "List waste",
        Action::ShowWarnings => "List warnings",
        Action::ShowImages => "Choose an image",
        Action::FileHistory => "Show history",
        Action::CommandPalette => "Find an action",
        _ => row.hint,
    }
}

/// From this width on, the help has two columns.
const TWO_COLUMNS_WIDTH: usize = 76;
/// Blanks between two columns.
const GAP: usize = 1;
/// Width of the keys.
const KEYS_WIDTH: usize = 15;

pub(in crate::tui) fn lines<'a>(state: &'a ScreenState, help: &Help, width: u16) -> Vec<Line<'a>> {
    let theme = &state.settings.theme;
    let width = usize::from(width);
    let columns = if width >= TWO_COLUMNS_WIDTH { 2 } else { 1 };
    let column = (width - GAP * (columns - 1)) / columns;
    // Among the layers and their details, only the list of inefficient files has files to go to.
    let is_dead =
        |action| action == Action::GoToFile && help.of == Context::Layers && state.focus != Focus::ImageDetails;
    let rows: Vec<&ActionRow> = state.settings.keymap.rows(help.of).filter(|row| !is_dead(row.action)).collect();
    let groups: Vec<_> = Task::ALL.into_iter().map(|task| group(&rows, (help.of, task), column, theme)).collect();
    if columns == 1 {
        return groups.into_iter().flatten().map(Line::from).collect();
    }
    // Groups stay whole: those that end in the first half are in the left column.
    let total: usize = groups.iter().map(Vec::len).sum();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for group in groups {
        if first.len() + group.len() <= total.div_ceil(2) + 1 && second.is_empty() {
            first.extend(group);
        } else {
            second.extend(group);
        }
    }
    let mut second = second.into_iter();
    let count = first.len().max(second.len());
    let mut first = first.into_iter();
    (0..count)
        .map(|_| {
            let mut spans = first.next().unwrap_or_else(|| vec![Span::raw(" ".repeat(column))]);
            spans.push(Span::raw(" ".repeat(GAP)));
            spans.extend(second.next().unwrap_or_default());
            Line::from(spans)
        })
        .collect()
}

/// The rows of a task below its title, each as wide as a column. Empty if the context has no action for it.
fn group<'a>(rows: &[&'a ActionRow], (of, task): (Context, Task), width: usize, theme: &Theme) -> Vec<Vec<Span<'a>>> {
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| row.task == task) {
        let find = |action| rows.iter().find(|other| other.action == action).copied();
        if PAIRS.iter().any(|(first, second, _)| *second == row.action && find(*first).is_some()) {
            continue;
        }
        let pair = PAIRS.iter().find(|(first, ..)| *first == row.action);
        let (keys, does) = match pair.and_then(|(_, second, both)| Some((find(*second)?, *both))) {
            Some((partner, both)) => (format!("{} / {}", keys(row), keys(partner)), both),
            None => (keys(row), short_verb(row, of)),
        };
        let before = left(&keys, KEYS_WIDTH.max(columns(&keys)));
        let room = width.saturating_sub(columns(&before) + 1);
        lines.push(vec![Span::styled(before, theme.key), Span::raw(" "), Span::raw(left(does, room))]);
    }
    if !lines.is_empty() {
        lines.insert(0, vec![Span::styled(left(task.title(), width), theme.label)]);
    }
    lines
}

fn keys(row: &ActionRow) -> String {
    if row.keys.is_empty() {
        return "no key".to_owned();
    }
    row.key_names()
}
