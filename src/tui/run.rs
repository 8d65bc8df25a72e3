//! The event loop: waits for an event, passes it to `update`, runs the effects, draws one frame. It sleeps between
//! events; worker threads do all long work and report through the same channel.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
#[cfg(unix)]
use std::thread;
use std::time::{Duration, Instant};

use tracing::{debug, trace, warn};

#[cfg(unix)]
use super::background::TerminalReply;
use super::event::{AnyError, Feed, ListFeed, OpeningId, ScreenEvent, WorkerEvent};
use super::input;
use super::state::images::{ImageList, ListedId};
use super::state::{ScreenSettings, ScreenState};
use super::terminal::{Keyboard, Terminal};
use super::thread::spawn;
use super::update::{Effect, UpdateMessage, settle, update};
use super::view;
use super::worker::Workers;
use dive_model::image::Selection;

/// The screen ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The terminal failed.
    #[error("cannot use the terminal: {0}; `dive IMAGE | cat` prints a report instead")]
    Terminal(io::Error),
    /// The threads that read keys and open the image could not be started.
    #[error("cannot start a thread: {0}; raise the limit on processes or memory (ulimit)")]
    Threads(io::Error),
    /// The image could not be opened.
    #[error(transparent)]
    Image(AnyError),
    /// A worker thread panicked. Its message is printed above this error.
    #[error("internal error: a thread panicked; please report the message above")]
    ThreadPanicked,
}

/// The first frame is drawn after this time if the image is not open by then. A fast image, or an error, shows without
/// a flicker.
const FIRST_FRAME_DELAY: Duration = Duration::from_millis(20);

/// Time for the terminal to report its background before the first frame is drawn. A later report redraws the screen.
#[cfg(unix)]
const BACKGROUND_LIMIT: Duration = Duration::from_millis(100);

/// Caps events per frame, so a flood cannot block drawing or quitting.
const MAX_EVENTS_PER_FRAME: usize = 256;

/// An image to open.
#[derive(Debug, Clone, Default)]
pub struct OpenRequest {
    /// The image of the list; `None` for that of the command line.
    pub listed: Option<ListedId>,
    /// Another image of the same file, or another platform.
    pub selection: Selection,
}

/// Opens an image.
type OpenImage = dyn Fn(&Feed, &OpenRequest) -> Result<(), AnyError> + Send + Sync;

/// Opens the image with `open` on a worker thread and shows it until the user quits. `open` is called again if
/// the user chooses another image of the file, or another platform.
///
/// # Errors
/// If `open` fails, the terminal fails, or a thread cannot start or panics.
pub fn run<E: Into<AnyError>>(
    settings: ScreenSettings,
    keyboard: Keyboard,
    open: impl Fn(&Feed, &Selection) -> Result<(), E> + Send + Sync + 'static,
) -> Result<(), ScreenError> {
    let (sender, events) = mpsc::channel();
    let open: Arc<OpenImage> = Arc::new(move |feed, request| open(feed, &request.selection).map_err(Into::into));
    let opening = OpeningId::default();
    start_opening(&open, &sender, opening, OpenRequest::default()).map_err(ScreenError::Threads)?;
    let mut early = Vec::new();
    let deadline = Instant::now() + FIRST_FRAME_DELAY;
    while let Ok(event) = events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if let ScreenEvent::OpenFailed(_, error) = event {
            return Err(ScreenError::Image(error));
        }
        let is_last = matches!(event, ScreenEvent::Opening(_, WorkerEvent::Opened(..)));
        early.push(event);
        if is_last {
            break;
        }
    }
    show(ScreenState::new(settings, (0, 0)), keyboard, open, (sender, events), early)
}

