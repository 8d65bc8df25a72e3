//! Searches the content of a file. A worker searches the whole file in chunks and can be cancelled; only the visible
//! rows are searched for highlights on the main thread.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, Ordering};

use regex::bytes::{Regex, RegexBuilder};

use super::Form;
use super::content::Content;
use super::count::{MatchCounts, MatchNumber};
use crate::tui::state::expression::{MAX_COMPILED, ignores_case};
use crate::tui::state::overlay_id::OverlayId;

/// Bytes searched at a time.
pub(super) const CHUNK: u64 = 1 << 20;

/// Bytes before and after a chunk that are included: a match may extend beyond the chunk, and the bytes before it
/// decide `^` and `\b`. Longer matches across chunks may be missed.
pub(super) const CONTEXT: u64 = 8 * 1024;

/// Bytes between progress reports.
const REPORT_INTERVAL: u64 = 64 << 20;

/// A compiled search pattern.
#[derive(Debug, Clone)]
pub(super) struct SearchPattern {
    pub(super) text: String,
    pub(super) regex: Regex,
}

impl SearchPattern {
    /// Compiles a regular expression, case-insensitive unless it has an upper-case letter. In text, `^` and `$` match
    /// at line boundaries; in hex form, `\xff` matches the byte and `.` any byte.
    pub(super) fn new(text: &str, form: Form) -> Result<Self, String> {
        let mut builder = RegexBuilder::new(text);
        builder.case_insensitive(ignores_case(text)).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED);
        match form {
            Form::Text => builder.multi_line(true).crlf(true),
            Form::Hex => builder.unicode(false).dot_matches_new_line(true),
        };
        let regex = builder.build().map_err(|error| reason(&error))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The non-empty matches in `bytes` that start at or after `from`.
    pub(super) fn matches<'a>(&'a self, bytes: &'a [u8], from: usize) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut at = from;
        std::iter::from_fn(move || {
            while at <= bytes.len() {
                let found = self.regex.find_at(bytes, at)?;
                at = found.end().max(found.start() + 1);
                if !found.is_empty() {
                    return Some(found.range());
                }
            }
            None
        })
    }
}

/// The last line of a regex error. The lines above it quote the pattern.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// The direction of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the end, then from the start.
    Forward,
    /// To the start, then from the end.
    Backward,
}

/// The pass in which a search found a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchPass {
    /// From the start position to an end of the file.
    First,
    /// After wrapping, from the other end back to the start position.
    Wrapped,
}

/// A request to [`search`] content.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// Viewer that receives the reports.
    pub overlay_id: OverlayId,
    /// Number of the search in its viewer.
    pub(super) serial: u64,
    pub(super) pattern: SearchPattern,
    pub(super) content: Content,
    /// End of the range to search.
    pub(super) end: u64,
    pub(super) task: SearchTask,
}

/// What a search is for.
#[derive(Debug, Clone)]
pub(super) enum SearchTask {
    /// The next match.
    Find {
        /// Start of the range to search. The part before it is known to have no match.
        start: u64,
        from: u64,
        direction: Direction,
    },
    /// The number of the match that begins at `at`. All content is available.
    Number { at: u64, counts: MatchCounts },
}

/// A report for a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchReport {
    /// Viewer that requested the search.
    pub overlay_id: OverlayId,
    pub(super) serial: u64,
    pub(super) event: SearchEvent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SearchEvent {
    /// Bytes searched so far.
    Progress(u64),
    /// A match, and the pass that found it.
    Found {
        at: Range<u64>,
        pass: SearchPass,
    },
    NotFound,
    /// The number of the match.
    Numbered(MatchNumber),
    Failed(String),
}

/// Searches until a match is found, all content is searched or `cancel` is set. A cancelled search reports nothing
/// more.
pub fn search(request: &SearchRequest, cancel: &AtomicBool, report: &mut dyn FnMut(SearchReport)) {
    let content = SearchedContent::new(&request.pattern, &request.content, request.end, cancel);
    let mut send = |event| report(SearchReport { overlay_id: request.overlay_id, serial: request.serial, event });
    let event = match &request.task {
        SearchTask::Number { at, counts } => counts.number(*at, &content).map(|found| found.map(SearchEvent::Numbered)),
        SearchTask::Find { start, from, direction } => {
            let mut searcher = Searcher { content, direction: *direction, done: 0, reported: 0, send: &mut send };
            searcher.find_next(*start, *from)
        }
    };
    match event {
        Ok(Some(event)) => send(event),
        // Cancelled.
        Ok(None) => {}
        Err(error) => send(SearchEvent::Failed(format!("searching stopped: {error}"))),
    }
}

