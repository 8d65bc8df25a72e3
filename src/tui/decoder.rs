//! Decodes terminal input: keys as xterm and the Linux console send them, the kitty keyboard protocol, mouse reports,
//! pastes, and responses to queries.
//!
//! crossterm's reader waits for the end of a sequence without a limit: after `ESC [ <` or an unfinished paste, no key
//! works any more. Here a sequence ends at the first byte that cannot be part of it, and [`InputDecoder::flush`] ends
//! it after a timeout.

mod sequence;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::background::TerminalReply;
use sequence::{Decoded, csi, osc};

/// Decodes terminal input as it arrives.
#[derive(Debug, Default)]
pub(super) struct InputDecoder {
    /// Bytes of an incomplete sequence or character.
    pending: Vec<u8>,
    /// Text of an unfinished paste.
    paste: Option<Vec<u8>>,
    /// Responses since [`InputDecoder::take_replies`].
    replies: Vec<TerminalReply>,
}

const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// Ends a paste whose end marker was lost. Terminals remove control bytes from pastes, so this byte was typed.
const CTRL_C: u8 = 3;

/// A longer paste is delivered in events of about this size, in bytes.
const PASTE_EVENT_LEN: usize = 1 << 20;

/// Whether the decoder holds incomplete input. Its reader sets a timeout accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecoderState {
    /// No incomplete input.
    Idle,
    /// Inside an escape sequence or a UTF-8 character.
    InSequence,
    /// Inside a bracketed paste.
    InPaste,
}

impl InputDecoder {
    /// Decodes the next `bytes` of the input.
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
                    Decoded::Reply { length, reply } => {
                        self.pending.drain(..length);
                        self.replies.push(reply);
                    }
                }
            }
        }
        events
    }

    /// The responses to queries that the input contained.
    pub(super) fn take_replies(&mut self) -> Vec<TerminalReply> {
        std::mem::take(&mut self.replies)
    }

    pub(super) fn state(&self) -> DecoderState {
        match (&self.paste, self.pending.is_empty()) {
            (Some(_), _) => DecoderState::InPaste,
            (None, false) => DecoderState::InSequence,
            (None, true) => DecoderState::Idle,
        }
    }

    /// Ends incomplete input after a timeout. A paste becomes an event, `ESC [`, `ESC ]` and `ESC O` become alt and the key;
    /// the rest is dropped.
    pub(super) fn flush(&mut self) -> Option<Event> {
        let rest = std::mem::take(&mut self.pending);
        if let Some(mut text) = self.paste.take() {
            text.extend_from_slice(&rest);
            return paste_event(&text);
        }
        match *rest.as_slice() {
            [0x1b, letter @ (b'[' | b']' | b'O')] => Some(with_alt(char_key(char::from(letter)))),
            _ => None,
        }
    }

    /// Moves pending bytes to the paste. True if the paste has ended.
    fn feed_paste(&mut self, events: &mut Vec<Event>) -> bool {
        let Some(text) = &mut self.paste else { return true };
        let end = self.pending.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        let interrupt = self.pending.iter().position(|byte| *byte == CTRL_C);
        let (length, marker) = match (end, interrupt) {
            (Some(end), Some(interrupt)) if interrupt < end => (interrupt, 0),
            (Some(end), _) => (end, PASTE_END.len()),
            (None, Some(interrupt)) => (interrupt, 0),
            (None, None) => {
                // The end marker may be split between two reads: its first bytes stay pending.
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

/// Decodes the first event of `bytes`, which must not be empty.
fn decode(bytes: &[u8]) -> Decoded {
    match *bytes {
        // A terminal sends a sequence in one write: an ESC at the end of a read, or before another ESC, is the key.
        [0x1b] | [0x1b, 0x1b, ..] => Decoded::event(1, Event::Key(KeyCode::Esc.into())),
        [0x1b, b'[', ..] => csi(bytes),
        [0x1b, b']', ..] => osc(bytes, with_alt(char_key(']'))),
        [0x1b, b'O', ..] => ss3(bytes),
        [0x1b, ref rest @ ..] => match single_key(rest) {
            Decoded::Done { length, event } => Decoded::Done { length: length + 1, event: event.map(with_alt_event) },
            other => other,
        },
        _ => single_key(bytes),
    }
}

/// Decodes `ESC O` and a letter: keys in application mode.
fn ss3(bytes: &[u8]) -> Decoded {
    let Some(&letter) = bytes.get(2) else { return Decoded::Incomplete };
    match sequence::letter_key_code(letter) {
        Some(code) => Decoded::event(3, Event::Key(code.into())),
        None if letter == b'M' => Decoded::event(3, Event::Key(KeyCode::Enter.into())),
        None => Decoded::event(2, with_alt(char_key('O'))),
    }
}

/// Decodes a character or a control byte.
fn single_key(bytes: &[u8]) -> Decoded {
    let Some(&first) = bytes.first() else { return Decoded::Incomplete };
    let control = |letter: char| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    let key = match first {
        0 => control(' '),
        b'\t' => KeyCode::Tab.into(),
        b'\r' => KeyCode::Enter.into(),
        0x7f => KeyCode::Backspace.into(),
        0x01..=0x1a => control(char::from(first - 1 + b'a')),
        // crossterm's names for these bytes, which `key_press` expects.
        0x1c..=0x1f => control(char::from(first - 0x1c + b'4')),
        0x1b => KeyCode::Esc.into(),
        _ => return utf8_key(bytes, first),
    };
    Decoded::event(1, Event::Key(key))
}

/// Decodes a UTF-8 character. Invalid bytes are dropped.
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
