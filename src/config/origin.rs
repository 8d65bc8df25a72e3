//! The origin of a value. Every value keeps it, for `dive config` and for errors that name the line to change.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The built-in default.
    Default,
    /// A file.
    File {
        /// The file, as found or named.
        path: PathBuf,
        /// The line of the key, from 1; `None` if unknown.
        line: Option<usize>,
    },
    /// An environment variable, by name.
    Variable(String),
    /// A command line flag, as the user types it: `--lowestEfficiency`.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => path.display().fmt(f),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Finds the origin of a part of a value by its keys.
type FindOrigin<'a> = &'a dyn Fn(&[&str]) -> Origin;

/// The place of a value: its origin, and those of its parts.
pub(super) struct ValuePlace<'a> {
    /// The origin of the whole value.
    pub(super) origin: Origin,
    parts: Option<FindOrigin<'a>>,
}

impl<'a> ValuePlace<'a> {
    /// A value whose parts have no places of their own.
    pub(super) const fn whole(origin: Origin) -> Self {
        Self { origin, parts: None }
    }

    /// A value in a file. `parts` finds the origin of a part by its keys; the key of an item in a list is its number,
    /// from 0.
    pub(super) const fn in_file(origin: Origin, parts: FindOrigin<'a>) -> Self {
        Self { origin, parts: Some(parts) }
    }

    /// The origin of the part at `keys`.
    pub(super) fn of(&self, keys: &[&str]) -> Origin {
        match self.parts {
            Some(parts) if !keys.is_empty() => parts(keys),
            _ => self.origin.clone(),
        }
    }

    /// A fault of the part at `keys`.
    pub(super) fn fault(&self, keys: &[&str], reason: impl Into<String>) -> Fault {
        Fault { origin: self.of(keys), reason: reason.into() }
    }
}

/// An invalid part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The origin of the part.
    pub(super) origin: Origin,
    /// The reason, which quotes the part and says what to write instead.
    pub(super) reason: String,
}

/// The owner of a configuration file, who determines what it may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigScope {
    /// The user: a file in the home or of the system, or one that a flag or a variable names.
    User,
    /// The working directory, which may be a cloned repository.
    WorkingDirectory,
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The origin.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A default.
    #[must_use]
    pub const fn by_default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// The value of the flag `name`.
    #[must_use]
    pub const fn by_flag(value: T, name: &'static str) -> Self {
        Self { value, origin: Origin::Flag(name) }
    }
}
