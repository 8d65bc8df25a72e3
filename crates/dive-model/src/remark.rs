//! Remarks: oddities that did not stop the work; and what to do about damage.
//!
//! All stages from the store to the tree return remarks, and only the command prints them. So nothing is dropped
//! silently, and no library code prints.

use std::borrow::Cow;
use std::fmt;

use crate::escape::{Escaped, is_hidden};

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
    pub fn tolerated(place: &str, error: &dyn fmt::Display, consequence: &str) -> Self {
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

/// Formats untrusted text for one line of a terminal or log: escapes characters that control a terminal or break a
/// line as [`Escaped`] does, those that reorder it or are invisible as `\u{N}`.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(self.0, "", f)
    }
}

/// Formats an untrusted name in quotation marks, escaped like [`Shown`], with a backslash before quotation marks and
/// backslashes.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<T>(pub T);

impl<'a> Quoted<Cow<'a, str>> {
    /// A name in bytes. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn lossy(name: &'a [u8]) -> Self {
        Self(String::from_utf8_lossy(name))
    }
}

impl<T: AsRef<str>> fmt::Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        escape(self.0.as_ref(), "\"\\", f)?;
        f.write_str("\"")
    }
}

/// Writes `text` on one line, with a backslash before each character in `marks`.
fn escape(text: &str, marks: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| letter.is_control() || is_hidden(letter) || marks.contains(letter)) {
        f.write_str(&rest[..at])?;
        let mut after = rest[at..].chars();
        match after.next() {
            Some(letter) if letter.is_control() => {
                write!(f, "{}", Escaped(letter.encode_utf8(&mut [0; 4]).as_bytes()))?;
            }
            Some(letter) if marks.contains(letter) => write!(f, "\\{letter}")?,
            Some(letter) => write!(f, "{}", letter.escape_unicode())?,
            None => {}
        }
        rest = after.as_str();
    }
    f.write_str(rest)
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
        let remark = Remark::tolerated("a.tar", &"a.tar: is cut", "the rest is shown");
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
    fn a_quoted_name_is_escaped_as_in_listings() {
        let quoted = |name: &str| Quoted(name).to_string();
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("a\u{1b}\n\"\\"), r#""a\x1b\n\"\\""#);
        assert_eq!(quoted("\u{202e}\u{9b}"), r#""\u{202e}\xc2\x9b""#);
        assert_eq!(Quoted::lossy(b"a\xff").to_string(), "\"a\u{fffd}\"");
    }

    #[test]
    fn a_name_cannot_control_the_terminal() {
        let remark = Remark::new("a.tar: \u{1b}[2Jx", "refused\nnot read é");
        assert_eq!(remark.to_string(), "a.tar: \\x1b[2Jx: refused\\nnot read é");
        let hidden = Remark::new("a\u{202e}b\u{2066}", "c\u{200b}d\u{9b}e\u{7f}");
        assert_eq!(hidden.to_string(), "a\\u{202e}b\\u{2066}: c\\u{200b}d\\xc2\\x9be\\x7f");
    }
}
