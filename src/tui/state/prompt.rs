//! The prompt: a line for a filter, a search, a position or a folder.

use tui_input::{Input, InputRequest};

use crate::config::{Key, KeyPress};
use crate::tui::keymap::typed;
use dive_model::escape::is_hidden;

/// The purpose of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptKind {
    /// Filter of the file tree.
    Filter,
    /// Search in the content of a file.
    Search,
    /// Position in the content of a file.
    Position,
    /// Folder to extract to.
    Folder,
    /// Words of an action.
    Command,
}

impl PromptKind {
    /// Label before the text.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Filter => "Filter",
            Self::Search => "Search",
            Self::Position => "Go to",
            Self::Folder => "Extract to directory",
            Self::Command => "Command",
        }
    }
}

/// An open prompt.
#[derive(Debug)]
pub struct Prompt {
    /// Its purpose.
    pub kind: PromptKind,
    /// Text and cursor.
    pub input: Input,
    /// Error in the current text.
    pub error: Option<String>,
}

/// Maximum length of the text, in bytes. Limits pastes.
const MAX_LEN: usize = 4096;

impl Prompt {
    /// Opens a prompt with a text.
    #[must_use]
    pub fn new(kind: PromptKind, text: &str) -> Self {
        Self { kind, input: Input::new(text.to_owned()), error: None }
    }

    /// The current text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Replaces the text and moves the cursor to its end.
    pub fn set_text(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
        self.error = None;
    }

    /// True if a key edits the text or moves the cursor.
    #[must_use]
    pub fn is_edit(key: KeyPress) -> bool {
        Self::request(key).is_some()
    }

    fn request(key: KeyPress) -> Option<InputRequest> {
        let word = key.modifiers.ctrl || key.modifiers.alt;
        match key.key {
            _ if typed(key).is_some() => typed(key).map(InputRequest::InsertChar),
            Key::Backspace if word => Some(InputRequest::DeletePrevWord),
            Key::Char('w') if key.modifiers.ctrl => Some(InputRequest::DeletePrevWord),
            Key::Char('u') if key.modifiers.ctrl => Some(InputRequest::DeleteLine),
            Key::Char('b') if key.modifiers.alt => Some(InputRequest::GoToPrevWord),
            Key::Char('f') if key.modifiers.alt => Some(InputRequest::GoToNextWord),
            Key::Char('d') if key.modifiers.alt => Some(InputRequest::DeleteNextWord),
            Key::Backspace => Some(InputRequest::DeletePrevChar),
            Key::Delete => Some(InputRequest::DeleteNextChar),
            Key::Left if word => Some(InputRequest::GoToPrevWord),
            Key::Right if word => Some(InputRequest::GoToNextWord),
            Key::Left => Some(InputRequest::GoToPrevChar),
            Key::Right => Some(InputRequest::GoToNextChar),
            Key::Home => Some(InputRequest::GoToStart),
            Key::End => Some(InputRequest::GoToEnd),
            _ => None,
        }
    }

    /// Applies a key. True if the text changed.
    pub fn press(&mut self, key: KeyPress) -> bool {
        let request = Self::request(key);
        if matches!(request, Some(InputRequest::InsertChar(_))) && self.text().len() >= MAX_LEN {
            return false;
        }
        request.and_then(|request| self.input.handle(request)).is_some_and(|changed| changed.value)
    }

    /// Inserts pasted text, without control and invisible characters.
    pub fn paste(&mut self, text: &str) {
        let room = MAX_LEN.saturating_sub(self.text().len());
        for letter in text.chars().filter(|letter| !letter.is_control() && !is_hidden(*letter)).take(room) {
            self.input.handle(InputRequest::InsertChar(letter));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_supports_the_usual_editing_keys() {
        let mut prompt = Prompt::new(PromptKind::Filter, "usr");
        for key in ["slash", "l", "i", "b", "left", "x", "backspace", "home", "delete", "end", "B"] {
            prompt.press(key.parse().unwrap());
        }
        assert_eq!(prompt.text(), "sr/libB");
        assert!(!prompt.press("f5".parse().unwrap()));
        assert!(prompt.press("ctrl+u".parse().unwrap()));
        prompt.paste("a\nb\u{1b}[2J");
        assert_eq!(prompt.text(), "ab[2J");
    }
}