/// Content, and what is searched in it.
pub(super) struct SearchedContent<'a> {
    pattern: &'a SearchPattern,
    content: &'a Content,
    /// End of the range to search.
    pub(super) end: u64,
    cancel: &'a AtomicBool,
}

impl<'a> SearchedContent<'a> {
    pub(super) const fn new(
        pattern: &'a SearchPattern,
        content: &'a Content,
        end: u64,
        cancel: &'a AtomicBool,
    ) -> Self {
        Self { pattern, content, end, cancel }
    }

    /// Passes on the matches that begin in `chunk` at or after `from`, until `each` breaks or the search is cancelled.
    pub(super) fn each_match(
        &self,
        chunk: Range<u64>,
        from: u64,
        each: &mut dyn FnMut(Range<u64>) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let begin = chunk.start.saturating_sub(CONTEXT);
        let bytes = self.content.read(begin, self.end.min(chunk.end + CONTEXT))?;
        let from = usize::try_from(from.max(chunk.start) - begin).unwrap_or(usize::MAX);
        let matches = self.pattern.matches(&bytes, from);
        let mut matches = matches
            .map(|found| begin + found.start as u64..begin + found.end as u64)
            .take_while(|found| found.start < chunk.end)
            .take_while(|_| !self.is_cancelled());
        let _ = matches.try_for_each(each);
        Ok(())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

struct Searcher<'a> {
    content: SearchedContent<'a>,
    direction: Direction,
    done: u64,
    reported: u64,
    send: &'a mut dyn FnMut(SearchEvent),
}

impl Searcher<'_> {
    /// Searches both passes. `None` if cancelled.
    fn find_next(&mut self, start: u64, from: u64) -> io::Result<Option<SearchEvent>> {
        let end = self.content.end;
        let from = from.min(end);
        match self.direction {
            Direction::Forward => self.both_passes(|run| run.forward(from..end), |run| run.forward(start..from)),
            Direction::Backward => self.both_passes(|run| run.backward(start..from), |run| run.backward(from..end)),
        }
    }

    fn both_passes(
        &mut self,
        first: impl FnOnce(&mut Self) -> io::Result<Option<Range<u64>>>,
        second: impl FnOnce(&mut Self) -> io::Result<Option<Range<u64>>>,
    ) -> io::Result<Option<SearchEvent>> {
        if let Some(at) = first(self)? {
            return Ok(Some(SearchEvent::Found { at, pass: SearchPass::First }));
        }
        let found = second(self)?.map(|at| SearchEvent::Found { at, pass: SearchPass::Wrapped });
        Ok(found.or_else(|| (!self.content.is_cancelled()).then_some(SearchEvent::NotFound)))
    }

    /// Finds the first match that starts in `range`.
    fn forward(&mut self, range: Range<u64>) -> io::Result<Option<Range<u64>>> {
        let mut at = range.start;
        while at < range.end && !self.content.is_cancelled() {
            let stop = range.end.min(at + CHUNK);
            if let Some(found) = self.find(at..stop)? {
                return Ok(Some(found));
            }
            self.report_progress(stop - at);
            at = stop;
        }
        Ok(None)
    }

    /// Finds the last match that starts in `range`.
    fn backward(&mut self, range: Range<u64>) -> io::Result<Option<Range<u64>>> {
        let mut end = range.end;
        while end > range.start && !self.content.is_cancelled() {
            let start = range.start.max(end.saturating_sub(CHUNK));
            if let Some(found) = self.find(start..end)? {
                return Ok(Some(found));
            }
            self.report_progress(end - start);
            end = start;
        }
        Ok(None)
    }

