//! Looking into a file: what the viewer shows of any version in any layer, as plain values. Bytes come from a thread that runs
//! [`fetch()`], searches are made by one that runs [`search()`]; both report by values that go to [`Viewer::fetched`] and
//! [`Viewer::searched`]. The viewer itself reads no more than a page at a time, so that a file of any size answers each key at
//! once.

mod cells;
mod content;
mod fetch;
mod form;
mod lines;
mod look;
mod motion;
mod page;
mod search;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use cells::Emphasis;
pub use content::Content;
pub use fetch::{FetchRequest, Fetched, fetch};
pub use form::Form;
pub use page::{RowLabel, ViewerRow};
pub use search::{SearchRequest, Searched, search};

use super::long_lines::LongLines;
use cells::{Cells, HEX_ROW};
use dive_model::blob::TransferProgress;
use dive_model::escape::Escaped;
use dive_model::image::ImageLayer;
use dive_model::layer::LayerIndex;
use dive_model::tree::{SpanId, Tree};
use fetch::{Counting, FetchNews, Lines};
use lines::{LineIndex, Place, Text};
use look::look;
use search::{Direction, Pattern, SearchNews, Way};

/// How far the content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// There is none: a directory, a device, an empty file.
    NoContent,
    /// The layer lies in an engine or a registry, and is on its way here.
    Bringing(TransferProgress),
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
    pub waits_for: Option<Goal>,
    /// What is searched for.
    pub pattern: String,
    /// How that went.
    pub search: SearchState,
}

/// Where to go as soon as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
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
    place: Place,
    /// Of a row that is wrapped: how many screen rows of it are above.
    part: usize,
}

impl Top {
    const START: Self = Self { place: Place::START, part: 0 };
}

#[derive(Debug)]
struct Search {
    pattern: Option<Pattern>,
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
    Ended,
    /// The answer of a thread that searches what was there when it began.
    Runs { direction: Direction, end: u64 },
    /// What stands behind `end`, where nothing was yet when it was searched up to there.
    Waits { direction: Direction, end: u64 },
}

/// The viewer of one file.
#[derive(Debug)]
pub struct Viewer {
    ticket: u64,
    path: Vec<u8>,
    words: Vec<String>,
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
    goal: Option<Goal>,
    search: Search,
    rows: Vec<ViewerRow>,
    /// Where the last row on the screen ends.
    bottom: u64,
}

impl Viewer {
    /// Opens a version of a path, deleted and overwritten ones too. Symbolic links are followed as of `layer` if it shows the
    /// version, else as of the version's own. `ticket` tells the messages of this viewer from those of others. The request, if
    /// there is one, is for a thread that runs [`fetch()`], which is to be called off when the viewer closes.
    #[must_use]
    pub fn open(
        ticket: u64,
        tree: &Tree,
        layers: &[ImageLayer],
        version: SpanId,
        layer: LayerIndex,
    ) -> (Self, Option<FetchRequest>) {
        let looked = look(tree, layers, version, layer);
        let counting = Counting::OfText;
        let request = looked.bytes.map(|(blob, body)| FetchRequest { ticket, blob, body, counting });
        let phase = if request.is_some() { Phase::Reading } else { Phase::NoContent };
        let mut viewer = Self::new(ticket, looked.path, phase);
        viewer.words = looked.words.iter().map(|text| Cells::words(text).seen(0, usize::MAX, &[]).0).collect();
        viewer.request.clone_from(&request);
        viewer.refresh();
        (viewer, request)
    }

    const fn new(ticket: u64, path: Vec<u8>, phase: Phase) -> Self {
        Self {
            ticket,
            path,
            words: Vec::new(),
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
            goal: None,
            search: Search {
                pattern: None,
                state: SearchState::None,
                current: None,
                serial: 0,
                progress: SearchProgress::Ended,
            },
            rows: Vec::new(),
            bottom: 0,
        }
    }

    /// What tells its messages from those of other viewers.
    #[must_use]
    pub const fn ticket(&self) -> u64 {
        self.ticket
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
    pub fn words(&self) -> &[String] {
        &self.words
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
                let last = self.top.place.line.unwrap_or(0) + self.height as u64;
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
            line: self.top.place.line.filter(|_| self.form == Form::Text),
            lines: self.index.lines(),
            waits_for: self.goal,
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
    pub fn fetched(&mut self, fetched: Fetched) -> Vec<ViewerEffect> {
        if fetched.ticket != self.ticket {
            return Vec::new();
        }
        match fetched.news {
            FetchNews::Bringing(progress) => self.phase = Phase::Bringing(progress),
            FetchNews::Skipped(skipped) => {
                self.phase = Phase::Skipping { done: skipped.done, total: skipped.total };
            }
            FetchNews::Opened { content, form, available } => {
                self.phase = Phase::Reading;
                // What is fetched again, to count its lines, is on the screen already.
                if self.content.is_none() {
                    (self.content, self.available) = (Some(content), available);
                    self.set_form(form);
                }
            }
            FetchNews::Progress { available, marks, counted } => {
                self.available = available;
                self.index.extend(marks, counted);
            }
            FetchNews::Complete(lines) => {
                self.phase = Phase::Complete;
                if lines == Lines::Counted {
                    self.index.complete();
                }
            }
            FetchNews::Failed(why) => {
                self.phase = Phase::Failed(why);
                self.index.complete();
            }
        }
        let mut effects: Vec<ViewerEffect> = self.go_on().into_iter().collect();
        self.refresh();
        // Behind the rows: a search begins at those on the screen.
        effects.extend(self.search_rest());
        effects
    }

    /// Takes what [`search()`] reports. Answers that are no longer waited for are passed over. The effect, if there is one,
    /// is to search what came meanwhile.
    pub fn searched(&mut self, searched: Searched) -> Option<ViewerEffect> {
        if searched.ticket != self.ticket || searched.serial != self.search.serial {
            return None;
        }
        let progress = std::mem::replace(&mut self.search.progress, SearchProgress::Ended);
        match (searched.news, progress) {
            (SearchNews::Progress(done), _) => {
                self.search.progress = progress;
                // Of one that goes on, it is known already what it did not find.
                if matches!(self.search.state, SearchState::Searching(_)) {
                    self.search.state = SearchState::Searching(done);
                }
            }
            (SearchNews::NotFound, SearchProgress::Runs { direction, end }) => {
                self.search.state = SearchState::NotFoundYet(end);
                self.search.progress = SearchProgress::Waits { direction, end };
            }
            (SearchNews::NotFound, _) => self.search.state = SearchState::NotFound,
            (SearchNews::Failed(why), _) => self.search.state = SearchState::Failed(why),
            (SearchNews::Found { at, way }, _) => {
                self.goal = None;
                self.search.current = Some(at.clone());
                self.reveal(&at);
                self.search.state = match way {
                    Way::Straight => SearchState::Found,
                    Way::Around => SearchState::FoundWrapped,
                };
            }
        }
        self.refresh();
        self.search_rest()
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
    fn text(&self) -> Option<Text<'_>> {
        let content = self.content.as_ref()?;
        Some(Text { content, index: &self.index, end: self.available })
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
