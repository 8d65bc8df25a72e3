//! Decodes control sequences: `ESC [`, parameters, a final byte.

use crate::tui::background::{Background, TerminalReply};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// The result of decoding the start of the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// More bytes are needed.
    Incomplete,
    /// The first `length` bytes are an event, or an unknown sequence if `event` is `None`.
    Done { length: usize, event: Option<Event> },
    /// The first `length` bytes are a response of the terminal.
    Reply { length: usize, reply: TerminalReply },
}

impl Decoded {
    pub(super) const fn event(length: usize, event: Event) -> Self {
        Self::Done { length, event: Some(event) }
    }

    pub(super) const fn dropped(length: usize) -> Self {
        Self::Done { length, event: None }
    }
}

/// Longer sequences are dropped, in bytes. Keys and mouse reports are far shorter.
const MAX_SEQUENCE_LEN: usize = 64;

/// Decodes a sequence that begins with `ESC [`. The first byte that cannot be part of it ends it and is decoded as a
/// key.
pub(super) fn csi(bytes: &[u8]) -> Decoded {
    match bytes.get(2) {
        None => return Decoded::Incomplete,
        Some(b'<') => return sgr_mouse(bytes),
        Some(b'M') => return x10_mouse(bytes),
        // F1 to F5 of the Linux console.
        Some(b'[') => {
            return match bytes.get(3) {
                None => Decoded::Incomplete,
                Some(letter @ b'A'..=b'E') => Decoded::event(4, Event::Key(KeyCode::F(letter - b'A' + 1).into())),
                Some(_) => Decoded::dropped(3),
            };
        }
        Some(_) => {}
    }
    let Some(end) = bytes.iter().skip(2).position(|byte| !(0x20..0x40).contains(byte)).map(|at| at + 2) else {
        return incomplete_or_dropped(bytes);
    };
    let last = bytes[end];
    if !(0x40..0x7f).contains(&last) {
        return Decoded::dropped(end);
    }
    // The device attributes, which `?` marks. Only their arrival matters.
    if last == b'c' && bytes[2] == b'?' {
        return Decoded::Reply { length: end + 1, reply: TerminalReply::Attributes };
    }
    Decoded::Done { length: end + 1, event: sequence_event(&bytes[2..end], last) }
}

/// Decodes a sequence that begins with `ESC ]`: a response with a number, a semicolon and a text, which BEL or `ESC \`
/// ends. Without a number it is alt and the key.
pub(super) fn osc(bytes: &[u8], key: Event) -> Decoded {
    match bytes.get(2) {
        None => return Decoded::Incomplete,
        Some(byte) if !byte.is_ascii_digit() => return Decoded::event(2, key),
        Some(_) => {}
    }
    let Some(end) = bytes.iter().skip(2).position(|byte| !(0x20..0x7f).contains(byte)).map(|at| at + 2) else {
        return incomplete_or_dropped(bytes);
    };
    let length = match (bytes[end], bytes.get(end + 1)) {
        (0x07, _) => end + 1,
        (0x1b, None) => return Decoded::Incomplete,
        (0x1b, Some(b'\\')) => end + 2,
        _ => return Decoded::dropped(end),
    };
    let text = std::str::from_utf8(&bytes[2..end]).unwrap_or_default();
    match text.strip_prefix("11;").and_then(Background::of_colour) {
        Some(background) => Decoded::Reply { length, reply: TerminalReply::Background(background) },
        None => Decoded::dropped(length),
    }
}

fn incomplete_or_dropped(bytes: &[u8]) -> Decoded {
    if bytes.len() > MAX_SEQUENCE_LEN { Decoded::dropped(bytes.len()) } else { Decoded::Incomplete }
}

/// Maps a sequence to its event. `None` if the sequence is unknown.
fn sequence_event(parameters: &[u8], last: u8) -> Option<Event> {
    let parameters = Parameters::read(parameters)?;
    let code = match last {
        b'I' => return Some(Event::FocusGained),
        b'O' => return Some(Event::FocusLost),
        b'M' => {
            let [button, column, row] = parameters.mouse()?;
            return mouse(button.checked_sub(32)?, column, row, ButtonState::Pressed);
        }
        b'Z' => return parameters.key(KeyCode::BackTab, KeyModifiers::SHIFT),
        b'u' => kitty_key_code(parameters.first(0))?,
        b'~' => match parameters.first(0) {
            // xterm's modifyOtherKeys.
            27 => kitty_key_code(parameters.first(2))?,
            number => tilde_key_code(number)?,
        },
        // A first parameter above 1 marks a response of the terminal, such as a cursor position report.
        letter if parameters.first(0) <= 1 => letter_key_code(letter)?,
        _ => return None,
    };
    match code {
        KeyCode::Tab if parameters.modifiers().contains(KeyModifiers::SHIFT) => {
            parameters.key(KeyCode::BackTab, KeyModifiers::NONE)
        }
        code => parameters.key(code, KeyModifiers::NONE),
    }
}

/// The key of a final letter after `ESC [` or `ESC O`.
pub(super) const fn letter_key_code(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        _ => return None,
    })
}

/// The key of a number before `~`.
fn tilde_key_code(number: u32) -> Option<KeyCode> {
    let function = |offset: u32| u8::try_from(number - offset).ok().map(KeyCode::F);
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => return function(10),
        17..=21 => return function(11),
        23..=26 => return function(12),
        28 | 29 => return function(13),
        31..=34 => return function(14),
        _ => return None,
    })
}