/// Shows a list of images until the user quits. `read` reads them on a worker thread and reports on each; `open` opens the one
/// that the user chooses.
///
/// # Errors
/// If the terminal fails, or a thread cannot start or panics.
pub fn run_list<E: Into<AnyError>>(
    settings: ScreenSettings,
    keyboard: Keyboard,
    list: ImageList,
    read: impl FnOnce(&ListFeed) + Send + 'static,
    open: impl Fn(&Feed, &OpenRequest) -> Result<(), E> + Send + Sync + 'static,
) -> Result<(), ScreenError> {
    let (sender, events) = mpsc::channel();
    let open: Arc<OpenImage> = Arc::new(move |feed, request| open(feed, request).map_err(Into::into));
    let feed = ListFeed::new(sender.clone());
    spawn("read", sender.clone(), move || read(&feed)).map_err(ScreenError::Threads)?;
    let mut state = ScreenState::new(settings, (0, 0));
    state.show_list(list);
    show(state, keyboard, open, (sender, events), Vec::new())
}

/// Takes the terminal and runs the event loop.
fn show(
    state: ScreenState,
    keyboard: Keyboard,
    open: Arc<OpenImage>,
    (sender, events): (Sender<ScreenEvent>, Receiver<ScreenEvent>),
    #[cfg_attr(not(unix), allow(unused_mut, reason = "only Unix asks for the background"))] mut early: Vec<ScreenEvent>,
) -> Result<(), ScreenError> {
    // The theme has already applied NO_COLOR. crossterm's own check would also remove the colours of an explicitly
    // chosen theme, and with them the selection.
    crossterm::style::force_color_output(state.settings.theme.has_colours());
    #[cfg_attr(not(unix), allow(unused_mut, reason = "only Unix asks for the background"))]
    let mut terminal = Terminal::enter(keyboard).map_err(ScreenError::Terminal)?;
    listen(&sender).map_err(ScreenError::Threads)?;
    #[cfg(unix)]
    // The Linux console, whose keyboard is plain, would print the query.
    if state.settings.follows_background() && keyboard == Keyboard::Extended {
        terminal.ask_background().map_err(ScreenError::Terminal)?;
        await_reply(&events, &mut early);
    }
    let workers = Workers::new(sender.clone());
    Screen { state, terminal, workers, open, opening: OpeningId::default(), sender }.run_loop(early, &events)
}

/// Opens an image on a new thread.
fn start_opening(
    open: &Arc<OpenImage>,
    sender: &Sender<ScreenEvent>,
    opening: OpeningId,
    request: OpenRequest,
) -> io::Result<()> {
    let (open, feed) = (Arc::clone(open), Feed::new(sender.clone(), opening));
    let opening = spawn("open", sender.clone(), move || {
        if let Err(error) = open(&feed, &request) {
            feed.failed(error);
        }
    });
    opening.map(drop)
}

/// Collects events until the terminal has responded to all queries, or not within [`BACKGROUND_LIMIT`].
#[cfg(unix)]
fn await_reply(events: &Receiver<ScreenEvent>, early: &mut Vec<ScreenEvent>) {
    let deadline = Instant::now() + BACKGROUND_LIMIT;
    while let Ok(event) = events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        let is_last = matches!(event, ScreenEvent::Reply(TerminalReply::Attributes));
        early.push(event);
        if is_last {
            break;
        }
    }
}

/// Whether the event loop continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoopControl {
    Continue,
    Quit,
}

/// Stops the workers on every way out, so none is killed while it writes a file.
impl Drop for Screen {
    fn drop(&mut self) {
        super::terminal::restore();
        self.workers.stop();
    }
}

/// The parts that the event loop works on.
struct Screen {
    state: ScreenState,
    terminal: Terminal,
    workers: Workers,
    open: Arc<OpenImage>,
    /// The last image that was opened. Reports on those before it are late.
    opening: OpeningId,
    sender: Sender<ScreenEvent>,
}

impl Screen {
    /// Runs until the user quits.
    fn run_loop(mut self, early: Vec<ScreenEvent>, events: &Receiver<ScreenEvent>) -> Result<(), ScreenError> {
        let mut waiting = early;
        loop {
            // Events that arrived since the last frame share one frame.
            for event in waiting.drain(..).chain(events.try_iter().take(MAX_EVENTS_PER_FRAME)) {
                if self.handle_event(event)? == LoopControl::Quit {
                    return Ok(());
                }
            }
            self.draw_frame().map_err(ScreenError::Terminal)?;
            // The channel cannot close: `workers` holds a sender.
            let Ok(event) = events.recv() else { return Ok(()) };
            waiting.push(event);
        }
    }

