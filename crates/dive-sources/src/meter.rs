//! Counts the bytes of an export as they arrive, and reports them several times a second, even while none arrive.

use std::ops::ControlFlow;
use std::time::Instant;

use dive_model::blob::TICK;
use dive_model::blob::Watch;
use dive_model::blob::{TransferProgress, TransferStep};

/// Counts received bytes and reports them.
pub(super) struct Meter<'a> {
    progress: Watch<'a>,
    size: Option<u64>,
    received: u64,
    reported: Option<Instant>,
}

impl<'a> Meter<'a> {
    /// A meter for about `size` bytes, if that is known.
    pub(super) fn new(progress: Watch<'a>, size: Option<u64>) -> Self {
        Self { progress, size, received: 0, reported: None }
    }

    /// Bytes received so far.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Reports the current count; breaks if the export is no longer wanted.
    pub(super) fn report(&mut self) -> ControlFlow<()> {
        self.reported = Some(Instant::now());
        // The size is an estimate: once exceeded, it is useless.
        let total = self.size.filter(|size| self.received <= *size);
        (self.progress)(TransferProgress { step: TransferStep::Export, read: self.received, total })
    }

    /// Counts `len` more bytes, and reports them if a report is due.
    pub(super) fn add(&mut self, len: usize) -> ControlFlow<()> {
        self.received += len as u64;
        let is_due = self.reported.is_none_or(|reported| reported.elapsed() >= TICK);
        if is_due { self.report() } else { ControlFlow::Continue(()) }
    }
}
