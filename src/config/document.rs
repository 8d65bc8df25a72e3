//! Parses YAML files into a tree of text, and finds the line of any key.
//!
//! Scalars stay text, so files and environment variables use the same parsers, and `"0.9"` equals `0.9`. Merge keys are resolved.
//! File size, nesting depth and the size after alias expansion are limited.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor};

use super::key_lines::KeyLines;
use super::merge::merged;
use super::origin::Origin;
use super::problem::ConfigError;
use super::yaml::Yaml;

/// Limit of a file, in bytes.
const LARGEST_FILE: u64 = 64 << 10;

/// Limit of the nesting of `[` and `{`, equal to that of `serde_yaml`.
const DEEPEST: usize = 128;

/// Limit of a file after alias expansion: the bytes of its scalars, plus one for each node.
const LARGEST_TREE: usize = 1 << 20;

/// What a tag such as `!reset` before a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    /// An error.
    Refused,
    /// The value is read as a mapping with one entry, from the tag with its `!` to the value.
    Kept,
}

/// A parsed file.
pub(crate) struct Document {
    path: PathBuf,
    text: String,
    /// Found when the first is asked for.
    lines: OnceLock<KeyLines>,
    /// The root node.
    pub(crate) root: Yaml,
}

impl Document {
    /// Reads a configuration. Messages name it as `shown`.
    pub(super) fn read(path: &Path, shown: &Path) -> Result<Self, ConfigError> {
        Self::parse(shown.to_owned(), read_text(path, shown, TextFile::Configuration)?)
    }

    /// Parses `text`, the content of the configuration `path`.
    pub(super) fn parse(path: PathBuf, text: String) -> Result<Self, ConfigError> {
        Self::parse_with(path, text, Tags::Refused)
    }

    /// Parses `text`, the content of the file `path`.
    pub(crate) fn parse_with(path: PathBuf, text: String, tags: Tags) -> Result<Self, ConfigError> {
        if let Some(line) = first_line_too_deep(&text) {
            let message = format!("brackets are nested more than {DEEPEST} levels deep (dive's limit)");
            return Err(ConfigError::Syntax { origin: Origin::File { path, line: Some(line) }, message });
        }
        let budget = Cell::new(LARGEST_TREE);
        match (YamlReader { room: &budget, tags }).deserialize(serde_yaml::Deserializer::from_str(&text)) {
            Ok(root) => Self { path, text, lines: OnceLock::new(), root: Yaml::Empty }.with(root),
            Err(error) => {
                let line = error.location().map(|place| place.line());
                let message = if line.is_some_and(|line| is_indented_by_tab(&text, line)) {
                    "a tab indents this line, which YAML does not allow; use spaces".to_owned()
                } else {
                    without_location(&error)
                };
                Err(ConfigError::Syntax { origin: Origin::File { path, line }, message })
            }
        }
    }

    /// Sets the root, with resolved merge keys.
    fn with(self, root: Yaml) -> Result<Self, ConfigError> {
        match merged(root) {
            Ok(root) => Ok(Self { root, ..self }),
            Err(keys) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let message = "`<<` merges mappings; write an alias of one, such as `<<: *base`".to_owned();
                Err(ConfigError::Syntax { origin: self.origin_of(&keys), message })
            }
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file and line of the key at path `keys`, outermost first, spelled as in the file. The key of an item in a list is
    /// its number, from 0.
    pub(crate) fn origin_of(&self, keys: &[&str]) -> Origin {
        let line = self.lines.get_or_init(|| KeyLines::of(&self.text)).line(keys);
        Origin::File { path: self.path.clone(), line }
    }

    /// True if the value of the key at `keys` only defines an anchor that the file uses: `base: &base { ... }`.
    pub(super) fn is_alias_target(&self, keys: &[&str]) -> bool {
        let Origin::File { line: Some(line), .. } = self.origin_of(keys) else { return false };
        let line = self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let Some((_, anchor)) = line.split_once(": &") else { return false };
        let ends = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '[' | ']' | '{' | '}');
        let name = anchor.split(ends).next().unwrap_or_default();
        let alias = format!("*{name}");
        let mut rest = self.text.match_indices(&alias).map(|(at, _)| &self.text[at + alias.len()..]);
        !name.is_empty() && rest.any(|rest| rest.is_empty() || rest.starts_with(ends))
    }
}

/// What a text file is read as, which limits its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFile {
    /// `.dive.yaml` or `.dive-ci`.
    Configuration,
    /// A file of a Compose project.
    Compose,
    /// A `.env`.
    Variables,
}

impl TextFile {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "a configuration file",
            Self::Compose => "a Compose file",
            Self::Variables => "a file of variables",
        }
    }

    /// The limit in bytes.
    #[must_use]
    pub const fn limit(self) -> u64 {
        match self {
            Self::Configuration => LARGEST_FILE,
            Self::Compose | Self::Variables => 1 << 20,
        }
    }
}

