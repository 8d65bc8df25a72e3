//! The lines of all keys of a YAML file, found in one pass.
//!
//! The parser tells a line only in an error. So a key is read by a visitor that keeps it and fails: the error has the line, and the next
//! read continues behind the key, because it has been read. The same goes for a scalar in a list.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::merge::MERGE_KEY;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

/// Limit of the keys and items whose lines are looked for. Only aliases can make a file exceed it.
const MOST_LINES: usize = 1 << 16;

/// The lines of the keys and items of a file, from 1.
#[derive(Debug)]
pub(super) struct KeyLines {
    /// The first line with a value.
    first: Option<usize>,
    root: ValueLines,
}

/// The lines of the keys and items in a value.
#[derive(Debug)]
enum ValueLines {
    Scalar,
    List(Vec<(Option<usize>, ValueLines)>),
    Map(Vec<(String, Option<usize>, ValueLines)>),
}

impl KeyLines {
    /// Finds the lines in `text`, which has been parsed without an error.
    pub(super) fn of(text: &str) -> Self {
        let (room, kept) = (Cell::new(MOST_LINES), RefCell::default());
        let reader = ValueReader { room: &room, kept: &kept, is_item: true };
        match reader.kept(reader.deserialize(serde_yaml::Deserializer::from_str(text))) {
            Ok(Ok(root)) => Self { first: root.first(), root },
            Ok(Err((_, line))) => Self { first: line, root: ValueLines::Scalar },
            Err(_) => Self { first: None, root: ValueLines::Scalar },
        }
    }

    /// The line of the key at path `keys`, from 1. The key of an item in a list is its number. An empty item has the line of the key of
    /// its list, and a tag that of its key. `None` if there is no such key.
    pub(super) fn line(&self, keys: &[&str]) -> Option<usize> {
        let (mut lines, mut line) = (&self.root, self.first.filter(|_| keys.is_empty()));
        for key in keys {
            let (own, below) = match lines {
                ValueLines::Scalar => return None,
                ValueLines::List(items) => items.get(key.parse::<usize>().ok()?).map(|(line, below)| (line, below))?,
                ValueLines::Map(entries) => entry(entries, key)?,
            };
            (lines, line) = (below, own.or(line));
        }
        line
    }
}

/// The entry of a mapping, which may be merged into it, and its line.
fn entry<'a>(
    entries: &'a [(String, Option<usize>, ValueLines)],
    key: &str,
) -> Option<(&'a Option<usize>, &'a ValueLines)> {
    let named = |name: &str| entries.iter().find(|(each, ..)| each == name).map(|(_, line, below)| (line, below));
    named(key).or_else(|| match named(MERGE_KEY)?.1 {
        ValueLines::Scalar => None,
        ValueLines::Map(merged) => entry(merged, key),
        ValueLines::List(items) => items.iter().find_map(|(_, item)| match item {
            ValueLines::Map(merged) => entry(merged, key),
            ValueLines::Scalar | ValueLines::List(_) => None,
        }),
    })
}

impl ValueLines {
    /// The line of the first key or item.
    fn first(&self) -> Option<usize> {
        match self {
            Self::Scalar => None,
            Self::List(items) => items.first().and_then(|(line, _)| *line),
            Self::Map(entries) => entries.first().and_then(|(_, line, _)| *line),
        }
    }
}

/// Reads a value. A scalar in a list is kept and fails.
#[derive(Clone, Copy)]
struct ValueReader<'a> {
    room: &'a Cell<usize>,
    kept: &'a RefCell<Option<String>>,
    is_item: bool,
}

