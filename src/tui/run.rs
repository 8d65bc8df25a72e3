//! The loop: waits for an event, hands it to `update`, carries out what that asks for, draws once. Between events it
//! sleeps. Everything that takes time happens on other threads, which answer through the same channel.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
#[cfg(unix)]
use std::thread;
use std::time::{Duration, Instant};

use tracing::{debug, trace, warn};

use super::event::{AnyError, Feed, ScreenEvent, WorkerEvent};
use super::input;
use super::state::{ScreenSettings, ScreenState};
use super::terminal::{Keyboard, Terminal};
use super::thread::spawn;
use super::update::{Effect, UpdateMessage, settle, update};
use super::view;
use super::worker::Workers;

/// Why the screen ended before its user left it.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The terminal does not work.
    #[error("the terminal cannot be used: {0}; `dive IMAGE | cat` prints a report instead")]
    Terminal(io::Error),
    /// Not even the threads that wait for keys and read the image can be started.
    #[error("no threads can be started: {0}; raise the limit on processes or memory")]
    Threads(io::Error),
    /// The image cannot be shown.
    #[error(transparent)]
    Image(AnyError),
    /// A thread broke down. What it printed stands above this.
    #[error("internal error: a thread panicked; please report what is printed above")]
    ThreadPanicked,
}

/// How long the screen waits for the image before it shows that it waits. An image that is there by then, or an error,
/// comes without a flicker.
const FIRST_FRAME_DELAY: Duration = Duration::from_millis(20);

/// Events that one frame may wait for: who is flooded still sees and still leaves.
const MAX_EVENTS_PER_FRAME: usize = 256;

/// Opens the image with `open`, on a thread of its own, and shows it until the user leaves.
///
/// # Errors
/// When `open` fails, or the terminal does.
pub fn run<E: Into<AnyError>>(
    settings: ScreenSettings,
    keyboard: Keyboard,
    open: impl FnOnce(&Feed) -> Result<(), E> + Send + 'static,
) -> Result<(), ScreenError> {
    let (sender, events) = mpsc::channel();
    let feed = Feed::new(sender.clone());
    let opening = spawn("open", sender.clone(), move || {
        if let Err(error) = open(&feed) {
            feed.failed(error.into());
        }
    });
    opening.map_err(ScreenError::Threads)?;
    let mut early = Vec::new();
    let deadline = Instant::now() + FIRST_FRAME_DELAY;
    while let Ok(event) = events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if let ScreenEvent::OpenFailed(error) = event {
            return Err(ScreenError::Image(error));
        }
        let is_last = matches!(event, ScreenEvent::Worker(WorkerEvent::Opened(..)));
        early.push(event);
        if is_last {
            break;
        }
    }
    // Whether there are colours was decided with the theme: crossterm's own look at NO_COLOR would take them from one that
    // was named, and the selection with them.
    crossterm::style::force_color_output(settings.theme.has_colours());
    let terminal = Terminal::enter(keyboard).map_err(ScreenError::Terminal)?;
    listen(&sender).map_err(ScreenError::Threads)?;
    let state = ScreenState::new(settings, (0, 0));
    Screen { state, terminal, workers: Workers::new(sender) }.run_loop(early, &events)
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoopControl {
    Continue,
    Quit,
}

/// However the loop ends, no job dies while it writes.
impl Drop for Screen {
    fn drop(&mut self) {
        super::terminal::restore();
        self.workers.stop();
    }
}

/// What the loop turns around.
struct Screen {
    state: ScreenState,
    terminal: Terminal,
    workers: Workers,
}

impl Screen {
    /// Until somebody leaves.
    fn run_loop(mut self, early: Vec<ScreenEvent>, events: &Receiver<ScreenEvent>) -> Result<(), ScreenError> {
        let mut waiting = early;
        loop {
            // What came in the meantime is drawn at once, not one by one.
            for event in waiting.drain(..).chain(events.try_iter().take(MAX_EVENTS_PER_FRAME)) {
                if self.handle_event(event)? == LoopControl::Quit {
                    return Ok(());
                }
            }
            self.draw_frame().map_err(ScreenError::Terminal)?;
            // The channel cannot close: workers hold a sender.
            let Ok(event) = events.recv() else { return Ok(()) };
            waiting.push(event);
        }
    }

    /// Draws what is to be seen now.
    fn draw_frame(&mut self) -> io::Result<()> {
        let start = Instant::now();
        // An event that says so may have been lost, or is still to come.
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
            ScreenEvent::OpenFailed(error) => return Err(ScreenError::Image(error)),
            #[cfg(unix)]
            ScreenEvent::Signal(signal) => return self.handle_signal(signal).map_err(ScreenError::Terminal),
            ScreenEvent::Worker(work) => UpdateMessage::Worker(work),
        };
        self.apply(message)
    }

    /// Applies what the user did at the terminal.
    fn handle_terminal_event(&mut self, event: crossterm::event::Event) -> Result<LoopControl, ScreenError> {
        for event in input::split(&self.state, event) {
            // A filter that is typed fast is applied once; all else may depend on what is where.
            if self.state.prompt.is_none() {
                settle(&mut self.state);
            }
            let Some(message) = input::message(&self.state, event) else { continue };
            // Not what is typed or pasted as text.
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
                debug!("the screen is left");
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
                    warn!("a job cannot begin: {error}");
                    update(&mut self.state, UpdateMessage::NotStarted(format!("no thread can be started: {error}")));
                }
            }
            Effect::Cancel(job) => self.workers.cancel(job),
        }
        Ok(LoopControl::Continue)
    }

    #[cfg(unix)]
    fn handle_signal(&mut self, signal: i32) -> io::Result<LoopControl> {
        use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
        match signal {
            // Each frame asks for the size.
            SIGWINCH => {}
            SIGTSTP => self.terminal.suspend()?,
            // Somebody may have stopped us without asking, and a shell has used the terminal since.
            SIGCONT => self.terminal.resume()?,
            deadly => {
                tracing::info!("ended by signal {deadly}");
                super::terminal::restore();
                self.workers.stop();
                // Whoever waits for this process learns what ended it.
                signal_hook::low_level::emulate_default_handler(deadly)?;
            }
        }
        Ok(LoopControl::Continue)
    }
}

/// How long the loop has to end the program in order after a signal: what [`Workers::stop`] may take, and a little.
#[cfg(unix)]
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(2500);

/// Ends the program as the signal would have, the terminal in the modes that it had; what is to be written to it may wait for
/// ever.
#[cfg(unix)]
fn die_by_signal(signal: i32) {
    let _ = crossterm::terminal::disable_raw_mode();
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Starts the threads that wait for keys and signals.
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
        let gone = sender.clone();
        spawn("terminal", sender.clone(), move || {
            use rustix::event::{PollFd, PollFlags, poll};
            let out = io::stdout();
            // Nothing is asked for, and so only told that the terminal is gone, even if standard input is another one.
            loop {
                match poll(&mut [PollFd::new(&out, PollFlags::empty())], None) {
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                    Ok(_) => break,
                }
            }
            let lost = io::Error::new(io::ErrorKind::BrokenPipe, "it was closed");
            // Nobody listens any more when the user has left.
            let _ = gone.send(ScreenEvent::TerminalLost(lost));
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
                    // The loop may be held up, by a terminal that takes no more bytes for one: it has its time, and no more.
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
