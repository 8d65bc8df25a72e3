//! Starts threads whose panic ends the screen.

use std::io;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};

use super::event::ScreenEvent;

/// Starts a thread. If it panics, the screen ends instead of waiting for its reports forever.
pub(super) fn spawn(
    name: &str,
    events: Sender<ScreenEvent>,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    struct OnPanic(Sender<ScreenEvent>);
    impl Drop for OnPanic {
        fn drop(&mut self) {
            if thread::panicking() {
                let _ = self.0.send(ScreenEvent::ThreadPanicked);
            }
        }
    }
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _watch = OnPanic(events);
        work();
    })
}
