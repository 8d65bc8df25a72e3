//! Writes a manual page in roff: headings, paragraphs, terms, examples. Texts come from documents, so `code` becomes
//! bold and [links](target) plain words.

use roff::{Inline, Roff, bold, roman};

const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");

/// A page under construction.
pub(crate) struct Page {
    roff: Roff,
}

impl Page {
    /// Starts a page of a manual section.
    pub(crate) fn new(name: &str, section: u8, about: &str) -> Self {
        let source = concat!("dive ", env!("CARGO_PKG_VERSION"));
        let mut roff = Roff::new();
        roff.control("TH", [name, &section.to_string(), date(), source, "dive"]);
        let mut page = Self { roff };
        page.heading("NAME");
        page.roff.text([roman(format!("{name} - {about}"))]);
        page
    }

    /// Continues a page whose head is already written.
    pub(crate) fn part() -> Self {
        Self { roff: Roff::new() }
    }

    /// Starts a section.
    pub(crate) fn heading(&mut self, title: &str) -> &mut Self {
        self.roff.control("SH", [title]);
        self
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) -> &mut Self {
        self.roff.control("PP", []);
        self.roff.text(inline(text));
        self
    }

    /// A term and its description.
    pub(crate) fn term(&mut self, term: &str, meaning: &str) -> &mut Self {
        self.roff.control("TP", []);
        self.roff.text([bold(term)]);
        self.roff.text(inline(meaning));
        self
    }

    /// Literal lines.
    pub(crate) fn example(&mut self, text: &str) -> &mut Self {
        self.roff.control("PP", []);
        self.roff.control("EX", []);
        for line in text.lines() {
            self.roff.text([roman(line)]);
        }
        self.roff.control("EE", []);
        self
    }

    /// The finished page.
    pub(crate) fn finish(&self) -> String {
        self.roff.render()
    }
}

/// Release date of this version in the changelog.
fn date() -> &'static str {
    let heading = concat!("## [", env!("CARGO_PKG_VERSION"), "] - ");
    CHANGELOG.lines().find_map(|line| line.strip_prefix(heading)).unwrap_or("unreleased")
}

/// Converts a document's text: `code` becomes bold, a link its words.
fn inline(text: &str) -> Vec<Inline> {
    let words = without_links(text);
    let pieces = words.split('`').enumerate();
    pieces.map(|(at, piece)| if at % 2 == 1 { bold(piece) } else { roman(piece) }).collect()
}

/// `[words](target)` as `words`.
fn without_links(text: &str) -> String {
    let link = text.split_once('[').and_then(|(before, rest)| {
        let (words, rest) = rest.split_once("](")?;
        let (_, after) = rest.split_once(')')?;
        Some(format!("{before}{words}{}", without_links(after)))
    });
    link.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_bold_and_links_are_words() {
        let mut page = Page::new("x", 5, "y");
        page.paragraph("`ci: true`, see [below](#the-log), as `--ci` does [b");
        let text = page.finish();
        assert!(text.contains(r"\fBci: true\fR, see below, as \fB\-\-ci\fR does [b"), "{text}");
    }
}
