//! How long a registry may take. A server that sends a byte now and then is ended as one that sends nothing.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::timeout;

/// The limits of one registry. Tests have their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// For a document over all tries and hosts, pauses included: they are short.
    pub(super) document: Duration,
    /// For a token, each time that one is asked for.
    pub(super) token: Duration,
    /// For blobs, which may take as long as they take at this rate.
    pub(super) rate: Rate,
}

impl Default for Deadlines {
    fn default() -> Self {
        let rate = Rate { bytes: 60 << 10, window: Duration::from_mins(1) };
        Self { document: Duration::from_mins(1), token: Duration::from_secs(30), rate }
    }
}

/// The lowest rate: so many bytes in each window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) bytes: u64,
    pub(super) window: Duration,
}

/// Watches the rate of one blob over all its tries.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Rate,
    /// Time and bytes of the current window. Pauses between tries are not in it: their number is limited.
    spent: Duration,
    arrived_before: u64,
}

/// Fewer bytes came than the lowest rate asks for.
#[derive(Debug)]
pub(super) struct TooSlow;

impl Pace {
    pub(super) const fn new(rate: Rate) -> Self {
        Self { rate, spent: Duration::ZERO, arrived_before: 0 }
    }

    /// Awaits `future`. Fails if `arrived`, the bytes received so far, grows too slowly meanwhile.
    pub(super) async fn watch<F: Future>(
        &mut self,
        arrived: impl Fn() -> u64,
        future: F,
    ) -> Result<F::Output, TooSlow> {
        let mut future = pin!(future);
        loop {
            let start = Instant::now();
            let left = self.rate.window.saturating_sub(self.spent);
            match timeout(left, future.as_mut()).await {
                Ok(output) => {
                    self.spent += start.elapsed();
                    return Ok(output);
                }
                Err(_) if arrived().saturating_sub(self.arrived_before) < self.rate.bytes => return Err(TooSlow),
                Err(_) => {
                    self.arrived_before = arrived();
                    self.spent = Duration::ZERO;
                }
            }
        }
    }
}

/// Awaits `future`; `None` if it takes longer than `limit`. The time that `excluded` returns does not count.
pub(super) async fn within<F: Future>(
    limit: Duration,
    excluded: impl Fn() -> Duration,
    future: F,
) -> Option<F::Output> {
    let start = Instant::now();
    let mut future = pin!(future);
    loop {
        let left = limit.saturating_sub(start.elapsed().saturating_sub(excluded()));
        if left.is_zero() {
            return None;
        }
        if let Ok(output) = timeout(left, future.as_mut()).await {
            return Some(output);
        }
    }
}
