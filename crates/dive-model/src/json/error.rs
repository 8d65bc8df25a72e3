//! Errors of decoding JSON, with line and column.

use super::reader::JsonType;

/// A document that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at line {line} column {column}")]
pub struct JsonError {
    /// Reason.
    pub problem: JsonProblem,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
}

/// Reason of a [`JsonError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// The document ends inside a value.
    #[error("the document ends too early")]
    End,
    /// An unexpected byte.
    #[error("unexpected {}", shown(*found))]
    Unexpected {
        /// The byte.
        found: u8,
    },
    /// A control character or invalid escape in a string.
    #[error("invalid {what} in a string")]
    InString {
        /// Description.
        what: &'static str,
    },
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// Expected type.
        expected: &'static str,
        /// Actual type.
        found: JsonType,
    },
    /// Too many nested lists and objects.
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

impl JsonProblem {
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