/// Reads a file. Messages name it as `shown`.
pub(crate) fn read_text(path: &Path, shown: &Path, kind: TextFile) -> Result<String, ConfigError> {
    let limit = kind.limit();
    let unreadable = |cause: io::Error| match cause.kind() {
        io::ErrorKind::IsADirectory => ConfigError::IsDirectory { path: shown.to_owned() },
        _ => ConfigError::Unreadable { path: shown.to_owned(), cause },
    };
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(ConfigError::TooLarge { path: shown.to_owned(), kind });
    }
    String::from_utf8(bytes)
        .map_err(|_| ConfigError::NotText { origin: Origin::File { path: shown.to_owned(), line: None } })
}

/// The first line that exceeds the nesting limit.
///
/// The scanner of `serde_yaml` takes quadratic time in the depth before it checks the limit: a megabyte of `{a: ` takes
/// minutes. Brackets in quotes and comments count too, but do not nest that deep.
fn first_line_too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut line) = (0_usize, 1);
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Some(line);
        }
    }
    None
}

/// True if there is a tab before the text of line `line`, from 1.
fn is_indented_by_tab(text: &str, line: usize) -> bool {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    line.chars().take_while(|letter| letter.is_whitespace()).any(|letter| letter == '\t')
}

/// The error message without its ` at line 3 column 5`, which the origin already has.
fn without_location(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    if message.contains("more than one document") {
        return "holds several YAML documents; keep one".to_owned();
    }
    if message.starts_with("repetition limit exceeded") {
        return "its aliases expand too often (dive's limit); write their values out".to_owned();
    }
    if message.starts_with("recursion limit exceeded") {
        return "it is nested too deeply (dive's limit), or an alias contains itself".to_owned();
    }
    let place = error.location().map(|place| format!(" at line {} column {}", place.line(), place.column()));
    match place.and_then(|place| message.find(&place).map(|at| (at, place.len()))) {
        Some((at, length)) => format!("{}{}", &message[..at], &message[at + length..]),
        None => message,
    }
}

/// Builds a [`Yaml`] within the size limit.
#[derive(Clone, Copy)]
struct YamlReader<'a> {
    room: &'a Cell<usize>,
    tags: Tags,
}

impl YamlReader<'_> {
    fn take<E: serde::de::Error>(self, amount: usize) -> Result<(), E> {
        let left = self.room.get().checked_sub(amount);
        self.room.set(left.ok_or_else(|| {
            E::custom(format_args!("its aliases expand to more than {} MiB (dive's limit)", LARGEST_TREE >> 20))
        })?);
        Ok(())
    }

    fn scalar<E: serde::de::Error>(self, text: impl Into<String>) -> Result<Yaml, E> {
        let text = text.into();
        self.take(text.len())?;
        Ok(Yaml::Scalar(text))
    }
}

