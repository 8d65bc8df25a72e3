//! Errors and warnings about a configuration. Errors end the command with exit code 2; the caller prints warnings. Both start
//! with the place to change: `FILE:LINE:` or a variable's name. A message is complete, its cause included: `source()` is empty.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::document::TextFile;
use super::origin::Origin;
use super::rule::Rule;
use dive_model::units::counted;

/// An unusable configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that a flag or a variable names does not exist.
    #[error("{}: no such file; correct the path in {named_by}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The flag or variable that names it.
        named_by: Origin,
    },
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        cause: io::Error,
    },
    /// A directory is in the place of a file. `docker run -v FILE:FILE` makes one if there is no such file.
    #[error("{} is a directory, not a file; correct the path, or write the file before a container mounts it", path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The file is larger than the limit.
    #[error("{} is larger than {} bytes (the limit for {}); check the path", path.display(), kind.limit(), kind.name())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What it is read as.
        kind: TextFile,
    },
    /// The file or variable is not UTF-8.
    #[error("{origin} is not UTF-8 text; save it as UTF-8")]
    NotText {
        /// The file or variable.
        origin: Origin,
    },
    /// The file is not valid YAML, or uses unsupported features.
    #[error("{origin}: {message}")]
    Syntax {
        /// The file and line.
        origin: Origin,
        /// The reason.
        message: String,
    },
    /// Keys that decide about a gate are wrong.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
}

impl ConfigError {
    /// A file that is not read as it is.
    pub(super) fn unusable(path: &Path, kind: io::ErrorKind, why: &str) -> Self {
        Self::Unreadable { path: path.to_owned(), cause: io::Error::new(kind, why) }
    }

    /// The result for a file that may be a secret: with mistakes, by errors or as `is_faultless` finds them, an error that says `why` and
    /// quotes nothing.
    pub(super) fn unquoted<T>(
        read: Result<T, Self>,
        is_faultless: impl FnOnce(&T) -> bool,
        path: &Path,
        why: &str,
    ) -> Result<T, Self> {
        match read {
            Ok(value) if is_faultless(&value) => Ok(value),
            Err(error @ (Self::Unreadable { .. } | Self::IsDirectory { .. })) => Err(error),
            Ok(_) | Err(_) => Err(Self::unusable(path, io::ErrorKind::InvalidData, why)),
        }
    }
}

/// All mistakes of a configuration, in the order of its files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mistakes {
    /// The first of them.
    pub named: Vec<Mistake>,
    /// The number of the others.
    pub more: usize,
    /// True if the configuration turns on CI mode.
    pub ci: bool,
}

impl Mistakes {
    /// Limit of the named mistakes. Finding the line of each parses the file again.
    const NAMED: usize = 20;

    pub(super) fn add(&mut self, mistake: Mistake) {
        if self.are_full() {
            self.more = self.more.saturating_add(1);
        } else {
            self.named.push(mistake);
        }
    }

    /// True if no other mistake is named.
    pub(super) const fn are_full(&self) -> bool {
        self.named.len() >= Self::NAMED
    }

    pub(super) fn append(&mut self, others: Self) {
        self.more = self.more.saturating_add(others.more);
        others.named.into_iter().for_each(|mistake| self.add(mistake));
    }

    /// The value, unless there are mistakes.
    pub(super) fn or<T>(self, value: T) -> Result<T, ConfigError> {
        if self.named.is_empty() { Ok(value) } else { Err(self.into()) }
    }

    /// The invalid limits.
    pub fn limits(&self) -> impl Iterator<Item = &BadLimit> {
        self.named.iter().filter_map(|mistake| match mistake {
            Mistake::BadLimit(limit) => Some(limit),
            _ => None,
        })
    }

    /// A message for each mistake. If `rules:` is not a mapping, all limits have the same one.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let mut messages: Vec<String> = self.named.iter().map(ToString::to_string).collect();
        messages.dedup();
        if self.more > 0 {
            let more = counted(self.more as u64, "more mistake", "more mistakes");
            messages.push(format!("{more}; correct those above first"));
        }
        messages
    }
}

