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
