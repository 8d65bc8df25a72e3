//! The one asynchronous runtime, behind a door: engines and registries are spoken to by libraries that wait without a
//! thread, everything else here waits with one. It is made when it is first needed, and what comes out of it is plain.

use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

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

/// How often who waits is asked whether to go on.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// What comes of `future`; none if `go_on`, which is asked every [`TICK`], breaks before. The future is dropped then, and what
/// it does ends with it.
pub(super) async fn unless_broken<F: Future>(
    future: F,
    go_on: &mut (dyn FnMut() -> ControlFlow<()> + '_),
) -> Option<F::Output> {
    let mut future = pin!(future);
    loop {
        match timeout(TICK, future.as_mut()).await {
            Ok(output) => return Some(output),
            Err(_) if go_on().is_break() => return None,
            Err(_) => {}
        }
    }
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

    #[test]
    fn what_never_comes_can_be_given_up() {
        let mut asked = 0;
        let given_up = block_on(unless_broken(std::future::pending::<()>(), &mut || {
            asked += 1;
            if asked == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }));
        assert_eq!(given_up.unwrap(), None);
        assert_eq!(block_on(unless_broken(async { 3 }, &mut || ControlFlow::Break(()))).unwrap(), Some(3));
    }
}
