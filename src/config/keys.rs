//! The syntax of bindings (`ctrl+f, ctrl+slash`), with dive's key names. The screen maps terminal input to these keys.

use std::fmt;
use std::str::FromStr;

use super::value::{Value, quoted, scalar, shortened};
use super::yaml::Yaml;

/// The keys of one action; the first is the hint. Empty only if other actions took all keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    keys: Vec<KeyPress>,
    /// The source text.
    text: String,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPress {
    /// The modifiers.
    pub modifiers: Modifiers,
    /// The key.
    pub key: Key,
}

/// The modifiers of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(clippy::struct_excessive_bools, reason = "three keys that are down or not, in any combination")]
pub struct Modifiers {
    /// `ctrl+`.
    pub ctrl: bool,
    /// `alt+`.
    pub alt: bool,
    /// `shift+`. Not used for letters, whose case includes it.
    pub shift: bool,
}

/// A key without modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, in its case; lower case with `ctrl`.
    Char(char),
    /// `tab`.
    Tab,
    /// `enter`.
    Enter,
    /// `esc`.
    Esc,
    /// `up`.
    Up,
    /// `down`.
    Down,
    /// `left`.
    Left,
    /// `right`.
    Right,
    /// `pgup`.
    PageUp,
    /// `pgdn`.
    PageDown,
    /// `home`.
    Home,
    /// `end`.
    End,
    /// `insert`.
    Insert,
    /// `delete`.
    Delete,
    /// `backspace`.
    Backspace,
    /// `f1` to `f12`.
    Function(u8),
}

/// A key without modifiers.
impl From<Key> for KeyPress {
    fn from(key: Key) -> Self {
        Self { modifiers: Modifiers::default(), key }
    }
}

/// Names of keys other than single characters.
const NAMES: [(&str, Key); 17] = [
    ("space", Key::Char(' ')),
    ("slash", Key::Char('/')),
    ("backslash", Key::Char('\\')),
    ("tab", Key::Tab),
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
    ("home", Key::Home),
    ("end", Key::End),
    ("insert", Key::Insert),
    ("delete", Key::Delete),
    ("backspace", Key::Backspace),
];

/// Names of keys in other programs.
const ALIASES: [(&str, Key); 6] = [
    ("escape", Key::Esc),
    ("return", Key::Enter),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
    ("ins", Key::Insert),
    ("del", Key::Delete),
];

/// The valid names, for messages.
const KNOWN: &str = "a character, space, tab, enter, esc, up, down, left, right, pgup, pgdn, home, end, insert, delete, \
                     backspace, slash, backslash, f1 to f12, each with ctrl+, alt+ or shift+ before it";

impl Binding {
    /// The keys, the hint first.
    #[must_use]
    pub fn keys(&self) -> &[KeyPress] {
        &self.keys
    }

    /// True if the binding has `key`.
    pub(super) fn has(&self, key: KeyPress) -> bool {
        self.keys.contains(&key)
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: KeyPress) {
        self.keys.retain(|each| *each != key);
        self.text = joined(&self.keys);
    }

    /// The keys in both bindings.
    pub(super) fn shared_with(&self, other: &Self) -> Vec<KeyPress> {
        self.keys.iter().copied().filter(|key| other.keys.contains(key)).collect()
    }
}

/// `keys` in the syntax of the configuration.
pub(super) fn joined(keys: &[KeyPress]) -> String {
    keys.iter().map(KeyPress::to_string).collect::<Vec<_>>().join(",")
}

fn twice(key: KeyPress) -> String {
    format!("`{key}` is listed twice; write it once")
}

impl FromStr for Binding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        for written in text.split(',') {
            let key: KeyPress = written.trim().parse()?;
            if keys.contains(&key) {
                return Err(twice(key));
            }
            keys.push(key);
        }
        Ok(Self { keys, text: text.to_owned() })
    }
}

/// The source text.
impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Value for Binding {
    /// Keeps the valid keys. A repeated key counts once.
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        let text = scalar(node, faults, |text| Ok(text.to_owned()))?;
        let mut keys: Vec<KeyPress> = Vec::new();
        let before = faults.len();
        for written in text.split(',') {
            match written.trim().parse() {
                Ok(key) if keys.contains(&key) => faults.push(twice(key)),
                Ok(key) => keys.push(key),
                Err(fault) => faults.push(fault),
            }
        }
        if keys.is_empty() {
            return None;
        }
        let text = if faults.len() == before { text } else { joined(&keys) };
        Some(Self { keys, text })
    }

    fn yaml(&self) -> String {
        quoted(&self.text)
    }
}

