//! Panics in a worker thread. The real binary has no way to provoke one, so this test binary opens the screen with a
//! worker that panics.

use std::path::PathBuf;

use dive::config::Config;
use dive::tui::state::ScreenSettings;
use dive::tui::{AnyError, Keyboard, ScreenError};
use dive_model::Observer;
use dive_model::blob::{TransferProgress, TransferStep};
use dive_sources::Environment;

use super::{Session, USUAL};
use crate::user::User;

/// The file that triggers the panic, in the working directory.
const TRIGGER: &str = "panic-now";

#[test]
fn worker_panic_restores_the_terminal() {
    let myself = std::env::current_exe().unwrap();
    let test = ["--exact", "terminal::worker_panic::worker_panics", "--ignored", "--nocapture"];
    let screen = Session::program(User::new(), USUAL, myself.to_str().unwrap(), &test);
    screen.waits_for("Receiving the archive");
    std::fs::write(screen.user().file(TRIGGER), "").unwrap();
    screen.waits_until("the panic message on the normal screen", |screen| {
        !screen.is_alternate() && screen.has("a worker panics on purpose")
    });
    screen.ends_with(0).is_restored();
}

/// Not a test, but the program that the test above runs.
#[test]
#[ignore = "panics on purpose, run by the test above"]
fn worker_panics() {
    let settings = ScreenSettings::new(&Config::default(), &Environment::default());
    let shown = dive::tui::run(settings, Keyboard::default(), |feed, _| {
        feed.transferred(TransferProgress { step: TransferStep::Receive, read: 1, total: None });
        while !PathBuf::from(TRIGGER).exists() {
            std::thread::yield_now();
        }
        assert!(!PathBuf::from(TRIGGER).exists(), "a worker panics on purpose");
        Ok::<(), AnyError>(())
    });
    assert!(matches!(shown, Err(ScreenError::ThreadPanicked)));
}
