//! The viewer: shows any version of a file in any layer. A worker runs [`fetch()`] to get the content, another runs
//! [`search()`]; their reports go to [`Viewer::fetched`] and [`Viewer::searched`]. The viewer itself reads at most a
//! page at a time, so it responds to each key at once, whatever the size of the file.

mod cells;
mod compare;
mod content;
mod count;
mod diff;
mod fetch;
mod form;
mod lines;
mod navigation;
mod page;
mod search;
mod source;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use cells::Emphasis;
pub use compare::{CompareRequest, compare};
pub use content::Content;
pub use count::MatchNumber;
pub use fetch::{FetchReport, FetchRequest, fetch};
pub use form::Form;
pub use page::{RowLabel, ViewerRow};
pub use search::{SearchReport, SearchRequest, search};

use super::long_lines::LongLines;
use crate::tui::state::overlay_id::OverlayId;
use cells::{Cells, HEX_ROW};
use count::MatchCounts;
use dive_model::blob::TransferProgress;
use dive_model::escape::Escaped;
use dive_model::image::ImageLayer;
use dive_model::layer::LayerIndex;
use dive_model::tree::{SpanId, Tree};
use fetch::{FetchEvent, LineCount, LineCounting};
use lines::{LineIndex, RowStart, TextReader};
use search::{Direction, SearchEvent, SearchPass, SearchPattern};
use source::find_source;

/// The phase of fetching the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// No content: a directory, a device, an empty file.
    NoContent,
    /// The layer is being transferred from an engine or a registry.
    Transferring(TransferProgress),
    /// The part of the layer before the file is being decoded.
    Skipping {
        /// Decoded bytes.
        done: u64,
        /// Offset of the file in the decoded layer.
        total: u64,
    },
    /// The file is being decoded, or its lines are being counted.
    Reading,
    /// All content is available.
    Complete,
    /// Fetching failed, with the reason. The content available so far stays.
    Failed(String),
}

/// The state of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchState {
    /// No search.
    None,
    /// Waits for content.
    Waiting,
    /// The pattern is invalid, with the reason.
    Invalid(String),
    /// Running, with the number of bytes searched.
    Searching(u64),
    /// Found a match.
    Found,
    /// Found a match after wrapping at an end of the file.
    FoundWrapped,
    /// No match in this many bytes. Continues as more content becomes available.
    NotFoundYet(u64),
    /// No match in the file.
    NotFound,
    /// The search failed, with the reason.
    Failed(String),
}

/// Work that the viewer requests from a worker.
#[derive(Debug, Clone)]
pub enum ViewerEffect {
    /// Run [`fetch()`] and pass its reports to [`Viewer::fetched`].
    Fetch(FetchRequest),
    /// Cancel a running search, run [`search()`] and pass its reports to [`Viewer::searched`].
    Search(SearchRequest),
    /// Cancel a running search.
    StopSearch,
}

/// The facts of the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewerStatus {
    /// Text or hex.
    pub form: Form,
    /// The phase of fetching the content.
    pub phase: Phase,
    /// Size of the file in bytes.
    pub size: u64,
    /// Bytes available.
    pub available: u64,
    /// Position of the last visible row, in percent of the file.
    pub percent: u8,
    /// Line number of the first visible row. `None` if unknown or in hex.
    pub line: Option<u64>,
    /// Number of lines. `None` until all are counted.
    pub lines: Option<u64>,
    /// Destination that is not available yet.
    pub pending_destination: Option<Destination>,
    /// Text of the search pattern.
    pub pattern: String,
    /// State of the search.
    pub search: SearchState,
    /// Number of the match that the search went to. `None` until the matches are counted.
    pub match_number: Option<MatchNumber>,
}

/// A destination that the viewer moves to as soon as it is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The end of the file.
    End,
    /// A line.
    Line(u64),
    /// A byte.
    Offset(u64),
}

/// The first visible row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Top {
    row_start: RowStart,
    /// Screen rows of a wrapped row that are above the viewport.
    part: usize,
}

impl Top {
    const START: Self = Self { row_start: RowStart::START, part: 0 };
}

#[derive(Debug)]
struct ViewerSearch {
    pattern: Option<SearchPattern>,
    state: SearchState,
    /// The match that the search went to.
    current: Option<Range<u64>>,
    /// Its number, once all matches are counted.
    number: Option<MatchNumber>,
    /// The matches counted so far.
    counts: MatchCounts,
    /// Number of the current search. Reports of others are ignored.
    serial: u64,
    progress: SearchProgress,
}

/// Whether a search has unsearched content.
#[derive(Debug, Clone, Copy)]
enum SearchProgress {
    /// No.
    Idle,
    /// A worker searches the content available when it began, up to `end`.
    Running { direction: Direction, end: u64 },
    /// Content up to `end` is searched; the search waits for more.
    Awaiting { direction: Direction, end: u64 },
    /// A match is found. All matches are counted when all content is available.
    Uncounted,
    /// A worker counts the matches.
    Counting,
}

