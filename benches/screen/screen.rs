//! The screen without a terminal: its state, drawn into memory.

use std::path::Path;
use std::sync::Arc;

use dive::config::{Action, Config, Key, KeyPress};
use dive::tui::event::WorkerEvent;
use dive::tui::state::{ScreenSettings, ScreenState};
use dive::tui::update::{UpdateMessage, settle, update};
use dive::tui::view;
use dive_model::Opened;
use dive_model::budget::Budget;
use dive_model::layer::ReadOptions;
use dive_model::observer::Silent;
use dive_model::tree;
use dive_sources::Environment;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::images;

/// Columns and rows.
pub(crate) const SIZE: (u16, u16) = (140, 40);

/// The state and an in-memory terminal.
pub(crate) struct Screen {
    pub(crate) state: ScreenState,
    terminal: Terminal<TestBackend>,
}

impl Screen {
    /// Opens an archive and shows it with the cursor in the file tree.
    pub(crate) fn of(archive: &Path) -> Self {
        let image = images::open(archive);
        let loaded =
            tree::load(&image, &archive.to_string_lossy(), ReadOptions::within(&Budget::unlimited()), &Silent).unwrap();
        let settings = ScreenSettings::new(&Config::default(), &Environment::default());
        let terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
        let mut screen = Self { state: ScreenState::new(settings, SIZE), terminal };
        screen.send(UpdateMessage::Worker(WorkerEvent::ImageFound(Arc::clone(&image))));
        screen.send(UpdateMessage::Worker(WorkerEvent::opened(Opened::new(image, loaded).into())));
        screen.show();
        // The last layer shows most files.
        screen.press(Action::LastRow);
        screen.press(Action::ToggleView);
        screen
    }

    fn send(&mut self, message: UpdateMessage) {
        update(&mut self.state, message);
    }

    fn show(&mut self) {
        settle(&mut self.state);
        self.terminal.draw(|frame| view::draw(&self.state, frame)).unwrap();
    }

    /// Performs an action and draws the result.
    pub(crate) fn press(&mut self, action: Action) {
        self.send(UpdateMessage::Act(action));
        self.show();
    }

    /// Types a key in the filter line and draws the result.
    pub(crate) fn type_key(&mut self, key: KeyPress) {
        self.send(UpdateMessage::Press(key));
        self.show();
    }

    /// Types a filter and draws once, as for fast typing.
    pub(crate) fn filter(&mut self, text: &str) {
        self.send(UpdateMessage::Act(Action::FilterFiles));
        for letter in text.chars() {
            self.send(UpdateMessage::Press(Key::Char(letter).into()));
        }
        self.show();
    }

    /// Repeats an action; every `rounds`th time goes back to the first row, since lists end.
    pub(crate) fn go(&mut self, action: Action, at: u64, rounds: u64) {
        self.press(if at.is_multiple_of(rounds.max(1)) { Action::FirstRow } else { action });
    }

    pub(crate) fn rows(&self) -> u64 {
        self.state.explorer().and_then(|explorer| explorer.files.as_ref()).map_or(0, |files| files.row_count() as u64)
    }
}