    fn draw_frame(&mut self) -> io::Result<()> {
        let start = Instant::now();
        // The resize event may be lost or still queued.
        let (width, height) = self.terminal.size()?;
        if self.state.size != (width, height) {
            update(&mut self.state, UpdateMessage::Resize(width, height));
        }
        settle(&mut self.state);
        self.terminal.draw(|frame| view::draw(&self.state, frame))?;
        trace!("{width}x{height} cells drawn in {:.1?}", start.elapsed());
        Ok(())
    }

    fn handle_event(&mut self, event: ScreenEvent) -> Result<LoopControl, ScreenError> {
        let message = match event {
            ScreenEvent::Terminal(event) => return self.handle_terminal_event(event),
            ScreenEvent::TerminalLost(error) => return Err(ScreenError::Terminal(error)),
            ScreenEvent::ThreadPanicked => return Err(ScreenError::ThreadPanicked),
            ScreenEvent::Opening(opening, _) | ScreenEvent::OpenFailed(opening, _) if opening != self.opening => {
                return Ok(LoopControl::Continue);
            }
            ScreenEvent::Opening(_, work) => UpdateMessage::Worker(work),
            ScreenEvent::OpenFailed(_, error) if self.state.has_image_before() => {
                UpdateMessage::NotReopened(error.to_string())
            }
            ScreenEvent::OpenFailed(_, error) if self.state.list.is_some() => {
                UpdateMessage::NotOpened(error.to_string())
            }
            ScreenEvent::OpenFailed(_, error) => return Err(ScreenError::Image(error)),
            #[cfg(unix)]
            ScreenEvent::Signal(signal) => return self.handle_signal(signal).map_err(ScreenError::Terminal),
            #[cfg(unix)]
            ScreenEvent::Reply(TerminalReply::Background(background)) => UpdateMessage::Background(background),
            #[cfg(unix)]
            ScreenEvent::Reply(TerminalReply::Attributes) => return Ok(LoopControl::Continue),
            ScreenEvent::Worker(work) => UpdateMessage::Worker(work),
        };
        self.apply(message)
    }

    fn handle_terminal_event(&mut self, event: crossterm::event::Event) -> Result<LoopControl, ScreenError> {
        for event in input::split(&self.state, event) {
            // While a filter is typed, it is applied once per frame. Any other input may depend on the current layout.
            if self.state.prompt.is_none() {
                settle(&mut self.state);
            }
            let Some(message) = input::message(&self.state, event) else { continue };
            // Never log typed or pasted text.
            if let UpdateMessage::Act(action) = &message {
                debug!("{action:?} in {:?}", self.state.context());
            }
            if self.apply(message)? == LoopControl::Quit {
                return Ok(LoopControl::Quit);
            }
        }
        Ok(LoopControl::Continue)
    }

    fn apply(&mut self, message: UpdateMessage) -> Result<LoopControl, ScreenError> {
        if self.state.prompt.is_some() && matches!(message, UpdateMessage::Act(_)) {
            settle(&mut self.state);
        }
        for effect in update(&mut self.state, message) {
            if self.run_effect(effect).map_err(ScreenError::Terminal)? == LoopControl::Quit {
                return Ok(LoopControl::Quit);
            }
        }
        Ok(LoopControl::Continue)
    }

