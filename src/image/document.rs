//! JSON documents out of images, as real archives have them: with a byte order mark, with `null` for an empty list,
//! with bytes that are not UTF-8, with fields nobody knows. What engines load is loaded; what is odd is remarked.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, SeqAccess, Visitor};

use super::error::ImageError;
use crate::remark::Remark;
use crate::source::{Blob, Source};

/// The longest document that is read, in bytes. Registries refuse manifests over 4 MiB; configurations with long
/// labels are larger, none by much. In memory a document may take ten times its size.
const DOCUMENT_LIMIT: u64 = 8 << 20;

/// The longest list in a document. Every entry costs many times its three bytes of JSON.
const LIST_LIMIT: usize = 10_000;

/// Reads `blob` as a document of type `T`.
pub(super) fn read<T: DeserializeOwned>(
    source: &Source,
    blob: &Blob,
    remarks: &mut Vec<Remark>,
) -> Result<T, ImageError> {
    let bytes = blob.read_document(DOCUMENT_LIMIT).map_err(|cause| ImageError::Unreadable {
        archive: source.name().to_owned(),
        document: blob.name().to_owned(),
        cause,
    })?;
    let mut remark = |text: &str| {
        remarks.push(Remark::new(format!("{}: {}", source.name(), blob.name()), text));
    };
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => {
            remark("starts with a byte order mark, which Docker refuses; it was passed over");
            rest
        }
        None => &bytes,
    };
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        remark("holds bytes that are not UTF-8, which Docker refuses; they show as \u{fffd}");
    }
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let document = T::deserialize(&mut deserializer).map_err(|cause| ImageError::Document {
        archive: source.name().to_owned(),
        document: blob.name().to_owned(),
        cause,
    })?;
    if deserializer.end().is_err() {
        remark("goes on after the end of the document; the rest was passed over, as Docker does");
    }
    Ok(document)
}

/// A list that may be written `null`, of [`LIST_LIMIT`] entries at most.
#[derive(Debug, Clone)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = entries.next_element()? {
                    if list.len() == LIST_LIMIT {
                        return Err(serde::de::Error::custom(format_args!("a list of more than {LIST_LIMIT} entries")));
                    }
                    list.push(entry);
                }
                Ok(List(list))
            }
        }

        deserializer.deserialize_any(Entries(PhantomData))
    }
}

/// A text that is only shown: it may be absent, `null`, or a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Text(pub(super) Option<String>);

impl Text {
    pub(super) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shown;

        impl Visitor<'_> for Shown {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text(None))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Some(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }
        }

        deserializer.deserialize_any(Shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_be_null_and_has_a_limit() {
        assert!(serde_json::from_str::<List<u8>>("null").unwrap().0.is_empty());
        assert_eq!(serde_json::from_str::<List<u8>>("[1,2]").unwrap().0, [1, 2]);
        assert!(serde_json::from_str::<List<u8>>("\"l0/layer.tar\"").is_err());
        let long = format!("[{}0]", "0,".repeat(LIST_LIMIT));
        assert!(serde_json::from_str::<List<u8>>(&long).unwrap_err().to_string().contains("10000"));
    }

    #[test]
    fn a_text_is_shown_whatever_it_is_written_as() {
        for (json, shown) in [("\"x\"", Some("x")), ("2.5", Some("2.5")), ("-1", Some("-1")), ("null", None)] {
            assert_eq!(serde_json::from_str::<Text>(json).unwrap().as_deref(), shown);
        }
        assert!(serde_json::from_str::<Text>("{}").is_err());
    }
}