impl ValueReader<'_> {
    fn scalar<E: Error>(self) -> Result<ValueLines, E> {
        if !self.is_item {
            return Ok(ValueLines::Scalar);
        }
        self.kept.replace(Some(String::new()));
        Err(E::custom("a scalar"))
    }

    /// What a read kept, with its line, if that is why it failed.
    fn kept<T, E: Error>(self, read: Result<T, E>) -> Result<Result<T, (String, Option<usize>)>, E> {
        let error = match read {
            Ok(value) => return Ok(Ok(value)),
            Err(error) => error,
        };
        let Some(key) = self.kept.take() else { return Err(error) };
        let Some(left) = self.room.get().checked_sub(1) else { return Err(error) };
        self.room.set(left);
        Ok(Err((key, line_of(&error))))
    }
}

/// The line in an error, which ends in `at line 3 column 5`. Nothing is added at the first character of a file.
fn line_of(error: &impl Error) -> Option<usize> {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((_, place)) => place.split(' ').next()?.parse().ok(),
        None => Some(1),
    }
}

impl<'de> DeserializeSeed<'de> for ValueReader<'_> {
    type Value = ValueLines;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ValueLines, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueReader<'_> {
    type Value = ValueLines;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_unit<E: Error>(self) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_none<E: Error>(self) -> Result<ValueLines, E> {
        self.scalar()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ValueLines, A::Error> {
        let mut list = Vec::new();
        loop {
            match self.kept(items.next_element_seed(Self { is_item: true, ..self }))? {
                Ok(Some(item)) => list.push((item.first(), item)),
                Ok(None) => return Ok(ValueLines::List(list)),
                Err((_, line)) => list.push((line, ValueLines::Scalar)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ValueLines, A::Error> {
        let mut map = Vec::new();
        loop {
            match self.kept(entries.next_key_seed(KeyReader { kept: self.kept }))? {
                Err((key, line)) => map.push((key, line, entries.next_value_seed(Self { is_item: false, ..self })?)),
                Ok(_) => return Ok(ValueLines::Map(map)),
            }
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<ValueLines, A::Error> {
        let (tag, value) = tagged.variant::<String>()?;
        let lines = value.newtype_variant_seed(Self { is_item: false, ..self })?;
        Ok(ValueLines::Map(vec![(format!("!{}", tag.trim_start_matches('!')), lines.first(), lines)]))
    }
}

/// Keeps a key and fails.
struct KeyReader<'a> {
    kept: &'a RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for KeyReader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyReader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.kept.replace(Some(key.to_owned()));
        Err(E::custom("a key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_any_nesting_has_its_line() {
        let text =
            "a: {b: [1, {c: 2},\n  [3]]}\nd: !tag\n    e: 4\nf: !reset\n  - &x\n    g: 5\nh: *x\ni:\n  - *x\n  - {}\n";
        let lines = KeyLines::of(text);
        for (keys, line) in [
            (&["a"][..], 1),
            (&["a", "b", "0"], 1),
            (&["a", "b", "1", "c"], 1),
            (&["a", "b", "2"], 2),
            (&["a", "b", "2", "0"], 2),
            (&["d"], 3),
            (&["d", "!tag"], 4),
            (&["d", "!tag", "e"], 4),
            (&["f", "!reset", "0", "g"], 7),
            (&["h"], 8),
            (&["h", "g"], 7),
            (&["i", "0"], 7),
            (&["i", "1"], 9),
        ] {
            assert_eq!(lines.line(keys), Some(line), "{keys:?}");
        }
        for missing in [&["x"][..], &["a", "b", "9"], &["a", "b", "x"], &["a", "b", "0", "0"]] {
            assert_eq!(lines.line(missing), None, "{missing:?}");
        }
    }

    #[test]
    fn aliases_cannot_make_the_search_for_lines_long() {
        let long = "k".repeat(20_000);
        let text = format!("a: &a [{}]\n{long}: [{}]\n", vec!["x"; 5_000].join(","), vec!["*a"; 5_000].join(","));
        // The lines are given up; 25 million scalars under a long key would take minutes.
        assert_eq!(KeyLines::of(&text).line(&["a"]), None);
    }
}
