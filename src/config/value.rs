//! The types of values. Each [`Value`] parses a YAML node or a variable, explains errors, and prints itself as YAML.
//! [`Field`] erases the type, so that all keys fit in one table.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::str::FromStr;

use super::origin::{Fault, Origin, Setting, ValuePlace};
use super::spelling::bare;
use super::yaml::Yaml;
use dive_model::escape::is_hidden;
use dive_model::units::{Bytes, BytesError, Ratio};
use dive_sources::{ContainerEngine, PullPolicy};

/// The level of the log, which includes the levels before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Failures.
    Error,
    /// Possible problems.
    Warn,
    /// Steps of the work.
    Info,
    /// Details of each step.
    Debug,
    /// Everything.
    Trace,
}

/// A type of change that the file tree can hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffType {
    /// Files the layer added.
    Added,
    /// Files the layer removed.
    Removed,
    /// Files the layer changed.
    Modified,
    /// Files the layer did not change.
    Unmodified,
}

/// The colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThemeName {
    /// `dark` or `light` by the terminal's background, `mono` if colours are disabled.
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// The terminal's own sixteen colours.
    Ansi,
    /// No colours.
    Mono,
}

/// A setting of any type.
pub(super) trait Field {
    /// Sets the valid part of `node`, and returns a fault for each other part.
    fn set(&mut self, node: &Yaml, place: &ValuePlace<'_>) -> Vec<Fault>;
    /// The value, as YAML on one line.
    fn yaml(&self) -> String;
    /// The origin of the value.
    fn origin(&self) -> &Origin;
}

impl<T: Value> Field for Setting<T> {
    fn set(&mut self, node: &Yaml, place: &ValuePlace<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(value) = T::read(node, &mut faults) {
            *self = Self { value, origin: place.origin.clone() };
        }
        faults.into_iter().map(|reason| place.fault(&[], reason)).collect()
    }

    fn yaml(&self) -> String {
        self.value.yaml()
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// A type of values.
pub(super) trait Value: Sized {
    /// Parses `node`, and adds an error message to `faults` for each invalid part. `None` if no part is valid: the previous value
    /// stays.
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self>;
    /// The value as YAML on one line, which [`Value::read`] accepts.
    fn yaml(&self) -> String;
}

/// Parses a scalar with `parse`, which gets its text and returns the reason of an error.
pub(super) fn scalar<T>(
    node: &Yaml,
    faults: &mut Vec<String>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let fault = match node {
        Yaml::Empty => return None,
        Yaml::Scalar(text) => match parse(text) {
            Ok(value) => return Some(value),
            Err(fault) => fault,
        },
        Yaml::List(_) => {
            "expected one value, found a list; keep one of its items, without the dash or brackets".to_owned()
        }
        Yaml::Map(_) => "expected one value, found a mapping; write a value after the colon".to_owned(),
    };
    faults.push(fault);
    None
}

/// Parses a list, or comma-separated text as in variables. Invalid items are skipped. `None` if all items are invalid: that is
/// not an empty list, and the previous value stays.
pub(super) fn list<T>(
    node: &Yaml,
    faults: &mut Vec<String>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Option<Vec<T>> {
    let items = match node {
        Yaml::List(items) => items.as_slice(),
        Yaml::Empty => return None,
        other => std::slice::from_ref(other),
    };
    let before = faults.len();
    let mut found = Vec::new();
    for item in items {
        let Some(text) = scalar(item, faults, |text| Ok(text.to_owned())) else { continue };
        for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
            match parse(word) {
                Ok(value) => found.push(value),
                Err(fault) => faults.push(fault),
            }
        }
    }
    (!found.is_empty() || faults.len() == before).then_some(found)
}

/// Adds a fault for each key that is set before in any spelling: one of the two would be lost silently.
pub(super) fn keys_once(entries: &[(String, Yaml)], at: &[&str], place: &ValuePlace<'_>, faults: &mut Vec<Fault>) {
    let mut seen = HashSet::new();
    for (key, _) in entries {
        if !seen.insert(bare(key)) {
            let reason = format!("`{}` is set twice; keep one of the two", shortened(key));
            faults.push(place.fault(&[at, &[key.as_str()]].concat(), reason));
        }
    }
}

/// The start of a value, for messages: a file read by mistake must not be quoted in full.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    start_of(text, SHOWN)
}

/// The start of the reason of a rule or an exception, for reports.
#[must_use]
pub fn start_of_reason(text: &str) -> String {
    const SHOWN: usize = 300;
    start_of(text, SHOWN)
}

fn start_of(text: &str, shown: usize) -> String {
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(shown).collect();
    if letters.next().is_none() { start } else { start + "…" }
}

/// Finds `text` among `words`, ignoring case.
pub(super) fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let text = text.trim();
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("`{}` is not a valid value; write one of {}", shortened(text), words.join(", "))
    })
}

