//! The prompt: a line for a filter, a search, a position or a folder.

use tui_input::{Input, InputRequest};

use crate::config::{Key, KeyPress};
use crate::tui::keymap::typed;
use dive_model::escape::is_hidden;

/// The purpose of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub const fn label(self) -> &'static str {
        match self {
            Self::Filter => "Filter",
            Self::Search => "Search",
            Self::Position => "Go to",
            Self::Folder => "Extract to directory",
            Self::Command => "Action",
        }
    }
}

/// A step through the texts that were accepted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptStep {
    /// To the text accepted before.
    Older,
    /// To the text accepted after.
    Newer,
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
    /// The place of the text in the history, from the newest one. `None` if it was typed.
    recalled: Option<usize>,
}

/// The texts that were accepted in prompts, oldest first.
#[derive(Debug, Default)]
pub struct PromptHistory(Vec<String>);

/// Texts that are remembered.
const MAX_REMEMBERED: usize = 100;

impl PromptHistory {
    /// Remembers a text as the newest one.
    pub fn remember(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.0.retain(|each| each != text);
        self.0.push(text.to_owned());
        if self.0.len() > MAX_REMEMBERED {
            self.0.remove(0);
        }
    }

    /// True if no text is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Maximum length of the text, in bytes. Limits pastes.
const MAX_LEN: usize = 4096;

impl Prompt {
    /// Opens a prompt with a text.
    #[must_use]
    pub fn new(kind: PromptKind, text: &str) -> Self {
        Self { kind, input: Input::new(text.to_owned()), error: None, recalled: None }
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
        self.recalled = None;
    }

    /// Replaces an empty or recalled text by the one before it in the history, or after it. False if the text was typed,
    /// or nothing is remembered.
    pub fn recall(&mut self, history: &PromptHistory, step: PromptStep) -> bool {
        let at = match (step, self.recalled) {
            (PromptStep::Older, None) if self.text().is_empty() => Some(0),
            (PromptStep::Older, Some(at)) => Some(at + 1),
            (PromptStep::Newer, Some(at)) => at.checked_sub(1),
            (_, None) => return false,
        };
        let Some(text) = at.map_or(Some(""), |at| history.0.iter().rev().nth(at).map(String::as_str)) else {
            return self.recalled.is_some();
        };
        self.set_text(text);
        self.recalled = at;
        true
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
        let has_changed = request.and_then(|request| self.input.handle(request)).is_some_and(|changed| changed.value);
        if has_changed {
            self.recalled = None;
        }
        has_changed
    }

    /// Inserts the first line of pasted text that is not blank, without control and invisible characters. Two lines
    /// joined would be neither.
    pub fn paste(&mut self, text: &str) {
        self.recalled = None;
        let room = MAX_LEN.saturating_sub(self.text().len());
        let line = text.split(['\n', '\r']).find(|line| !line.trim().is_empty()).unwrap_or("");
        for letter in line.chars().filter(|letter| !letter.is_control() && !is_hidden(*letter)).take(room) {
            self.input.handle(InputRequest::InsertChar(letter));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_texts_are_recalled_until_the_text_is_edited() {
        let mut history = PromptHistory::default();
        for text in ["a", "", "b", "a", "c"] {
            history.remember(text);
        }
        let mut prompt = Prompt::new(PromptKind::Filter, "");
        assert!(!prompt.recall(&history, PromptStep::Newer), "nothing is newer");
        let go = |prompt: &mut Prompt, step| {
            prompt.recall(&history, step);
            prompt.text().to_owned()
        };
        for text in ["c", "a", "b", "b"] {
            assert_eq!(go(&mut prompt, PromptStep::Older), text);
        }
        for text in ["a", "c", ""] {
            assert_eq!(go(&mut prompt, PromptStep::Newer), text);
        }
        assert_eq!(go(&mut prompt, PromptStep::Older), "c");
        prompt.press("x".parse().unwrap());
        assert_eq!(go(&mut prompt, PromptStep::Older), "cx", "an edited text stays");
    }

    #[test]
    fn a_prompt_supports_the_usual_editing_keys() {
        let mut prompt = Prompt::new(PromptKind::Filter, "usr");
        for key in ["slash", "l", "i", "b", "left", "x", "backspace", "home", "delete", "end", "B"] {
            prompt.press(key.parse().unwrap());
        }
        assert_eq!(prompt.text(), "sr/libB");
        assert!(!prompt.press("f5".parse().unwrap()));
        assert!(prompt.press("ctrl+u".parse().unwrap()));
        prompt.paste("\r\na\u{1b}[2J\nb\n");
        assert_eq!(prompt.text(), "a[2J", "the first line");
    }
}
