//! A pull parser with the grammar of Go's scanner. Skipping an unknown field needs no memory however large it is, and
//! no stack however deep.

use std::borrow::Cow;
use std::fmt;

use super::error::{JsonError, JsonProblem};
use super::key::JsonKey;
use super::text::unquote;

/// Maximum nesting, as in Go.
const DEPTH_LIMIT: usize = 10_000;

/// The type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// `[...]`
    List,
    /// `{...}`
    Object,
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

/// Reads values in sequence.
#[derive(Debug)]
pub struct JsonReader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Number of open lists and objects.
    depth: usize,
}

impl<'a> JsonReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// The type of the next value.
    ///
    /// # Errors
    /// No value starts here.
    pub fn next_type(&mut self) -> Result<JsonType, JsonError> {
        self.skip_white_space();
        Ok(match self.bytes.get(self.at) {
            Some(b'n') => JsonType::Null,
            Some(b't' | b'f') => JsonType::Bool,
            Some(b'-' | b'0'..=b'9') => JsonType::Number,
            Some(b'"') => JsonType::String,
            Some(b'[') => JsonType::List,
            Some(b'{') => JsonType::Object,
            _ => return Err(self.unexpected()),
        })
    }

    /// Returns an error for a value of the wrong type.
    ///
    /// # Errors
    /// Always.
    pub fn wrong_type<T>(&mut self, expected: &'static str) -> Result<T, JsonError> {
        let found = self.next_type()?;
        Err(self.error(JsonProblem::WrongType { expected, found }))
    }

    /// Reads `null` if it is next; false otherwise.
    ///
    /// # Errors
    /// No value starts here.
    pub fn null(&mut self) -> Result<bool, JsonError> {
        if self.next_type()? != JsonType::Null {
            return Ok(false);
        }
        self.literal(b"null")?;
        Ok(true)
    }

    /// Reads a boolean.
    ///
    /// # Errors
    /// The next value is of another type or invalid.
    pub fn bool(&mut self) -> Result<bool, JsonError> {
        if self.next_type()? != JsonType::Bool {
            return self.wrong_type("a boolean");
        }
        let value = self.bytes[self.at] == b't';
        self.literal(if value { b"true" } else { b"false" })?;
        Ok(value)
    }

    /// Reads a number, as written.
    ///
    /// # Errors
    /// The next value is of another type or invalid.
    pub fn number(&mut self) -> Result<&'a str, JsonError> {
        if self.next_type()? != JsonType::Number {
            return self.wrong_type("a number");
        }
        let start = self.at;
        self.at += usize::from(self.bytes[self.at] == b'-');
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        // Always valid: the number is ASCII.
        Ok(std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default())
    }

    /// Reads a string.
    ///
    /// # Errors
    /// The next value is of another type or invalid.
    pub fn text(&mut self) -> Result<Cow<'a, str>, JsonError> {
        if self.next_type()? != JsonType::String {
            return self.wrong_type("a string");
        }
        Ok(unquote(self.quoted()?))
    }

    /// Reads a list. `take` must read each element.
    ///
    /// # Errors
    /// The next value is of another type or invalid, or the error of `take`.
    pub fn list(&mut self, take: &mut dyn FnMut(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        if self.next_type()? != JsonType::List {
            return self.wrong_type("a list");
        }
        self.open()?;
        let mut ended = self.takes(b']');
        while !ended {
            take(self)?;
            ended = self.comma_or_close(b']')?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads an object. `take` must read the value of each key.
    ///
    /// # Errors
    /// The next value is of another type or invalid, or the error of `take`.
    pub fn object(
        &mut self,
        take: &mut dyn FnMut(&JsonKey<'_>, &mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.next_type()? != JsonType::Object {
            return self.wrong_type("an object");
        }
        self.open()?;
        let mut ended = self.takes(b'}');
        while !ended {
            let key = unquote(self.key()?);
            take(&JsonKey(&key), self)?;
            ended = self.comma_or_close(b'}')?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Skips a valid value.
    ///
    /// # Errors
    /// The value is invalid.
    pub fn skip(&mut self) -> Result<(), JsonError> {
        // Closing characters of the open lists and objects, innermost last. A stack on the heap: recursion could
        // overflow.
        let mut open: Vec<u8> = Vec::new();
        loop {
            let opened = match self.next_type()? {
                JsonType::Null => self.literal(b"null").map(|()| None)?,
                JsonType::Bool => self.bool().map(|_| None)?,
                JsonType::Number => self.number().map(|_| None)?,
                JsonType::String => self.quoted().map(|_| None)?,
                JsonType::List => Some(b']'),
                JsonType::Object => Some(b'}'),
            };
            if let Some(close) = opened {
                self.open()?;
                if !self.takes(close) {
                    open.push(close);
                    self.key_before_value(close)?;
                    continue;
                }
                self.depth -= 1;
            }
            // After a value: close everything that ends here, then continue after a comma.
            loop {
                let Some(close) = open.last().copied() else { return Ok(()) };
                if !self.comma_or_close(close)? {
                    self.key_before_value(close)?;
                    break;
                }
                open.pop();
                self.depth -= 1;
            }
        }
    }

    /// Reads the key before a value, if it is in an object (closed by `}`).
    fn key_before_value(&mut self, close: u8) -> Result<(), JsonError> {
        if close == b'}' { self.key().map(drop) } else { Ok(()) }
    }

    /// True if only white space follows.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.skip_white_space();
        self.at == self.bytes.len()
    }

    /// An error at the current position.
    #[must_use]
    pub fn error(&self, problem: JsonProblem) -> JsonError {
        problem.at(self.bytes, self.at)
    }

    fn skip_white_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> JsonError {
        let problem =
            self.bytes.get(self.at).map_or(JsonProblem::End, |found| JsonProblem::Unexpected { found: *found });
        self.error(problem)
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), JsonError> {
        for letter in literal {
            if self.bytes.get(self.at) != Some(letter) {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected()) } else { Ok(()) }
    }

    /// Reads a string, and returns the bytes between the quotation marks. All escapes are valid.
    fn quoted(&mut self) -> Result<&'a [u8], JsonError> {
        let invalid = |reader: &Self, what| Err(reader.error(JsonProblem::InString { what }));
        self.at += 1;
        let start = self.at;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(self.unexpected()),
                Some(b'"') => break,
                Some(b'\\') => match self.bytes.get(self.at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u') => {
                        let digits = self.bytes.get(self.at + 2..self.at + 6);
                        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                            return invalid(self, "\\u escape");
                        }
                        self.at += 6;
                    }
                    _ => return invalid(self, "escape"),
                },
                Some(..b' ') => return invalid(self, "control character"),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(&self.bytes[start..self.at - 1])
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Result<&'a [u8], JsonError> {
        self.skip_white_space();
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.unexpected());
        }
        let key = self.quoted()?;
        if !self.takes(b':') {
            return Err(self.unexpected());
        }
        Ok(key)
    }

    fn open(&mut self) -> Result<(), JsonError> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.error(JsonProblem::TooDeep { limit: DEPTH_LIMIT }));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn takes(&mut self, wanted: u8) -> bool {
        self.skip_white_space();
        let is_there = self.bytes.get(self.at) == Some(&wanted);
        self.at += usize::from(is_there);
        is_there
    }

    /// Reads what follows an element: a comma, or `close`. True if the list or object ends.
    fn comma_or_close(&mut self, close: u8) -> Result<bool, JsonError> {
        if self.takes(b',') {
            return Ok(false);
        }
        if self.takes(close) { Ok(true) } else { Err(self.unexpected()) }
    }
}
