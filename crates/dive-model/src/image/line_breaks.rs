//! Finds lines of a text without reading what precedes them: a hostile Dockerfile has megabytes, and the screen shows lines of it
//! with each drawing.

use std::ops::Range;

/// Bytes of a block. A search reads at most two.
const BLOCK: usize = 4096;

/// The number of line breaks before each block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineBreaks {
    before_block: Box<[u32]>,
}

impl LineBreaks {
    pub(super) fn of(text: &str) -> Self {
        let before_block = text.as_bytes().chunks(BLOCK).scan(0_u32, |breaks, block| {
            let before = *breaks;
            let here: u32 = block.iter().map(|byte| u32::from(*byte == b'\n')).sum();
            *breaks = before.saturating_add(here);
            Some(before)
        });
        Self { before_block: before_block.collect() }
    }

    /// The lines of `text`, whose line breaks these are, from line `first` on, which are numbered from 1.
    pub(super) fn lines_from<'a, 'i>(&'i self, text: &'a str, first: u32) -> LinesFrom<'a, 'i> {
        LinesFrom { breaks: self, text, number: first.max(1), start: None }
    }

    /// The position of the line break that ends line `number`.
    fn end_of(&self, text: &str, number: u32) -> Option<usize> {
        let before = number.checked_sub(1)?;
        // The last block with so few breaks before it has this one, if there is one.
        let block = self.before_block.partition_point(|breaks| *breaks <= before).checked_sub(1)?;
        let earlier = before.checked_sub(*self.before_block.get(block)?)?;
        let start = block * BLOCK;
        find_break(text, start..start + BLOCK, earlier as usize)
    }
}

/// The position of the line break after `earlier` others in a part of `text`.
fn find_break(text: &str, part: Range<usize>, earlier: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(part.start..part.end.min(text.len()))?;
    let found = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(earlier).map(|(at, _)| at);
    #[cfg(test)]
    tests::count(found.map_or(bytes.len(), |at| at + 1));
    found.map(|at| part.start + at)
}

/// Numbered lines of a text.
#[derive(Debug)]
pub(super) struct LinesFrom<'a, 'i> {
    breaks: &'i LineBreaks,
    text: &'a str,
    number: u32,
    /// Where the next line starts; `None` before the first.
    start: Option<usize>,
}

impl<'a> Iterator for LinesFrom<'a, '_> {
    type Item = (u32, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (text, number) = (self.text, self.number);
        let start = match (self.start, number) {
            (Some(start), _) => start,
            (None, 1) => 0,
            (None, _) => self.breaks.end_of(text, number - 1)? + 1,
        };
        if start >= text.len() {
            return None;
        }
        // Most lines end in the block in which they start.
        let block_end = (start / BLOCK + 1) * BLOCK;
        let end = find_break(text, start..block_end, 0).or_else(|| self.breaks.end_of(text, number));
        let line = match end {
            Some(end) => text.get(start..end).map(|line| line.strip_suffix('\r').unwrap_or(line)),
            None => text.get(start..),
        };
        self.start = Some(end.map_or(text.len(), |end| end + 1));
        self.number = number.saturating_add(1);
        Some((number, line?))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static READ: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts bytes that were searched for a line break.
    pub(super) fn count(bytes: usize) {
        READ.set(READ.get() + bytes);
    }

    /// The lines from `first` on, and the bytes that were searched for them.
    fn searched(text: &str, first: u32, lines: usize) -> (Vec<(u32, &str)>, usize) {
        let breaks = LineBreaks::of(text);
        READ.set(0);
        let found = breaks.lines_from(text, first).take(lines).collect();
        (found, READ.get())
    }

    #[test]
    fn lines_are_those_of_the_standard_library() {
        let long = "x".repeat(3 * BLOCK);
        let exact = "y".repeat(BLOCK - 1);
        for text in [
            String::new(),
            "\n".to_owned(),
            "a\r\n\r\nb\r".to_owned(),
            "a\n\nb".to_owned(),
            "\n".repeat(2 * BLOCK + 1),
            format!("{exact}\n{exact}\n{long}\n{long}\r\nlast\n"),
            format!("a\n{long}é{long}\nb\n\n{exact}"),
            long,
        ] {
            let expected: Vec<_> = (1..).zip(text.lines()).collect();
            assert_eq!(searched(&text, 1, usize::MAX).0, expected);
            for first in (1..=expected.len() as u32 + 2).rev().take(20) {
                let rest = expected.get(first as usize - 1..).unwrap_or_default();
                assert_eq!(searched(&text, first, usize::MAX).0, rest, "from line {first} of {}", expected.len());
            }
        }
    }

    #[test]
    fn lines_at_the_end_of_megabytes_are_found_without_reading_them() {
        let text = "\n".repeat(8 << 20) + &"last\n".repeat(10);
        let (found, read) = searched(&text, (8 << 20) + 1, 10);
        assert_eq!((found.len(), found[9].1), (10, "last"));
        assert!(read <= 3 * BLOCK, "{read}");
        // Long lines are skipped, too.
        let text = ("x".repeat(1 << 20) + "\n").repeat(8);
        let (found, read) = searched(&text, 2, 6);
        assert_eq!(found.len(), 6);
        assert!(read <= 14 * BLOCK, "{read}");
    }
}