/// The viewer of one file.
#[derive(Debug)]
pub struct Viewer {
    overlay_id: OverlayId,
    path: Vec<u8>,
    notes: Vec<String>,
    /// The layers of the two versions whose difference is shown.
    compared: Option<(LayerIndex, LayerIndex)>,
    request: Option<FetchRequest>,
    content: Option<Content>,
    available: u64,
    index: LineIndex,
    phase: Phase,
    form: Form,
    long_lines: LongLines,
    height: usize,
    width: usize,
    top: Top,
    /// Columns hidden on the left.
    left: usize,
    pending_destination: Option<Destination>,
    search: ViewerSearch,
    rows: Vec<ViewerRow>,
    /// End of the last visible row, in bytes.
    bottom: u64,
}

impl Viewer {
    /// Opens a version of a path, which may be deleted or overwritten. Follows symbolic links in the file system of
    /// `layer`, or of the version's own layer if `layer` does not show the version. Reports to this viewer carry its id
    /// `overlay_id`. Run the request, if any, with [`fetch()`], and cancel it when the viewer closes.
    #[must_use]
    pub fn open(
        overlay_id: OverlayId,
        tree: &Tree,
        layers: &[ImageLayer],
        version: SpanId,
        layer: LayerIndex,
    ) -> (Self, Option<FetchRequest>) {
        let source = find_source(tree, layers, version, layer);
        let counting = LineCounting::IfText;
        let request = source.content.map(|(blob, body)| FetchRequest { overlay_id, blob, body, counting });
        let phase = if request.is_some() { Phase::Reading } else { Phase::NoContent };
        let mut viewer = Self::new(overlay_id, source.path, phase);
        viewer.notes = source.notes.iter().map(|text| Cells::message(text).visible(0, usize::MAX, &[]).0).collect();
        viewer.request.clone_from(&request);
        viewer.refresh();
        (viewer, request)
    }

    fn new(overlay_id: OverlayId, path: Vec<u8>, phase: Phase) -> Self {
        Self {
            overlay_id,
            path,
            notes: Vec::new(),
            compared: None,
            request: None,
            content: None,
            available: 0,
            index: LineIndex::new(),
            phase,
            form: Form::Text,
            long_lines: LongLines::Cut,
            height: 0,
            width: 0,
            top: Top::START,
            left: 0,
            pending_destination: None,
            search: ViewerSearch {
                pattern: None,
                state: SearchState::None,
                current: None,
                number: None,
                counts: MatchCounts::default(),
                serial: 0,
                progress: SearchProgress::Idle,
            },
            rows: Vec::new(),
            bottom: 0,
        }
    }

    /// Id that reports to this viewer carry.
    #[must_use]
    pub const fn overlay_id(&self) -> OverlayId {
        self.overlay_id
    }

    /// The opened path, unescaped.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The opened path, escaped for display.
    #[must_use]
    pub fn title(&self) -> String {
        Escaped(&self.path).to_string()
    }

    /// The layers of the two versions whose difference is shown. `None` for the content of one version.
    #[must_use]
    pub const fn compared(&self) -> Option<(LayerIndex, LayerIndex)> {
        self.compared
    }

    /// Notes about the path, escaped for display: the target of a link, or why there is no content.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The visible rows, escaped and no wider than the screen.
    #[must_use]
    pub fn rows(&self) -> &[ViewerRow] {
        &self.rows
    }

    /// True if the first bytes are available.
    #[must_use]
    pub const fn has_content(&self) -> bool {
        self.content.is_some()
    }

    /// Width of line numbers or offsets. 0 without content, and for a difference: its lines are those of no version.
    #[must_use]
    pub fn gutter(&self) -> usize {
        if self.content.is_none() || self.compared.is_some() && self.form == Form::Text {
            return 0;
        }
        match self.form {
            Form::Hex => format!("{:x}", self.size()).len().max(8),
            Form::Text => {
                // Not the number of the last visible row: the text would shift when that number gains a digit.
                let last = self.top.row_start.line.unwrap_or(0) + self.height as u64;
                self.index.lines().unwrap_or(last).to_string().len().max(5)
            }
        }
    }

    /// The facts of the status line.
    #[must_use]
    pub fn status(&self) -> ViewerStatus {
        let size = self.size();
        let percent = if size == 0 { 100 } else { (u128::from(self.bottom) * 100 / u128::from(size)).min(100) as u8 };
        let pattern = self.search.pattern.as_ref().map_or("", |pattern| &pattern.text);
        ViewerStatus {
            form: self.form,
            phase: self.phase.clone(),
            size,
            available: self.available,
            percent,
            line: self.top.row_start.line.filter(|_| self.form == Form::Text),
            lines: self.index.lines(),
            pending_destination: self.pending_destination,
            pattern: pattern.to_owned(),
            search: self.search.state.clone(),
            match_number: self.search.number,
        }
    }

