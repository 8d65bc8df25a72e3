//! Cuts texts for documents. Names, commands and lists in an image may have any length, and the summary has a limit.

use std::borrow::Cow;

/// The limits of texts and lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    /// In bytes; `None` for no limit.
    limit: Option<usize>,
}

/// The length of a SHA-512 digest in bytes.
const DIGEST: usize = "sha512:".len() + 128;

/// Limit of a list of names if texts are cut.
const NAMES: usize = 20;

impl Texts {
    /// No limits.
    pub(super) const WHOLE: Self = Self { limit: None };

    /// Texts of at most `limit` bytes, and short lists.
    pub(super) const fn up_to(limit: usize) -> Self {
        Self { limit: Some(limit) }
    }

    /// The limit of a list of names.
    pub(super) const fn names(self) -> usize {
        match self.limit {
            None => usize::MAX,
            Some(_) => NAMES,
        }
    }

    /// The start of `text`.
    pub(super) fn start(self, text: &str) -> Cow<'_, str> {
        start_of(text, self.limit)
    }

    /// A digest in full. Text longer than a digest is cut.
    pub(super) fn digest(self, digest: &str) -> Cow<'_, str> {
        start_of(digest, self.limit.map(|_| DIGEST))
    }

    /// The end of `path`, which says more than its start.
    pub(super) fn end(self, path: &[u8]) -> String {
        let text = String::from_utf8_lossy(path);
        let Some(first) = self.limit.and_then(|limit| text.len().checked_sub(limit)).filter(|first| *first > 0) else {
            return text.into_owned();
        };
        let start = (first..=text.len()).find(|start| text.is_char_boundary(*start)).unwrap_or(text.len());
        format!("…{}", &text[start..])
    }
}

fn start_of(text: &str, limit: Option<usize>) -> Cow<'_, str> {
    let Some(limit) = limit.filter(|limit| *limit < text.len()) else { return Cow::Borrowed(text) };
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    Cow::Owned(format!("{}…", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let texts = Texts::up_to(4);
        assert_eq!(texts.start("abcd"), "abcd");
        assert_eq!(texts.start("abcde"), "abcd…");
        assert_eq!(texts.start("abcé"), "abc…");
        assert_eq!(texts.end(b"/usr/bin"), "…/bin");
        assert_eq!(texts.end("ébcd".as_bytes()), "…bcd");
        assert_eq!(texts.end(b"/bin"), "/bin");
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(texts.digest(&digest), digest);
        assert_eq!(texts.digest(&"x".repeat(1000)).len(), DIGEST + "…".len());
        assert_eq!(Texts::WHOLE.start("abcde"), "abcde");
    }
}
