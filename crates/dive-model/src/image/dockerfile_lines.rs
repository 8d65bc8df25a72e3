//! The lines of a Dockerfile that created a layer.

use std::fmt;
use std::sync::Arc;

use super::line_breaks::LineBreaks;

/// A Dockerfile, or another build definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// Name from the builder or the user.
    pub name: String,
    /// Content. Invalid UTF-8 is replaced by U+FFFD.
    pub text: String,
    line_breaks: LineBreaks,
}

impl Dockerfile {
    /// A Dockerfile of this name and content.
    #[must_use]
    pub fn new(name: String, text: String) -> Self {
        Self { line_breaks: LineBreaks::of(&text), name, text }
    }
}

/// A range of lines, numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineRange {
    /// The first line.
    pub first: u32,
    /// The last line.
    pub last: u32,
}

impl LineRange {
    /// Sorts `ranges` and merges adjacent or overlapping ones.
    pub(super) fn merged(mut ranges: Vec<Self>) -> Vec<Self> {
        ranges.sort_unstable();
        let mut merged: Vec<Self> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(before) if range.first <= before.last.saturating_add(1) => {
                    before.last = before.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        merged
    }
}

/// `14-17`, `18`
impl fmt::Display for LineRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.last == self.first { Ok(()) } else { write!(f, "-{}", self.last) }
    }
}

/// How reliable the lines of a layer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Provenance states the digest of the layer.
    Exact,
    /// Exactly one instruction of the Dockerfile matches the history.
    Matched,
    /// Several instructions match, or one matches in part.
    Uncertain,
}

impl Certainty {
    /// Name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Matched => "matched",
            Self::Uncertain => "uncertain",
        }
    }
}

/// The lines that created a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerfileLines {
    /// The file.
    pub file: Arc<Dockerfile>,
    /// In order, not adjacent.
    pub ranges: Vec<LineRange>,
    /// How reliable they are.
    pub certainty: Certainty,
}

impl DockerfileLines {
    /// Line numbers: `2-3,5`.
    #[must_use]
    pub fn numbers(&self) -> String {
        self.ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    /// The file and its lines, for a sentence: `Dockerfile:2-3`, or `Dockerfile:2-3, probably`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let probably = if self.certainty == Certainty::Uncertain { ", probably" } else { "" };
        format!("{self}{probably}")
    }

    /// The lines with their numbers.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        self.ranges.iter().flat_map(|range| {
            let count = range.last.saturating_add(1).saturating_sub(range.first);
            self.file.line_breaks.lines_from(&self.file.text, range.first).take(count as usize)
        })
    }
}

/// `Dockerfile:14-17`
impl fmt::Display for DockerfileLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.name, self.numbers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u32, last: u32) -> LineRange {
        LineRange { first, last }
    }

    #[test]
    fn lines_are_named_and_shown() {
        let text = "FROM a\nRUN x\\\n  y\n\nCOPY z z\n".to_owned();
        let file = Arc::new(Dockerfile::new("Dockerfile".to_owned(), text));
        let ranges = LineRange::merged(vec![range(5, 5), range(3, 3), range(2, 2)]);
        assert_eq!(ranges, [range(2, 3), range(5, 5)]);
        let lines = DockerfileLines { file, ranges, certainty: Certainty::Exact };
        assert_eq!(
            (lines.to_string(), lines.in_words()),
            ("Dockerfile:2-3,5".to_owned(), "Dockerfile:2-3,5".to_owned())
        );
        let uncertain = DockerfileLines { certainty: Certainty::Uncertain, ..lines.clone() };
        assert_eq!(uncertain.in_words(), "Dockerfile:2-3,5, probably");
        assert_eq!(lines.lines().collect::<Vec<_>>(), [(2, "RUN x\\"), (3, "  y"), (5, "COPY z z")]);
    }
}