impl<'de> DeserializeSeed<'de> for YamlReader<'_> {
    type Value = Yaml;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for YamlReader<'_> {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML without tags")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Yaml, E> {
        self.scalar(value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Yaml, E> {
        self.scalar(value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Yaml, E> {
        self.scalar(value.to_string())
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Yaml, E> {
        self.scalar(value.to_string())
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Yaml, E> {
        self.scalar(value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Yaml, E> {
        self.scalar(value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Yaml, E> {
        self.scalar(value)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Yaml, E> {
        Ok(Yaml::Empty)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Yaml, E> {
        Ok(Yaml::Empty)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Yaml, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            self.take(1)?;
            list.push(item);
        }
        Ok(Yaml::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Yaml, A::Error> {
        let (mut map, mut seen) = (Vec::new(), HashSet::new());
        while let Some(key) = entries.next_key_seed(UniqueKey { seen: &seen })? {
            self.take(1 + key.len())?;
            seen.insert(key.clone());
            map.push((key, entries.next_value_seed(self)?));
        }
        Ok(Yaml::Map(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Yaml, A::Error> {
        if self.tags == Tags::Refused {
            return Err(serde::de::Error::invalid_type(Unexpected::Enum, &self));
        }
        let (tag, value) = tagged.variant::<String>()?;
        self.take(1 + tag.len())?;
        let tag = format!("!{}", tag.trim_start_matches('!'));
        Ok(Yaml::Map(vec![(tag, value.newtype_variant_seed(self)?)]))
    }
}

/// Reads a key and rejects duplicates here, where `serde_yaml` adds the line to the error.
struct UniqueKey<'a> {
    seen: &'a HashSet<String>,
}

impl<'de> DeserializeSeed<'de> for UniqueKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for UniqueKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string as the key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        if self.seen.contains(key) {
            return Err(E::custom(format_args!("the key `{key}` is set twice; keep one of the two")));
        }
        Ok(key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, String> {
        Document::parse("f.yaml".into(), text.to_owned()).map_err(|error| error.to_string())
    }

    fn error_of(text: &str) -> String {
        parse(text).err().expect("is refused")
    }

    #[test]
    fn scalars_are_text_of_any_yaml_type() {
        let root = parse("a: 0.9\nb: \"0.9\"\nc: false\nd: 20000000\ne:\nf: ~\ng: -1\nh: [x, 1]\n").unwrap().root;
        let text = |text: &str| Yaml::Scalar(text.to_owned());
        let Yaml::Map(entries) = root else { panic!("{root:?}") };
        let values: Vec<_> = entries.into_iter().map(|(_, value)| value).collect();
        let list = Yaml::List(vec![text("x"), text("1")]);
        assert_eq!(
            values,
            [text("0.9"), text("0.9"), text("false"), text("20000000"), Yaml::Empty, Yaml::Empty, text("-1"), list]
        );
    }

    #[test]
    fn an_alias_that_contains_itself_is_named() {
        let error = error_of("a: &a [*a]\n");
        assert!(error.starts_with("f.yaml:1: ") && error.contains("an alias contains itself"), "{error}");
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        for text in ["", "\n", "# only a remark\n", "---\n", "\u{feff}"] {
            assert_eq!(parse(text).unwrap().root, Yaml::Empty, "{text:?}");
        }
    }

    #[test]
    fn an_error_names_the_line_of_any_key() {
        let document =
            parse("\u{feff}# head\r\nlog:\r\n  level: x\r\n\r\n  path: y\r\nnext: { log: { path: z } }\n").unwrap();
        let line = |keys: &[&str]| document.origin_of(keys).to_string();
        assert_eq!(line(&["log"]), "f.yaml:2");
        assert_eq!(line(&["log", "path"]), "f.yaml:5");
        assert_eq!(line(&["next", "log", "path"]), "f.yaml:6");
        assert_eq!(line(&["nowhere"]), "f.yaml");
    }

    #[test]
    fn an_error_names_the_line_of_an_item_in_a_list() {
        let document = parse("list:\n  - a: 1\n    b: 2\n  - { a: 3 }\n  - x\n  -\n    a: 4\n").unwrap();
        let line = |keys: &[&str]| document.origin_of(keys).to_string();
        for (keys, expected) in [
            (&["list", "0"][..], "f.yaml:2"),
            (&["list", "0", "b"], "f.yaml:3"),
            (&["list", "1"], "f.yaml:4"),
            (&["list", "1", "a"], "f.yaml:4"),
            (&["list", "2"], "f.yaml:5"),
            (&["list", "3", "a"], "f.yaml:7"),
            (&["list", "4"], "f.yaml"),
        ] {
            assert_eq!(line(keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn a_repeated_key_is_refused_with_its_second_line() {
        assert_eq!(
            error_of("a:\n  b: 1\n  c: 2\n  b: 3\n"),
            "f.yaml:4: a: the key `b` is set twice; keep one of the two"
        );
    }

    #[test]
    fn unsupported_yaml_is_refused_with_its_line() {
        let tab = "a tab indents this line, which YAML does not allow; use spaces";
        for (text, start) in [
            ("a: 1\nb: [1,\n", "f.yaml:3: "),
            ("a: 1\n\tb: 2\n", &format!("f.yaml:2: {tab}")),
            ("a:\n\tb: 2\n", &format!("f.yaml:2: {tab}")),
            ("a:\n  b: 2\n  \t- c\n", &format!("f.yaml:3: {tab}")),
            ("a: !tag b\n", "f.yaml:1: a: invalid type"),
            ("? [a]\n: b\n", "f.yaml:1: invalid type"),
            ("a: *nobody\n", "f.yaml:1: "),
            ("a: 1\n---\nb: 2\n", "f.yaml: "),
        ] {
            let message = error_of(text);
            assert!(message.starts_with(start), "{text:?}: {message}");
        }
    }

    #[test]
    fn aliases_cannot_expand_without_limit() {
        let level = |n: usize| match n {
            0 => format!("a0: &a0 [{}]\n", ["lol"; 10].join(",")),
            n => format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(",")),
        };
        let laughs = (0..12).map(level).collect::<Vec<_>>().concat();
        // Quadratic expansion: one long text, many times.
        let echoes = format!("a: &a {}\nb: [{}]\n", "x".repeat(32_000), vec!["*a"; 10_000].join(","));
        let most = usize::try_from(LARGEST_FILE).unwrap();
        for text in [laughs, echoes, "a: &a [*a]\n".to_owned(), "[".repeat(most), "{a: ".repeat(most / 4)] {
            assert!(text.len() <= most);
            // Must be refused by the count, before the expansion; otherwise this test takes minutes.
            error_of(&text);
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read_whole() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 40).unwrap();
        let error = Document::read(file.path(), Path::new("big.yaml")).err().unwrap();
        assert!(matches!(error, ConfigError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"a: \xff\n").unwrap();
        let error = Document::read(file.path(), Path::new("latin.yaml")).err().unwrap();
        assert_eq!(error.to_string(), "latin.yaml is not UTF-8 text; save it as UTF-8");
    }
}
