//! What the loop waits for: keys, signals, and what worker threads have to say.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use dive_model::Opened;
use dive_model::blob::TransferProgress;
use dive_model::extract::{self, Conflicts, Report};
use dive_model::image::Image;
use dive_model::layer::LayerIndex;
use dive_model::observer::Observer;

use super::state::viewer::{FetchReport, SearchReport};
use super::state::{LayerTotals, OverlayId};

/// An error of any kind, for who prints it.
pub type AnyError = Box<dyn Error + Send + Sync>;

/// Something happened.
#[derive(Debug)]
pub(super) enum ScreenEvent {
    /// At the terminal: a key, the mouse, another size.
    Terminal(crossterm::event::Event),
    /// The terminal is gone.
    TerminalLost(io::Error),
    /// The image cannot be shown.
    OpenFailed(AnyError),
    /// A thread panicked.
    ThreadPanicked,
    /// From outside.
    #[cfg(unix)]
    Signal(i32),
    /// From a worker.
    Worker(WorkerEvent),
}

/// What a worker has to say.
#[derive(Debug)]
pub enum WorkerEvent {
    /// An archive is being unpacked or received.
    Transferred(TransferProgress),
    /// The image is found, its layers are not read yet.
    ImageFound(Arc<Image>),
    /// So many bytes of the layers are behind us.
    BytesRead(u64),
    /// A layer was read.
    LayerRead {
        /// Which one.
        layer: LayerIndex,
        /// The sum of its header sizes, in bytes.
        size_bytes: u64,
    },
    /// All is read.
    Opened(Box<Opened>, LayerTotals),
    /// Bytes of a file that is looked into.
    Fetch(FetchReport),
    /// How a search of them goes.
    Search(SearchReport),
    /// What stands in the way of an extraction; or why it cannot be.
    ConflictsChecked(OverlayId, Result<Conflicts, String>),
    /// How far an extraction is.
    ExtractionProgress(OverlayId, extract::Progress),
    /// What came of it.
    ExtractionEnded(OverlayId, Result<Report, String>),
}

impl WorkerEvent {
    /// The image is read. Computes the totals, so call it where the screen does not wait for it.
    #[must_use]
    pub fn opened(opened: Opened) -> Self {
        let totals = LayerTotals::of(&opened);
        Self::Opened(Box::new(opened), totals)
    }
}

/// Where the thread that opens the image says how far it is.
#[derive(Debug)]
pub struct Feed {
    events: Sender<ScreenEvent>,
    total: AtomicU64,
    read: AtomicU64,
    reported_steps: AtomicU64,
}

/// In how many steps reading is shown.
const PROGRESS_STEPS: u64 = 200;

impl Feed {
    pub(super) fn new(events: Sender<ScreenEvent>) -> Self {
        Self { events, total: AtomicU64::new(0), read: AtomicU64::new(0), reported_steps: AtomicU64::new(0) }
    }

    fn send(&self, work: WorkerEvent) {
        // Nobody listens any more when the user has left.
        let _ = self.events.send(ScreenEvent::Worker(work));
    }

    /// All is read.
    pub fn opened(&self, opened: Opened) {
        self.send(WorkerEvent::opened(opened));
    }

    pub(super) fn failed(&self, error: AnyError) {
        // Nobody listens any more when the user has left.
        let _ = self.events.send(ScreenEvent::OpenFailed(error));
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
        // One of several threads that pass a step tells it.
        if self.reported_steps.fetch_max(read / step, Ordering::Relaxed) < read / step {
            self.send(WorkerEvent::BytesRead(read));
        }
    }

    fn layer_read(&self, layer: LayerIndex, size_bytes: u64) {
        self.send(WorkerEvent::LayerRead { layer, size_bytes });
    }
}
