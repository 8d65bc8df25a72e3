//! How much of a text goes into a document. Names, commands and lists in an image may be of any length; the summary has a limit.

use std::borrow::Cow;

/// How long texts and lists may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    /// In bytes; `None` if everything is written.
    limit: Option<usize>,
}

/// The bytes of a digest of SHA-512.
const DIGEST: usize = "sha512:".len() + 128;

/// Items of a list of names, where texts are cut.
const NAMES: usize = 20;

impl Texts {
    /// Everything.
    pub(super) const WHOLE: Self = Self { limit: None };

    /// Texts of `limit` bytes at most, and short lists.
    pub(super) const fn up_to(limit: usize) -> Self {
        Self { limit: Some(limit) }
    }

    /// How many items of a list are written.
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

    /// A digest, which is whole or worth nothing; what is too long for one is cut.
    pub(super) fn digest(self, digest: &str) -> Cow<'_, str> {
        start_of(digest, self.limit.map(|_| DIGEST))
    }

    /// The end of `path`, which tells more than its start.
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
    fn a_text_is_cut_between_letters() {
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
