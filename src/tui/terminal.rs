//! The terminal as long as the screen has it, and as it was before: on return, on an error, on a panic, on a signal, and
//! while the program is in the background.

use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, queue, terminal};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
#[cfg(unix)]
use ratatui::backend::{Backend, ClearType};

use dive_sources::Environment;

/// Whether the terminal is ours at the moment. One process has one terminal, and a panic knows no owner.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Whether the terminal was asked to report keys by the kitty protocol.
static EXTENDED_KEYS: AtomicBool = AtomicBool::new(false);

/// How the terminal is asked to report keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keyboard {
    /// By the kitty keyboard protocol. Terminals that know it tell ctrl+m from Enter; the others pass over the request.
    #[default]
    Extended,
    /// As it does by itself: the Linux console may not pass over the request.
    Plain,
}

impl Keyboard {
    /// The keyboard of the terminal that `TERM` names.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        if environment.get("TERM").is_some_and(|term| term == "linux") { Self::Plain } else { Self::Extended }
    }
}

/// Bytes that most frames fit in: a frame that comes in pieces flickers.
const OUTPUT_BUFFER: usize = 64 * 1024;

/// The terminal while it is ours. Dropping it gives it back.
///
/// ratatui's own drop shows the cursor, and where the window is closed and that fails, complains to a standard error that
/// is closed, too: a panic. [`restore`] shows the cursor and expects no answer.
#[derive(Debug)]
pub(super) struct Terminal {
    screen: ManuallyDrop<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    /// For the return from the background, where only Unix puts programs.
    #[cfg(unix)]
    keyboard: Keyboard,
}

impl Terminal {
    /// Takes the terminal: raw keys, another screen, the mouse.
    ///
    /// # Errors
    /// When the terminal does not answer.
    pub(super) fn enter(keyboard: Keyboard) -> io::Result<Self> {
        restore_on_panic();
        enter(keyboard)?;
        match ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout()))) {
            Ok(screen) => Ok(Self {
                screen: ManuallyDrop::new(screen),
                #[cfg(unix)]
                keyboard,
            }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Columns and rows that the terminal has now.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        self.screen.size().map(|size| (size.width, size.height))
    }

    /// Draws one frame: only cells that changed are sent.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.screen.draw(view).map(|_| ())
    }

    /// Gives the terminal back, stops as a shell's job does, and takes it again when the shell continues the job.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        restore();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    /// There are no jobs to stop.
    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "as where there are jobs")]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Takes the terminal again, whatever became of it, and forgets what was drawn.
    #[cfg(unix)]
    pub(super) fn resume(&mut self) -> io::Result<()> {
        enter(self.keyboard)?;
        // Not `clear`: it asks the terminal where the cursor is, and the answer goes to the thread that reads keys.
        self.screen.backend_mut().clear_region(ClearType::All)?;
        self.screen.swap_buffers();
        Ok(())
    }

    /// Asks the terminal to put a text on the clipboard (OSC 52), which also works over ssh. No terminal says whether it did.
    #[allow(clippy::unused_self, reason = "only who has the terminal may write to it")]
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn enter(keyboard: Keyboard) -> io::Result<()> {
    // Stopped without having been asked, the program still has it, and a shell may have set other modes since.
    if ACTIVE.load(Ordering::SeqCst) {
        pop_keyboard_protocol(&mut io::stdout());
        // Only then: between the two modes, ctrl+c would be a signal.
        if !is_raw() {
            terminal::disable_raw_mode()?;
        }
    }
    terminal::enable_raw_mode()?;
    ACTIVE.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    queue!(out, EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide)?;
    if keyboard == Keyboard::Extended {
        EXTENDED_KEYS.store(true, Ordering::SeqCst);
        // Refused where there is no such sequence, as on old Windows consoles.
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES;
        let _ = queue!(out, PushKeyboardEnhancementFlags(flags));
    }
    out.flush().inspect_err(|_| restore())
}

/// Whether the terminal passes on each key at once.
#[cfg(unix)]
fn is_raw() -> bool {
    use rustix::termios::{LocalModes, tcgetattr};
    tcgetattr(io::stdout()).is_ok_and(|modes| !modes.local_modes.contains(LocalModes::ICANON))
}

/// No shell stops a program here and leaves other modes behind.
#[cfg(not(unix))]
const fn is_raw() -> bool {
    true
}

/// Takes back what was asked of the keyboard: terminals stack such requests.
fn pop_keyboard_protocol(out: &mut Stdout) {
    if EXTENDED_KEYS.load(Ordering::SeqCst) {
        let _ = queue!(out, PopKeyboardEnhancementFlags);
    }
}

/// Leaves the terminal as it was. What a closed terminal answers does not matter any more.
pub(super) fn restore() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    pop_keyboard_protocol(&mut out);
    let _ = queue!(out, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = terminal::disable_raw_mode();
}

fn restore_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
    });
}
