//! Actions in the list of images, and the reports of the worker that reads them.

use crate::config::Action;
use crate::tui::content::images::{ImageColumns, rule_lines};
use crate::tui::event::{ListEvent, ListReport};
use crate::tui::layout::inside;
use crate::tui::state::images::{ImageOrder, ListedRow, RowReason};
use crate::tui::state::prompt::PromptKind;
use crate::tui::state::{Overlay, ScreenState};

use super::{Effect, filter, steps};

pub(super) fn act(state: &mut ScreenState, action: Action, effects: &mut Vec<Effect>) {
    let Some(list) = &mut state.list else { return };
    match action {
        Action::OpenImage => open(state, effects),
        Action::ShowRules => show_rules(state),
        Action::ToggleSortOrder => list.sort_next(),
        Action::ReverseSortOrder => list.reverse(),
        Action::FilterFiles => {
            let text = list.filter().text().to_owned();
            state.open_prompt(PromptKind::Filter, &text);
        }
        Action::CloseFilterFiles => filter::clear(state),
        Action::ShowWarnings => steps::show_warnings(state),
        action => steps::move_selection(&mut list.scroll, action),
    }
}

/// Opens the selected image, or shows why it could not be read.
fn open(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    let Some(list) = &state.list else { return };
    let (Some(id), Some((image, row))) = (list.selected(), list.selected_row()) else { return };
    if let ListedRow::Unread(reason) = row {
        let reason = RowReason::unread(image.name.clone(), reason.to_owned());
        state.overlays.push(Overlay::Reason(reason));
        return;
    }
    state.open_listed(id);
    effects.push(Effect::Open(id));
}

/// Shows which rules the selected image broke, and which ones the whole run breaks.
fn show_rules(state: &mut ScreenState) {
    let Some(list) = &state.list else { return };
    let image = list.selected_row().map(|(image, _)| image);
    let lines = rule_lines(list);
    if lines.is_empty() {
        let text = if list.has_verdicts() { "no rule is broken" } else { "no rules are checked" };
        state.message = Some(text.to_owned());
        return;
    }
    let name = image.map_or_else(String::new, |image| image.name.clone());
    state.overlays.push(Overlay::Reason(RowReason::rules(name, lines)));
}

/// Closes the image and returns to the list, if there is one.
pub(super) fn back(state: &mut ScreenState, effects: &mut Vec<Effect>) {
    if state.list.is_some() {
        effects.extend(state.back_to_list().into_iter().map(Effect::Cancel));
        effects.push(Effect::CloseImage);
    }
}

pub(super) fn scroll(state: &mut ScreenState, rows: isize) {
    if let Some(list) = &mut state.list {
        list.scroll.step(rows);
    }
}

/// Selects the clicked row. A click on the selected row opens its image.
pub(super) fn click_row(state: &mut ScreenState, row: usize, effects: &mut Vec<Effect>) {
    let Some(list) = &mut state.list else { return };
    let row = list.scroll.visible().start + row;
    // Below the list is other text.
    if row >= list.scroll.visible().end {
        return;
    }
    if row == list.scroll.selected() {
        return open(state, effects);
    }
    list.scroll.select(row);
}

/// Sorts by the clicked column, or reverses its order.
pub(super) fn click_header(state: &mut ScreenState, column: u16) {
    let width = usize::from(inside(state.layout.images).width);
    let Some(list) = &mut state.list else { return };
    let order: Option<ImageOrder> = ImageColumns::of(list, width).order_at(column.into());
    match order {
        Some(order) if order == list.order().0 => list.reverse(),
        Some(order) => list.sort(order),
        None => {}
    }
}

/// Takes a report of the worker that reads the images.
pub(super) fn reported(state: &mut ScreenState, ListEvent(report): ListEvent) {
    let Some(list) = &mut state.list else { return };
    match report {
        ListReport::Listed { file, images } => list.replace(file, images),
        ListReport::Reading(id, progress) => list.reading(id, progress),
        ListReport::Read(id, report) => list.read(id, report),
        ListReport::Unread(id, reason) => list.unread(id, reason),
    }
}
