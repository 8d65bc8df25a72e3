//! Looking into a file: what the viewer shows of any version in any layer, as plain values. Bytes come from a thread that runs
//! [`fetch()`], searches are made by one that runs [`search()`]; both report by values that go to [`Viewer::fetched`] and
//! [`Viewer::searched`]. The viewer itself reads no more than a page at a time, so that a file of any size answers each key at
//! once.

mod cells;
mod content;
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
pub use content::Content;
pub use fetch::{FetchReport, FetchRequest, fetch};
pub use form::Form;
pub use page::{RowLabel, ViewerRow};
pub use search::{SearchReport, SearchRequest, search};

use super::long_lines::LongLines;
use crate::tui::state::overlay_id::OverlayId;
use cells::{Cells, HEX_ROW};
use dive_model::blob::TransferProgress;
use dive_model::escape::Escaped;
use dive_model::image::ImageLayer;
use dive_model::layer::LayerIndex;
use dive_model::tree::{SpanId, Tree};
use fetch::{FetchEvent, LineCount, LineCounting};
use lines::{LineIndex, RowStart, TextReader};
use search::{Direction, SearchEvent, SearchPass, SearchPattern};
use source::find_source;

/// How far the content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// There is none: a directory, a device, an empty file.
    NoContent,
    /// The layer lies in an engine or a registry, and is on its way here.
    Transferring(TransferProgress),
    /// What stands before the file in its layer is being decoded: bytes behind, and where the file starts.
    Skipping {
        /// Bytes that are decoded.
        done: u64,
        /// Where the file starts.
        total: u64,
    },
    /// The file is being decoded, or its lines counted.
    Reading,
    /// All is there.
    Complete,
    /// What is there is all there will be, and why.
    Failed(String),
}

/// How a search went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchState {
    /// Nothing is searched for.
    None,
    /// It is made as soon as there is something to search.
    Waiting,
    /// The pattern is none, and why.
    Invalid(String),
    /// It is under way; so many bytes are searched.
    Searching(u64),
    /// It found something before it came to the end.
    Found,
    /// It found something after it went on from the other end.
    FoundWrapped,
    /// There is no match in the first so many bytes; it goes on with more of the file as that comes.
    NotFoundYet(u64),
    /// There is no match.
    NotFound,
    /// It could not be made, and why.
    Failed(String),
}

/// Work that the viewer asks a thread for.
#[derive(Debug, Clone)]
pub enum ViewerEffect {
    /// Run [`fetch()`]; what it reports goes to [`Viewer::fetched`].
    Fetch(FetchRequest),
    /// Call off a search that still runs, and run [`search()`]; what it reports goes to [`Viewer::searched`].
    Search(SearchRequest),
    /// Call off a search that still runs.
    StopSearch,
}

/// What a status line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewerStatus {
    /// How bytes are shown.
    pub form: Form,
    /// How far the content is.
    pub phase: Phase,
    /// Bytes of the file, by its header.
    pub size: u64,
    /// Bytes that are there.
    pub available: u64,
    /// How much of the file is above the end of the screen, from 0 to 100.
    pub percent: u8,
    /// The line of the first row, where it is known.
    pub line: Option<u64>,
    /// How many lines there are, once they are counted.
    pub lines: Option<u64>,
    /// A line or offset that is gone to as soon as it is there.
    pub pending_destination: Option<Destination>,
    /// What is searched for.
    pub pattern: String,
    /// How that went.
    pub search: SearchState,
}

/// Where to go as soon as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The end of the file.
    End,
    /// A line.
    Line(u64),
    /// A byte.
    Offset(u64),
}

/// The first row on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Top {
    row_start: RowStart,
    /// Of a row that is wrapped: how many screen rows of it are above.
    part: usize,
}

impl Top {
    const START: Self = Self { row_start: RowStart::START, part: 0 };
}

#[derive(Debug)]
struct ViewerSearch {
    pattern: Option<SearchPattern>,
    state: SearchState,
    /// The match that was gone to.
    current: Option<Range<u64>>,
    /// The search whose answer is waited for.
    serial: u64,
    progress: SearchProgress,
}

/// What is still to come of a search.
#[derive(Debug, Clone, Copy)]
enum SearchProgress {
    /// Nothing.
    Idle,
    /// The answer of a thread that searches what was there when it began.
    Running { direction: Direction, end: u64 },
    /// What stands behind `end`, where nothing was yet when it was searched up to there.
    Awaiting { direction: Direction, end: u64 },
}

