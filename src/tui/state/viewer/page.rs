//! Builds the visible rows of the viewer.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::cells::{Cells, Emphasis, HEX_ROW};
use super::search::CONTEXT;
use super::{Form, Phase, Viewer};
use crate::tui::state::long_lines::LongLines;

/// The label in the gutter of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowLabel {
    /// None: the row is a message of dive.
    None,
    /// Line number, from 1.
    Line(u64),
    /// A line without a known number.
    Uncounted,
    /// Continuation of the line above.
    Continued,
    /// Offset of the first byte.
    Offset(u64),
}

/// A visible row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewerRow {
    /// Label in the gutter.
    pub label: RowLabel,
    /// Text, escaped and no wider than the screen.
    pub text: String,
    /// Highlighted byte ranges of the text, in order.
    pub emphases: Vec<(Range<usize>, Emphasis)>,
    /// Offset of the row in the content.
    pub(super) offset: u64,
    /// Index among the screen rows of a wrapped row.
    pub(super) part: usize,
}

/// Time limit for finding matches on one screen, so that keys stay responsive.
const HIGHLIGHT_TIME_LIMIT: Duration = Duration::from_millis(20);

/// Maximum number of highlighted matches on one screen.
const MAX_HIGHLIGHTS: usize = 10_000;

impl Viewer {
    /// Rebuilds the visible rows from the available content.
    pub(super) fn refresh(&mut self) {
        let rows = match (&self.content, self.form) {
            (None, _) => Ok((self.note_rows(), 0)),
            (Some(_), Form::Text) => self.text_rows(),
            (Some(_), Form::Hex) => self.hex_rows(),
        };
        match rows {
            Ok((rows, bottom)) => (self.rows, self.bottom) = (rows, bottom),
            Err(error) => {
                self.record_error(Err(error));
                self.rows.clear();
            }
        }
        if self.rows.is_empty()
            && let Phase::Failed(why) = &self.phase
        {
            self.rows = self.message_rows(why);
            self.rows.truncate(self.height);
        }
    }

    fn note_rows(&self) -> Vec<ViewerRow> {
        let mut rows: Vec<ViewerRow> = self.notes.iter().flat_map(|text| self.message_rows(text)).collect();
        match &self.phase {
            Phase::Failed(why) => rows.extend(self.message_rows(why)),
            Phase::Skipping { done, total } => {
                let percent = u128::from(*done) * 100 / u128::from((*total).max(1));
                rows.extend(self.message_rows(&format!("Unpacking the layer up to the file: {percent} %")));
            }
            Phase::NoContent | Phase::Transferring(_) | Phase::Reading | Phase::Complete => {}
        }
        rows.truncate(self.height);
        rows
    }

    /// Wraps a message of dive, between words if possible.
    fn message_rows(&self, text: &str) -> Vec<ViewerRow> {
        let width = self.width.max(1);
        let mut lines: Vec<String> = vec![String::new()];
        for word in text.split(' ') {
            let fits = |line: &&mut String| Cells::message(&format!("{line} {word}")).columns() <= width;
            match lines.last_mut().filter(|line| !line.is_empty()).filter(fits) {
                Some(line) => {
                    line.push(' ');
                    line.push_str(word);
                }
                None => lines.push(word.to_owned()),
            }
        }
        let rows = lines.iter().filter(|line| !line.is_empty()).flat_map(|line| {
            let cells = Cells::message(line);
            let parts = cells.parts(width).into_iter();
            parts.map(|part| cells.visible(part.start, part.len(), &[])).collect::<Vec<_>>()
        });
        rows.map(|(text, emphases)| ViewerRow { label: RowLabel::None, text, emphases, offset: 0, part: 0 }).collect()
    }

