//! The loop: waits for an event, hands it to `update`, carries out what that asks for, draws once. Between events it
//! sleeps. Everything that takes time happens on other threads, which answer through the same channel.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{debug, info, trace};

use super::event::{AnyError, Event, Feed, Work};
use super::state::{Settings, State};
use super::terminal::Terminal;
use super::update::{Effect, Message, update};
use super::view;
use super::worker::Workers;

/// Why the screen ended before its user left it.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The terminal does not work.
    #[error("the terminal cannot be used: {0}; `dive IMAGE | cat` prints a report instead")]
    Terminal(#[from] io::Error),
    /// The image cannot be shown.
    #[error(transparent)]
    Image(AnyError),
    /// A thread broke down. What it printed stands above this.
    #[error("a part of the program broke down: please report what is printed above")]
    Broken,
}

/// How long the screen waits for the image before it shows that it waits. An image that is there by then, or an error,
/// comes without a flicker.
const PATIENCE: Duration = Duration::from_millis(20);

/// Opens the image with `open`, on a thread of its own, and shows it until the user leaves.
///
/// # Errors
/// When `open` fails, or the terminal does.
pub fn run<E: Into<AnyError>>(
    settings: Settings,
    open: impl FnOnce(&Feed) -> Result<(), E> + Send + 'static,
) -> Result<(), ScreenError> {
    let (sender, events) = mpsc::channel();
    let feed = Feed::new(sender.clone());
    spawn("open", sender.clone(), move || {
        if let Err(error) = open(&feed) {
            feed.failed(error.into());
        }
    })?;
    let mut early = Vec::new();
    let patience = Instant::now() + PATIENCE;
    while let Ok(event) = events.recv_timeout(patience.saturating_duration_since(Instant::now())) {
        if let Event::Work(Work::Failed(error)) = event {
            return Err(ScreenError::Image(error));
        }
        let is_last = matches!(event, Event::Work(Work::Opened(_)));
        early.push(event);
        if is_last {
            break;
        }
    }
    let mut terminal = Terminal::take()?;
    listen(&sender)?;
    let size = crossterm::terminal::size()?;
    let mut state = State::new(settings, size);
    let mut workers = Workers::new(sender);
    for event in early {
        step(&mut state, event, &mut terminal, &mut workers)?;
    }
    draw(&state, &mut terminal)?;
    serve(&mut state, &events, &mut terminal, &mut workers)
}

/// Until somebody leaves.
fn serve(
    state: &mut State,
    events: &Receiver<Event>,
    terminal: &mut Terminal,
    workers: &mut Workers,
) -> Result<(), ScreenError> {
    // The channel cannot close: workers hold a sender.
    while let Ok(first) = events.recv() {
        // What came in the meantime is drawn at once, not one by one.
        for event in std::iter::once(first).chain(events.try_iter()) {
            if step(state, event, terminal, workers)? == Next::Leave {
                return Ok(());
            }
        }
        state.size = terminal.size()?;
        state.settle();
        draw(state, terminal)?;
    }
    Ok(())
}

fn draw(state: &State, terminal: &mut Terminal) -> io::Result<()> {
    let start = Instant::now();
    terminal.draw(|frame| view::draw(state, frame))?;
    let (width, height) = state.size;
    trace!("{width}x{height} cells drawn in {:.1?}", start.elapsed());
    Ok(())
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Wait,
    Leave,
}

fn step(state: &mut State, event: Event, terminal: &mut Terminal, workers: &mut Workers) -> Result<Next, ScreenError> {
    let effects = match event {
        Event::Terminal(event) => {
            let message = super::input::message(state, event);
            // Not what is typed or pasted as text.
            if let Some(Message::Act(action)) = &message {
                debug!("{action:?} in {:?}", state.context());
            }
            update(state, message)
        }
        Event::TerminalLost(error) => return Err(ScreenError::Terminal(error)),
        Event::Broken => return Err(ScreenError::Broken),
        #[cfg(unix)]
        Event::Signal(signal) => return on_signal(signal, terminal),
        Event::Work(Work::Failed(error)) => return Err(ScreenError::Image(error)),
        Event::Work(work) => update(state, Some(Message::Work(work))),
    };
    for effect in effects {
        match effect {
            Effect::Leave => {
                debug!("the screen is left");
                return Ok(Next::Leave);
            }
            Effect::Suspend => {
                debug!("the program goes to the background");
                terminal.suspend()?;
            }
            Effect::Copy(text) => {
                debug!("{} bytes are sent to the clipboard", text.len());
                terminal.copy(&text)?;
            }
            Effect::Start(job) => workers.start(*job)?,
            Effect::Cancel(job) => workers.cancel(job),
        }
    }
    Ok(Next::Wait)
}

#[cfg(unix)]
fn on_signal(signal: i32, terminal: &mut Terminal) -> Result<Next, ScreenError> {
    use signal_hook::consts::{SIGCONT, SIGTSTP};
    match signal {
        SIGTSTP => terminal.suspend()?,
        // Somebody may have stopped us without asking, and a shell has used the terminal since.
        SIGCONT => terminal.resume()?,
        deadly => {
            info!("ended by signal {deadly}");
            super::terminal::give_back();
            // Whoever waits for this process learns what ended it.
            signal_hook::low_level::emulate_default_handler(deadly)?;
        }
    }
    Ok(Next::Wait)
}

/// Starts the threads that wait for keys and signals.
fn listen(sender: &Sender<Event>) -> io::Result<()> {
    let keys = sender.clone();
    spawn("keys", sender.clone(), move || {
        loop {
            let (event, more) = match crossterm::event::read() {
                Ok(event) => (Event::Terminal(event), true),
                Err(error) => (Event::TerminalLost(error), false),
            };
            if keys.send(event).is_err() || !more {
                return;
            }
        }
    })?;
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
        let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT])?;
        let sender = sender.clone();
        spawn("signals", sender.clone(), move || {
            for signal in signals.forever() {
                if sender.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
    }
    Ok(())
}

/// Starts a thread whose panic ends the screen, not only the thread: a screen that waits for what never comes is worse.
pub(super) fn spawn(name: &str, events: Sender<Event>, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    struct OnPanic(Sender<Event>);
    impl Drop for OnPanic {
        fn drop(&mut self) {
            if thread::panicking() {
                let _ = self.0.send(Event::Broken);
            }
        }
    }
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _watch = OnPanic(events);
        work();
    })?;
    Ok(())
}