/// All messages on one line.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages().join("; "))
    }
}

impl std::error::Error for Mistakes {}

/// A mistake in a key that decides about a gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The limit of a rule is invalid.
    #[error(transparent)]
    BadLimit(#[from] BadLimit),
    /// The value is invalid for its key.
    #[error("{origin}: {key}: {reason}")]
    BadValue {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key as written in the file, or the key that the variable sets.
        key: String,
        /// The reason, which quotes the value.
        reason: String,
    },
    /// A key under `rules:` is a misspelling of a rule. Ignored, it would disable the gate.
    #[error("{origin}: rules.{key}: no rule has this name; did you mean {nearest}?")]
    MisspeltRule {
        /// The file and line.
        origin: Origin,
        /// The key as written.
        key: String,
        /// The most similar rule.
        nearest: Rule,
    },
    /// A rule of another version. Ignored, it would pass every image.
    #[error("{origin}: rules.{key}: this version of dive has no rule `{key}`; remove it, or use a version that has it")]
    LaterRule {
        /// The file and line.
        origin: Origin,
        /// The key as written.
        key: String,
    },
    /// A rule is not under `rules:`.
    #[error("{origin}: {key}: a rule has no effect outside `rules:`; write it as `rules:`, and {rule} indented below")]
    StrayRule {
        /// The file and line.
        origin: Origin,
        /// The key as written, with those above it.
        key: String,
        /// The rule.
        rule: Rule,
    },
    /// A key is set in two spellings.
    #[error("{origin}: {key}: `{first}` above sets the same key; keep one of the two")]
    SetTwice {
        /// The file and the line of the second.
        origin: Origin,
        /// The second spelling.
        key: String,
        /// The first spelling.
        first: String,
    },
}

/// An invalid limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {key}: {reason}")]
pub struct BadLimit {
    /// The rule.
    pub rule: Rule,
    /// The key as written in the file, or the key that the variable sets.
    pub key: String,
    /// The file and line, or the variable.
    pub origin: Origin,
    /// The value as written, in backticks and shortened, or the kind of node: `a list`.
    pub value: String,
    /// The reason, which quotes the value.
    pub reason: String,
}