/// Refuses a path with a NUL character, for which the system has no name and only the number of an error.
pub(crate) fn without_nul(path: &str) -> Result<&str, String> {
    if path.contains('\0') {
        return Err("the path contains a NUL character, which no file name can have; remove it".to_owned());
    }
    Ok(path)
}

/// The spellings of booleans in shells and YAML.
pub(super) const BOOLEANS: [(&str, bool); 8] = [
    ("true", true),
    ("false", false),
    ("yes", true),
    ("no", false),
    ("on", true),
    ("off", false),
    ("1", true),
    ("0", false),
];

impl Value for bool {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| {
            one_of(text, &BOOLEANS).map_err(|_| format!("`{}` is not a boolean; write true or false", shortened(text)))
        })
    }

    fn yaml(&self) -> String {
        self.to_string()
    }
}

impl Value for Ratio {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| text.parse().map_err(|error: <Self as FromStr>::Err| error.to_string()))
    }

    fn yaml(&self) -> String {
        self.to_string()
    }
}

impl Value for PathBuf {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| match text {
            "" => Err("the path is empty; write one, such as ./dive.log".to_owned()),
            path => without_nul(path).map(Self::from),
        })
    }

    fn yaml(&self) -> String {
        quoted(&self.display().to_string())
    }
}

/// An image name, which is checked when the image is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageArgument(pub(super) String);

impl Value for ImageArgument {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| match text.trim() {
            "" => Err("the image name is empty; write one, such as debian:13-slim".to_owned()),
            image => without_nul(image).map(|image| Self(image.to_owned())),
        })
    }

    fn yaml(&self) -> String {
        quoted(&self.0)
    }
}

/// An optional value. As for every key, `null` in a file leaves it unchanged.
impl<T: Value> Value for Option<T> {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        T::read(node, faults).map(Some)
    }

    fn yaml(&self) -> String {
        self.as_ref().map_or_else(|| "null".to_owned(), T::yaml)
    }
}

/// A size, printed exactly: a rounded one would be another limit.
impl Value for Bytes {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| text.parse().map_err(|error: BytesError| error.to_string()))
    }

    fn yaml(&self) -> String {
        format!("{}B", self.0)
    }
}

impl Value for PullPolicy {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| one_of(text, &PULL_POLICIES))
    }

    fn yaml(&self) -> String {
        word_for(self, &PULL_POLICIES)
    }
}

const PULL_POLICIES: [(&str, PullPolicy); 3] =
    [("missing", PullPolicy::Missing), ("always", PullPolicy::Always), ("never", PullPolicy::Never)];

impl Value for ContainerEngine {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| one_of(text, &Self::ALL.map(|engine| (engine.command(), engine))))
    }

    fn yaml(&self) -> String {
        self.command().to_owned()
    }
}

impl ThemeName {
    const WORDS: [(&'static str, Self); 5] = [
        ("auto", Self::Auto),
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("ansi", Self::Ansi),
        ("mono", Self::Mono),
    ];
}

impl Value for ThemeName {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| one_of(text, &Self::WORDS))
    }

    fn yaml(&self) -> String {
        word_for(self, &Self::WORDS)
    }
}

impl LogLevel {
    const WORDS: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

impl Value for LogLevel {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        scalar(node, faults, |text| match text.trim().to_ascii_lowercase().as_str() {
            // dive's logger has two levels above `error`, which map to `error`.
            "panic" | "fatal" => Ok(Self::Error),
            "warning" => Ok(Self::Warn),
            word => one_of(word, &Self::WORDS),
        })
    }

    fn yaml(&self) -> String {
        word_for(self, &Self::WORDS)
    }
}

