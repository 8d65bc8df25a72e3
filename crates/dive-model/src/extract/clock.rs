//! How far the work is, and whether anybody still wants it: asked and told between pieces of it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use super::report::Progress;
use crate::blob::TransferProgress;

/// Tells of progress, and hears of the end.
pub(super) struct Clock<'a> {
    cancel: &'a AtomicBool,
    tell: &'a dyn Fn(Progress),
    now: Cell<Progress>,
}

/// Somebody said that it is enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cancelled;

impl<'a> Clock<'a> {
    pub(super) fn new(cancel: &'a AtomicBool, tell: &'a dyn Fn(Progress), of_items: u64) -> Self {
        Self { cancel, tell, now: Cell::new(Progress { of_items, ..Progress::default() }) }
    }

    /// So many bytes will be read in all.
    pub(super) fn expect_bytes(&self, to_read: u64) {
        self.now.set(Progress { to_read, ..self.now.get() });
    }

    /// All bytes before `at` are behind.
    pub(super) fn read_to(&self, at: u64) -> Result<(), Cancelled> {
        let now = self.now.get();
        self.set(Progress { read: now.read.max(at), ..now });
        self.go_on()
    }

    /// A layer is on its way here; none, if it is no more.
    pub(super) fn bring(&self, bringing: Option<TransferProgress>) -> Result<(), Cancelled> {
        self.set(Progress { bringing, ..self.now.get() });
        self.go_on()
    }

    /// One more item is behind.
    pub(super) fn item(&self) {
        let now = self.now.get();
        self.set(Progress { items: now.items + 1, ..now });
    }

    pub(super) fn go_on(&self) -> Result<(), Cancelled> {
        if self.cancel.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
    }

    fn set(&self, now: Progress) {
        self.now.set(now);
        (self.tell)(now);
    }
}
