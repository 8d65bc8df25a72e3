//! Writes a manual page in roff: headings, paragraphs, terms, examples.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dive::config::Date;
use roff::{Roff, bold, roman};

use super::document::inline;

const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");

/// A page under construction.
pub(crate) struct Page {
    roff: Roff,
    /// A section has just begun: its first paragraph needs no distance to the heading.
    is_new_section: bool,
}

impl Page {
    /// Starts a page of a manual section.
    pub(crate) fn new(name: &str, section: u8, about: &str) -> Self {
        let source = concat!("dive ", env!("CARGO_PKG_VERSION"));
        let mut roff = Roff::new();
        roff.control("TH", [name, &section.to_string(), &date(), source, "dive"]);
        let mut page = Self { roff, is_new_section: false };
        page.heading("NAME");
        page.roff.text([roman(format!("{name} - {about}"))]);
        page
    }

    /// Continues a page whose head is already written.
    pub(crate) fn part() -> Self {
        Self { roff: Roff::new(), is_new_section: false }
    }

    /// Starts a section.
    pub(crate) fn heading(&mut self, title: &str) -> &mut Self {
        self.roff.control("SH", [title]);
        self.is_new_section = true;
        self
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) -> &mut Self {
        self.begins_paragraph();
        self.roff.text(inline(text));
        self
    }

    /// A term and its description.
    pub(crate) fn term(&mut self, term: &str, meaning: &str) -> &mut Self {
        self.is_new_section = false;
        self.roff.control("TP", []);
        self.roff.text([bold(term)]);
        self.roff.text(inline(meaning));
        self
    }

    /// Literal lines.
    pub(crate) fn example(&mut self, text: &str) -> &mut Self {
        self.begins_paragraph();
        self.roff.control("EX", []);
        for line in text.lines() {
            self.roff.text([roman(line)]);
        }
        self.roff.control("EE", []);
        self
    }

    fn begins_paragraph(&mut self) {
        if !std::mem::take(&mut self.is_new_section) {
            self.roff.control("PP", []);
        }
    }

    /// The finished page.
    pub(crate) fn finish(&self) -> String {
        self.roff.render()
    }
}

/// Release date of this version in the changelog; before the release, the day of `SOURCE_DATE_EPOCH`, or today.
fn date() -> String {
    let heading = concat!("## [", env!("CARGO_PKG_VERSION"), "] - ");
    let released = CHANGELOG.lines().find_map(|line| line.strip_prefix(heading));
    released.map_or_else(
        || {
            let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
            let built = epoch.map_or_else(SystemTime::now, |seconds| UNIX_EPOCH + Duration::from_secs(seconds));
            Date::of(built).to_string()
        },
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_bold_and_links_are_words() {
        let mut page = Page::new("x", 5, "y");
        page.paragraph("`ci: true`, as [below](#the-log), as `--ci` does [b");
        let text = page.finish();
        assert!(text.contains(r"\fBci: true\fR, as below, as \fB\-\-ci\fR does [b"), "{text}");
    }
}
