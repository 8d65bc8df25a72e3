//! Reports progress of an extraction and checks for cancellation, between pieces of work.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use super::report::Progress;
use crate::blob::TransferProgress;

/// Progress and cancellation of one extraction.
pub(super) struct Monitor<'a> {
    cancel: &'a AtomicBool,
    report: &'a dyn Fn(Progress),
    now: Cell<Progress>,
}

/// The extraction was cancelled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cancelled;

impl<'a> Monitor<'a> {
    pub(super) fn new(cancel: &'a AtomicBool, report: &'a dyn Fn(Progress), of_items: u64) -> Self {
        Self { cancel, report, now: Cell::new(Progress { of_items, ..Progress::default() }) }
    }

    /// Sets the total number of bytes to read.
    pub(super) fn expect_bytes(&self, to_read: u64) {
        self.now.set(Progress { to_read, ..self.now.get() });
    }

    /// Records that all bytes before `at` are read.
    pub(super) fn read_to(&self, at: u64) -> Result<(), Cancelled> {
        let now = self.now.get();
        self.set(Progress { read: now.read.max(at), ..now });
        self.check()
    }

    /// Records the transfer of a layer; `None` once it has ended.
    pub(super) fn fetch(&self, fetching: Option<TransferProgress>) -> Result<(), Cancelled> {
        self.set(Progress { fetching, ..self.now.get() });
        self.check()
    }

    /// Counts one more item as done.
    pub(super) fn item(&self) {
        let now = self.now.get();
        self.set(Progress { items: now.items + 1, ..now });
    }

    pub(super) fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
    }

    fn set(&self, now: Progress) {
        self.now.set(now);
        (self.report)(now);
    }
}