    fn text_rows(&self) -> io::Result<(Vec<ViewerRow>, u64)> {
        let Some(text) = self.text().filter(|_| self.height > 0) else { return Ok((Vec::new(), 0)) };
        let rows = text.from(self.top.row_start, self.height)?;
        let width = self.text_width();
        let end = rows.last().map_or(self.top.row_start.offset, |row| row.next.offset);
        let found = self.highlights(self.top.row_start.offset..end)?;
        let mut shown: Vec<ViewerRow> = Vec::new();
        let mut bottom = self.top.row_start.offset;
        for row in rows {
            if shown.len() >= self.height {
                break;
            }
            let (cells, parts) = match self.long_lines {
                LongLines::Cut => {
                    let visible = self.left..self.left + width;
                    (Cells::text_up_to(&row.text, visible.end), vec![visible])
                }
                LongLines::Wrapped => {
                    let cells = Cells::text(&row.text);
                    let parts = cells.parts(width);
                    (cells, parts)
                }
            };
            let found = within(&found, row.row_start.offset..row.next.offset);
            let above = if row.row_start == self.top.row_start { self.top.part } else { 0 };
            for (part, columns) in parts.into_iter().enumerate().skip(above) {
                if shown.len() >= self.height {
                    break;
                }
                let label = match (row.row_start.line, row.row_start.starts_line && part == 0) {
                    (_, false) => RowLabel::Continued,
                    (Some(line), true) => RowLabel::Line(line),
                    (None, true) => RowLabel::Uncounted,
                };
                let (text, emphases) = cells.visible(columns.start, columns.len(), &found);
                shown.push(ViewerRow { label, text, emphases, offset: row.row_start.offset, part });
            }
            bottom = row.next.offset;
        }
        Ok((shown, bottom))
    }

    fn hex_rows(&self) -> io::Result<(Vec<ViewerRow>, u64)> {
        let Some(content) = &self.content else { return Ok((Vec::new(), 0)) };
        let start = self.top.row_start.offset;
        let end = self.available.min(start + self.height as u64 * HEX_ROW);
        let bytes = content.read(start, end)?;
        let found = self.highlights(start..end)?;
        let width = self.text_width();
        let mut shown = Vec::new();
        let mut offset = start;
        for row in bytes.chunks(HEX_ROW as usize) {
            let next = offset + row.len() as u64;
            let (text, emphases) = Cells::hex(row).visible(self.left, width, &within(&found, offset..next));
            shown.push(ViewerRow { label: RowLabel::Offset(offset), text, emphases, offset, part: 0 });
            offset = next;
        }
        Ok((shown, offset))
    }

    /// Matches in a range of the content, the current match first.
    fn highlights(&self, range: Range<u64>) -> io::Result<Vec<(Range<u64>, Emphasis)>> {
        let (Some(content), Some(pattern)) = (&self.content, &self.search.pattern) else { return Ok(Vec::new()) };
        let begin = range.start.saturating_sub(CONTEXT);
        let bytes = content.read(begin, self.available.min(range.end + CONTEXT))?;
        let matches = pattern
            .matches(&bytes, 0)
            .map(|found| begin + found.start as u64..begin + found.end as u64)
            .skip_while(|found| found.end <= range.start)
            .take_while(|found| found.start < range.end)
            .map(|found| (found, Emphasis::Match));
        // For some expressions, each match costs a scan of the whole range.
        let deadline = Instant::now() + HIGHLIGHT_TIME_LIMIT;
        let matches = matches.take_while(|_| Instant::now() < deadline);
        let current = self.search.current.clone().map(|current| (current, Emphasis::CurrentMatch));
        Ok(current.into_iter().chain(matches).take(MAX_HIGHLIGHTS).collect())
    }

    /// Width of the widest visible row.
    pub(super) fn widest(&self) -> io::Result<usize> {
        let Some(text) = self.text() else { return Ok(0) };
        if self.form == Form::Hex {
            return Ok(Cells::hex(&[]).columns() + HEX_ROW as usize);
        }
        let rows = text.from(self.top.row_start, self.height)?;
        Ok(rows.iter().map(|row| Cells::text(&row.text).columns()).max().unwrap_or(0))
    }
}

/// The ranges of `found` that overlap a row, relative to its start.
fn within(found: &[(Range<u64>, Emphasis)], row: Range<u64>) -> Vec<(Range<usize>, Emphasis)> {
    let reaches = |(at, _): &&(Range<u64>, Emphasis)| at.start < row.end && row.start < at.end;
    let from_row = |offset: u64| (offset.clamp(row.start, row.end) - row.start) as usize;
    let found = found.iter().filter(reaches);
    found.map(|(at, emphasis)| (from_row(at.start)..from_row(at.end), *emphasis)).collect()
}