/// The viewer of one file.
#[derive(Debug)]
pub struct Viewer {
    overlay_id: OverlayId,
    path: Vec<u8>,
    notes: Vec<String>,
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
    /// Columns that are cut off on the left.
    left: usize,
    pending_destination: Option<Destination>,
    search: ViewerSearch,
    rows: Vec<ViewerRow>,
    /// Where the last row on the screen ends.
    bottom: u64,
}

impl Viewer {
    /// Opens a version of a path, deleted and overwritten ones too. Symbolic links are followed as of `layer` if it shows the
    /// version, else as of the version's own. `overlay_id` tells the messages of this viewer from those of others. The request, if
    /// there is one, is for a thread that runs [`fetch()`], which is to be called off when the viewer closes.
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

    const fn new(overlay_id: OverlayId, path: Vec<u8>, phase: Phase) -> Self {
        Self {
            overlay_id,
            path,
            notes: Vec::new(),
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
                serial: 0,
                progress: SearchProgress::Idle,
            },
            rows: Vec::new(),
            bottom: 0,
        }
    }

    /// What tells its messages from those of other viewers.
    #[must_use]
    pub const fn overlay_id(&self) -> OverlayId {
        self.overlay_id
    }

    /// The path that was opened, as it is.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The path that was opened, as it is fit to print.
    #[must_use]
    pub fn title(&self) -> String {
        Escaped(&self.path).to_string()
    }

    /// What is to be said of the path beside its content: where a link leads, what has no content. Nothing in it drives a
    /// terminal, turns a line or hides in one.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What is on the screen, from the top. No row is wider than the screen, and none drives a terminal.
    #[must_use]
    pub fn rows(&self) -> &[ViewerRow] {
        &self.rows
    }

    /// How wide line numbers and offsets are; 0 where there are none.
    #[must_use]
    pub fn gutter(&self) -> usize {
        if self.content.is_none() {
            return 0;
        }
        match self.form {
            Form::Hex => format!("{:x}", self.size()).len().max(8),
            Form::Text => {
                // Not that of the last row: the text would jump where it gets a digit more.
                let last = self.top.row_start.line.unwrap_or(0) + self.height as u64;
                self.index.lines().unwrap_or(last).to_string().len().max(5)
            }
        }
    }

    /// What a status line tells.
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
        }
    }

    /// Makes the screen `height` rows of `width` columns, line numbers among them.
    pub fn resize(&mut self, height: usize, width: usize) {
        if (height, width) != (self.height, self.width) {
            (self.height, self.width) = (height, width);
            self.top.part = 0;
            self.refresh();
        }
    }

    /// Takes what [`fetch()`] reports. Messages for other viewers are passed over. The effects, if there are any, are what
    /// was asked for before there was anything to do it with.
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
                // What is fetched again, to count its lines, is on the screen already.
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
        // Behind the rows: a search begins at those on the screen.
        effects.extend(self.search_new_content());
        effects
    }

    /// Takes what [`search()`] reports. Answers that are no longer waited for are passed over. The effect, if there is one,
    /// is to search what came meanwhile.
    pub fn searched(&mut self, report: SearchReport) -> Option<ViewerEffect> {
        if report.overlay_id != self.overlay_id || report.serial != self.search.serial {
            return None;
        }
        let progress = std::mem::replace(&mut self.search.progress, SearchProgress::Idle);
        match (report.event, progress) {
            (SearchEvent::Progress(done), _) => {
                self.search.progress = progress;
                // Of one that goes on, it is known already what it did not find.
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
            (SearchEvent::Found { at, pass }, _) => {
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

    /// Whether nothing more comes.
    const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Complete | Phase::Failed(_) | Phase::NoContent)
    }

    /// Bytes of the file when all are there.
    fn size(&self) -> u64 {
        match (&self.phase, &self.content) {
            (Phase::Failed(_), Some(_)) => self.available,
            (_, Some(content)) => content.len(),
            (_, None) => 0,
        }
    }

    /// The content as lines, if there is any.
    fn text(&self) -> Option<TextReader<'_>> {
        let content = self.content.as_ref()?;
        Some(TextReader { content, index: &self.index, end: self.available })
    }

    /// Columns for text.
    fn text_width(&self) -> usize {
        let gutter = self.gutter();
        self.width.saturating_sub(if gutter == 0 { 0 } else { gutter + 1 }).max(1)
    }

    /// Where the last hexadecimal row of a file of so many bytes starts.
    const fn last_hex_row(end: u64) -> u64 {
        end.saturating_sub(1) / HEX_ROW * HEX_ROW
    }
}
