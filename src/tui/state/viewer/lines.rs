//! Lines and rows of a text that is never entirely in memory. A row is a line, or 4 KiB of a longer line. An index
//! built in the background has a mark every 64 KiB, so any position is found by reading no more than that; beyond the
//! indexed part, rows are found without line numbers.

use std::collections::VecDeque;
use std::io;

use super::content::Content;

/// Maximum length of a row, in bytes.
const MAX_ROW_LEN: usize = 4 * 1024;

/// Initial distance between marks of the index, in bytes.
const MARK_STRIDE: u64 = 64 * 1024;

/// Maximum number of marks: 1.5 MiB. The distance doubles for files over 4 GiB.
const MAX_MARKS: usize = 1 << 16;

/// Bytes read at a time.
const CHUNK: u64 = 64 * 1024;

/// The start of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowStart {
    /// Offset in the file, in bytes.
    pub(super) offset: u64,
    /// Line number, from 1. `None` if lines are not counted up to here.
    pub(super) line: Option<u64>,
    /// True at the start of a line. False for the continuation of a line longer than [`MAX_ROW_LEN`].
    pub(super) starts_line: bool,
}

impl RowStart {
    /// The start of the file.
    pub(super) const START: Self = Self { offset: 0, line: Some(1), starts_line: true };

    const fn after(self, split: RowSplit) -> Self {
        let line = match (self.line, split.ends_line) {
            (Some(line), true) => Some(line + 1),
            (line, _) => line,
        };
        Self { offset: self.offset + split.len as u64, line, starts_line: split.ends_line }
    }
}

/// A row of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextRow {
    pub(super) row_start: RowStart,
    /// Text without the line ending.
    pub(super) text: Vec<u8>,
    /// Start of the next row.
    pub(super) next: RowStart,
}

/// The end of a row.
#[derive(Clone, Copy)]
struct RowSplit {
    /// Length without and with the line ending, in bytes.
    text: usize,
    len: usize,
    ends_line: bool,
}

/// Whether the file continues after the given bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Follows,
    None,
}

/// Splits the first row from `bytes`. `None` if they are empty or too few to decide.
fn split(bytes: &[u8], rest: Rest) -> Option<RowSplit> {
    // A row of the maximum length plus `\r\n`.
    let first = &bytes[..bytes.len().min(MAX_ROW_LEN + 2)];
    if let Some(at) = first.iter().position(|byte| *byte == b'\n') {
        let text = if first[..at].ends_with(b"\r") { at - 1 } else { at };
        return Some(RowSplit { text, len: at + 1, ends_line: true });
    }
    if first.len() == MAX_ROW_LEN + 2 {
        // Split at a character boundary: a UTF-8 character has at most three continuation bytes.
        let boundary =
            (MAX_ROW_LEN - 3..=MAX_ROW_LEN).rev().find(|at| first[*at] & 0xC0 != 0x80).unwrap_or(MAX_ROW_LEN);
        return Some(RowSplit { text: boundary, len: boundary, ends_line: false });
    }
    let whole = first.len();
    (rest == Rest::None && whole > 0).then_some(RowSplit { text: whole, len: whole, ends_line: true })
}

/// Counts lines of a stream.
#[derive(Debug)]
pub(super) struct LineCounter {
    /// Start of the incomplete row.
    next: RowStart,
    carry: Vec<u8>,
    marks: Vec<RowStart>,
    next_mark: u64,
}

impl LineCounter {
    pub(super) const fn new() -> Self {
        Self { next: RowStart::START, carry: Vec::new(), marks: Vec::new(), next_mark: 0 }
    }

    /// Counts the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.carry.extend_from_slice(bytes);
        self.count(Rest::Follows);
    }

    /// Ends the stream.
    pub(super) fn finish(&mut self) {
        self.count(Rest::None);
    }

    /// Returns the marks since the last call, and the row up to which lines are counted.
    pub(super) fn take(&mut self) -> (Vec<RowStart>, RowStart) {
        (std::mem::take(&mut self.marks), self.next)
    }

    fn count(&mut self, rest: Rest) {
        let mut at = 0;
        while let Some(split) = split(&self.carry[at..], rest) {
            if self.next.offset >= self.next_mark {
                self.marks.push(self.next);
                self.next_mark = self.next.offset + MARK_STRIDE;
            }
            self.next = self.next.after(split);
            at += split.len;
        }
        self.carry.drain(..at);
    }
}

/// An index of row starts in file order.
#[derive(Debug)]
pub(super) struct LineIndex {
    marks: Vec<RowStart>,
    stride: u64,
    /// Lines are counted up to this row.
    counted: RowStart,
    complete: bool,
}

impl LineIndex {
    pub(super) const fn new() -> Self {
        Self { marks: Vec::new(), stride: MARK_STRIDE, counted: RowStart::START, complete: false }
    }

    /// Adds the marks of a [`LineCounter`].
    pub(super) fn extend(&mut self, marks: Vec<RowStart>, counted: RowStart) {
        for mark in marks {
            if self.marks.last().is_none_or(|last| mark.offset >= last.offset + self.stride) {
                self.marks.push(mark);
            }
            if self.marks.len() > MAX_MARKS {
                let mut keep = false;
                self.marks.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.stride *= 2;
            }
        }
        self.counted = counted;
    }

