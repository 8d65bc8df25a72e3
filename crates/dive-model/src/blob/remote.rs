//! Bytes that lie elsewhere until somebody needs them: a layer in an engine or a registry whose entries are known from
//! before is only fetched when one of its files is looked into. That may take minutes, so who waits hears how far it is,
//! and can give up at any time, whoever it is that fetches.

use std::fmt::Debug;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Blob, TransferProgress};

/// How often a fetch asks whether to go on.
pub const TICK: Duration = Duration::from_millis(100);

/// Hears how far it is, and says whether it is to go on.
pub type Watch<'a> = &'a mut dyn FnMut(TransferProgress) -> ControlFlow<()>;

/// Gets the bytes of a blob. Asked again if it failed: a network that was gone may be back.
pub trait Fetch: Debug + Send + Sync {
    /// What is told before anything has come.
    fn start(&self) -> TransferProgress;

    /// All bytes of the blob, as one that lies in a file here. Waits for them, and asks `progress` several times a second
    /// whether to go on, also while nothing comes.
    ///
    /// # Errors
    /// If the blob cannot be fetched, and where `progress` breaks: then any error will do.
    fn fetch(&self, progress: Watch<'_>) -> io::Result<Blob>;
}

/// A blob that is fetched when it is first read.
#[derive(Debug)]
pub(super) struct Remote {
    source: Box<dyn Fetch>,
    blob: Fetched<Blob>,
}

impl Remote {
    pub(super) fn new(source: impl Fetch + 'static) -> Self {
        Self { source: Box::new(source), blob: Fetched::default() }
    }

    /// The bytes here, fetched now if they were not before. Who asks meanwhile waits for the same fetch.
    pub(super) fn here(&self, progress: Watch<'_>) -> io::Result<Blob> {
        self.blob.get(self.source.start(), progress, |progress| self.source.fetch(progress))
    }

    pub(super) fn is_here(&self) -> bool {
        matches!(*self.blob.state(), State::Here(_))
    }
}

/// What takes long to get, is got once, and is waited for by everybody else who asks for it.
#[derive(Debug)]
pub struct Fetched<T> {
    state: Mutex<State<T>>,
    ended: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Elsewhere,
    /// Somebody gets it, and is so far.
    Underway(TransferProgress),
    Here(T),
}

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State::Elsewhere), ended: Condvar::new() }
    }
}

impl<T: Clone> Fetched<T> {
    /// What is here; got with `fetch` if it is not. While another thread gets it, `progress` hears of that, and may break off
    /// the waiting alone. If that thread fails or gives up, this one goes for it itself.
    ///
    /// # Errors
    /// What `fetch` says, which is not kept; [`io::ErrorKind::Interrupted`] where `progress` broke it off.
    pub fn get(
        &self,
        start: TransferProgress,
        progress: Watch<'_>,
        fetch: impl FnOnce(Watch<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        loop {
            let so_far = match &*state {
                State::Here(got) => return Ok(got.clone()),
                State::Elsewhere => break,
                State::Underway(so_far) => *so_far,
            };
            // Never held while others are called.
            drop(state);
            if progress(so_far).is_break() {
                return Err(called_off());
            }
            state = self.state();
            if matches!(*state, State::Underway(_)) {
                state = self.ended.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        *state = State::Underway(start);
        drop(state);
        let underway = Underway(self);
        let mut flow = progress(start);
        if flow.is_break() {
            return Err(called_off());
        }
        let fetched = fetch(&mut |so_far| {
            *self.state() = State::Underway(so_far);
            if flow.is_continue() {
                flow = progress(so_far);
            }
            flow
        });
        match fetched {
            Ok(got) => {
                *self.state() = State::Here(got.clone());
                drop(underway);
                Ok(got)
            }
            Err(_) if flow.is_break() => Err(called_off()),
            Err(error) => Err(error),
        }
    }
}

impl<T> Fetched<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch that runs. However it ends, nobody waits for it any longer.
struct Underway<'a, T>(&'a Fetched<T>);

impl<T> Drop for Underway<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(*state, State::Underway(_)) {
            *state = State::Elsewhere;
        }
        drop(state);
        self.0.ended.notify_all();
    }
}

fn called_off() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "it was called off before all bytes were here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::TransferStep;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    /// Comes once the gate is open; the first few times, it fails then.
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
            Ok(Blob::in_memory(*b"bytes", "here"))
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
    fn what_is_called_off_can_be_asked_for_again() {
        let slow = Slow::default();
        let blob = slow.blob();
        let mut heard = Vec::new();
        let brought = blob.bring(&mut |progress| {
            heard.push(progress.read);
            if progress.read > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(brought.unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(heard, [0, 3]);
        assert!(blob.is_elsewhere());
        slow.gate.store(true, Ordering::SeqCst);
        blob.bring(&mut go_on).unwrap();
        assert!(!blob.is_elsewhere() && !blob.clone().slice(1, 2).is_elsewhere());
        assert_eq!(blob.read_document(5).unwrap(), b"bytes");
        assert_eq!(slow.begun.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_failure_is_told_and_not_kept() {
        let slow = Slow::default();
        slow.gate.store(true, Ordering::SeqCst);
        slow.failures.store(2, Ordering::SeqCst);
        let blob = slow.blob();
        assert_eq!(blob.bring(&mut go_on).unwrap_err().to_string(), "no network");
        assert_eq!(blob.first_bytes(9).unwrap_err().to_string(), "no network");
        assert_eq!(blob.first_bytes(9).unwrap(), b"bytes");
    }

    #[test]
    fn who_waits_for_anothers_fetch_hears_of_it_and_may_give_up() {
        let slow = Slow::default();
        let blob = slow.blob();
        thread::scope(|scope| {
            let first = scope.spawn(|| blob.first_bytes(9));
            slow.wait_until_begun();
            let mut heard = START;
            let second = blob.bring(&mut |progress| {
                heard = progress;
                if progress.read == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert_eq!(second.unwrap_err().kind(), io::ErrorKind::Interrupted);
            assert_eq!(heard.read, 3, "what came for the other");
            slow.gate.store(true, Ordering::SeqCst);
            assert_eq!(first.join().unwrap().unwrap(), b"bytes");
        });
        assert_eq!(slow.begun.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn who_waits_goes_on_alone_where_the_other_gave_up() {
        let slow = Slow::default();
        let blob = slow.blob();
        let enough = AtomicBool::new(false);
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                blob.bring(&mut |_| {
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
    fn what_is_here_is_not_brought() {
        let blob = Blob::in_memory(*b"bytes", "here");
        assert!(!blob.is_elsewhere());
        blob.bring(&mut |_| ControlFlow::Break(())).unwrap();
    }
}
