//! Actions of the viewer: scrolling, jumps, form and wrapping, searches.

use std::io;
use std::ops::Range;

use super::cells::{Cells, HEX_ROW};
use super::count::MatchCounts;
use super::fetch::LineCounting;
use super::lines::{RowStart, TextRow};
use super::search::{CONTEXT, Direction, SearchPattern, SearchRequest, SearchTask};
use super::{Destination, Form, Phase, SearchProgress, SearchState, Top, Viewer, ViewerEffect};
use crate::config::Action;
use crate::tui::state::long_lines::LongLines;
use crate::tui::state::motion::Motion;

/// Columns per horizontal step.
const HORIZONTAL_STEP: usize = 8;

impl Viewer {
    /// Applies an action; ignores actions of other views. The effect, if any, is for a worker.
    pub fn act(&mut self, action: Action) -> Option<ViewerEffect> {
        if let Some(motion) = Motion::of(action) {
            self.go(motion);
            return None;
        }
        let mut effect = None;
        match action {
            Action::ToggleHex => {
                self.cancel_pending();
                let moved = self.toggle_hex(&mut effect);
                self.record_error(moved);
            }
            Action::ToggleWrap => {
                self.cancel_pending();
                self.long_lines = self.long_lines.toggled();
                (self.left, self.top.part) = (0, 0);
            }
            Action::NextMatch => effect = self.continue_search(Direction::Forward),
            Action::PreviousMatch => effect = self.continue_search(Direction::Backward),
            _ => return None,
        }
        self.refresh();
        effect
    }

    /// Scrolls.
    pub fn go(&mut self, motion: Motion) {
        self.cancel_pending();
        let page = self.height.saturating_sub(1).max(1);
        let moved = match motion {
            Motion::Up => self.up(1),
            Motion::Down => self.down(1),
            Motion::PageUp => self.up(page),
            Motion::PageDown => self.down(page),
            Motion::Left => {
                self.left = self.left.saturating_sub(HORIZONTAL_STEP);
                Ok(())
            }
            Motion::Right => self.right(),
            Motion::First => {
                (self.top, self.left) = (Top::START, 0);
                Ok(())
            }
            // To the end of the available content, then follow it while more arrives.
            Motion::Last => {
                self.pending_destination = (!self.is_over()).then_some(Destination::End);
                self.go_to_end()
            }
        };
        self.record_error(moved);
        self.refresh();
    }

    /// Goes to a line, from 1, or in hex form to an offset. The effect, if any, is for a worker.
    pub(super) fn go_to_number(&mut self, number: u64) -> Option<ViewerEffect> {
        self.cancel_pending();
        let mut effect = None;
        let moved = self.find_number(number, &mut effect);
        self.record_error(moved);
        self.refresh();
        effect
    }

    /// Searches for a regular expression from the top of the screen. An empty one ends the search. The effect, if any,
    /// is for a worker.
    pub fn search_for(&mut self, text: &str) -> Option<ViewerEffect> {
        let effect = self.find_text(text);
        self.refresh();
        effect
    }

    /// Drops a pending destination and late matches: the user has moved elsewhere.
    fn cancel_pending(&mut self) {
        self.pending_destination = None;
        self.drop_late_match();
    }

