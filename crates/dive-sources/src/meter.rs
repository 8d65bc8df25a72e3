//! Counts the received bytes of an export and reports them several times a second, also while none arrive.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use dive_model::blob::TICK;
use dive_model::blob::Watch;
use dive_model::blob::{TransferProgress, TransferStep};

/// Silence before the user sees an explanation: Docker first writes all layers to its own disk.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// Timeout for the first byte of an export.
pub(super) const PREPARATION: Duration = Duration::from_mins(30);

/// Timeout for each further read.
pub(super) const STALL: Duration = Duration::from_mins(5);

/// Counts received bytes and reports them.
pub(super) struct Meter<'a> {
    progress: Watch<'a>,
    size: Option<u64>,
    received: u64,
    reported: Option<Instant>,
    started: Instant,
    silence: Duration,
}

impl<'a> Meter<'a> {
    /// A meter for about `size` bytes; `None` if unknown.
    pub(super) fn new(progress: Watch<'a>, size: Option<u64>) -> Self {
        Self { progress, size, received: 0, reported: None, started: Instant::now(), silence: SILENCE }
    }

    /// The timeout of the next read.
    pub(super) const fn limit(&self) -> Duration {
        if self.received == 0 { PREPARATION } else { STALL }
    }

    /// Bytes received so far.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Reports the current count; breaks if the export is cancelled.
    pub(super) fn report(&mut self) -> ControlFlow<()> {
        self.reported = Some(Instant::now());
        // The size is an estimate: once it is exceeded, do not report it.
        let total = self.size.filter(|size| self.received <= *size);
        let is_silent = self.received == 0 && self.started.elapsed() >= self.silence;
        let step = if is_silent { TransferStep::Prepare } else { TransferStep::Export };
        (self.progress)(TransferProgress { step, read: self.received, total })
    }

    /// Counts `len` more bytes and reports them if a report is due; breaks if the export is cancelled.
    pub(super) fn add(&mut self, len: usize) -> ControlFlow<()> {
        self.received += len as u64;
        let is_due = self.reported.is_none_or(|reported| reported.elapsed() >= TICK);
        if is_due { self.report() } else { ControlFlow::Continue(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_sees_why_an_engine_is_silent() {
        let mut steps = Vec::new();
        let mut watch = |progress: TransferProgress| {
            steps.push(progress.step);
            ControlFlow::Continue(())
        };
        let mut meter = Meter { silence: Duration::from_millis(50), ..Meter::new(&mut watch, None) };
        let _ = meter.report();
        assert_eq!(meter.limit(), PREPARATION);
        while meter.started.elapsed() < meter.silence {
            std::thread::yield_now();
        }
        let _ = meter.report();
        meter.received = 1;
        let _ = meter.report();
        assert_eq!(meter.limit(), STALL);
        assert_eq!(steps, [TransferStep::Export, TransferStep::Prepare, TransferStep::Export]);
    }
}
