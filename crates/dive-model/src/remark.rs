//! Remarks: oddities that did not stop the work; and what to do about damage.
//!
//! All stages from the store to the tree return remarks, and only the command prints them. So nothing is dropped
//! silently, and no library code prints.

use std::fmt;

use crate::escape::is_hidden;

/// An oddity that the user should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Location: an archive, a document in it, a layer, an entry.
    pub place: String,
    /// What is odd and how it was handled, in one sentence without a full stop.
    pub text: String,
}

impl Remark {
    /// A remark on `place`.
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }

    /// A remark on a tolerated error, and its `consequence` for the result. If the error starts with `place`, it is not
    /// repeated.
    #[must_use]
    pub fn survived(place: &str, error: &dyn fmt::Display, consequence: &str) -> Self {
        let error = error.to_string();
        let text = error.strip_prefix(place).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&error);
        Self::new(place, format!("{text}; {consequence}"))
    }
}

/// Escapes control characters: names in archives must not control the terminal.
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Shown(&self.place), Shown(&self.text))
    }
}

/// Formats untrusted text for one line of a terminal or log: escapes characters that control a terminal, break or
/// reorder a line, or are invisible.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(|letter: char| letter.is_control() || is_hidden(letter)) {
            f.write_str(&rest[..at])?;
            let mut after = rest[at..].chars();
            if let Some(letter) = after.next() {
                write!(f, "{}", letter.escape_default())?;
            }
            rest = after.as_str();
        }
        f.write_str(rest)
    }
}

/// Formats a list in one line: the first items, and the number of the others.
#[derive(Debug, Clone, Copy)]
pub struct FirstFew<'a, T> {
    /// All items.
    pub items: &'a [T],
    /// Text between two items.
    pub separator: &'a str,
}

impl<T> FirstFew<'_, T> {
    /// Maximum number of items to print.
    pub const COUNT: usize = 5;
}

impl<T: fmt::Display> fmt::Display for FirstFew<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, item) in self.items.iter().take(Self::COUNT).enumerate() {
            write!(f, "{}{item}", if at == 0 { "" } else { self.separator })?;
        }
        match self.items.len().saturating_sub(Self::COUNT) {
            0 => Ok(()),
            more => write!(f, "{}and {more} more", self.separator),
        }
    }
}

/// What to do when part of an image is damaged or missing: the `--ignore-errors` flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDamage {
    /// End with an error that names the damage.
    #[default]
    Fail,
    /// Continue with the rest. Every loss becomes a [`Remark`].
    Remark,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerated_error_has_its_place_once() {
        let remark = Remark::survived("a.tar", &"a.tar: is cut", "the rest is shown");
        assert_eq!(remark.to_string(), "a.tar: is cut; the rest is shown");
    }

    #[test]
    fn a_long_list_shows_the_first_items_and_a_count() {
        let text = |items: &[u8]| FirstFew { items, separator: ", " }.to_string();
        assert_eq!(text(&[]), "");
        assert_eq!(text(&[1, 2, 3, 4, 5]), "1, 2, 3, 4, 5");
        assert_eq!(text(&[1, 2, 3, 4, 5, 6, 7]), "1, 2, 3, 4, 5, and 2 more");
    }

    #[test]
    fn a_name_cannot_control_the_terminal() {
        let remark = Remark::new("a.tar: \u{1b}[2Jx", "refused\nnot read é");
        assert_eq!(remark.to_string(), "a.tar: \\u{1b}[2Jx: refused\\nnot read é");
        let hidden = Remark::new("a\u{202e}b\u{2066}", "c\u{200b}d\u{9b}e\u{7f}");
        assert_eq!(hidden.to_string(), "a\\u{202e}b\\u{2066}: c\\u{200b}d\\u{9b}e\\u{7f}");
    }
}