    fn run_effect(&mut self, effect: Effect) -> io::Result<LoopControl> {
        match effect {
            Effect::Quit => {
                debug!("the user quit");
                return Ok(LoopControl::Quit);
            }
            Effect::Suspend => {
                debug!("the program goes to the background");
                self.terminal.suspend()?;
            }
            Effect::Copy(text) => {
                debug!("{} bytes are sent to the clipboard", text.len());
                self.terminal.copy(&text)?;
            }
            Effect::Start(job) => {
                if let Err(error) = self.workers.start(*job) {
                    warn!("cannot start a job: {error}");
                    update(&mut self.state, UpdateMessage::NotStarted(format!("cannot start a thread: {error}")));
                }
            }
            Effect::Reopen(selection) => {
                debug!("{selection:?} is opened");
                let listed = self.state.listed();
                if let Err(error) = self.start_opening(OpenRequest { listed, selection }) {
                    update(&mut self.state, UpdateMessage::NotReopened(format!("cannot start a thread: {error}")));
                }
            }
            Effect::Open(id) => {
                debug!("{id:?} is opened");
                let request = OpenRequest { listed: Some(id), selection: Selection::default() };
                if let Err(error) = self.start_opening(request) {
                    update(&mut self.state, UpdateMessage::NotOpened(format!("cannot start a thread: {error}")));
                }
            }
            Effect::CloseImage => self.opening = self.opening.next(),
            Effect::Cancel(job) => self.workers.cancel(job),
        }
        Ok(LoopControl::Continue)
    }

    fn start_opening(&mut self, request: OpenRequest) -> io::Result<()> {
        self.opening = self.opening.next();
        start_opening(&self.open, &self.sender, self.opening, request)
    }

    #[cfg(unix)]
    fn handle_signal(&mut self, signal: i32) -> io::Result<LoopControl> {
        use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
        match signal {
            // Every frame queries the size.
            SIGWINCH => {}
            SIGTSTP => self.terminal.suspend()?,
            // SIGSTOP cannot be caught: after it, a shell has used the terminal.
            SIGCONT => self.terminal.resume()?,
            deadly => {
                tracing::info!("ended by signal {deadly}");
                super::terminal::restore();
                self.workers.stop();
                // The parent process sees the signal as the cause of death.
                signal_hook::low_level::emulate_default_handler(deadly)?;
            }
        }
        Ok(LoopControl::Continue)
    }
}

/// Time for an orderly end after a signal: a little more than [`Workers::stop`] may take.
#[cfg(unix)]
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(2500);

/// Restores the terminal's modes and ends the process by the signal's default action. Writes nothing to the terminal,
/// which may block forever.
#[cfg(unix)]
fn die_by_signal(signal: i32) {
    let _ = crossterm::terminal::disable_raw_mode();
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Starts the threads that read keys, wait for signals and watch the terminal.
fn listen(sender: &Sender<ScreenEvent>) -> io::Result<()> {
    #[cfg(unix)]
    super::tty::listen(sender)?;
    #[cfg(not(unix))]
    let keys = sender.clone();
    #[cfg(not(unix))]
    spawn("keys", sender.clone(), move || {
        loop {
            let (event, more) = match crossterm::event::read() {
                Ok(event) => (ScreenEvent::Terminal(event), true),
                Err(error) => (ScreenEvent::TerminalLost(error), false),
            };
            if keys.send(event).is_err() || !more {
                return;
            }
        }
    })?;
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
        let mut signals =
            signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])?;
        let closed = sender.clone();
        spawn("terminal", sender.clone(), move || {
            use rustix::event::{PollFd, PollFlags, poll};
            let out = io::stdout();
            // Without requested events, poll reports only errors and hang-ups. Standard input may be another terminal.
            loop {
                match poll(&mut [PollFd::new(&out, PollFlags::empty())], None) {
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                    Ok(_) => break,
                }
            }
            let lost = io::Error::new(io::ErrorKind::BrokenPipe, "it was closed");
            // The loop has ended if this fails.
            let _ = closed.send(ScreenEvent::TerminalLost(lost));
        })?;
        let sender = sender.clone();
        spawn("signals", sender.clone(), move || {
            let mut dying = false;
            for signal in signals.forever() {
                let is_deadly = ![SIGTSTP, SIGCONT, SIGWINCH].contains(&signal);
                if sender.send(ScreenEvent::Signal(signal)).is_err() || (is_deadly && dying) {
                    die_by_signal(signal);
                }
                if is_deadly {
                    dying = true;
                    // The loop may be blocked, for example by a terminal that accepts no more output.
                    thread::spawn(move || {
                        thread::sleep(SHUTDOWN_LIMIT);
                        die_by_signal(signal);
                    });
                }
            }
        })?;
    }
    Ok(())
}
