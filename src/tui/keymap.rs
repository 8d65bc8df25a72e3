//! Maps keys to actions, and actions back to the keys that footer and help name. Both directions use the table of
//! [`crate::config::Action`]s, so hints always match the keys.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::config::{Action, Binding, Context, Key, KeyPress, Keybinding, Modifiers, Task};

/// The key bindings of a configuration.
#[derive(Debug)]
pub struct Keymap {
    actions: HashMap<(Context, KeyPress), Action>,
    rows: Vec<ActionRow>,
}

/// An action with its keys, as a row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    /// The action.
    pub action: Action,
    /// Contexts that have the action.
    pub contexts: &'static [Context],
    /// The task that it serves.
    pub task: Task,
    /// Its place among the hints of the footer. `None` without a hint there.
    pub rank: Option<u16>,
    /// Short name for the footer.
    pub hint: &'static str,
    /// Description for the help.
    pub does: &'static str,
    /// The keys, the one for hints first. Empty if other actions took them all.
    pub keys: Vec<KeyPress>,
}

impl ActionRow {
    /// The names of the keys, separated by blanks. Empty without keys.
    #[must_use]
    pub fn key_names(&self) -> String {
        self.keys.iter().map(KeyPress::label).collect::<Vec<_>>().join(" ")
    }
}

impl Keymap {
    /// Builds the keymap of a configuration.
    #[must_use]
    pub fn new(bindings: &Keybinding) -> Self {
        let mut actions = HashMap::new();
        let mut rows = Vec::new();
        for bound in bindings.all() {
            let keys = Binding::keys(&bound.setting.value).to_vec();
            for key in &keys {
                actions.extend(bound.contexts.iter().map(|context| ((*context, *key), bound.action)));
            }
            let (action, contexts, task, rank) = (bound.action, bound.contexts, bound.task, bound.rank);
            rows.push(ActionRow { action, contexts, task, rank, hint: bound.hint, does: bound.does, keys });
        }
        Self { actions, rows }
    }

    /// The action of a key in a context. `None` for an unbound key, and for a character in a text line.
    #[must_use]
    pub fn action(&self, context: Context, key: KeyPress) -> Option<Action> {
        if context == Context::TextLine && typed(key).is_some() {
            return None;
        }
        self.actions.get(&(context, key)).copied()
    }

    /// All actions, in the order of the action table.
    #[must_use]
    pub fn all(&self) -> &[ActionRow] {
        &self.rows
    }

    /// The actions of a context, in the order of the action table.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = &ActionRow> {
        self.rows.iter().filter(move |row| row.contexts.contains(&context))
    }

    /// The actions of a context that have a hint, the most important one first.
    #[must_use]
    pub fn hinted(&self, context: Context) -> Vec<&ActionRow> {
        let mut rows: Vec<_> = self.rows(context).filter(|row| row.rank.is_some()).collect();
        rows.sort_by_key(|row| row.rank);
        rows
    }

    /// The key that hints name for an action: the first of its keys that works in the context.
    #[must_use]
    pub fn hint(&self, context: Context, action: Action) -> Option<KeyPress> {
        let row = self.rows(context).find(|row| row.action == action)?;
        row.keys.iter().copied().find(|key| self.action(context, *key) == Some(action))
    }
}

/// The character that a key types. `None` for control keys.
#[must_use]
pub fn typed(key: KeyPress) -> Option<char> {
    match key {
        KeyPress { key: Key::Char(letter), modifiers } if !modifiers.ctrl && !modifiers.alt => Some(letter),
        _ => None,
    }
}

/// Converts a key event to the configuration's key. `None` for releases and for keys without a name in the
/// configuration.
///
/// Terminals without the kitty keyboard protocol send control bytes: `ctrl+/` is 0x1F, which crossterm reads as
/// `ctrl+7`, `ctrl+\` is 0x1C, read as `ctrl+4`.
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
            // The character itself implies shift. With ctrl, the configuration has lower-case letters only.
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
    fn key_events_match_the_names_in_the_configuration() {
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
    fn a_key_release_triggers_no_action() {
        let event = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(key_press(&event), None);
    }

    #[test]
    fn bound_letters_can_be_typed_in_a_text_line() {
        let keymap = Keymap::new(&Keybinding::default());
        let action = |context, text: &str| keymap.action(context, text.parse().unwrap());
        assert_eq!(action(Context::TextLine, "q"), None);
        assert_eq!(action(Context::TextLine, "k"), None);
        assert_eq!(action(Context::TextLine, "up"), Some(Action::Up));
        assert_eq!(action(Context::TextLine, "ctrl+c"), Some(Action::Quit));
        assert_eq!(action(Context::FileTree, "q"), Some(Action::Quit));
        assert_eq!(keymap.hint(Context::FileTree, Action::Quit).unwrap().to_string(), "ctrl+c");
    }

    #[test]
    fn one_key_has_a_different_action_in_each_pane() {
        let keymap = Keymap::new(&Keybinding::default());
        let ctrl_a = "ctrl+a".parse().unwrap();
        assert_eq!(keymap.action(Context::Layers, ctrl_a), Some(Action::CompareAll));
        assert_eq!(keymap.action(Context::FileTree, ctrl_a), Some(Action::ToggleAddedFiles));
        assert_eq!(keymap.action(Context::Viewer, ctrl_a), None);
    }
}
