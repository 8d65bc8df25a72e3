//! Translates terminal events to messages for `update`: keys by the keymap, mouse events by the layout.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::content;
use super::keymap::key_press;
use super::layout::inside;
use super::state::prompt::Prompt;
use super::state::{Focus, ScreenState};
use super::update::{Click, HitTarget, UpdateMessage};
use crate::config::Context;

/// Splits `alt+x` into esc and x if `alt+x` is unbound. Returns any other event unchanged.
///
/// A terminal without the kitty keyboard protocol sends the same bytes for both. If esc and the next key arrive in one
/// read, they are decoded as `alt+x`, and both keys would be lost.
pub fn split(state: &ScreenState, event: Event) -> impl Iterator<Item = Event> + use<> {
    let (esc, event) = match event {
        Event::Key(key) if is_esc_and_a_key(state, &key) => {
            let bare = KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key };
            (Some(Event::Key(KeyCode::Esc.into())), Event::Key(bare))
        }
        event => (None, event),
    };
    esc.into_iter().chain([event])
}

fn is_esc_and_a_key(state: &ScreenState, event: &KeyEvent) -> bool {
    // Keys of several bytes, such as arrows, have alt in a parameter and are unambiguous.
    let is_one_byte = matches!(event.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace);
    let Some(key) = key_press(event).filter(|key| is_one_byte && key.modifiers.alt) else { return false };
    let context = state.context();
    let is_bound = state.settings.keymap.action(context, key).is_some();
    let edits = context == Context::TextLine && Prompt::is_edit(key);
    !is_bound && !edits
}

/// Translates an event. `None` if it has no effect here.
#[must_use]
pub fn message(state: &ScreenState, event: Event) -> Option<UpdateMessage> {
    match event {
        Event::Key(event) => {
            let key = key_press(&event)?;
            match state.settings.keymap.action(state.context(), key) {
                Some(action) => Some(UpdateMessage::Act(action)),
                None if state.context() == Context::TextLine => Some(UpdateMessage::Press(key)),
                None => None,
            }
        }
        Event::Paste(text) => Some(UpdateMessage::Paste(text)),
        Event::Resize(width, height) => Some(UpdateMessage::Resize(width, height)),
        Event::Mouse(event) => mouse_message(state, event),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Rows per notch of the mouse wheel.
const ROWS_PER_NOTCH: isize = 3;

fn mouse_message(state: &ScreenState, event: MouseEvent) -> Option<UpdateMessage> {
    let at = Position::new(event.column, event.row);
    let layout = &state.layout;
    let on_divider = layout.divider().is_some_and(|divider| at.x == divider || at.x + 1 == divider);
    match event.kind {
        MouseEventKind::ScrollUp => Some(UpdateMessage::Scroll(hit_target(state, at)?, -ROWS_PER_NOTCH)),
        MouseEventKind::ScrollDown => Some(UpdateMessage::Scroll(hit_target(state, at)?, ROWS_PER_NOTCH)),
        MouseEventKind::Down(MouseButton::Left) if on_divider => Some(UpdateMessage::GrabDivider),
        MouseEventKind::Down(MouseButton::Left) => click_message(state, at),
        MouseEventKind::Drag(MouseButton::Left) if state.dragging => Some(UpdateMessage::MoveDivider(at.x)),
        MouseEventKind::Up(MouseButton::Left) if state.dragging => Some(UpdateMessage::DropDivider),
        _ => None,
    }
}

fn hit_target(state: &ScreenState, at: Position) -> Option<HitTarget> {
    let layout = &state.layout;
    if layout.overlay.contains(at) {
        return Some(HitTarget::Overlay);
    }
    if !state.overlays.is_empty() {
        return None;
    }
    if layout.images.contains(at) {
        return Some(HitTarget::Images);
    }
    let panes = [
        (layout.layers, Focus::Layers),
        (layout.layer_details, Focus::LayerDetails),
        (layout.image_details, Focus::ImageDetails),
        (layout.files, Focus::Files),
    ];
    panes.into_iter().find(|(pane, _)| pane.contains(at)).map(|(_, focus)| HitTarget::Pane(focus))
}

/// The message of a click: on a hint, its action.
fn click_message(state: &ScreenState, at: Position) -> Option<UpdateMessage> {
    let footer = state.layout.footer;
    if footer.contains(at) && state.message.is_none() {
        let column = usize::from(at.x - footer.x);
        return content::hints::hint_at(state, footer.width.into(), column).map(UpdateMessage::Act);
    }
    click_target(state, at).map(UpdateMessage::Click)
}

fn click_target(state: &ScreenState, at: Position) -> Option<Click> {
    let hit_target = hit_target(state, at)?;
    let layout = &state.layout;
    let (pane, head) = match hit_target {
        HitTarget::Overlay => (layout.overlay, layout.overlay_head),
        HitTarget::Images => (layout.images, 1),
        HitTarget::Pane(Focus::Layers) => (layout.layers, 1),
        HitTarget::Pane(Focus::Files) => (layout.files, 1),
        HitTarget::Pane(_) => return Some(Click::Pane(hit_target)),
    };
    let inside: Rect = inside(pane);
    if !inside.contains(at) {
        return Some(Click::Pane(hit_target));
    }
    let (row, column) = (usize::from(at.y - inside.y), at.x - inside.x);
    Some(match row.checked_sub(head) {
        Some(row) => Click::Row(hit_target, row),
        // The column header is the last line above the rows.
        None if row + 1 == head => Click::Header(hit_target, column),
        None => Click::Pane(hit_target),
    })
}
