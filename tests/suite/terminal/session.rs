//! A program in a pseudo-terminal, its output, and the screen as a terminal shows it. Tests wait for conditions, not
//! for time; if a condition does not occur, the test fails and prints the screen.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use super::keys::{self, Mouse};
use super::shown::Shown;
use crate::user::{DIVE, TIME_LIMIT, User};

/// Columns and rows.
pub(super) type Size = (u16, u16);

/// A program in a terminal.
pub(super) struct Session {
    user: Option<User>,
    pid: u32,
    writer: Option<Box<dyn Write + Send>>,
    master: Arc<Mutex<Option<Master>>>,
    shared: Arc<Shared>,
    modes_before: String,
}

type Master = Box<dyn MasterPty + Send>;

/// State shared with the reading and waiting threads.
struct Shared {
    known: Mutex<Known>,
    changed: Condvar,
}

struct Known {
    parser: vt100::Parser,
    /// All output.
    bytes: Vec<u8>,
    /// The output has ended.
    is_closed: bool,
    ended: Option<Ended>,
    reading: Reading,
}

/// Whether the terminal is still being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    Off,
}

struct Ended {
    status: ExitStatus,
    /// The terminal's modes (`stty -a`) at that time.
    modes: String,
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A failed test still ends its program.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known());
        self.changed.notify_all();
    }
}

impl Session {
    /// Runs `dive` in a terminal of this size.
    pub(super) fn dive(user: User, size: Size, arguments: &[&str]) -> Self {
        Self::program(user, size, DIVE, arguments)
    }

