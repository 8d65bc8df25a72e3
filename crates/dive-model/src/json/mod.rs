//! Decodes JSON like Go's `encoding/json`.
//!
//! Container engines are written in Go, so images depend on what that package accepts: keys in another case (Jib before
//! 2.3, Microsoft's Windows base images), `null` for an empty value, lone surrogates, bytes that are not UTF-8.
//! `serde_json` rejects all four.
//!
//! A document is decoded into an existing value, as in Go: a repeated key overwrites what the first one set and keeps
//! the rest.

mod decode;
mod error;
mod key;
mod reader;
mod text;

pub use decode::{Decode, JsonText, LIST_LIMIT, List, Map, Object, Size};
pub use error::{JsonError, JsonProblem};
pub use key::JsonKey;
pub use reader::{JsonReader, JsonType};

/// A decoded document, with oddities of its bytes.
#[derive(Debug)]
pub struct JsonValue<T> {
    /// The decoded value.
    pub value: T,
    /// The document starts with a byte order mark, which Go's decoder refuses.
    pub byte_order_mark: bool,
    /// Bytes that are not UTF-8 were replaced with U+FFFD.
    pub replaced_bytes: bool,
    /// Something other than white space follows the value. `json.Unmarshal` refuses that, `Decoder.Decode` does not.
    pub trailing_bytes: bool,
}

/// Decodes the first value in `bytes`.
///
/// # Errors
/// The value is not valid JSON, is of another type than `T`, or exceeds a limit.
pub fn read<T: Decode + Default>(bytes: &[u8]) -> Result<JsonValue<T>, JsonError> {
    read_into(bytes, T::default())
}

/// Decodes the first value in `bytes` into `value`.
///
/// # Errors
/// As [`read`].
pub fn read_into<T: Decode>(bytes: &[u8], mut value: T) -> Result<JsonValue<T>, JsonError> {
    let mark = b"\xef\xbb\xbf";
    let content = bytes.strip_prefix(mark).unwrap_or(bytes);
    let mut reader = JsonReader::new(content);
    value.decode(&mut reader)?;
    Ok(JsonValue {
        value,
        byte_order_mark: content.len() < bytes.len(),
        replaced_bytes: std::str::from_utf8(content).is_err(),
        trailing_bytes: !reader.is_at_end(),
    })
}

#[cfg(test)]
mod tests;
