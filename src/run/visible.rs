//! Escapes invisible and control characters of Unicode in terminal output.
//!
//! Reports escape ASCII control bytes themselves, except their colours, which pass here. This is a separate step because only the
//! caller knows where the output goes.

use std::io::{self, Write};

use dive_model::escape::is_hidden;

/// The format of an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// `\xNN` for each byte, as in names.
    Bytes,
    /// `\uNNNN` for each UTF-16 unit: in a JSON string it is the same character.
    Json,
}

/// A writer that escapes characters that a terminal would obey or hide.
pub(super) struct Visible<'a> {
    out: &'a mut dyn Write,
    notation: Notation,
    /// The first bytes of an incomplete character.
    cut: Vec<u8>,
}

impl<'a> Visible<'a> {
    pub(super) fn new(out: &'a mut dyn Write, notation: Notation) -> Self {
        Self { out, notation, cut: Vec::new() }
    }

    /// Writes bytes; an incomplete character at the end is kept for the next call.
    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            let mut rest = chunk.valid();
            while let Some(at) = rest.find(is_unsafe) {
                self.out.write_all(&rest.as_bytes()[..at])?;
                let mut after = rest[at..].chars();
                if let Some(letter) = after.next() {
                    self.escape(letter)?;
                }
                rest = after.as_str();
            }
            self.out.write_all(rest.as_bytes())?;
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_start_of_letter(invalid) {
                self.cut.extend_from_slice(invalid);
            } else {
                self.escape_bytes(invalid)?;
            }
        }
        Ok(())
    }

    fn escape(&mut self, letter: char) -> io::Result<()> {
        match self.notation {
            Notation::Bytes => self.escape_bytes(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            Notation::Json => {
                letter.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(self.out, "\\u{unit:04x}"))
            }
        }
    }

    fn escape_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.iter().try_for_each(|byte| write!(self.out, "\\x{byte:02x}"))
    }
}

/// True for control characters beyond ASCII. Those of ASCII are line breaks and colours of the report.
fn is_unsafe(letter: char) -> bool {
    matches!(letter, '\u{7f}'..='\u{9f}') || is_hidden(letter)
}

/// True if one to three bytes are the start of a character.
fn is_start_of_letter(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
}

impl Write for Visible<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cut.is_empty() {
            if bytes.is_ascii() && !bytes.contains(&0x7f) {
                self.out.write_all(bytes)?;
            } else {
                self.pass(bytes)?;
            }
        } else {
            let whole = [std::mem::take(&mut self.cut).as_slice(), bytes].concat();
            self.pass(&whole)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let cut = std::mem::take(&mut self.cut);
        self.escape_bytes(&cut)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\u{202e}b\u{2066}c\u{200b}d\u{9b}e\u{7f}f\u{e0041}g é日 \u{1b}[1m\n";

    fn visible(notation: Notation, pieces: usize) -> String {
        let mut out = Vec::new();
        let mut visible = Visible::new(&mut out, notation);
        TEXT.as_bytes().chunks(pieces).for_each(|piece| visible.write_all(piece).unwrap());
        visible.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hidden_characters_are_escaped_across_writes() {
        let bytes =
            "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xe2\\x80\\x8bd\\xc2\\x9be\\x7ff\\xf3\\xa0\\x81\\x81g é日 \u{1b}[1m\n";
        let json = "a\\u202eb\\u2066c\\u200bd\\u009be\\u007ff\\udb40\\udc41g é日 \u{1b}[1m\n";
        for pieces in 1..TEXT.len() {
            assert_eq!(visible(Notation::Bytes, pieces), bytes);
            assert_eq!(visible(Notation::Json, pieces), json);
        }
    }

    #[test]
    fn invalid_utf8_is_escaped() {
        let mut out = Vec::new();
        let mut visible = Visible::new(&mut out, Notation::Bytes);
        visible.write_all(b"\x9b31m \xe2\x80").unwrap();
        visible.flush().unwrap();
        assert_eq!(out, b"\\x9b31m \\xe2\\x80");
    }
}
