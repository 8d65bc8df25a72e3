//! Events of the event loop: terminal input, signals, and reports of worker threads.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use crate::many::MemberFigures;
use dive_model::Opened;
use dive_model::advice::Advice;
use dive_model::analysis::Part;
use dive_model::blob::TransferProgress;
use dive_model::extract::{self, Conflicts, Report};
use dive_model::image::{Base, Image};
use dive_model::layer::LayerIndex;
use dive_model::observer::Observer;

#[cfg(unix)]
use super::background::TerminalReply;
use super::state::images::{ListedId, ReadProgress, ReadReport, RuleCheck};
use super::state::viewer::{FetchReport, SearchReport};
use super::state::{LayerTotals, OverlayId};

/// An error that is only printed.
pub type AnyError = Box<dyn Error + Send + Sync>;

/// An event of the event loop.
#[derive(Debug)]
pub(super) enum ScreenEvent {
    /// A key, a paste, the mouse or a resize.
    Terminal(crossterm::event::Event),
    /// A response to a query.
    #[cfg(unix)]
    Reply(TerminalReply),
    /// The terminal was closed or failed.
    TerminalLost(io::Error),
    /// A report on the image that is opened, which may no longer be wanted.
    Opening(OpeningId, WorkerEvent),
    /// The image could not be opened.
    OpenFailed(OpeningId, AnyError),
    /// A worker thread panicked. Its message is already printed.
    ThreadPanicked,
    /// A signal to this process, by number.
    #[cfg(unix)]
    Signal(i32),
    /// A report of a worker thread.
    Worker(WorkerEvent),
}

/// Counts the images that were opened, to recognise late reports on one that was closed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct OpeningId(u64);

impl OpeningId {
    /// The next one.
    pub(super) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A report of a worker thread.
#[derive(Debug)]
pub enum WorkerEvent {
    /// Progress of unpacking or receiving an archive.
    Transferred(TransferProgress),
    /// The image was found; its layers are not read yet.
    ImageFound(Arc<Image>),
    /// Stored bytes of the layers read so far.
    BytesRead(u64),
    /// A layer was read completely.
    LayerRead {
        /// Index of the layer.
        layer: LayerIndex,
        /// Sum of the sizes in its tar headers, in bytes.
        size_bytes: u64,
    },
    /// The image was read completely.
    Opened(Arc<Opened>, LayerTotals),
    /// A report on an image of the list.
    List(ListEvent),
    /// The base was found after the image was opened.
    BaseFound {
        /// The image of the base, which may no longer be the one on the screen.
        image: Arc<Image>,
        /// The base.
        base: Base,
        /// The sums of its layers and of the others. `None` if no source says which layers are whose.
        parts: Option<(Part, Part)>,
    },
    /// The advice on an image.
    Advised {
        /// The image, which may no longer be the one on the screen.
        image: Arc<Image>,
        /// The advice.
        advice: Arc<Advice>,
    },
    /// Progress of fetching a file for the viewer.
    Fetch(FetchReport),
    /// Progress or result of a search in the viewer.
    Search(SearchReport),
    /// Existing files in the way of an extraction, or the error of the check.
    ConflictsChecked(OverlayId, Result<Conflicts, String>),
    /// A completion of the folder of an extraction.
    FolderCompleted {
        /// The dialog.
        overlay_id: OverlayId,
        /// The text that was completed.
        typed: String,
        /// The text in its place.
        completed: String,
    },
    /// Progress of an extraction.
    ExtractionProgress(OverlayId, extract::Progress),
    /// Result of an extraction.
    ExtractionEnded(OverlayId, Result<Report, String>),
}

impl WorkerEvent {
    /// The event for an image that was read. Computes the layer totals, so call it on a worker thread.
    #[must_use]
    pub fn opened(opened: Arc<Opened>) -> Self {
        let totals = LayerTotals::of(&opened);
        Self::Opened(opened, totals)
    }

    /// The event for a base of `opened` that was found later. Computes the sums, so call it on a worker thread.
    #[must_use]
    pub fn base_found(opened: &Opened, base: Base) -> Self {
        let parts = base.layers().map(|layers| opened.parts_at(layers));
        Self::BaseFound { image: Arc::clone(&opened.image), base, parts }
    }
}

/// A report on an image of the list.
#[derive(Debug)]
pub struct ListEvent(pub(super) ListReport);

#[derive(Debug)]
pub(super) enum ListReport {
    /// A file has these images.
    Listed { file: ListedId, images: Vec<(ListedId, String)> },
    /// An image is being read.
    Reading(ListedId, Option<ReadProgress>),
    /// An image was read.
    Read(ListedId, ReadReport),
    /// An image could not be read, for this reason.
    Unread(ListedId, String),
}

impl ListEvent {
    /// A file of the list has these images, which take its place.
    #[must_use]
    pub const fn listed(file: ListedId, images: Vec<(ListedId, String)>) -> Self {
        Self(ListReport::Listed { file, images })
    }

    /// An image is being read.
    #[must_use]
    pub const fn reading(id: ListedId, progress: Option<ReadProgress>) -> Self {
        Self(ListReport::Reading(id, progress))
    }

