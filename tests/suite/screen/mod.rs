//! The screen without a terminal: terminal events go through the real input code, and both state and cells are checked.
//! Every view has a snapshot in `tests/suite/snapshots`.
//!
//! `cargo xtask bless snapshots` updates the snapshots; review each change.

mod advice;
mod answers;
mod documents;
mod extracting;
mod gallery;
mod images;
mod narrow;
mod notices;
mod pictures;
mod questions;
mod remedies;
mod sizes;
mod styles;
mod svg;
mod typing;
mod versions;
mod walking;
mod whole;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dive::config::{Config, Key, KeyPress};
use dive::tui::event::WorkerEvent;
use dive::tui::state::{ScreenSettings, ScreenState};
use dive::tui::update::{Effect, UpdateMessage, settle, update};
use dive::tui::worker::Job;
use dive::tui::{input, view};
use dive_model::Opened;
use dive_model::image::ImageName;
use dive_model::remark::Remark;
use dive_sources::Environment;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::library;
use crate::place::sample;

/// Columns and rows.
pub(crate) type Size = (u16, u16);

/// Too small, small and common.
const SIZES: [Size; 3] = [(40, 12), (80, 24), (120, 40)];

/// The state of the screen, drawn into memory.
struct Screen {
    state: ScreenState,
    /// Effects requested so far and not yet performed.
    effects: Vec<Effect>,
}

impl Screen {
    /// A screen that is looking for its image, with these variables.
    fn loading(size: Size, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new(PathBuf::from("/work"), None, variables);
        let config = Config::load(&environment, None).unwrap();
        assert_eq!(config.warnings, []);
        let mut state = ScreenState::new(ScreenSettings::new(&config, &environment), size);
        settle(&mut state);
        Self { state, effects: Vec::new() }
    }

    /// A screen that is looking for its image, with this configuration file.
    fn configured(size: Size, yaml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.yaml");
        std::fs::write(&path, yaml).unwrap();
        let environment = Environment::new(folder.path().to_owned(), None, []);
        let config = Config::load(&environment, Some(path.as_ref())).unwrap();
        let mut state = ScreenState::new(ScreenSettings::new(&config, &environment), size);
        settle(&mut state);
        Self { state, effects: Vec::new() }
    }

    /// A screen with an opened image.
    fn showing(path: &str, size: Size, variables: &[(&str, &str)]) -> Self {
        let mut screen = Self::loading(size, variables);
        screen.opens(library::open(path));
        screen
    }

    /// Delivers an opened image.
    fn opens(&mut self, opened: Opened) -> &mut Self {
        self.receives(WorkerEvent::ImageFound(Arc::clone(&opened.image)));
        self.receives(WorkerEvent::opened(Arc::new(opened)));
        self
    }

    /// A screen with the sample.
    fn of_sample(size: Size) -> Self {
        Self::showing(&sample(), size, &[])
    }

    /// A screen with the sample as one of several images.
    fn of_several(size: Size) -> Self {
        let mut screen = Self::loading(size, &[]);
        screen.opens(several());
        screen
    }

    /// Delivers a worker's message.
    fn receives(&mut self, work: WorkerEvent) {
        self.processes(UpdateMessage::Worker(work));
    }

    /// Delivers a terminal event.
    fn handles(&mut self, event: Event) {
        settle(&mut self.state);
        for event in input::split(&self.state, event) {
            if let Some(message) = input::message(&self.state, event) {
                self.processes(message);
            }
        }
    }

    /// Processes a message as the loop does between two frames.
    fn processes(&mut self, message: UpdateMessage) {
        self.effects.extend(update(&mut self.state, message));
        settle(&mut self.state);
    }

    /// Runs all requested jobs until none is left.
    fn runs_jobs(&mut self) -> &mut Self {
        while let Some(job) = self.next_job() {
            self.runs_job(*job, &AtomicBool::new(false));
        }
        self
    }

    /// The first requested job that has not run.
    fn next_job(&mut self) -> Option<Box<Job>> {
        let at = self.effects.iter().position(|effect| matches!(effect, Effect::Start(_)))?;
        let Effect::Start(job) = self.effects.remove(at) else { unreachable!() };
        Some(job)
    }

    /// Runs a job with this cancel flag.
    fn runs_job(&mut self, job: Job, cancel: &AtomicBool) {
        let events = RefCell::new(Vec::new());
        job.run(cancel, &|work| events.borrow_mut().push(work));
        for work in events.into_inner() {
            self.receives(work);
        }
    }

    /// Selects a layer with `layer`'s keys and the last match of the filter `file`.
    fn finds(&mut self, layer: &str, file: &str) -> &mut Self {
        self.presses(layer).presses("slash").types(file).presses("enter G")
    }