/// A setting without effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The key is unknown.
    #[error("{origin}: unknown key `{key}` has no effect; valid here: {known}")]
    UnknownKey {
        /// The file and line.
        origin: Origin,
        /// The key, with those above it: `log.paht`.
        key: String,
        /// The valid keys in its place, comma-separated.
        known: String,
    },
    /// The key is another program's name for a rule.
    #[error("{origin}: unknown key `{key}` has no effect; {rule} does this")]
    ForeignRule {
        /// The file and line.
        origin: Origin,
        /// The key, with those above it.
        key: String,
        /// The rule.
        rule: Rule,
    },
    /// A key of the configuration in the rules file, or the reverse.
    #[error("{origin}: unknown key `{key}` has no effect here; write it in {file}")]
    OfOtherFile {
        /// The file and line.
        origin: Origin,
        /// The key.
        key: String,
        /// The usual name of the file that has this key.
        file: &'static str,
    },
    /// The key is below `rules:` and belongs beside it.
    #[error("{origin}: {key} has no effect; `{right}` belongs beside `rules:`, not below it")]
    BesideRules {
        /// The file and line.
        origin: Origin,
        /// The key, with those above it.
        key: String,
        /// The key as documents write it.
        right: &'static str,
    },
    /// The key is a misspelling of another.
    #[error("{origin}: unknown key `{key}` has no effect; did you mean {right}?")]
    MisspeltKey {
        /// The file and line.
        origin: Origin,
        /// The key.
        key: String,
        /// The right spelling.
        right: &'static str,
    },
    /// More unknown keys than are named one by one.
    #[error("{}: {count} more unknown keys have no effect; check that this is the right file", path.display())]
    MoreUnknownKeys {
        /// The file.
        path: PathBuf,
        /// The number of keys that are not named.
        count: usize,
    },
    /// The value is invalid for its key, in whole or in part.
    #[error("{origin}: {key}: {reason}; dive uses {holds}")]
    BadValue {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key as written in the file, or the key that the variable sets.
        key: String,
        /// The reason, which quotes the value.
        reason: String,
        /// The effective value, as YAML.
        holds: String,
    },
    /// A section is text or a list.
    #[error("{origin}: {key}: {reason}; it has no effect")]
    NoSection {
        /// The file and line.
        origin: Origin,
        /// The section.
        key: String,
        /// The kind of value.
        reason: String,
    },
    /// A key is set in two spellings.
    #[error("{origin}: {key}: `{first}` above sets the same key; dive uses this line")]
    SetTwice {
        /// The file and the line of the second.
        origin: Origin,
        /// The second spelling.
        key: String,
        /// The first spelling.
        first: String,
    },
    /// A key has an old name.
    #[error("{origin}: {key} is the old name of {now}; dive accepts both")]
    OldName {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key as written, with those above it.
        key: String,
        /// The current name.
        now: &'static str,
    },
    /// A key of dive has no effect here.
    #[error("{origin}: {key} has no effect: {why}")]
    Inert {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// The reason.
        why: &'static str,
    },
    /// A rule's name outside `rules:` in a file that dive reads no rules from.
    #[error("{origin}: {key}: a rule has no effect outside `rules:`; write it as `rules:`, and {rule} indented below")]
    StrayRule {
        /// The file and line.
        origin: Origin,
        /// The key as written, with those above it.
        key: String,
        /// The rule.
        rule: Rule,
    },
    /// The `.dive.yaml` of the working directory may not set the value.
    #[error(
        "{origin}: {key} has no effect: {reason}; set it in ~/.dive.yaml, in a file for --config, or in {}",
        super::spelling::variable(key)
    )]
    NotTrusted {
        /// The file and line.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// The reason.
        reason: String,
    },
    /// Default places are unreadable or untrusted.
    #[error("{} cannot be used: {cause}", listed(paths))]
    Skipped {
        /// The files and folders.
        paths: Vec<PathBuf>,
        /// The reason.
        cause: String,
    },
    /// A file name is a misspelling of a configuration.
    #[error("{} has no effect: dive reads {}", path.display(), right.display())]
    MisnamedFile {
        /// The file.
        path: PathBuf,
        /// The right name.
        right: PathBuf,
    },
    /// The rules file that a configuration names does not exist.
    #[error("{origin}: ci-config: {} does not exist, so it sets no rule", path.display())]
    NoRulesFile {
        /// The file that names it, and the line.
        origin: Origin,
        /// The rules file.
        path: PathBuf,
    },
    /// A key triggers two actions in one context.
    #[error("{origin}: {by}: `{key}` was bound to {path}, which now {}", left_with(left))]
    KeyTaken {
        /// Where the later action is bound.
        origin: Origin,
        /// The action that keeps the keys.
        by: &'static str,
        /// The keys, comma-separated.
        key: String,
        /// The action that lost them.
        path: &'static str,
        /// The remaining keys of that action, comma-separated.
        left: String,
    },
    /// A variable looks like a key that does not exist.
    #[error("{name}: unknown variable has no effect; valid here: {known}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The variables of the most similar section, comma-separated.
        known: String,
    },
    /// An action has lost its last key to another.
    #[error("{origin}: {by}: `{key}` was the only key of {path}; bind another key to {path}")]
    NoKeyLeft {
        /// Where the other action is bound.
        origin: Origin,
        /// The action that took the key.
        by: &'static str,
        /// The key.
        key: String,
        /// The action without a key.
        path: &'static str,
    },
    /// A rules file has keys but no `rules:`.
    #[error("{} has no `rules:`, so it sets no rule", path.display())]
    NoRules {
        /// The file.
        path: PathBuf,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn left_with(keys: &str) -> String {
    if keys.is_empty() { "has no key; bind another".to_owned() } else { format!("keeps `{keys}`") }
}