    /// Finds the first match that starts in a chunk, or the last one of a backward search.
    fn find(&self, chunk: Range<u64>) -> io::Result<Option<Range<u64>>> {
        let mut last = None;
        let start = chunk.start;
        self.content.each_match(chunk, start, &mut |found| {
            last = Some(found);
            if self.direction == Direction::Forward { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(last)
    }

    fn report_progress(&mut self, bytes: u64) {
        self.done += bytes;
        if self.done - self.reported >= REPORT_INTERVAL {
            self.reported = self.done;
            (self.send)(SearchEvent::Progress(self.done));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::state::viewer::tests::Memory;

    fn find(bytes: &[u8], pattern: &str, from: u64, direction: Direction) -> Option<(Range<u64>, SearchPass)> {
        let request = SearchRequest {
            overlay_id: 1,
            serial: 1,
            pattern: SearchPattern::new(pattern, Form::Text).unwrap(),
            content: Content::new(Memory(bytes.to_vec())),
            end: bytes.len() as u64,
            task: SearchTask::Find { start: 0, from, direction },
        };
        let mut last = None;
        search(&request, &AtomicBool::new(false), &mut |searched| last = Some(searched.event));
        match last.unwrap() {
            SearchEvent::Found { at, pass } => Some((at, pass)),
            SearchEvent::NotFound => None,
            other => panic!("{other:?}"),
        }
    }

    use Direction::{Backward, Forward};
    use SearchPass::{First, Wrapped};

    #[test]
    fn a_search_wraps_at_the_end_and_reports_it() {
        let text = b"one two\r\none\nTwo";
        assert_eq!(find(text, "one", 0, Forward), Some((0..3, First)));
        assert_eq!(find(text, "one", 1, Forward), Some((9..12, First)));
        assert_eq!(find(text, "one", 10, Forward), Some((0..3, Wrapped)));
        assert_eq!(find(text, "one", 9, Backward), Some((0..3, First)));
        assert_eq!(find(text, "one", 0, Backward), Some((9..12, Wrapped)));
        assert_eq!(find(text, "three", 5, Forward), None);
        assert_eq!(find(text, "two$", 5, Forward), Some((13..16, First)), "lower case ignores case");
        assert_eq!(find(text, "two$", 0, Forward), Some((4..7, First)), "a line may end in CR LF");
        assert_eq!(
            find(text, "Two", 0, Forward),
            Some((13..16, First)),
            "an upper-case letter makes it case-sensitive"
        );
        assert_eq!(find(text, "^t\\S+", 0, Forward), Some((13..16, First)), "only at the start of a line");
        assert_eq!(find(text, "x*", 0, Forward), None, "an empty match does not count");
        assert_eq!(find(b"", "x", 0, Forward), None);
    }

    #[test]
    fn a_match_across_a_chunk_boundary_is_found_once() {
        let mut text = vec![b'.'; 3 * CHUNK as usize];
        let at = CHUNK - 2;
        text[at as usize..at as usize + 6].copy_from_slice(b"needle");
        assert_eq!(find(&text, "needle", 0, Forward), Some((at..at + 6, First)));
        assert_eq!(find(&text, "needle", at + 1, Forward), Some((at..at + 6, Wrapped)));
        assert_eq!(find(&text, "needle", 3 * CHUNK, Backward), Some((at..at + 6, First)));
        assert_eq!(find(&text, "^needle", 0, Forward), None, "the start of a chunk is not the start of a line");
    }

    #[test]
    fn an_invalid_pattern_has_a_one_line_error() {
        assert_eq!(SearchPattern::new("a(", Form::Text).unwrap_err(), "unclosed group");
        assert!(SearchPattern::new(r"\xff\x00", Form::Hex).unwrap().regex.is_match(b"\xff\x00"));
    }

    #[test]
    fn a_cancelled_search_reports_nothing() {
        let request = SearchRequest {
            overlay_id: 1,
            serial: 1,
            pattern: SearchPattern::new("x", Form::Text).unwrap(),
            content: Content::new(Memory(b"xxx".to_vec())),
            end: 3,
            task: SearchTask::Find { start: 0, from: 0, direction: Forward },
        };
        search(&request, &AtomicBool::new(true), &mut |searched| panic!("{searched:?}"));
    }
}
