//! The one asynchronous runtime, behind a door: engines and registries are spoken to by libraries that wait without a
//! thread, everything else here waits with one. It is made when it is first needed, and what comes out of it is plain.

use std::future::Future;
use std::io;
use std::sync::{Mutex, OnceLock};
use std::thread;

use tokio::runtime::{Builder, Runtime};

/// Threads that carry connections on. What they bring is written by the thread that waits for it.
const WORKERS: usize = 2;

/// Threads that the runtime starts: its workers, and one that looks up a host's name.
const THREADS: usize = WORKERS + 1;

/// Waits for `future` on this thread, which must be none of the runtime's own.
///
/// # Errors
/// When no threads can be started.
pub(super) fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(runtime()?.block_on(future))
}

/// The runtime, made now if it was not before.
fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    // One that was there before, as that of a program which this is a part of, does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = try_threads().and_then(|()| {
        Builder::new_multi_thread().worker_threads(WORKERS).enable_all().thread_name("dive-net").build()
    });
    let made = made.map_err(|error| {
        let text =
            format!("no threads can be started for it: {error}; raise the limit on processes or memory (ulimit)");
        io::Error::new(error.kind(), text)
    })?;
    // Who comes second drops theirs, which nobody has used.
    Ok(RUNTIME.get_or_init(|| made))
}

/// Whether as many threads can be started as the runtime will: it would panic where there can be none.
fn try_threads() -> io::Result<()> {
    // Held until the last has started: threads that end at once would never be there together.
    let gate = Mutex::new(());
    let closed = gate.lock();
    thread::scope(|scope| {
        let wait = || drop(gate.lock());
        let started: io::Result<Vec<_>> =
            (0..THREADS).map(|_| thread::Builder::new().spawn_scoped(scope, wait)).collect();
        drop(closed);
        started.map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn plain_threads_wait_side_by_side() {
        thread::scope(|scope| {
            for number in 0..8 {
                scope.spawn(move || {
                    let answer = block_on(async {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        tokio::spawn(async move { number }).await.unwrap()
                    });
                    assert_eq!(answer.unwrap(), number);
                });
            }
        });
    }
}