impl FromStr for KeyPress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("`{}` is not a key; write {KNOWN}, separated by commas", shortened(text));
        let mut modifiers = Modifiers::default();
        let mut rest = text;
        // A `+` after a modifier may be the key itself: `ctrl++`.
        while let Some((word, behind)) =
            rest.split_once('+').filter(|(word, behind)| !word.is_empty() && !behind.is_empty())
        {
            let held = match word.to_ascii_lowercase().as_str() {
                "ctrl" => &mut modifiers.ctrl,
                "alt" => &mut modifiers.alt,
                "shift" => &mut modifiers.shift,
                _ => return Err(unknown()),
            };
            if std::mem::replace(held, true) {
                return Err(unknown());
            }
            rest = behind;
        }
        let mut key = named(rest).ok_or_else(unknown)?;
        if let Key::Char(letter) = &mut key {
            if modifiers.ctrl {
                letter.make_ascii_lowercase();
            } else if modifiers.shift && letter.is_ascii_alphabetic() {
                letter.make_ascii_uppercase();
                modifiers.shift = false;
            }
        }
        Ok(Self { modifiers, key })
    }
}

/// Finds a key by its name or character.
fn named(name: &str) -> Option<Key> {
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return (!letter.is_control() && letter != ' ').then_some(Key::Char(letter));
    }
    let lower = name.to_ascii_lowercase();
    if let Some((_, key)) = NAMES.iter().chain(&ALIASES).find(|(known, _)| *known == lower) {
        return Some(*key);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    // `f01` and `f+1` are invalid.
    ((1..=12).contains(&number) && lower == format!("f{number}")).then_some(Key::Function(number))
}

impl KeyPress {
    /// The key as on a keyboard: `ctrl+/`. `Display` has the syntax of the configuration.
    #[must_use]
    pub fn label(&self) -> String {
        self.to_string().replace("backslash", "\\").replace("slash", "/")
    }
}

/// The syntax of the configuration: `ctrl+slash`.
impl fmt::Display for KeyPress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Modifiers { ctrl, alt, shift } = self.modifiers;
        for (held, word) in [(ctrl, "ctrl+"), (alt, "alt+"), (shift, "shift+")] {
            if held {
                f.write_str(word)?;
            }
        }
        match (NAMES.iter().find(|(_, key)| *key == self.key), self.key) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Key::Char(letter)) => write!(f, "{letter}"),
            (None, Key::Function(number)) => write!(f, "f{number}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<Vec<String>, String> {
        text.parse::<Binding>().map(|binding| binding.keys().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn key_names_of_dive_are_understood() {
        for (text, keys) in [
            ("ctrl+c,q", &["ctrl+c", "q"][..]),
            ("ctrl+f, ctrl+slash", &["ctrl+f", "ctrl+slash"]),
            ("Ctrl+Space", &["ctrl+space"]),
            ("G, g", &["G", "g"]),
            ("shift+g", &["G"]),
            ("ctrl+A", &["ctrl+a"]),
            ("ctrl+alt+shift+f12", &["ctrl+alt+shift+f12"]),
            ("shift+tab", &["shift+tab"]),
            ("+, ctrl++", &["+", "ctrl++"]),
            ("/, \\", &["slash", "backslash"]),
            ("é", &["é"]),
            ("escape, Return, PageUp", &["esc", "enter", "pgup"]),
            ("pagedown,ins,ctrl+del", &["pgdn", "insert", "ctrl+delete"]),
        ] {
            assert_eq!(shown(text).unwrap(), keys, "{text}");
            let again = shown(&keys.join(",")).unwrap();
            assert_eq!(again, keys, "what is shown can be written");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        for text in ["", "q,", "ctrl+foo", "ctrl+", "ctl+c", "ctrl+ctrl+c", "f0", "f13", "f01", "qq", "\u{1b}"] {
            let error = shown(text).unwrap_err();
            assert!(error.contains("is not a key; write a character"), "{text}: {error}");
        }
        assert_eq!(shown("q,shift+g,G").unwrap_err(), "`G` is listed twice; write it once");
    }

    #[test]
    fn the_valid_keys_of_a_binding_are_kept() {
        let read = |text: &str| {
            let mut faults = Vec::new();
            let binding = Binding::read(&Yaml::Scalar(text.to_owned()), &mut faults);
            (binding.map(|binding| binding.to_string()), faults.len())
        };
        assert_eq!(read("ctrl+f, ctrl+slash"), (Some("ctrl+f, ctrl+slash".to_owned()), 0));
        assert_eq!(read("ctrl+foo, q"), (Some("q".to_owned()), 1));
        assert_eq!(read("q,q , hyper+q"), (Some("q".to_owned()), 2));
        assert_eq!(read("ctrl+foo"), (None, 1));
        assert_eq!(read(""), (None, 1));
    }
}
