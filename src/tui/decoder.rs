//! Bytes of a terminal to events: keys as xterm and the Linux console send them, the kitty keyboard protocol, the mouse, pastes.
//!
//! crossterm's reader waits for the end of a sequence for ever: after `ESC [ <` or an unfinished paste, no key works any more.
//! Here a sequence ends at the first byte that cannot be part of it, and [`InputDecoder::flush`] ends it when nothing follows.

mod sequence;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use sequence::{Decoded, csi};

/// Decodes the bytes of a terminal as they arrive.
#[derive(Debug, Default)]
pub(super) struct InputDecoder {
    /// Bytes of a sequence or letter whose end is missing.
    pending: Vec<u8>,
    /// Text of a paste that goes on.
    paste: Option<Vec<u8>>,
}

const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// Terminals take control bytes out of pastes: this one was typed, after a paste that lost its end.
const CTRL_C: u8 = 3;

/// Bytes of a paste that are delivered at once.
const PASTE_EVENT_LEN: usize = 1 << 20;

/// What a decoder waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecoderState {
    /// The next key.
    Idle,
    /// The rest of a sequence.
    InSequence,
    /// The rest of a paste.
    InPaste,
}

impl InputDecoder {
    /// Decodes `bytes`, which follow all that came before.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.pending.extend_from_slice(bytes);
        let mut events = Vec::new();
        while !self.pending.is_empty() {
            if self.paste.is_some() {
                if !self.feed_paste(&mut events) {
                    break;
                }
            } else if self.pending.starts_with(PASTE_START) {
                self.pending.drain(..PASTE_START.len());
                self.paste = Some(Vec::new());
            } else {
                match decode(&self.pending) {
                    Decoded::Incomplete => break,
                    Decoded::Done { length, event } => {
                        self.pending.drain(..length);
                        events.extend(event);
                    }
                }
            }
        }
        events
    }

    pub(super) fn state(&self) -> DecoderState {
        match (&self.paste, self.pending.is_empty()) {
            (Some(_), _) => DecoderState::InPaste,
            (None, false) => DecoderState::InSequence,
            (None, true) => DecoderState::Idle,
        }
    }

    /// Ends what is unfinished. Pasted text is kept; of a sequence, only `ESC [` and `ESC O` alone are keys.
    pub(super) fn flush(&mut self) -> Option<Event> {
        let rest = std::mem::take(&mut self.pending);
        if let Some(mut text) = self.paste.take() {
            text.extend_from_slice(&rest);
            return paste_event(&text);
        }
        match *rest.as_slice() {
            [0x1b, letter @ (b'[' | b'O')] => Some(with_alt(char_key(char::from(letter)))),
            _ => None,
        }
    }

    /// Takes pending bytes into the paste. False if more have to come.
    fn feed_paste(&mut self, events: &mut Vec<Event>) -> bool {
        let Some(text) = &mut self.paste else { return true };
        let end = self.pending.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        let interrupt = self.pending.iter().position(|byte| *byte == CTRL_C);
        let (length, marker) = match (end, interrupt) {
            (Some(end), Some(interrupt)) if interrupt < end => (interrupt, 0),
            (Some(end), _) => (end, PASTE_END.len()),
            (None, Some(interrupt)) => (interrupt, 0),
            (None, None) => {
                // The end of the paste may be cut.
                let is_cut = |length: &usize| self.pending.ends_with(&PASTE_END[..*length]);
                let cut = (1..PASTE_END.len()).rev().find(is_cut).unwrap_or(0);
                text.extend(self.pending.drain(..self.pending.len() - cut));
                if text.len() >= PASTE_EVENT_LEN {
                    events.extend(paste_event(text));
                    text.clear();
                }
                return false;
            }
        };
        text.extend_from_slice(&self.pending[..length]);
        self.pending.drain(..length + marker);
        events.extend(self.paste.take().and_then(|text| paste_event(&text)));
        true
    }
}

fn paste_event(text: &[u8]) -> Option<Event> {
    (!text.is_empty()).then(|| Event::Paste(String::from_utf8_lossy(text).into_owned()))
}

/// The event at the start of `bytes`, which are not empty.
fn decode(bytes: &[u8]) -> Decoded {
    match *bytes {
        // A terminal sends a sequence in one piece: an ESC with nothing, or another ESC, behind it is the key.
        [0x1b] | [0x1b, 0x1b, ..] => Decoded::event(1, Event::Key(KeyCode::Esc.into())),
        [0x1b, b'[', ..] => csi(bytes),
        [0x1b, b'O', ..] => ss3(bytes),
        [0x1b, ref rest @ ..] => match single_key(rest) {
            Decoded::Done { length, event } => Decoded::Done { length: length + 1, event: event.map(with_alt_event) },
            Decoded::Incomplete => Decoded::Incomplete,
        },
        _ => single_key(bytes),
    }
}

/// `ESC O` and a letter: keys of the application mode.
fn ss3(bytes: &[u8]) -> Decoded {
    let Some(&letter) = bytes.get(2) else { return Decoded::Incomplete };
    match sequence::letter_key_code(letter) {
        Some(code) => Decoded::event(3, Event::Key(code.into())),
        None if letter == b'M' => Decoded::event(3, Event::Key(KeyCode::Enter.into())),
        None => Decoded::event(2, with_alt(char_key('O'))),
    }
}

/// A key of one letter or control byte.
fn single_key(bytes: &[u8]) -> Decoded {
    let Some(&first) = bytes.first() else { return Decoded::Incomplete };
    let control = |letter: char| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    let key = match first {
        0 => control(' '),
        b'\t' => KeyCode::Tab.into(),
        b'\r' => KeyCode::Enter.into(),
        0x7f => KeyCode::Backspace.into(),
        0x01..=0x1a => control(char::from(first - 1 + b'a')),
        // As crossterm names them: the keymap knows them by these names.
        0x1c..=0x1f => control(char::from(first - 0x1c + b'4')),
        0x1b => KeyCode::Esc.into(),
        _ => return utf8_key(bytes, first),
    };
    Decoded::event(1, Event::Key(key))
}

/// A letter in UTF-8. Bytes that are none are dropped.
fn utf8_key(bytes: &[u8], first: u8) -> Decoded {
    let length = match first {
        0x20..=0x7e => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Decoded::dropped(1),
    };
    let present = &bytes[..length.min(bytes.len())];
    match std::str::from_utf8(present) {
        Ok(text) => Decoded::Done { length, event: text.chars().next().map(|letter| Event::Key(char_key(letter))) },
        Err(error) if error.error_len().is_none() => Decoded::Incomplete,
        Err(error) => Decoded::dropped(error.error_len().unwrap_or(1)),
    }
}

fn char_key(letter: char) -> KeyEvent {
    let shift = if letter.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    KeyEvent::new(KeyCode::Char(letter), shift)
}

fn with_alt(key: KeyEvent) -> Event {
    Event::Key(KeyEvent { modifiers: key.modifiers | KeyModifiers::ALT, ..key })
}

fn with_alt_event(event: Event) -> Event {
    match event {
        Event::Key(key) => with_alt(key),
        other => other,
    }
}

#[cfg(test)]
mod tests;