    /// Label of the prompt for a destination, by form.
    #[must_use]
    pub const fn destination_label(&self) -> &'static str {
        match self.form {
            Form::Text => "Go to line",
            Form::Hex => "Go to offset (hex)",
        }
    }

    /// Goes to a typed destination: a line number from 1, or in hex form an offset in hex digits, with or without `0x`.
    /// Numbers beyond the end go to the end. The effect, if any, is for a worker.
    ///
    /// # Errors
    /// If the text is not such a number, with an example.
    pub fn go_to(&mut self, text: &str) -> Result<Option<ViewerEffect>, String> {
        let text = text.trim();
        let (digits, radix, example) = match self.form {
            Form::Text => (text, 10, "type a line number, such as 42"),
            Form::Hex => {
                let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
                (digits, 16, "type a hexadecimal offset, such as 1f40")
            }
        };
        // `from_str_radix` would accept a sign.
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
            return Err(example.to_owned());
        }
        // A number that overflows is beyond the end of any file.
        let number = u64::from_str_radix(digits, radix).unwrap_or(u64::MAX);
        Ok(self.go_to_number(number))
    }

    /// Goes to the pending destination if it is available now. The effect, if any, starts counting lines.
    pub(super) fn go_to_pending(&mut self) -> Option<ViewerEffect> {
        let mut effect = None;
        let moved = match self.pending_destination {
            Some(Destination::End) => self.go_to_end(),
            Some(Destination::Line(line)) if self.index.knows_line(line) => {
                self.pending_destination = None;
                self.go_to_line(line)
            }
            Some(Destination::Line(_)) => {
                // The line was requested before the content turned out to be binary, whose lines are not counted by
                // default.
                effect = self.count_lines();
                Ok(())
            }
            Some(Destination::Offset(offset)) if offset < self.available || self.is_over() => {
                self.pending_destination = None;
                self.go_to_byte(offset)
            }
            Some(Destination::Offset(_)) | None => Ok(()),
        };
        // While lines are counted, the phase is not over even though all content is available.
        if self.is_over() {
            self.pending_destination = None;
        }
        let numbered = moved.and_then(|()| self.number_top_row());
        self.record_error(numbered);
        effect
    }

    /// Sets the line number of the first visible row once lines are counted up to it.
    fn number_top_row(&mut self) -> io::Result<()> {
        let Top { row_start, .. } = self.top;
        let Some(text) = self.text().filter(|text| text.index.knows(row_start.offset)) else { return Ok(()) };
        if self.form == Form::Text && row_start.line.is_none() {
            let known = text.at(row_start.offset)?;
            if known.offset != row_start.offset {
                self.top.part = 0;
            }
            self.top.row_start = known;
        }
        Ok(())
    }

    /// Records a failed read.
    pub(super) fn record_error(&mut self, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            self.phase = Phase::Failed(format!("reading stopped: {error}"));
        }
    }

    fn down(&mut self, count: usize) -> io::Result<()> {
        let Some(text) = self.text() else { return Ok(()) };
        if self.form == Form::Hex {
            let last = self.last_hex_top();
            let offset = self.top.row_start.offset + count as u64 * HEX_ROW;
            self.top = hex_top(offset.min(last).max(self.top.row_start.offset));
            return Ok(());
        }
        let rows = text.from(self.top.row_start, count + self.height)?;
        let parts: Vec<Top> = rows.iter().flat_map(|row| self.parts(row)).skip(self.top.part).collect();
        let at = count.min(parts.len().saturating_sub(self.height));
        self.top = parts.get(at).copied().unwrap_or(self.top);
        Ok(())
    }

    fn up(&mut self, count: usize) -> io::Result<()> {
        let Some(text) = self.text() else { return Ok(()) };
        if self.form == Form::Hex {
            self.top = hex_top(self.top.row_start.offset.saturating_sub(count as u64 * HEX_ROW));
            return Ok(());
        }
        let above = text.before(self.top.row_start, count)?;
        let own = (0..self.top.part).map(|part| Top { row_start: self.top.row_start, part });
        let parts: Vec<Top> = above.iter().flat_map(|row| self.parts(row)).chain(own).collect();
        self.top = parts.get(parts.len().saturating_sub(count)).copied().unwrap_or(self.top);
        Ok(())
    }

    fn right(&mut self) -> io::Result<()> {
        if self.long_lines == LongLines::Wrapped && self.form == Form::Text {
            return Ok(());
        }
        let widest = self.widest()?;
        self.left = (self.left + HORIZONTAL_STEP).min(widest.saturating_sub(1)).max(self.left);
        Ok(())
    }

    fn go_to_end(&mut self) -> io::Result<()> {
        let Some(text) = self.text() else { return Ok(()) };
        if self.form == Form::Hex {
            self.top = hex_top(self.last_hex_top());
            return Ok(());
        }
        let height = self.height.max(1);
        let end = RowStart { offset: text.end, line: None, starts_line: true };
        let rows = text.before(end, height)?;
        let parts: Vec<Top> = rows.iter().flat_map(|row| self.parts(row)).collect();
        self.top = parts.get(parts.len().saturating_sub(height)).copied().unwrap_or(Top::START);
        Ok(())
    }

    fn find_number(&mut self, number: u64, effect: &mut Option<ViewerEffect>) -> io::Result<()> {
        if self.form == Form::Hex {
            if number >= self.available && !self.is_over() {
                self.pending_destination = Some(Destination::Offset(number));
                return Ok(());
            }
            return self.go_to_byte(number);
        }
        if self.index.knows_line(number) {
            return self.go_to_line(number);
        }
        *effect = self.count_lines();
        self.pending_destination = Some(Destination::Line(number));
        Ok(())
    }

    fn go_to_byte(&mut self, offset: u64) -> io::Result<()> {
        let Some(text) = self.text() else { return Ok(()) };
        match self.form {
            Form::Hex => {
                let row = offset.min(self.available.saturating_sub(1)) / HEX_ROW * HEX_ROW;
                self.top = hex_top(row.min(self.last_hex_top()));
            }
            Form::Text => self.top = Top { row_start: text.at(offset)?, part: 0 },
        }
        Ok(())
    }

    fn go_to_line(&mut self, line: u64) -> io::Result<()> {
        let Some(text) = self.text() else { return Ok(()) };
        let row_start = text.line(line)?;
        if self.form == Form::Hex {
            return self.go_to_byte(row_start.offset);
        }
        let below = text.from(row_start, self.height)?;
        let parts = below.iter().map(|row| self.parts(row).count()).sum::<usize>();
        self.top = Top { row_start, part: 0 };
        // Fill the last screen.
        if parts < self.height { self.go_to_end() } else { Ok(()) }
    }

    fn toggle_hex(&mut self, effect: &mut Option<ViewerEffect>) -> io::Result<()> {
        self.left = 0;
        let offset = self.top.row_start.offset;
        let (form, top) = match self.form {
            Form::Text => (Form::Hex, hex_top((offset / HEX_ROW * HEX_ROW).min(self.last_hex_top()))),
            Form::Hex => {
                *effect = self.count_lines();
                let row_start = self.text().map_or(Ok(RowStart::START), |text| text.at(offset))?;
                (Form::Text, Top { row_start, part: 0 })
            }
        };
        self.top = top;
        self.set_form(form);
        Ok(())
    }

    pub(super) fn set_form(&mut self, form: Form) {
        self.form = form;
        // A pattern is compiled differently for text and for bytes.
        if let Some(pattern) = self.search.pattern.take() {
            self.forget_count();
            match SearchPattern::new(&pattern.text, form) {
                Ok(pattern) => self.search.pattern = Some(pattern),
                Err(why) => self.end_search(SearchState::Invalid(why)),
            }
        }
    }

    /// Requests line counting for content that was taken for binary.
    fn count_lines(&mut self) -> Option<ViewerEffect> {
        let request = self.request.clone().filter(|_| self.phase == Phase::Complete && !self.index.is_complete())?;
        self.phase = Phase::Reading;
        Some(ViewerEffect::Fetch(super::FetchRequest { counting: LineCounting::Always, ..request }))
    }

    fn find_text(&mut self, text: &str) -> Option<ViewerEffect> {
        (self.search.current, self.search.pattern) = (None, None);
        self.forget_count();
        if text.is_empty() {
            self.end_search(SearchState::None);
            return Some(ViewerEffect::StopSearch);
        }
        match SearchPattern::new(text, self.form) {
            Ok(pattern) => {
                self.search.pattern = Some(pattern);
                self.continue_search(Direction::Forward)
            }
            Err(why) => {
                self.end_search(SearchState::Invalid(why));
                Some(ViewerEffect::StopSearch)
            }
        }
    }

    /// Ends the search. Late reports are ignored.
    fn end_search(&mut self, state: SearchState) {
        self.search.serial += 1;
        (self.search.state, self.search.progress) = (state, SearchProgress::Idle);
    }

    /// Forgets what is counted of another pattern.
    fn forget_count(&mut self) {
        (self.search.number, self.search.counts) = (None, MatchCounts::default());
        if matches!(self.search.progress, SearchProgress::Counting | SearchProgress::Uncounted) {
            self.search.serial += 1;
            self.search.progress = SearchProgress::Idle;
        }
    }

    /// Ends a search that waits for content, so that a late match does not move the screen.
    fn drop_late_match(&mut self) {
        if let SearchState::NotFoundYet(end) = self.search.state {
            self.end_search(SearchState::NotFoundYet(end));
        }
    }

    fn continue_search(&mut self, direction: Direction) -> Option<ViewerEffect> {
        self.search.pattern.as_ref()?;
        if self.content.is_none() {
            self.search.state = SearchState::Waiting;
            self.search.progress = SearchProgress::Awaiting { direction, end: 0 };
            return self.search_new_content();
        }
        (self.search.state, self.search.number) = (SearchState::Searching(0), None);
        let screen = self.top.row_start.offset..self.bottom;
        let current = self.search.current.as_ref().filter(|current| screen.contains(&current.start));
        let from = match direction {
            Direction::Forward => current.map_or(screen.start, |current| current.end),
            Direction::Backward => current.map_or(screen.start, |current| current.start),
        };
        self.request_search(0, from, direction)
    }

    /// Continues a search in newly available content, or ends it if no more will arrive.
    pub(super) fn search_new_content(&mut self) -> Option<ViewerEffect> {
        if matches!(self.search.progress, SearchProgress::Uncounted) && self.has_all_content() {
            return self.request_count();
        }
        let SearchProgress::Awaiting { direction, end } = self.search.progress else { return None };
        if self.available > end {
            if self.search.state == SearchState::Waiting {
                return self.continue_search(direction);
            }
            // A match may begin before the new content.
            let start = end.saturating_sub(CONTEXT);
            return self.request_search(start, start, direction);
        }
        // Also at the end of the content, while lines are still being counted.
        if self.is_over() || end > 0 && end >= self.size() {
            self.end_search(SearchState::NotFound);
        }
        None
    }

    /// Requests a search of the available content from `start` on.
    fn request_search(&mut self, start: u64, from: u64, direction: Direction) -> Option<ViewerEffect> {
        let progress = SearchProgress::Running { direction, end: self.available };
        self.request(SearchTask::Find { start, from, direction }, progress)
    }

    /// Requests the number of the current match.
    fn request_count(&mut self) -> Option<ViewerEffect> {
        let (at, counts) = (self.search.current.as_ref()?.start, self.search.counts.clone());
        self.request(SearchTask::Number { at, counts }, SearchProgress::Counting)
    }

    fn request(&mut self, task: SearchTask, progress: SearchProgress) -> Option<ViewerEffect> {
        let (content, pattern) = (self.content.clone()?, self.search.pattern.clone()?);
        self.search.serial += 1;
        self.search.progress = progress;
        let (overlay_id, serial, end) = (self.overlay_id, self.search.serial, self.available);
        Some(ViewerEffect::Search(SearchRequest { overlay_id, serial, pattern, content, end, task }))
    }

    /// Scrolls to make a match visible.
    pub(super) fn reveal(&mut self, found: &Range<u64>) {
        let revealed = match self.form {
            Form::Hex => {
                self.reveal_byte(found.start);
                Ok(())
            }
            Form::Text => self.reveal_text(found),
        };
        self.record_error(revealed);
    }

    fn reveal_byte(&mut self, offset: u64) {
        if !(self.top.row_start.offset..self.bottom).contains(&offset) {
            let row = (offset / HEX_ROW).saturating_sub(self.height as u64 / 3) * HEX_ROW;
            self.top = hex_top(row.min(self.last_hex_top()));
        }
    }

    fn reveal_text(&mut self, found: &Range<u64>) -> io::Result<()> {
        let Some(text) = self.text() else { return Ok(()) };
        let row_start = text.at(found.start)?;
        let Some(row) = text.from(row_start, 1)?.pop() else { return Ok(()) };
        let within = |offset: u64| usize::try_from(offset.saturating_sub(row_start.offset)).unwrap_or(usize::MAX);
        let cells = Cells::text(&row.text);
        let (start, end) = (cells.column_of(within(found.start)), cells.column_of(within(found.end)));
        let width = self.text_width();
        let wrapped = self.long_lines == LongLines::Wrapped;
        let part = if wrapped { cells.breaks(width).partition_point(|column| *column <= start) - 1 } else { 0 };
        let on_screen = self.rows.iter().any(|row| row.offset == row_start.offset && row.part == part);
        if !on_screen {
            self.top = Top { row_start, part };
            self.up(self.height / 3)?;
        }
        if !wrapped && (start < self.left || end > self.left + width) {
            self.left = if end <= width { 0 } else { start.saturating_sub(width / 3) };
        }
        Ok(())
    }

    /// The screen rows of a row of text.
    pub(super) fn parts(&self, row: &TextRow) -> impl Iterator<Item = Top> + use<> {
        let count = match self.long_lines {
            LongLines::Cut => 1,
            LongLines::Wrapped => Cells::text(&row.text).breaks(self.text_width()).len(),
        };
        let row_start = row.row_start;
        (0..count).map(move |part| Top { row_start, part })
    }

    /// Offset of the first row of the last full screen in hex form.
    fn last_hex_top(&self) -> u64 {
        let rows_above = (self.height as u64).saturating_sub(1);
        Self::last_hex_row(self.available).saturating_sub(rows_above * HEX_ROW)
    }
}

const fn hex_top(offset: u64) -> Top {
    Top { row_start: RowStart { offset, line: None, starts_line: true }, part: 0 }
}