    pub(super) const fn complete(&mut self) {
        self.complete = true;
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Number of lines. `None` until all are counted.
    pub(super) const fn lines(&self) -> Option<u64> {
        match self.counted.line {
            Some(line) if self.complete => Some(line - 1),
            _ => None,
        }
    }

    /// True if the line is indexed or the index is complete.
    pub(super) fn knows_line(&self, line: u64) -> bool {
        self.complete || self.counted.line.is_some_and(|counted| line < counted)
    }

    /// True if lines are counted up to `offset`.
    pub(super) const fn knows(&self, offset: u64) -> bool {
        offset < self.counted.offset
    }

    /// The last marked row at or before `offset`. `None` beyond the counted part.
    fn before(&self, offset: u64) -> Option<RowStart> {
        let after = self.marks.partition_point(|mark| mark.offset <= offset);
        self.marks.get(after.checked_sub(1)?).copied().filter(|_| self.knows(offset))
    }

    /// The last marked row at or before the start of `line`.
    fn before_line(&self, line: u64) -> RowStart {
        let at_or_before = |mark: &RowStart| mark.line.is_some_and(|number| number < line);
        let after = self.marks.partition_point(at_or_before);
        after.checked_sub(1).and_then(|at| self.marks.get(at)).copied().unwrap_or(RowStart::START)
    }
}

/// Reads rows from the available part of a text.
#[derive(Clone, Copy)]
pub(super) struct TextReader<'a> {
    pub(super) content: &'a Content,
    pub(super) index: &'a LineIndex,
    /// Available bytes.
    pub(super) end: u64,
}

impl TextReader<'_> {
    /// Passes the rows from `row_start` on to `take` until it returns false or the text ends.
    fn rows(&self, row_start: RowStart, take: &mut dyn FnMut(TextRow) -> bool) -> io::Result<()> {
        let mut row_start = row_start;
        let (mut bytes, mut at) = (Vec::new(), 0);
        loop {
            let read_to = row_start.offset + (bytes.len() - at) as u64;
            let rest = if read_to < self.end { Rest::Follows } else { Rest::None };
            if let Some(split) = split(&bytes[at..], rest) {
                let next = row_start.after(split);
                let text = bytes[at..at + split.text].to_vec();
                if !take(TextRow { row_start, text, next }) {
                    return Ok(());
                }
                (row_start, at) = (next, at + split.len);
                continue;
            }
            if rest == Rest::None {
                return Ok(());
            }
            bytes.drain(..at);
            at = 0;
            let more = self.content.read(read_to, self.end.min(read_to + CHUNK))?;
            if more.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was truncated while it was read"));
            }
            bytes.extend(more);
        }
    }

    /// Reads up to `count` rows from `row_start` on.
    pub(super) fn from(&self, row_start: RowStart, count: usize) -> io::Result<Vec<TextRow>> {
        let mut rows = Vec::new();
        if count > 0 {
            self.rows(row_start, &mut |row| {
                rows.push(row);
                rows.len() < count
            })?;
        }
        Ok(rows)
    }

    /// Reads up to `count` rows before `row_start`, in file order.
    pub(super) fn before(&self, row_start: RowStart, count: usize) -> io::Result<VecDeque<TextRow>> {
        let mut found: VecDeque<TextRow> = VecDeque::new();
        let mut end = row_start.offset;
        while found.len() < count && end > 0 {
            let start = self.row_near(end - 1)?;
            let mut rows = VecDeque::new();
            self.rows(start, &mut |row| {
                let goes_on = row.next.offset < end;
                // After a guessed start, the last row may extend beyond `end`.
                if row.row_start.offset < end {
                    rows.push_back(row);
                    if rows.len() > count {
                        rows.pop_front();
                    }
                }
                goes_on
            })?;
            while let Some(row) = rows.pop_back().filter(|_| found.len() < count) {
                found.push_front(row);
            }
            end = start.offset;
        }
        Ok(found)
    }

    /// The row that contains the byte at `offset`, or the last row.
    pub(super) fn at(&self, offset: u64) -> io::Result<RowStart> {
        let mut row_start = self.row_near(offset.min(self.end.saturating_sub(1)))?;
        self.rows(row_start, &mut |row| {
            row_start = row.row_start;
            row.next.offset <= offset
        })?;
        Ok(row_start)
    }

    /// The first row of a line, or of the last line if there are fewer.
    pub(super) fn line(&self, line: u64) -> io::Result<RowStart> {
        let mut row_start = self.index.before_line(line);
        self.rows(row_start, &mut |row| {
            if row.row_start.starts_line {
                row_start = row.row_start;
            }
            row_start.line.is_some_and(|number| number < line)
        })?;
        Ok(row_start)
    }

    /// A row start near and at or before `offset`: a mark of the index, else the byte after a nearby line ending.
    fn row_near(&self, offset: u64) -> io::Result<RowStart> {
        if let Some(row_start) = self.index.before(offset) {
            return Ok(row_start);
        }
        let back = offset.saturating_sub(CHUNK);
        if back == 0 {
            return Ok(RowStart::START);
        }
        let bytes = self.content.read(back, offset)?;
        let line_end = bytes.iter().position(|byte| *byte == b'\n');
        // No line ending nearby: inside a very long line, any character boundary can start a row.
        let start = line_end
            .map_or_else(|| bytes.iter().take(4).position(|byte| byte & 0xC0 != 0x80).unwrap_or(0), |at| at + 1);
        Ok(RowStart { offset: back + start as u64, line: None, starts_line: line_end.is_some() })
    }
}
