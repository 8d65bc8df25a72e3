//! Deadlines of registry requests. A server that sends a byte now and then fails like a silent one.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::client::CONNECT;
use crate::runtime::timeout;

/// The limits for one registry. Tests use their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// For a connection.
    pub(super) connect: Duration,
    /// For a document: all attempts and hosts together, including delays.
    pub(super) document: Duration,
    /// For all documents of an image below the requested manifest. The last request may end after it, by its own deadline.
    pub(super) documents: Duration,
    /// For each token request.
    pub(super) token: Duration,
    /// For blobs, which have no deadline above this rate.
    pub(super) rate: Rate,
}

impl Default for Deadlines {
    fn default() -> Self {
        let rate = Rate { bytes: 60 << 10, window: Duration::from_mins(1) };
        let (document, documents) = (Duration::from_mins(1), Duration::from_mins(5));
        Self { connect: CONNECT, document, documents, token: Duration::from_secs(30), rate }
    }
}

/// The lowest accepted rate: bytes per window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) bytes: u64,
    pub(super) window: Duration,
}

/// Measures the rate of one blob over all its attempts.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Rate,
    /// Time and bytes of the current window. Delays between attempts, whose number is limited, do not count.
    spent: Duration,
    arrived_before: u64,
}

/// The rate fell below the limit.
#[derive(Debug)]
pub(super) struct TooSlow;

impl Pace {
    pub(super) const fn new(rate: Rate) -> Self {
        Self { rate, spent: Duration::ZERO, arrived_before: 0 }
    }

    /// Awaits `future`, and fails if `arrived`, the number of received bytes, grows too slowly.
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

/// Awaits `future`; `None` after `limit`. The time in `excluded` does not count.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::repository::DOCUMENT_COUNT;

    #[test]
    fn the_limits_are_those_of_the_documents() {
        let Deadlines { connect, document, documents, token, rate } = Deadlines::default();
        assert_eq!(rate.window, Duration::from_mins(1));
        let [document, token, connect] = [document, token, connect].map(|limit| limit.as_secs());
        let (rate, documents) = (rate.bytes >> 10, documents.as_secs() / 60);
        let security = include_str!("../../../../docs/security.md");
        let promise = format!(
            "documents {document} s for all attempts, tokens {token} s, layers {rate} KiB a minute; for one image \
             {DOCUMENT_COUNT} documents and {documents} minutes for all of them"
        );
        assert!(security.contains(&promise), "{promise}");
        let sources = include_str!("../../../../docs/sources.md");
        for row in [
            format!("a connection to a registry | {connect} s |"),
            format!("all of them for one image | {documents} minutes, and at most {DOCUMENT_COUNT} documents |"),
            format!("a token | {token} s for each attempt |"),
            format!("a layer from a registry | while at least {rate} KiB a minute arrive,"),
        ] {
            assert!(sources.contains(&row), "{row}");
        }
    }
}
