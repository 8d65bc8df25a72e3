//! Sets up the terminal for the screen and restores it: on return, error, panic or signal, and while the program is in
//! the background.

use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
#[cfg(unix)]
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, queue, terminal};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
#[cfg(unix)]
use ratatui::backend::{Backend, ClearType};

#[cfg(unix)]
use super::background::BACKGROUND_QUERY;
use dive_sources::Environment;

/// True while the terminal is set up. Global, since the panic hook has no access to [`Terminal`].
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// True if the kitty keyboard protocol was requested.
static EXTENDED_KEYS: AtomicBool = AtomicBool::new(false);

/// Protocol in which the terminal reports keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keyboard {
    /// The kitty keyboard protocol, which tells ctrl+m from Enter. Other terminals ignore the request.
    #[default]
    Extended,
    /// The terminal's default. The Linux console may not ignore the request for another.
    Plain,
}

impl Keyboard {
    /// Chooses the protocol by `TERM`.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        if environment.get("TERM").is_some_and(|term| term == "linux") { Self::Plain } else { Self::Extended }
    }
}

/// Asks for clicks, the wheel, and the motion of a pressed mouse. crossterm's command also asks for all other motion,
/// which would wake the program up for nothing.
#[cfg(unix)]
const ENABLE_MOUSE: Print<&str> = Print("\x1b[?1000h\x1b[?1002h\x1b[?1006h");
#[cfg(not(unix))]
const ENABLE_MOUSE: crossterm::event::EnableMouseCapture = crossterm::event::EnableMouseCapture;

/// Size of the output buffer, in bytes. Most frames fit: a frame in several writes flickers.
const OUTPUT_BUFFER: usize = 64 * 1024;

/// Cells of the largest screen: each takes some hundred bytes. A terminal may say anything.
const MAX_CELLS: u32 = 2_000_000;

/// Refuses a screen that would take gigabytes.
fn check_size((width, height): (u16, u16)) -> io::Result<()> {
    if u32::from(width) * u32::from(height) <= MAX_CELLS {
        return Ok(());
    }
    let text = format!("the terminal says that it has {width} columns and {height} rows; make it smaller");
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

/// The terminal in raw mode on the alternate screen. Restores it when dropped.
///
/// ratatui's own drop shows the cursor and, if that fails, writes to standard error. If the window is closed, that
/// fails too, and panics. [`restore`] shows the cursor and ignores errors.
#[derive(Debug)]
pub(super) struct Terminal {
    screen: ManuallyDrop<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    /// For the return from the background. Only Unix has job control.
    #[cfg(unix)]
    keyboard: Keyboard,
}

impl Terminal {
    /// Sets up the terminal: raw mode, alternate screen, mouse, bracketed paste.
    ///
    /// # Errors
    /// If the terminal cannot be written to or its modes cannot be set.
    pub(super) fn enter(keyboard: Keyboard) -> io::Result<Self> {
        check_size(terminal::size()?)?;
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

    /// Current size in columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.screen.size()?;
        check_size((size.width, size.height))?;
        Ok((size.width, size.height))
    }

    /// Draws one frame. Sends only changed cells.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.screen.draw(view).map(|_| ())
    }

    /// Restores the terminal, stops the process as a shell job, and sets the terminal up again when the job continues.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        restore();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    /// No job control here.
    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "same signature as on Unix")]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Sets the terminal up again and redraws every cell with the next frame.
    #[cfg(unix)]
    pub(super) fn resume(&mut self) -> io::Result<()> {
        enter(self.keyboard)?;
        // Not `clear`: it queries the cursor position, and the thread that reads keys would receive the response.
        self.screen.backend_mut().clear_region(ClearType::All)?;
        self.screen.swap_buffers();
        Ok(())
    }

    /// Asks the terminal for its background. The response arrives as input.
    #[cfg(unix)]
    #[allow(clippy::unused_self, reason = "only the owner of the terminal may write to it")]
    pub(super) fn ask_background(&mut self) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(BACKGROUND_QUERY.as_bytes())?;
        out.flush()
    }

    /// Sends a text to the clipboard by OSC 52, which also works over ssh. Terminals do not confirm it.
    #[allow(clippy::unused_self, reason = "only the owner of the terminal may write to it")]
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
    // After SIGSTOP the terminal is still marked as set up, but a shell may have changed its modes.
    if ACTIVE.load(Ordering::SeqCst) {
        pop_keyboard_protocol(&mut io::stdout());
        // Only if needed: while raw mode is off, ctrl+c is a signal.
        if !is_raw() {
            terminal::disable_raw_mode()?;
        }
    }
    terminal::enable_raw_mode()?;
    ACTIVE.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    queue!(out, EnterAlternateScreen, ENABLE_MOUSE, EnableBracketedPaste, cursor::Hide)?;
    if keyboard == Keyboard::Extended {
        EXTENDED_KEYS.store(true, Ordering::SeqCst);
        // Fails on old Windows consoles, which lack the sequence.
        let flags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES;
        let _ = queue!(out, PushKeyboardEnhancementFlags(flags));
    }
    out.flush().inspect_err(|_| restore())
}

/// True if the terminal is in raw mode.
#[cfg(unix)]
fn is_raw() -> bool {
    use rustix::termios::{LocalModes, tcgetattr};
    tcgetattr(io::stdout()).is_ok_and(|modes| !modes.local_modes.contains(LocalModes::ICANON))
}

/// Without job control, no shell can have changed the modes.
#[cfg(not(unix))]
const fn is_raw() -> bool {
    true
}

/// Pops the keyboard protocol request, which terminals keep on a stack.
fn pop_keyboard_protocol(out: &mut Stdout) {
    if EXTENDED_KEYS.load(Ordering::SeqCst) {
        let _ = queue!(out, PopKeyboardEnhancementFlags);
    }
}

/// Restores the terminal. Ignores errors: the terminal may be closed.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that claims 65535 rows and columns made dive allocate 200 GB.
    #[test]
    fn a_screen_of_gigabytes_is_refused() {
        check_size((1000, 1000)).unwrap();
        assert!(check_size((u16::MAX, u16::MAX)).unwrap_err().to_string().contains("65535 columns"));
    }
}
