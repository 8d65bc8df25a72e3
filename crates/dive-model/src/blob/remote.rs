//! Blobs that are fetched on first read.
//!
//! A layer in an engine or registry whose entries are cached is fetched only when one of its files is read. That may
//! take minutes, so every waiting thread receives progress and can stop waiting.

use std::fmt::Debug;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Blob, TransferProgress};

/// Interval at which a fetch polls for cancellation.
pub const TICK: Duration = Duration::from_millis(100);

/// Receives progress. Breaking cancels.
pub type Watch<'a> = &'a mut dyn FnMut(TransferProgress) -> ControlFlow<()>;

/// Fetches the bytes of a blob. Called again after a failure, which may have been temporary.
pub trait Fetch: Debug + Send + Sync {
    /// Progress to report before the first byte.
    fn start(&self) -> TransferProgress;

    /// Fetches all bytes of the blob into a local file, and blocks until then. Calls `progress` several times a second,
    /// even without new bytes.
    ///
    /// # Errors
    /// The blob cannot be fetched. Any error will do after `progress` breaks.
    fn fetch(&self, progress: Watch<'_>) -> io::Result<Blob>;
}

/// A blob that is fetched on first read.
#[derive(Debug)]
pub(super) struct Remote {
    source: Box<dyn Fetch>,
    blob: FetchOnce<Blob>,
}

impl Remote {
    pub(super) fn new(source: impl Fetch + 'static) -> Self {
        Self { source: Box::new(source), blob: FetchOnce::default() }
    }

    /// The local blob, fetched if necessary. Concurrent callers wait for the same fetch.
    pub(super) fn ready(&self, progress: Watch<'_>) -> io::Result<Blob> {
        self.blob.get(self.source.start(), progress, |progress| self.source.fetch(progress))
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(*self.blob.state(), FetchState::Ready(_))
    }
}

/// A value fetched once; concurrent callers wait for that fetch.
#[derive(Debug)]
pub struct FetchOnce<T> {
    state: Mutex<FetchState<T>>,
    ended: Condvar,
}

#[derive(Debug)]
enum FetchState<T> {
    NotFetched,
    /// A thread is fetching it.
    Running(TransferProgress),
    Ready(T),
}

impl<T> Default for FetchOnce<T> {
    fn default() -> Self {
        Self { state: Mutex::new(FetchState::NotFetched), ended: Condvar::new() }
    }
}

impl<T: Clone> FetchOnce<T> {
    /// Returns the value, calling `fetch` if necessary. While another thread fetches it, `progress` receives that
    /// thread's progress and can stop the waiting. If that thread fails or is cancelled, this one fetches.
    ///
    /// # Errors
    /// The error of `fetch`, which is not stored; [`io::ErrorKind::Interrupted`] if `progress` broke.
    pub fn get(
        &self,
        start: TransferProgress,
        progress: Watch<'_>,
        fetch: impl FnOnce(Watch<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        loop {
            let so_far = match &*state {
                FetchState::Ready(got) => return Ok(got.clone()),
                FetchState::NotFetched => break,
                FetchState::Running(so_far) => *so_far,
            };
            // Do not hold the lock while calling `progress`.
            drop(state);
            if progress(so_far).is_break() {
                return Err(cancelled());
            }
            state = self.state();
            if matches!(*state, FetchState::Running(_)) {
                state = self.ended.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        *state = FetchState::Running(start);
        drop(state);
        let running = RunningFetch(self);
        let mut flow = progress(start);
        if flow.is_break() {
            return Err(cancelled());
        }
        let fetched = fetch(&mut |so_far| {
            *self.state() = FetchState::Running(so_far);
            if flow.is_continue() {
                flow = progress(so_far);
            }
            flow
        });
        match fetched {
            Ok(got) => {
                *self.state() = FetchState::Ready(got.clone());
                drop(running);
                Ok(got)
            }
            Err(_) if flow.is_break() => Err(cancelled()),
            Err(error) => Err(error),
        }
    }
}

impl<T> FetchOnce<T> {
    fn state(&self) -> MutexGuard<'_, FetchState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running fetch. Wakes waiting threads when it ends, even by a panic.
struct RunningFetch<'a, T>(&'a FetchOnce<T>);

impl<T> Drop for RunningFetch<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(*state, FetchState::Running(_)) {
            *state = FetchState::NotFetched;
        }
        drop(state);
        self.0.ended.notify_all();
    }
}

fn cancelled() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "the download was cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::TransferStep;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    /// Waits until the gate is open, then fails the given number of times.
    #[derive(Debug, Default, Clone)]
    struct Slow {
        gate: Arc<AtomicBool>,
        failures: Arc<AtomicUsize>,
        begun: Arc<AtomicUsize>,
    }