/// The key of a code in the kitty keyboard protocol: the character's code point, or a number in a private range.
fn kitty_key_code(code: u32) -> Option<KeyCode> {
    const KEYPAD_SIGNS: [char; 6] = ['.', '/', '*', '-', '+', '\r'];
    const KEYPAD_MOVES: [KeyCode; 10] = [
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Insert,
        KeyCode::Delete,
    ];
    let at = |from: u32| usize::try_from(code - from).unwrap_or(usize::MAX);
    let letter = match code {
        57_376..=57_398 => return u8::try_from(code - 57_376 + 13).ok().map(KeyCode::F),
        57_399..=57_408 => char::from_digit(code - 57_399, 10)?,
        57_409..=57_414 => *KEYPAD_SIGNS.get(at(57_409))?,
        57_415 => '=',
        57_416 => ',',
        57_417..=57_426 => return KEYPAD_MOVES.get(at(57_417)).copied(),
        // Modifiers alone, media keys and other keys without a name in the configuration.
        57_344..=63_743 => return None,
        code => char::from_u32(code)?,
    };
    Some(match letter {
        '\u{1b}' => KeyCode::Esc,
        '\r' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        '\u{7f}' => KeyCode::Backspace,
        letter if letter.is_control() => return None,
        letter => KeyCode::Char(letter),
    })
}

/// Parameters separated by `;`, each with subparameters after `:`.
struct Parameters(Vec<Vec<u32>>);

impl Parameters {
    /// `None` for private sequences, such as device attribute reports.
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
        let group = |text: &str| text.split(':').map(number).collect::<Option<Vec<u32>>>();
        text.split(';').map(group).collect::<Option<_>>().map(Self)
    }

    fn first(&self, at: usize) -> u32 {
        self.0.get(at).and_then(|group| group.first()).copied().unwrap_or(0)
    }

    fn modifiers(&self) -> KeyModifiers {
        const BITS: [(u32, KeyModifiers); 6] = [
            (1, KeyModifiers::SHIFT),
            (2, KeyModifiers::ALT),
            (4, KeyModifiers::CONTROL),
            (8, KeyModifiers::SUPER),
            (16, KeyModifiers::HYPER),
            (32, KeyModifiers::META),
        ];
        let mask = self.first(1).saturating_sub(1);
        BITS.into_iter().filter(|(bit, _)| mask & bit != 0).map(|(_, modifier)| modifier).collect()
    }

    fn key(&self, code: KeyCode, more: KeyModifiers) -> Option<Event> {
        let kind = match self.0.get(1).and_then(|group| group.get(1)) {
            None | Some(1) => KeyEventKind::Press,
            Some(2) => KeyEventKind::Repeat,
            Some(3) => KeyEventKind::Release,
            Some(_) => return None,
        };
        Some(Event::Key(KeyEvent::new_with_kind(code, self.modifiers() | more, kind)))
    }

    fn mouse(&self) -> Option<[u16; 3]> {
        let [button, column, row] = self.0.as_slice() else { return None };
        let single = |group: &[u32]| group.first().and_then(|number| u16::try_from(*number).ok());
        Some([single(button)?, single(column)?, single(row)?])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ButtonState {
    Pressed,
    Released,
}

/// Decodes `ESC [ < button ; column ; row`, then `M` for a press or `m` for a release.
fn sgr_mouse(bytes: &[u8]) -> Decoded {
    let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
    let Some(end) = bytes.iter().skip(3).position(|byte| !is_number(byte)).map(|at| at + 3) else {
        return incomplete_or_dropped(bytes);
    };
    let state = match bytes[end] {
        b'M' => ButtonState::Pressed,
        b'm' => ButtonState::Released,
        _ => return Decoded::dropped(end),
    };
    let numbers = Parameters::read(&bytes[3..end]).and_then(|numbers| numbers.mouse());
    let event = numbers.and_then(|[button, column, row]| mouse(button, column, row, state));
    Decoded::Done { length: end + 1, event }
}

/// Decodes `ESC [ M` and three bytes, the report of terminals without SGR mouse mode.
fn x10_mouse(bytes: &[u8]) -> Decoded {
    let numbers = &bytes[3..bytes.len().min(6)];
    if let Some(at) = numbers.iter().position(|byte| *byte < 32) {
        return Decoded::dropped(3 + at);
    }
    let &[button, column, row] = numbers else { return Decoded::Incomplete };
    let [button, column, row] = [button, column, row].map(|byte| u16::from(byte - 32));
    Decoded::Done { length: 6, event: mouse(button, column, row, ButtonState::Pressed) }
}

/// Maps a mouse report to its event. `column` and `row` count from 1.
fn mouse(button: u16, column: u16, row: u16, state: ButtonState) -> Option<Event> {
    let is_motion = button & 32 != 0;
    let which = match button & 3 {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        _ => MouseButton::Right,
    };
    let kind = match (button & 0b1100_0011, is_motion, state) {
        (0..=2, false, ButtonState::Pressed) => MouseEventKind::Down(which),
        (0..=2, false, ButtonState::Released) => MouseEventKind::Up(which),
        (0..=2, true, _) => MouseEventKind::Drag(which),
        (3, false, _) => MouseEventKind::Up(MouseButton::Left),
        (3, true, _) => MouseEventKind::Moved,
        (64, _, _) => MouseEventKind::ScrollUp,
        (65, _, _) => MouseEventKind::ScrollDown,
        (66, _, _) => MouseEventKind::ScrollLeft,
        (67, _, _) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let held = [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)];
    let modifiers = held.into_iter().filter(|(bit, _)| button & bit != 0).map(|(_, modifier)| modifier).collect();
    Some(Event::Mouse(MouseEvent { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)?, modifiers }))
}
