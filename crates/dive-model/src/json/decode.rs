//! Decodes values in place, like Go.
//!
//! A missing key leaves its field unchanged. `null` clears lists, maps and options, and leaves other fields unchanged.
//! A repeated list is decoded into the elements of the first one.

use std::collections::BTreeMap;

use super::error::{JsonError, JsonProblem};
use super::key::JsonKey;
use super::reader::{JsonReader, JsonType};

/// Maximum number of entries of a list or map. Each entry needs many times its three bytes of JSON.
pub const LIST_LIMIT: usize = 10_000;

/// A value that can be decoded from JSON.
pub trait Decode {
    /// Decodes the next value of `json`.
    ///
    /// # Errors
    /// The value is invalid or of another type.
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError>;
}

/// A struct that can be decoded from an object.
pub trait Object {
    /// The field for `key`; `None` to skip it.
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode>;
}

impl<T: Object> Decode for T {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            return Ok(());
        }
        json.object(&mut |key, json| match self.field(key) {
            Some(field) => field.decode(json),
            None => json.skip(),
        })
    }
}

impl Decode for String {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if !json.null()? {
            *self = json.text()?.into_owned();
        }
        Ok(())
    }
}

impl Decode for bool {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if !json.null()? {
            *self = json.bool()?;
        }
        Ok(())
    }
}

/// Like a pointer in Go.
impl<T: Decode + Default> Decode for Option<T> {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            *self = None;
            return Ok(());
        }
        self.get_or_insert_default().decode(json)
    }
}

/// A list of at most [`LIST_LIMIT`] elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Decode + Default> Decode for List<T> {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            self.0.clear();
            return Ok(());
        }
        let mut count = 0;
        json.list(&mut |json| {
            if count == LIST_LIMIT {
                return Err(json.error(JsonProblem::TooLong { limit: LIST_LIMIT }));
            }
            if count == self.0.len() {
                self.0.push(T::default());
            }
            count += 1;
            self.0[count - 1].decode(json)
        })?;
        self.0.truncate(count);
        Ok(())
    }
}

/// An object whose keys are data, with at most [`LIST_LIMIT`] entries. Keys are not folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map<T>(pub BTreeMap<String, T>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Decode + Default> Decode for Map<T> {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            self.0.clear();
            return Ok(());
        }
        json.object(&mut |key, json| {
            if self.0.len() == LIST_LIMIT && !self.0.contains_key(key.as_str()) {
                return Err(json.error(JsonProblem::TooLong { limit: LIST_LIMIT }));
            }
            // A repeated entry is replaced, unlike a repeated field.
            let mut value = T::default();
            value.decode(json)?;
            self.0.insert(key.as_str().to_owned(), value);
            Ok(())
        })
    }
}

/// Text for display. Also accepts a number, as written, which Go refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonText(pub Option<String>);

impl JsonText {
    /// The text, unless it is empty.
    #[must_use]
    pub fn as_deref(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

impl Decode for JsonText {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        match json.next_type()? {
            JsonType::Null => return json.skip(),
            JsonType::Number => self.0 = Some(json.number()?.to_owned()),
            _ => self.0 = Some(json.text()?.into_owned()),
        }
        Ok(())
    }
}

/// A size in bytes. `None` for other numbers, which Go refuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size(pub Option<u64>);

impl Decode for Size {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if !json.null()? {
            self.0 = json.number()?.parse().ok();
        }
        Ok(())
    }
}

/// A value of any type, for fields whose presence matters.
impl Decode for () {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        json.skip()
    }
}