    /// Presses keys, named as in the configuration.
    fn presses(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.handles(Event::Key(event(key.parse().unwrap())));
        }
        self
    }

    /// Types a text.
    fn types(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.handles(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
        self
    }

    /// Clicks on a text.
    #[track_caller]
    fn clicks(&mut self, text: &str) -> &mut Self {
        let at = self.place_of(text);
        self.clicks_at(at)
    }

    /// Clicks on a cell.
    fn clicks_at(&mut self, at: (u16, u16)) -> &mut Self {
        self.mouse(MouseEventKind::Down(MouseButton::Left), at).mouse(MouseEventKind::Up(MouseButton::Left), at)
    }

    /// Delivers a mouse event.
    fn mouse(&mut self, kind: MouseEventKind, (column, row): (u16, u16)) -> &mut Self {
        self.handles(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self
    }

    /// The selected path.
    fn selected(&self) -> String {
        let explorer = self.state.explorer().unwrap();
        let path = |node| String::from_utf8(explorer.opened.tree.path(node)).unwrap();
        explorer.selected_node().map_or_else(String::new, path)
    }

    /// The position of the first occurrence of a text.
    #[track_caller]
    fn place_of(&self, text: &str) -> (u16, u16) {
        let cells = self.cells();
        for (row, line) in lines(&cells).iter().enumerate() {
            if let Some((before, _)) = line.split_once(text) {
                return (unicode_width::UnicodeWidthStr::width(before) as u16, row as u16);
            }
        }
        panic!("no {text:?} on the screen:\n{}", self.drawn());
    }

    /// The cells of a frame.
    fn cells(&self) -> Buffer {
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::draw(&self.state, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// A frame as text.
    fn drawn(&self) -> String {
        lines(&self.cells()).iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// Asserts that the frame contains all `parts`.
    #[track_caller]
    fn shows(&self, parts: &[&str]) -> &Self {
        let drawn = self.drawn();
        for part in parts {
            assert!(drawn.contains(part), "no {part:?} on the screen:\n{drawn}");
        }
        self
    }

    /// Asserts that the frame contains none of `parts`.
    #[track_caller]
    fn lacks(&self, parts: &[&str]) -> &Self {
        let drawn = self.drawn();
        for part in parts {
            assert!(!drawn.contains(part), "{part:?} is on the screen:\n{drawn}");
        }
        self
    }
}

/// The sample with other images and a platform beside it, and a warning.
fn several() -> Opened {
    let mut opened = library::open(&sample());
    let image = Arc::get_mut(&mut opened.image).expect("nothing else holds the image");
    let id = |digit: &str| Some(format!("sha256:{}", digit.repeat(64)));
    let other = |index, tag: &str, id, platform: &str| ImageName {
        index,
        tags: [tag.to_owned()].into(),
        id,
        shares_tags: index < 3,
        platforms: vec![platform.parse().unwrap()],
    };
    image.other_images = vec![
        other(1, "dive-sample:1.0", id("1"), "linux/arm64"),
        other(2, "dive-sample:1.0", id("2"), "linux/s390x"),
        other(3, "registry.example.org/team/dive-sample:1.1-rc.2", None, "windows/amd64"),
    ];
    image.other_platforms = vec!["linux/ppc64le".parse().unwrap()];
    image
        .remarks
        .push(Remark::new("sample.tar", "layer 3: the whiteout of /srv/gone hides nothing in the layers below it"));
    opened
}

/// The rows of a frame. A wide character occupies its first cell; the next one is empty.
fn lines(cells: &Buffer) -> Vec<String> {
    let mut lines = Vec::new();
    for row in 0..cells.area.height {
        let mut line = String::new();
        let mut covered = 0;
        for column in 0..cells.area.width {
            let symbol = cells[(column, row)].symbol();
            if covered == 0 {
                line.push_str(symbol);
                covered = unicode_width::UnicodeWidthStr::width(symbol);
            }
            covered = covered.saturating_sub(1);
        }
        lines.push(line);
    }
    lines
}

/// The terminal event of a key.
fn event(press: KeyPress) -> KeyEvent {
    let code = match press.key {
        Key::Char(letter) => KeyCode::Char(letter),
        Key::Tab if press.modifiers.shift => KeyCode::BackTab,
        Key::Tab => KeyCode::Tab,
        Key::Enter => KeyCode::Enter,
        Key::Esc => KeyCode::Esc,
        Key::Up => KeyCode::Up,
        Key::Down => KeyCode::Down,
        Key::Left => KeyCode::Left,
        Key::Right => KeyCode::Right,
        Key::PageUp => KeyCode::PageUp,
        Key::PageDown => KeyCode::PageDown,
        Key::Home => KeyCode::Home,
        Key::End => KeyCode::End,
        Key::Insert => KeyCode::Insert,
        Key::Delete => KeyCode::Delete,
        Key::Backspace => KeyCode::Backspace,
        Key::Function(number) => KeyCode::F(number),
    };
    let held = [
        (press.modifiers.ctrl, KeyModifiers::CONTROL),
        (press.modifiers.alt, KeyModifiers::ALT),
        (press.modifiers.shift, KeyModifiers::SHIFT),
    ];
    let modifiers = held.into_iter().filter(|(held, _)| *held).map(|(_, modifier)| modifier).collect();
    KeyEvent::new(code, modifiers)
}
