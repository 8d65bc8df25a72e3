//! Keeps names of images and folders from being commands of a CI service. Its runner reads commands from the output of a job, and they
//! hide text, set variables and change the search path of later steps:
//!
//! ```text
//! ::add-mask::x      GitHub, at the start of a line and after blanks
//! ##[add-mask]x      GitHub, anywhere in a line
//! ##vso[task...]     Azure Pipelines, anywhere in a line
//! ##teamcity[...]    TeamCity
//! ```
//!
//! The last character of the start of a command is escaped. This concerns all output outside the screen, since dive may run in a container
//! that does not have the variables of the service.

use std::io::{self, Write};

use super::visible::Notation;

/// A writer that escapes commands of CI services. Give it large pieces.
pub(super) struct WithoutCommands<W> {
    out: W,
    notation: Notation,
    before: Before,
}

/// What precedes a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing in the line but blanks.
    LineStart,
    /// The same, and a colon.
    Colon,
    /// One `#`.
    Hash,
    /// Two or more `#`.
    Hashes,
    /// Other text.
    Text,
}

impl Before {
    const fn then(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Hash | Self::Hashes, b'#') => Self::Hashes,
            (_, b'#') => Self::Hash,
            (Self::LineStart, b':') => Self::Colon,
            // GitHub's runner also skips the blanks of Unicode.
            (_, b'\n' | b'\r') | (Self::LineStart, b' ' | b'\t' | 0x0b | 0x0c | 0x80..) => Self::LineStart,
            _ => Self::Text,
        }
    }

    /// True if a command may begin with what precedes `byte`, and `byte`.
    const fn makes_command(self, byte: u8) -> bool {
        matches!((self, byte), (Self::Colon, b':') | (Self::Hashes, b'[' | b'v' | b't'))
    }
}

/// False for most output: `bytes` contain no start of a command. The compiler vectorizes this loop, and none over `windows`.
fn may_have_command(bytes: &[u8]) -> bool {
    let next = bytes.get(1..).unwrap_or_default();
    bytes.iter().zip(next).fold(false, |found, pair| found | matches!(pair, (b'#', b'#') | (b':', b':')))
}

impl<W: Write> WithoutCommands<W> {
    pub(super) const fn new(out: W, notation: Notation) -> Self {
        Self { out, notation, before: Before::LineStart }
    }
}

impl<W: Write> Write for WithoutCommands<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_apart = matches!(self.before, Before::LineStart | Before::Text);
        if is_apart && !may_have_command(bytes) {
            let last_line = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
            self.before = bytes[last_line..].iter().fold(self.before, |before, byte| before.then(*byte));
            self.out.write_all(bytes)?;
            return Ok(bytes.len());
        }
        let mut written = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if !self.before.makes_command(byte) {
                self.before = self.before.then(byte);
                continue;
            }
            self.before = Before::Text;
            self.out.write_all(&bytes[written..at])?;
            match self.notation {
                Notation::Bytes => write!(self.out, "\\x{byte:02x}")?,
                Notation::Json => write!(self.out, "\\u{byte:04x}")?,
            }
            written = at + 1;
        }
        self.out.write_all(&bytes[written..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, notation: Notation, pieces: usize) -> String {
        let mut out = WithoutCommands::new(Vec::new(), notation);
        text.as_bytes().chunks(pieces).for_each(|piece| out.write_all(piece).unwrap());
        String::from_utf8(out.out).unwrap()
    }

    #[test]
    fn commands_are_escaped_across_writes() {
        for (text, escaped) in [
            ("::add-mask::x", ":\\x3aadd-mask::x"),
            ("a\n \t\u{a0}\u{3000}::group::x\n", "a\n \t\u{a0}\u{3000}:\\x3agroup::x\n"),
            ("a\r::group::", "a\r:\\x3agroup::"),
            (":::group::", ":\\x3a:group::"),
            ("a ##[error]x ##[group]", "a ##\\x5berror]x ##\\x5bgroup]"),
            ("###[x]", "###\\x5bx]"),
            ("a: ##vso[task.complete]", "a: ##\\x76so[task.complete]"),
            ("##teamcity[x]", "##\\x74eamcity[x]"),
            // Other text stays.
            ("a::b ## [x] #[y] # v\n: ::\n#:: ##\n[z]\n", "a::b ## [x] #[y] # v\n: ::\n#:: ##\n[z]\n"),
        ] {
            for pieces in 1..=text.len() {
                assert_eq!(written(text, Notation::Bytes, pieces), escaped, "{pieces}");
            }
        }
        assert_eq!(written("\"##[x]\"", Notation::Json, 3), "\"##\\u005bx]\"");
    }
}
