//! Retries of requests to a registry: exponential backoff with jitter, or the delay in `Retry-After`, up to a limit.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::error::RegistryError;

/// A failed request, and whether to retry it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: RegistryError,
    pub(super) retry: Retry,
}

/// When to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    Never,
    Soon,
    /// After the delay in `Retry-After`.
    After(Duration),
}

impl Failure {
    /// Adds the number of received bytes to a lost connection.
    pub(super) fn after(mut self, bytes: u64) -> Self {
        if let RegistryError::Broken { received, .. } = &mut self.error {
            *received = bytes;
        }
        self
    }

    pub(super) const fn soon(error: RegistryError) -> Self {
        Self { error, retry: Retry::Soon }
    }
}

/// Errors without a retry.
impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self { error, retry: Retry::Never }
    }
}

/// Attempts of one request without progress.
pub(super) const TRIES: u32 = 5;

/// Attempts of one request in total, so that a blob in tiny pieces ends.
const MAX_TRIES: u32 = 100;

/// The longest delay that dive accepts from a registry.
pub(super) const MAX_DELAY: Duration = Duration::from_mins(1);

/// The first delay, doubled after each attempt.
pub(super) const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The retry policy of one request, and its attempts so far.
#[derive(Debug)]
pub(super) struct RetryPolicy {
    pause: Duration,
    limit: u32,
    longest: Duration,
    /// The end of all delays, `Retry-After` included.
    deadline: Option<Instant>,
    tries: u32,
    /// All attempts, those before progress included.
    total: u32,
}

impl RetryPolicy {
    /// `limit` attempts, with a first delay of `pause`.
    pub(super) const fn new(limit: u32, pause: Duration) -> Self {
        Self { pause, limit, longest: MAX_DELAY, deadline: None, tries: 0, total: 0 }
    }

    /// Limits each delay to `longest`.
    pub(super) const fn within(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Ends all delays `limit` from now.
    pub(super) fn until(self, limit: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(limit), ..self }
    }

    /// The longest delay before the deadline.
    fn longest(&self) -> Duration {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.map_or(self.longest, |left| left.min(self.longest))
    }

    /// Waits before the next attempt, or returns the error if no attempts are left.
    pub(super) async fn after(&mut self, failure: Failure) -> Result<(), RegistryError> {
        self.tries += 1;
        self.total += 1;
        let is_last = self.tries >= self.limit || self.total >= MAX_TRIES;
        let error = with_tries(failure.error, if self.total >= MAX_TRIES { self.total } else { self.tries });
        let wait = match failure.retry {
            Retry::Never => return Err(error),
            _ if is_last => return Err(error),
            Retry::After(wait) if wait > self.longest() => return Err(too_long(error, wait, self.longest)),
            Retry::After(wait) => wait,
            Retry::Soon => self.jittered(),
        };
        tracing::debug!("{error}; retrying in {wait:.1?}");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Resets the attempts after progress.
    pub(super) const fn renew(&mut self) {
        self.tries = 0;
    }

    /// Between one and two delays, so that clients that failed together do not retry together.
    fn jittered(&self) -> Duration {
        let pause = self.pause.saturating_mul(1 << (self.tries - 1).min(6)).min(self.longest / 2);
        let random = RandomState::new().build_hasher().finish() % 1_000;
        pause + pause.mul_f64(random as f64 / 1_000.0)
    }
}

fn with_tries(error: RegistryError, count: u32) -> RegistryError {
    match error {
        RegistryError::Status { host, what, answer, .. } => RegistryError::Status { host, what, answer, tries: count },
        RegistryError::Broken { host, what, received, why, .. } => {
            RegistryError::Broken { host, what, received, why, tries: count }
        }
        error => error,
    }
}

fn too_long(error: RegistryError, wait: Duration, limit: Duration) -> RegistryError {
    match error {
        RegistryError::Status { host, what, answer, .. } => RegistryError::Later { host, what, answer, wait, limit },
        error => error,
    }
}

/// The longest delay that a `Retry-After` header means. A longer one is a mistake, or an attack on those who add it to a time.
const YEAR: Duration = Duration::from_hours(24 * 365);

/// Parses `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3). `now` is in seconds since 1970. `None` for other texts, and without
/// a delay: zero seconds, or a date that has passed.
pub(super) fn retry_after(text: &str, now: u64) -> Option<Duration> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_number { text.parse().unwrap_or(u64::MAX) } else { seconds_of_date(text)?.saturating_sub(now) };
    Some(Duration::from_secs(seconds).min(YEAR)).filter(|delay| !delay.is_zero())
}

/// An HTTP date in seconds since 1970.
fn seconds_of_date(text: &str) -> Option<u64> {
    let date = httpdate::parse_http_date(text).ok()?;
    date.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_a_date() {
        assert_eq!(retry_after(" 7", 0), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_790), None);
        assert_eq!(retry_after("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_799), Some(Duration::from_secs(1)));
        // An obsolete format that recipients must accept.
        assert_eq!(retry_after("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_770), Some(Duration::from_secs(7)));
        for huge in ["99999999999", "18446744073709551616", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(retry_after(huge, 784_111_770), Some(YEAR), "{huge}");
        }
        for wrong in ["", "-1", "+1", "1.5", "0", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT"]
        {
            assert_eq!(retry_after(wrong, 0), None, "{wrong}");
        }
    }

    #[test]
    fn retry_delays_grow_up_to_a_limit() {
        let mut retries = RetryPolicy::new(TRIES, FIRST_DELAY);
        let mut last = Duration::ZERO;
        for tries in [1, 3, 9, 40] {
            retries.tries = tries;
            let pause = retries.jittered();
            assert!(pause >= last.min(MAX_DELAY / 2) && pause <= MAX_DELAY, "{pause:?}");
            last = pause / 2;
        }
    }
}
