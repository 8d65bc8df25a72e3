//! Where a value comes from. Every value keeps this beside it, so that `dive config` can say it and an error can point
//! at the line to change.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file.
    File {
        /// The file, as it was found or named.
        path: PathBuf,
        /// The line of its key, from 1, where that is known.
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

/// Who a configuration file belongs to, and so what it may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigScope {
    /// The user: a file of the home or of the system, or one that a flag or a variable names.
    User,
    /// The working directory: a cloned repository brings its own file.
    WorkingDirectory,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// What holds until somebody sets it.
    #[must_use]
    pub const fn by_default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// What the flag `name` sets.
    #[must_use]
    pub const fn by_flag(value: T, name: &'static str) -> Self {
        Self { value, origin: Origin::Flag(name) }
    }
}