    const START: TransferProgress = TransferProgress { step: TransferStep::Export, read: 0, total: Some(5) };

    impl Fetch for Slow {
        fn start(&self) -> TransferProgress {
            START
        }

        fn fetch(&self, progress: Watch<'_>) -> io::Result<Blob> {
            self.begun.fetch_add(1, Ordering::SeqCst);
            while !self.gate.load(Ordering::SeqCst) {
                if progress(TransferProgress { read: 3, ..START }).is_break() {
                    return Err(io::Error::other("any"));
                }
                thread::sleep(TICK / 10);
            }
            if self.failures.load(Ordering::SeqCst) > 0 {
                self.failures.fetch_sub(1, Ordering::SeqCst);
                return Err(io::Error::other("no network"));
            }
            Ok(Blob::in_memory(*b"bytes", "ready"))
        }
    }

    impl Slow {
        fn blob(&self) -> Blob {
            Blob::remote(self.clone(), 5, "layer")
        }

        fn wait_until_begun(&self) {
            while self.begun.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
        }
    }

    fn go_on(_: TransferProgress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn a_cancelled_fetch_can_be_repeated() {
        let slow = Slow::default();
        let blob = slow.blob();
        let mut received = Vec::new();
        let fetched = blob.fetch(&mut |progress| {
            received.push(progress.read);
            if progress.read > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(fetched.unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(received, [0, 3]);
        assert!(blob.needs_fetch());
        slow.gate.store(true, Ordering::SeqCst);
        blob.fetch(&mut go_on).unwrap();
        assert!(!blob.needs_fetch() && !blob.clone().slice(1, 2).needs_fetch());
        assert_eq!(blob.read_document(5).unwrap(), b"bytes");
        assert_eq!(slow.begun.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_failed_fetch_is_reported_and_repeated() {
        let slow = Slow::default();
        slow.gate.store(true, Ordering::SeqCst);
        slow.failures.store(2, Ordering::SeqCst);
        let blob = slow.blob();
        assert_eq!(blob.fetch(&mut go_on).unwrap_err().to_string(), "no network");
        assert_eq!(blob.first_bytes(9).unwrap_err().to_string(), "no network");
        assert_eq!(blob.first_bytes(9).unwrap(), b"bytes");
    }

    #[test]
    fn a_waiting_thread_sees_progress_and_can_give_up() {
        let slow = Slow::default();
        let blob = slow.blob();
        thread::scope(|scope| {
            let first = scope.spawn(|| blob.first_bytes(9));
            slow.wait_until_begun();
            let mut received = START;
            let second = blob.fetch(&mut |progress| {
                received = progress;
                if progress.read == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert_eq!(second.unwrap_err().kind(), io::ErrorKind::Interrupted);
            assert_eq!(received.read, 3, "what came for the other");
            slow.gate.store(true, Ordering::SeqCst);
            assert_eq!(first.join().unwrap().unwrap(), b"bytes");
        });
        assert_eq!(slow.begun.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_waiting_thread_fetches_after_the_other_is_cancelled() {
        let slow = Slow::default();
        let blob = slow.blob();
        let enough = AtomicBool::new(false);
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                blob.fetch(&mut |_| {
                    if enough.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
            });
            slow.wait_until_begun();
            let second = scope.spawn(|| blob.first_bytes(9));
            enough.store(true, Ordering::SeqCst);
            first.join().unwrap().unwrap_err();
            slow.gate.store(true, Ordering::SeqCst);
            assert_eq!(second.join().unwrap().unwrap(), b"bytes");
        });
    }

    #[test]
    fn a_local_blob_is_not_fetched() {
        let blob = Blob::in_memory(*b"bytes", "ready");
        assert!(!blob.needs_fetch());
        blob.fetch(&mut |_| ControlFlow::Break(())).unwrap();
    }
}