    /// Sets the size of the view: `height` rows of `width` columns, including line numbers.
    pub fn resize(&mut self, height: usize, width: usize) {
        if (height, width) != (self.height, self.width) {
            (self.height, self.width) = (height, width);
            self.top.part = 0;
            self.refresh();
        }
    }

    /// Applies a report of [`fetch()`]. Ignores reports for other viewers. The effects continue what waited for the
    /// content.
    pub fn fetched(&mut self, report: FetchReport) -> Vec<ViewerEffect> {
        if report.overlay_id != self.overlay_id {
            return Vec::new();
        }
        match report.event {
            FetchEvent::Transferring(progress) => self.phase = Phase::Transferring(progress),
            FetchEvent::Skipping(skipped) => {
                self.phase = Phase::Skipping { done: skipped.done, total: skipped.total };
            }
            FetchEvent::Opened { content, form, available } => {
                self.phase = Phase::Reading;
                // A second fetch only counts lines; the content is already shown.
                if self.content.is_none() {
                    (self.content, self.available) = (Some(content), available);
                    self.set_form(form);
                }
            }
            FetchEvent::Progress { available, marks, counted } => {
                self.available = available;
                self.index.extend(marks, counted);
            }
            FetchEvent::Complete(lines) => {
                self.phase = Phase::Complete;
                if lines == LineCount::Known {
                    self.index.complete();
                }
            }
            FetchEvent::Failed(why) => {
                self.phase = Phase::Failed(why);
                self.index.complete();
            }
        }
        let mut effects: Vec<ViewerEffect> = self.go_to_pending().into_iter().collect();
        self.refresh();
        // After `refresh`: a search begins at the visible rows.
        effects.extend(self.search_new_content());
        effects
    }

    /// Applies a report of [`search()`]. Ignores reports of outdated searches. The effect, if any, searches content
    /// that became available meanwhile.
    pub fn searched(&mut self, report: SearchReport) -> Option<ViewerEffect> {
        if report.overlay_id != self.overlay_id || report.serial != self.search.serial {
            return None;
        }
        let progress = std::mem::replace(&mut self.search.progress, SearchProgress::Idle);
        match (report.event, progress) {
            (SearchEvent::Progress(done), _) => {
                self.search.progress = progress;
                // A continued search keeps its state: the first part is already known to have no match.
                if matches!(self.search.state, SearchState::Searching(_)) {
                    self.search.state = SearchState::Searching(done);
                }
            }
            (SearchEvent::NotFound, SearchProgress::Running { direction, end }) => {
                self.search.state = SearchState::NotFoundYet(end);
                self.search.progress = SearchProgress::Awaiting { direction, end };
            }
            (SearchEvent::NotFound, _) => self.search.state = SearchState::NotFound,
            (SearchEvent::Failed(why), _) => self.search.state = SearchState::Failed(why),
            (SearchEvent::Numbered(number), _) => self.search.number = Some(number),
            (SearchEvent::Found { at, pass }, _) => {
                self.search.progress = SearchProgress::Uncounted;
                self.pending_destination = None;
                self.search.current = Some(at.clone());
                self.reveal(&at);
                self.search.state = match pass {
                    SearchPass::First => SearchState::Found,
                    SearchPass::Wrapped => SearchState::FoundWrapped,
                };
            }
        }
        self.refresh();
        self.search_new_content()
    }

    /// True if no more content will arrive.
    const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Complete | Phase::Failed(_) | Phase::NoContent)
    }

    /// Size of the complete file, or of the available part if fetching failed.
    fn size(&self) -> u64 {
        match (&self.phase, &self.content) {
            (Phase::Failed(_), Some(_)) => self.available,
            (_, Some(content)) => content.len(),
            (_, None) => 0,
        }
    }

    /// True if all content that will ever arrive is available, even if its lines are not counted yet.
    fn has_all_content(&self) -> bool {
        self.content.is_some() && self.available >= self.size()
    }

    /// The available content as text. `None` without content.
    fn text(&self) -> Option<TextReader<'_>> {
        let content = self.content.as_ref()?;
        Some(TextReader { content, index: &self.index, end: self.available })
    }

    /// Width of the text without line numbers.
    fn text_width(&self) -> usize {
        let gutter = self.gutter();
        self.width.saturating_sub(if gutter == 0 { 0 } else { gutter + 1 }).max(1)
    }

    /// Offset of the last hex row of a file with `end` bytes.
    const fn last_hex_row(end: u64) -> u64 {
        end.saturating_sub(1) / HEX_ROW * HEX_ROW
    }
}