    /// Runs another program.
    pub(super) fn program(user: User, (columns, rows): Size, program: &str, arguments: &[&str]) -> Self {
        let pair = native_pty_system().openpty(pty_size((columns, rows))).unwrap();
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        for (name, value) in user.environment() {
            command.env(name, value);
        }
        command.cwd(user.file(""));
        command.args(arguments);

        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let modes_before = modes(&pair.master);
        let mut child = pair.slave.spawn_command(command).unwrap();
        let pid = child.process_id().unwrap();
        let known = Known {
            parser: vt100::Parser::new(rows, columns, 1000),
            bytes: Vec::new(),
            is_closed: false,
            ended: None,
            reading: Reading::On,
        };
        let shared = Arc::new(Shared { known: Mutex::new(known), changed: Condvar::new() });
        let master = Arc::new(Mutex::new(Some(pair.master)));

        let heard = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while heard.known().reading == Reading::On {
                let count = reader.read(&mut buffer).unwrap_or(0);
                heard.change(|known| {
                    known.bytes.extend_from_slice(&buffer[..count]);
                    known.parser.process(&buffer[..count]);
                    known.is_closed |= count == 0;
                });
                if count == 0 {
                    break;
                }
            }
            drop(reader);
            heard.change(|known| known.is_closed = true);
        });
        let (shared_state, at) = (Arc::clone(&shared), Arc::clone(&master));
        let slave = pair.slave;
        std::thread::spawn(move || {
            let status = child.wait().unwrap();
            // Read before the other end closes, since the terminal then loses its modes.
            let modes = at.lock().unwrap().as_ref().map_or_else(String::new, modes);
            shared_state.change(|known| known.ended = Some(Ended { status, modes }));
            drop(slave);
        });
        Self { user: Some(user), pid, writer: Some(writer), master, shared, modes_before }
    }

    /// The user of the session.
    pub(super) fn user(&self) -> &User {
        self.user.as_ref().expect("the user is still here")
    }

    /// Ends the program if it still runs, and returns its user for another session.
    pub(super) fn leaves(mut self) -> User {
        if self.shared.known().ended.is_none() {
            self.press("ctrl+c ctrl+c ctrl+c");
            self.waits_for_end();
        }
        self.user.take().expect("the user is still here")
    }

    /// The process id of the program.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// The process that owns the terminal: the shell's foreground job.
    pub(super) fn foreground(&self) -> u32 {
        let leader = self.master.lock().unwrap().as_ref().and_then(|master| master.process_group_leader());
        leader.and_then(|pid| u32::try_from(pid).ok()).expect("a job in the foreground")
    }

    /// Presses keys, named as in the configuration.
    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.sends(&keys::bytes(key));
        }
        self
    }

    /// Types a text.
    pub(super) fn types(&mut self, text: &str) -> &mut Self {
        self.sends(text.as_bytes())
    }

    /// Clicks on a cell.
    pub(super) fn clicks(&mut self, at: (u16, u16)) -> &mut Self {
        self.mouse(Mouse::Press, at).mouse(Mouse::Release, at)
    }

    /// Sends a mouse event.
    pub(super) fn mouse(&mut self, what: Mouse, at: (u16, u16)) -> &mut Self {
        self.sends(&keys::mouse(what, at))
    }

    /// Sends bytes from the terminal.
    pub(super) fn sends(&mut self, bytes: &[u8]) -> &mut Self {
        let writer = self.writer.as_mut().expect("an open terminal");
        writer.write_all(bytes).and_then(|()| writer.flush()).unwrap();
        self
    }

    /// Resizes the terminal's window.
    pub(super) fn resizes(&mut self, (columns, rows): Size) -> &mut Self {
        self.shared.change(|known| known.parser.screen_mut().set_size(rows, columns));
        self.master.lock().unwrap().as_ref().unwrap().resize(pty_size((columns, rows))).unwrap();
        self
    }

    /// Simulates output of another program.
    pub(super) fn other_program_writes(&self, text: &str) {
        self.shared.change(|known| known.parser.process(text.as_bytes()));
    }

    /// Sends the program a signal.
    pub(super) fn signals(&self, name: &str) {
        signal(name, self.pid);
    }

    /// Closes the terminal's window. The reading thread blocks until there is output, so a key provokes some.
    pub(super) fn closes(&mut self) {
        self.shared.change(|known| known.reading = Reading::Off);
        self.press("?");
        self.waits_for_known("the reader to go", |known| known.is_closed);
        *self.master.lock().unwrap() = None;
        self.writer = None;
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub(super) fn waits_for(&self, text: &str) {
        self.waits_until(&format!("{text:?}"), |screen| screen.has(text));
    }

    /// Waits until a text is no longer on the screen.
    #[track_caller]
    pub(super) fn waits_without(&self, text: &str) {
        self.waits_until(&format!("{text:?} to go"), |screen| !screen.has(text));
    }

    /// Waits until the screen meets a condition. A frame may be half drawn at any time, so everything expected of a
    /// screen belongs in one condition.
    #[track_caller]
    pub(super) fn waits_until(&self, what: &str, holds: impl Fn(&Shown<'_>) -> bool) {
        self.waits_for_known(what, |known| holds(&Shown::of(known.parser.screen())));
    }

    #[track_caller]
    fn waits_for_known(&self, what: &str, holds: impl Fn(&Known) -> bool) {
        let deadline = Instant::now() + TIME_LIMIT;
        let mut known = self.shared.known();
        while !holds(&known) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || known.is_closed && known.ended.is_some() {
                let end = known.ended.as_ref().map_or("is running".to_owned(), |ended| format!("{}", ended.status));
                let screen = known.parser.screen().contents();
                drop(known);
                panic!("waited for {what}; the program: {end}; the screen:\n{screen}");
            }
            known = self.shared.changed.wait_timeout(known, left).unwrap().0;
        }
    }

    /// Waits for a text and returns its column and row.
    #[track_caller]
    pub(super) fn place_of(&self, text: &str) -> (u16, u16) {
        self.waits_for(text);
        self.look(|screen| screen.place_of(text)).unwrap()
    }

    /// Examines the current screen.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Shown<'_>) -> T) -> T {
        look(&Shown::of(self.shared.known().parser.screen()))
    }

    /// All output so far.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.shared.known().bytes.clone()
    }

    /// Waits until these bytes are written.
    #[track_caller]
    pub(super) fn waits_for_bytes(&self, bytes: &[u8]) {
        let what = String::from_utf8_lossy(bytes).into_owned();
        self.waits_for_known(&format!("the bytes {what:?}"), |known| contains(&known.bytes, bytes));
    }

    /// Waits for the end of the program and asserts its exit code.
    #[track_caller]
    pub(super) fn ends_with(&self, code: u32) -> &Self {
        let status = self.waits_for_end();
        assert!(status.signal().is_none() && status.exit_code() == code, "{status}\n{}", self.contents());
        self
    }

    /// Waits for the end of the program and asserts the signal that caused it.
    #[track_caller]
    pub(super) fn is_ended_by(&self, signal: &str) -> &Self {
        let status = self.waits_for_end();
        assert_eq!(status.signal(), Some(signal), "{status}\n{}", self.contents());
        self
    }

    #[track_caller]
    pub(super) fn waits_for_end(&self) -> ExitStatus {
        self.waits_for_known("the end", |known| known.ended.is_some() && known.is_closed);
        self.shared.known().ended.as_ref().unwrap().status.clone()
    }

    /// The text on the screen.
    pub(super) fn contents(&self) -> String {
        self.shared.known().parser.screen().contents()
    }

    /// Asserts, after the end, that the terminal is as before.
    #[track_caller]
    pub(super) fn is_restored(&self) -> &Self {
        self.waits_for_end();
        let known = self.shared.known();
        assert_eq!(known.ended.as_ref().unwrap().modes, self.modes_before, "terminal modes");
        assert_eq!(taken(&known), [""; 0], "not restored");
        drop(known);
        self
    }

    /// Waits until the terminal is as before, while a shell still runs.
    #[track_caller]
    pub(super) fn waits_until_given_back(&self) {
        self.waits_for_known("the terminal to be given back", |known| taken(known).is_empty());
    }
}

/// Terminal features that a program enabled and did not disable.
fn taken(known: &Known) -> Vec<&'static str> {
    let screen = known.parser.screen();
    let count = |sequence: &[u8]| known.bytes.windows(sequence.len()).filter(|window| *window == sequence).count();
    let is_taken = [
        ("the screen", screen.alternate_screen()),
        ("the cursor", screen.hide_cursor()),
        ("the mouse", screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None),
        ("pasting", screen.bracketed_paste()),
        ("the keyboard", count(b"\x1b[>1u") != count(b"\x1b[<1u")),
    ];
    is_taken.into_iter().filter(|(_, taken)| *taken).map(|(name, _)| name).collect()
}

/// The terminal's modes as text; their type is of a crate that the tests do not depend on.
fn modes(master: &Master) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has modes"))
}

/// Sends a signal to a process.
pub(super) fn signal(name: &str, pid: u32) {
    let status = std::process::Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap();
    assert!(status.success(), "kill -{name} {pid}: {status}");
}

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

const fn pty_size((cols, rows): Size) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Drop for Session {
    /// Kills the program of a failed test.
    fn drop(&mut self) {
        if self.shared.known().ended.is_none() {
            let _ = std::process::Command::new("sh").args(["-c", &format!("kill -KILL {}", self.pid)]).status();
        }
    }
}
