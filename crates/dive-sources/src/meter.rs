//! Counts the bytes of an export as they arrive, and reports them several times a second, even while none arrive.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use dive_model::blob::TICK;
use dive_model::blob::Watch;
use dive_model::blob::{TransferProgress, TransferStep};

/// How long an engine is silent before the user is told what it does: Docker writes all layers to its own disk first.
const SILENCE: Duration = Duration::from_secs(10);

/// How long an engine may prepare before it sends the first byte.
const PREPARATION: Duration = Duration::from_mins(30);

/// How long nothing may come once something has.
const STALL: Duration = Duration::from_mins(5);

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
    /// A meter for about `size` bytes, if that is known.
    pub(super) fn new(progress: Watch<'a>, size: Option<u64>) -> Self {
        Self { progress, size, received: 0, reported: None, started: Instant::now(), silence: SILENCE }
    }

    /// How long the next bytes may take to come.
    pub(super) const fn limit(&self) -> Duration {
        if self.received == 0 { PREPARATION } else { STALL }
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
        let is_silent = self.received == 0 && self.started.elapsed() >= self.silence;
        let step = if is_silent { TransferStep::Prepare } else { TransferStep::Export };
        (self.progress)(TransferProgress { step, read: self.received, total })
    }

    /// Counts `len` more bytes, and reports them if a report is due.
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
    fn the_user_is_told_what_a_silent_engine_does_until_it_sends_something() {
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