    /// An image was read and checked. Computes its figures, so call it on a worker thread.
    #[must_use]
    pub fn read(id: ListedId, name: String, opened: &Opened, check: RuleCheck) -> Self {
        let of_layers = opened.layer_remarks.iter().map(|(layer, remark)| format!("layer {layer}: {}", remark.text));
        let remarks = opened.image.remarks.iter().map(ToString::to_string).chain(of_layers).collect();
        Self(ListReport::Read(id, ReadReport { name, figures: Box::new(MemberFigures::of(opened)), remarks, check }))
    }

    /// An image could not be read, for this reason.
    #[must_use]
    pub const fn unread(id: ListedId, reason: String) -> Self {
        Self(ListReport::Unread(id, reason))
    }
}

/// Sends reports on the images of the list to the event loop.
#[derive(Debug, Clone)]
pub struct ListFeed {
    events: Sender<ScreenEvent>,
}

impl ListFeed {
    pub(super) const fn new(events: Sender<ScreenEvent>) -> Self {
        Self { events }
    }

    /// Sends a report.
    pub fn send(&self, event: ListEvent) {
        // The loop has ended if this fails.
        let _ = self.events.send(ScreenEvent::Worker(WorkerEvent::List(event)));
    }
}

/// Sends the progress of an image of the list to the event loop.
#[derive(Debug)]
pub struct RowProgress {
    feed: ListFeed,
    id: ListedId,
    total: AtomicU64,
    read: AtomicU64,
    reported_percent: AtomicU64,
}

impl RowProgress {
    /// The observer of an image that is about to be read.
    #[must_use]
    pub fn new(feed: ListFeed, id: ListedId) -> Self {
        feed.send(ListEvent::reading(id, None));
        Self { feed, id, total: AtomicU64::new(0), read: AtomicU64::new(0), reported_percent: AtomicU64::new(0) }
    }
}

impl Observer for RowProgress {
    fn transferred(&self, progress: TransferProgress) {
        self.feed.send(ListEvent::reading(self.id, Some(ReadProgress::Transfer(progress))));
    }

    fn found(&self, image: &Arc<Image>) {
        self.total.store(image.stored_bytes(), Ordering::Relaxed);
    }

    fn bytes_read(&self, count: u64) {
        let read = self.read.fetch_add(count, Ordering::Relaxed) + count;
        let percent = read.saturating_mul(100).checked_div(self.total.load(Ordering::Relaxed)).unwrap_or(0).min(100);
        // Layers are read in parallel: `fetch_max` lets one thread report each step.
        if self.reported_percent.fetch_max(percent, Ordering::Relaxed) < percent {
            let percent = u8::try_from(percent).unwrap_or(100);
            self.feed.send(ListEvent::reading(self.id, Some(ReadProgress::Layers { percent })));
        }
    }
}

/// Sends progress of opening the image to the event loop.
#[derive(Debug)]
pub struct Feed {
    events: Sender<ScreenEvent>,
    opening: OpeningId,
    total: AtomicU64,
    read: AtomicU64,
    reported_steps: AtomicU64,
}

/// Steps of the progress bar: more events would only repeat a frame.
const PROGRESS_STEPS: u64 = 200;

impl Feed {
    pub(super) fn new(events: Sender<ScreenEvent>, opening: OpeningId) -> Self {
        Self { events, opening, total: AtomicU64::new(0), read: AtomicU64::new(0), reported_steps: AtomicU64::new(0) }
    }

    fn send(&self, work: WorkerEvent) {
        // The loop has ended if this fails.
        let _ = self.events.send(ScreenEvent::Opening(self.opening, work));
    }

    /// Sends reports on the images of the list.
    #[must_use]
    pub fn list(&self) -> ListFeed {
        ListFeed::new(self.events.clone())
    }

    /// Reports that the image was read.
    pub fn opened(&self, opened: Arc<Opened>) {
        self.send(WorkerEvent::opened(opened));
    }

    /// Reports a base that was found after the image was read.
    pub fn base_found(&self, opened: &Opened, base: Base) {
        self.send(WorkerEvent::base_found(opened, base));
    }

    pub(super) fn failed(&self, error: AnyError) {
        // The loop has ended if this fails.
        let _ = self.events.send(ScreenEvent::OpenFailed(self.opening, error));
    }
}

impl Observer for Feed {
    fn transferred(&self, progress: TransferProgress) {
        self.send(WorkerEvent::Transferred(progress));
    }

    fn found(&self, image: &Arc<Image>) {
        self.total.store(image.stored_bytes(), Ordering::Relaxed);
        self.send(WorkerEvent::ImageFound(Arc::clone(image)));
    }

    fn bytes_read(&self, count: u64) {
        let read = self.read.fetch_add(count, Ordering::Relaxed) + count;
        let step = (self.total.load(Ordering::Relaxed) / PROGRESS_STEPS).max(1);
        // Layers are read in parallel: `fetch_max` lets one thread report each step.
        if self.reported_steps.fetch_max(read / step, Ordering::Relaxed) < read / step {
            self.send(WorkerEvent::BytesRead(read));
        }
    }

    fn layer_read(&self, layer: LayerIndex, size_bytes: u64) {
        self.send(WorkerEvent::LayerRead { layer, size_bytes });
    }
}
