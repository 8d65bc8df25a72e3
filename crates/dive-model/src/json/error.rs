//! Why bytes are not the JSON document that was expected, with the line and column.

use super::reader::Shape;

/// A document that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at line {line} column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub problem: Problem,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes end inside a value.
    #[error("the document ends too early")]
    End,
    /// A byte that cannot stand there.
    #[error("unexpected {}", shown(*found))]
    Unexpected {
        /// The byte.
        found: u8,
    },
    /// A control character, a wrong escape.
    #[error("invalid {what} in a string")]
    InString {
        /// What is wrong in it.
        what: &'static str,
    },
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The type that belongs there.
        expected: &'static str,
        /// What stands there.
        found: Shape,
    },
    /// Lists and objects inside one another.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A list or an object with too many entries.
    #[error("a list of more than {limit} entries")]
    TooLong {
        /// The limit.
        limit: usize,
    },
}

impl Problem {
    /// The error for this problem at byte `at` of `bytes`.
    pub(super) fn at(self, bytes: &[u8], at: usize) -> JsonError {
        let before = &bytes[..at.min(bytes.len())];
        let mut lines = before.rsplit(|byte| *byte == b'\n');
        let column = lines.next().map_or(0, <[u8]>::len) + 1;
        JsonError { problem: self, line: lines.count() + 1, column }
    }
}

fn shown(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("{:?}", char::from(byte)) } else { format!("byte 0x{byte:02x}") }
}
