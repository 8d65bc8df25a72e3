//! A part of the program that breaks down. Nothing in the binary can be made to, so the program here is this test binary,
//! which opens the real screen with a part of its own.

use std::path::PathBuf;

use dive::config::Config;
use dive::tui::state::Settings;
use dive::tui::{AnyError, Keyboard, ScreenError};
use dive_model::Observer;
use dive_model::blob::{TransferProgress, TransferStep};
use dive_sources::Environment;

use super::{Session, USUAL};
use crate::user::User;

/// The file that the part waits for, in the working directory.
const SIGN: &str = "break-down-now";

#[test]
fn a_part_that_breaks_down_leaves_the_shell_its_terminal() {
    let myself = std::env::current_exe().unwrap();
    let test = ["--exact", "terminal::breaking::a_part_breaks_down", "--ignored", "--nocapture"];
    let screen = Session::program(User::new(), USUAL, myself.to_str().unwrap(), &test);
    screen.waits_for("Receiving the archive");
    std::fs::write(screen.user().file(SIGN), "").unwrap();
    screen.waits_until("the words of the panic on the shell's screen", |screen| {
        !screen.is_alternate() && screen.has("a part breaks down on purpose")
    });
    screen.ends_with(0).is_restored();
}

/// Not a test, but the program of the one above.
#[test]
#[ignore = "breaks down on purpose, in a terminal of its own"]
fn a_part_breaks_down() {
    let settings = Settings::new(&Config::default(), &Environment::default());
    let shown = dive::tui::run(settings, Keyboard::default(), |feed| {
        feed.transferred(TransferProgress { step: TransferStep::Receive, read: 1, total: None });
        while !PathBuf::from(SIGN).exists() {
            std::thread::yield_now();
        }
        assert!(!PathBuf::from(SIGN).exists(), "a part breaks down on purpose");
        Ok::<(), AnyError>(())
    });
    assert!(matches!(shown, Err(ScreenError::Broken)));
}
