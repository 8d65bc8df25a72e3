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

use super::state::viewer::{Fetched, Searched};
use super::state::{LayerTotals, Ticket};

/// An error of any kind, for who prints it.
pub type AnyError = Box<dyn Error + Send + Sync>;

/// Something happened.
#[derive(Debug)]
pub(super) enum Event {
    /// At the terminal: a key, the mouse, another size.
    Terminal(crossterm::event::Event),
    /// The terminal is gone.
    TerminalLost(io::Error),
    /// The image cannot be shown.
    Failed(AnyError),
    /// A thread panicked.
    Broken,
    /// From outside.
    #[cfg(unix)]
    Signal(i32),
    /// From a worker.
    Work(Work),
}

/// What a worker has to say.
#[derive(Debug)]
pub enum Work {
    /// An archive is being unpacked or received.
    Spooled(TransferProgress),
    /// The image is found, its layers are not read yet.
    Image(Arc<Image>),
    /// So many bytes of the layers are behind us.
    Read(u64),
    /// A layer was read.
    Layer {
        /// Which one.
        layer: LayerIndex,
        /// The sum of its header sizes, in bytes.
        size_bytes: u64,
    },
    /// All is read.
    Opened(Box<Opened>, LayerTotals),
    /// Bytes of a file that is looked into.
    Fetched(Fetched),
    /// How a search of them goes.
    Searched(Searched),
    /// What stands in the way of an extraction; or why it cannot be.
    Looked(Ticket, Result<Conflicts, String>),
    /// How far an extraction is.
    Extracting(Ticket, extract::Progress),
    /// What came of it.
    Extracted(Ticket, Result<Report, String>),
}

impl Work {
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
    events: Sender<Event>,
    total: AtomicU64,
    read: AtomicU64,
    told: AtomicU64,
}

/// In how many steps reading is shown.
const STEPS: u64 = 200;

impl Feed {
    pub(super) fn new(events: Sender<Event>) -> Self {
        Self { events, total: AtomicU64::new(0), read: AtomicU64::new(0), told: AtomicU64::new(0) }
    }

    fn say(&self, work: Work) {
        // Nobody listens any more when the user has left.
        let _ = self.events.send(Event::Work(work));
    }

    /// All is read.
    pub fn opened(&self, opened: Opened) {
        self.say(Work::opened(opened));
    }

    pub(super) fn failed(&self, error: AnyError) {
        // Nobody listens any more when the user has left.
        let _ = self.events.send(Event::Failed(error));
    }
}

impl Observer for Feed {
    fn transferred(&self, progress: TransferProgress) {
        self.say(Work::Spooled(progress));
    }

    fn found(&self, image: &Arc<Image>) {
        self.total.store(image.stored_bytes(), Ordering::Relaxed);
        self.say(Work::Image(Arc::clone(image)));
    }

    fn bytes_read(&self, count: u64) {
        let read = self.read.fetch_add(count, Ordering::Relaxed) + count;
        let step = (self.total.load(Ordering::Relaxed) / STEPS).max(1);
        // One of several threads that pass a step tells it.
        if self.told.fetch_max(read / step, Ordering::Relaxed) < read / step {
            self.say(Work::Read(read));
        }
    }

    fn layer_read(&self, layer: LayerIndex, size_bytes: u64) {
        self.say(Work::Layer { layer, size_bytes });
    }
}
