//! The asynchronous runtime for engine and registry requests. It starts at first use. The rest of the program blocks on it
//! with [`block_on`].

use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Timeout;

/// Worker threads for connections. The thread that blocks writes the received data.
const WORKERS: usize = 2;

/// Threads of the runtime: its workers, one for DNS lookups, and one for deadlines.
const THREADS: usize = WORKERS + 2;

/// Files that the runtime opens: Tokio 1.54 opens seven, for events and signals.
#[cfg(unix)]
const FILES: usize = 8;

/// Blocks the current thread on `future`. Must not be called from a thread of the runtime.
///
/// # Errors
/// If the threads cannot be started.
pub(super) fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(runtime()?.network.block_on(future))
}

/// Awaits `future` up to `limit`, however busy the workers are. Must be called in a future of [`block_on`].
pub(super) fn timeout<F: Future>(limit: Duration, future: F) -> Timeout<F> {
    let _clock = RUNTIMES.get().map(|runtimes| runtimes.clock.enter());
    tokio::time::timeout(limit, future)
}

/// How often a blocked caller checks whether to continue.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// The output of `future`. `None` if `go_on`, called every [`TICK`], breaks first; the future is then dropped, which cancels
/// its work.
pub(super) async fn until_cancelled<F: Future>(
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

/// The runtimes of this process.
struct Runtimes {
    network: Runtime,
    /// Notices deadlines. A server that sends as fast as dive reads keeps a worker of the network busy, and with it all deadlines
    /// of that runtime.
    clock: Runtime,
}

static RUNTIMES: OnceLock<Runtimes> = OnceLock::new();

/// The runtimes, started at the first call.
fn runtime() -> io::Result<&'static Runtimes> {
    if let Some(runtimes) = RUNTIMES.get() {
        return Ok(runtimes);
    }
    // An error means that the program has installed a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    check_files().map_err(|error| {
        let text = format!("cannot open sockets: {error}; raise the limit on open files (ulimit -n)");
        io::Error::new(error.kind(), text)
    })?;
    let made = check_threads().and_then(|()| {
        let network =
            Builder::new_multi_thread().worker_threads(WORKERS).enable_all().thread_name("dive-net").build()?;
        let clock = Builder::new_multi_thread().worker_threads(1).enable_time().thread_name("dive-clock").build()?;
        Ok(Runtimes { network, clock })
    });
    let made = made.map_err(|error| {
        let text = format!("cannot start threads: {error}; raise the limit on processes or memory (ulimit)");
        io::Error::new(error.kind(), text)
    })?;
    // If two threads race, the second drops its own, unused runtimes.
    Ok(RUNTIMES.get_or_init(|| made))
}

/// Fails if the runtime cannot open its files: Tokio would panic.
#[cfg(unix)]
fn check_files() -> io::Result<()> {
    let pairs: io::Result<Vec<_>> = (0..FILES / 2).map(|_| std::os::unix::net::UnixStream::pair()).collect();
    pairs.map(drop)
}

#[cfg(not(unix))]
fn check_files() -> io::Result<()> {
    Ok(())
}

/// Fails if the runtime's threads cannot be started: Tokio would panic.
fn check_threads() -> io::Result<()> {
    // Locked until the last thread has started, so that all exist at the same time.
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;

    #[test]
    fn parallel_requests_do_not_wait_for_each_other() {
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

    /// A server that sends as fast as dive reads keeps a worker busy.
    #[test]
    fn deadlines_are_noticed_while_all_workers_are_busy() {
        let (started, starts) = mpsc::channel();
        let running = Arc::new(AtomicUsize::new(WORKERS));
        let (releases, ends): (Vec<_>, Vec<_>) = (0..WORKERS).map(|_| mpsc::channel::<()>()).unzip();
        let waited = block_on(async {
            for end in ends {
                let (started, running) = (started.clone(), Arc::clone(&running));
                tokio::spawn(async move {
                    started.send(()).unwrap();
                    let _ = end.recv_timeout(Duration::from_secs(20));
                    running.fetch_sub(1, Ordering::SeqCst);
                });
            }
            for _ in 0..WORKERS {
                starts.recv().unwrap();
            }
            timeout(Duration::from_millis(1), std::future::pending::<()>()).await
        });
        assert!(waited.unwrap().is_err());
        assert_eq!(running.load(Ordering::SeqCst), WORKERS);
        drop(releases);
    }

    #[test]
    fn a_request_without_a_response_can_be_cancelled() {
        let mut polls = 0;
        let given_up = block_on(until_cancelled(std::future::pending::<()>(), &mut || {
            polls += 1;
            if polls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }));
        assert_eq!(given_up.unwrap(), None);
        assert_eq!(block_on(until_cancelled(async { 3 }, &mut || ControlFlow::Break(()))).unwrap(), Some(3));
    }
}
