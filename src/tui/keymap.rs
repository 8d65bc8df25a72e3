//! From what a terminal sends to what is asked for, and back: the key that a footer or the help names for an action. Both
//! ways go through the one table of [`crate::config::Action`]s, so hints cannot drift from what keys do.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::config::{Action, Binding, Context, Key, KeyPress, Keybinding, Modifiers};

/// The keys of one user.
#[derive(Debug)]
pub struct Keymap {
    actions: HashMap<(Context, KeyPress), Action>,
    rows: Vec<ActionRow>,
}

/// An action as the help lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    /// What is asked for.
    pub action: Action,
    /// Where it can be asked for.
    pub contexts: &'static [Context],
    /// A word or two for the footer.
    pub hint: &'static str,
    /// A sentence for the help.
    pub does: &'static str,
    /// The keys, the one for hints first; none where others took them all.
    pub keys: Vec<KeyPress>,
}

impl Keymap {
    /// The keymap of a configuration.
    #[must_use]
    pub fn new(bindings: &Keybinding) -> Self {
        let mut actions = HashMap::new();
        let mut rows = Vec::new();
        for bound in bindings.all() {
            let keys = Binding::keys(&bound.setting.value).to_vec();
            for key in &keys {
                actions.extend(bound.contexts.iter().map(|context| ((*context, *key), bound.action)));
            }
            let (action, contexts) = (bound.action, bound.contexts);
            rows.push(ActionRow { action, contexts, hint: bound.hint, does: bound.does, keys });
        }
        Self { actions, rows }
    }

    /// What `key` asks for in a context.
    #[must_use]
    pub fn action(&self, context: Context, key: KeyPress) -> Option<Action> {
        if context == Context::TextLine && typed(key).is_some() {
            return None;
        }
        self.actions.get(&(context, key)).copied()
    }

    /// What can be asked for in a context, in the order of the table.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = &ActionRow> {
        self.rows.iter().filter(move |row| row.contexts.contains(&context))
    }

    /// The key that hints name for an action: the first one that works in a context.
    #[must_use]
    pub fn hint(&self, context: Context, action: Action) -> Option<KeyPress> {
        let row = self.rows(context).find(|row| row.action == action)?;
        row.keys.iter().copied().find(|key| self.action(context, *key) == Some(action))
    }
}

/// The character that a key types, if it types one.
#[must_use]
pub fn typed(key: KeyPress) -> Option<char> {
    match key {
        KeyPress { key: Key::Char(letter), modifiers } if !modifiers.ctrl && !modifiers.alt => Some(letter),
        _ => None,
    }
}

/// A key as the configuration calls it; none for what has no name there, and for keys that are let go.
///
/// Terminals without the kitty keyboard protocol send control bytes: `ctrl+/` is 0x1F, which crossterm reads as `ctrl+7`,
/// `ctrl+\` is 0x1C, read as `ctrl+4`.
#[must_use]
pub fn key_press(event: &KeyEvent) -> Option<KeyPress> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let held = |modifier| event.modifiers.contains(modifier);
    let mut modifiers =
        Modifiers { ctrl: held(KeyModifiers::CONTROL), alt: held(KeyModifiers::ALT), shift: held(KeyModifiers::SHIFT) };
    let key = match event.code {
        KeyCode::Char('7') if modifiers.ctrl => Key::Char('/'),
        KeyCode::Char('4') if modifiers.ctrl => Key::Char('\\'),
        KeyCode::Char(letter) => {
            // The character already says that shift was held. With ctrl the configuration knows small letters only.
            modifiers.shift &= modifiers.ctrl && letter.is_alphabetic();
            Key::Char(if modifiers.ctrl { letter.to_ascii_lowercase() } else { letter })
        }
        KeyCode::BackTab => {
            modifiers.shift = true;
            Key::Tab
        }
        KeyCode::Tab => Key::Tab,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Insert => Key::Insert,
        KeyCode::Delete => Key::Delete,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::F(number) => Key::Function(number),
        _ => return None,
    };
    Some(KeyPress { modifiers, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> String {
        key_press(&KeyEvent::new(code, modifiers)).map_or_else(String::new, |key| key.to_string())
    }

    #[test]
    fn what_terminals_send_is_called_what_users_write() {
        let (none, ctrl, shift) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::SHIFT);
        for (code, modifiers, name) in [
            (KeyCode::Char('q'), none, "q"),
            (KeyCode::Char('G'), shift, "G"),
            (KeyCode::Char('?'), shift, "?"),
            (KeyCode::Char('a'), ctrl, "ctrl+a"),
            (KeyCode::Char(' '), ctrl, "ctrl+space"),
            (KeyCode::Char('7'), ctrl, "ctrl+slash"),
            (KeyCode::Char('/'), ctrl, "ctrl+slash"),
            (KeyCode::Char('4'), ctrl, "ctrl+backslash"),
            (KeyCode::BackTab, shift, "shift+tab"),
            (KeyCode::PageUp, none, "pgup"),
            (KeyCode::F(5), ctrl, "ctrl+f5"),
            (KeyCode::CapsLock, none, ""),
        ] {
            assert_eq!(pressed(code, modifiers), name, "{code:?} {modifiers:?}");
        }
    }

    #[test]
    fn a_key_that_is_let_go_asks_for_nothing() {
        let event = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(key_press(&event), None);
    }

    #[test]
    fn in_a_line_characters_are_text_and_other_keys_are_not() {
        let keymap = Keymap::new(&Keybinding::default());
        let ask = |context, text: &str| keymap.action(context, text.parse().unwrap());
        assert_eq!(ask(Context::TextLine, "q"), None);
        assert_eq!(ask(Context::TextLine, "k"), None);
        assert_eq!(ask(Context::TextLine, "up"), Some(Action::Up));
        assert_eq!(ask(Context::TextLine, "ctrl+c"), Some(Action::Quit));
        assert_eq!(ask(Context::FileTree, "q"), Some(Action::Quit));
        assert_eq!(keymap.hint(Context::FileTree, Action::Quit).unwrap().to_string(), "ctrl+c");
    }

    #[test]
    fn one_key_does_what_its_pane_says() {
        let keymap = Keymap::new(&Keybinding::default());
        let ctrl_a = "ctrl+a".parse().unwrap();
        assert_eq!(keymap.action(Context::Layers, ctrl_a), Some(Action::CompareAll));
        assert_eq!(keymap.action(Context::FileTree, ctrl_a), Some(Action::ToggleAddedFiles));
        assert_eq!(keymap.action(Context::Viewer, ctrl_a), None);
    }
}