impl DiffType {
    const WORDS: [(&'static str, Self); 4] = [
        ("added", Self::Added),
        ("removed", Self::Removed),
        ("modified", Self::Modified),
        ("unmodified", Self::Unmodified),
    ];
}

impl Value for Vec<DiffType> {
    fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
        list(node, faults, |word| one_of(word, &DiffType::WORDS))
    }

    fn yaml(&self) -> String {
        let words: Vec<String> = self.iter().map(|each| word_for(each, &DiffType::WORDS)).collect();
        format!("[{}]", words.join(", "))
    }
}

/// The word of `value`. Every value has one.
fn word_for<T: PartialEq>(value: &T, words: &[(&str, T)]) -> String {
    words.iter().find(|(_, each)| each == value).map_or_else(String::new, |(word, _)| (*word).to_owned())
}

/// `text` as a double-quoted YAML scalar on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        // Writing to a String does not fail.
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            c if u32::from(c) > 0xffff && is_hidden(c) => write!(out, "\\U{:08x}", u32::from(c)),
            c if c.is_control() || is_hidden(c) => write!(out, "\\u{:04x}", u32::from(c)),
            c => write!(out, "{c}"),
        };
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Yaml {
        Yaml::Scalar(text.to_owned())
    }

    /// The value, and the error message.
    fn read<T: Value>(node: &Yaml) -> (Option<T>, String) {
        let mut faults = Vec::new();
        let value = T::read(node, &mut faults);
        (value, faults.join("; "))
    }

    fn known<T: Value>(node: &Yaml) -> Option<T> {
        let (value, faults) = read(node);
        assert_eq!(faults, "");
        value
    }

    #[test]
    fn booleans_are_read_in_the_spellings_of_shells_and_yaml() {
        for (given, value) in
            [("true", true), ("Yes", true), ("on", true), ("1", true), ("FALSE", false), ("off", false)]
        {
            assert_eq!(known(&text(given)), Some(value));
        }
        assert_eq!(known::<bool>(&Yaml::Empty), None);
        assert!(read::<bool>(&text("maybe")).1.contains("`maybe`"));
    }

    #[test]
    fn a_key_without_a_value_sets_nothing() {
        assert_eq!(known::<Ratio>(&Yaml::Empty), None);
        assert_eq!(known::<Option<PathBuf>>(&Yaml::Empty), None);
    }

    #[test]
    fn hidden_types_are_a_list_or_comma_separated_text() {
        let both = Some(vec![DiffType::Added, DiffType::Unmodified]);
        assert_eq!(known(&Yaml::List(vec![text("added"), text("unmodified")])), both);
        assert_eq!(known(&text("Added, unmodified")), both);
        assert_eq!(known(&Yaml::List(Vec::new())), Some(Vec::<DiffType>::new()));
        let unknown = "`renamed` is not a valid value; write one of added, removed, modified, unmodified";
        assert_eq!(read(&text("added,renamed")), (Some(vec![DiffType::Added]), unknown.to_owned()));
        assert_eq!(read::<Vec<DiffType>>(&text("renamed")), (None, unknown.to_owned()));
    }

    #[test]
    fn levels_of_dives_logger_are_accepted() {
        for (word, level) in [("panic", LogLevel::Error), ("WARNING", LogLevel::Warn), ("trace", LogLevel::Trace)] {
            assert_eq!(known(&text(word)), Some(level));
        }
    }

    #[test]
    fn a_list_or_mapping_for_a_scalar_is_refused() {
        assert_eq!(
            read::<bool>(&Yaml::List(Vec::new())),
            (None, "expected one value, found a list; keep one of its items, without the dash or brackets".to_owned())
        );
        let keys = "expected one value, found a mapping; write a value after the colon".to_owned();
        assert_eq!(read::<ContainerEngine>(&Yaml::Map(Vec::new())), (None, keys));
        assert_eq!(read::<PathBuf>(&text("")).0, None);
    }

    #[test]
    fn quoted_text_reads_back_unchanged() {
        for original in [
            "",
            "a: b # c",
            "say \"hi\" \\ now",
            "line\nbreak\t\u{7f}\u{85}\u{2028}\u{202e}\u{e0041}\u{1b}[0m",
            "ctrl+/",
            "é漢",
        ] {
            let yaml = quoted(original);
            assert!(!yaml.contains(|c: char| c.is_control() || is_hidden(c)), "{yaml:?}");
            assert_eq!(serde_yaml::from_str::<String>(&yaml).unwrap(), original);
        }
    }
}
