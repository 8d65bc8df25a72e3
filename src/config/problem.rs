//! What can be wrong with a configuration: errors, which end the command with exit code 2, and warnings, which are
//! collected for whoever prints them. A message is whole, its cause included: `source()` is empty. Both start with the place to change: `FILE:LINE:` or a variable's name.

use std::io;
use std::path::PathBuf;

use super::origin::Origin;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that a flag names is not there. One that nobody names may be missing.
    #[error("{}: no such file, and {flag} names it: correct the path", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The flag that names it.
        flag: &'static str,
    },
    /// The system refused to read a file or list a folder.
    #[error("{}: cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
    /// A file larger than any configuration.
    #[error("{}: larger than {limit} bytes, which no configuration is: is it the right file?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        limit: u64,
    },
    /// Bytes that are not text.
    #[error("{origin}: not UTF-8 text: write it in UTF-8")]
    NotText {
        /// The file or variable.
        origin: Origin,
    },
    /// Not YAML, or YAML that configurations have no use for.
    #[error("{origin}: {message}")]
    Syntax {
        /// The file and line.
        origin: Origin,
        /// What is wrong there.
        message: String,
    },
    /// A value that its key cannot take.
    #[error("{origin}: {key}: {reason}")]
    BadValue {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key as written in the file, or the key that the variable sets.
        key: String,
        /// What is wrong with the value, naming it.
        reason: String,
    },
    /// One key in two spellings: which one is meant?
    #[error("{origin}: {key}: `{first}` above sets the same: keep one of the two")]
    SetTwice {
        /// The file and the line of the second.
        origin: Origin,
        /// The second spelling.
        key: String,
        /// The first spelling.
        first: String,
    },
}

/// Something in a configuration that has no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A key that nothing reads.
    #[error("{origin}: unknown key `{key}` has no effect; known here: {known}")]
    UnknownKey {
        /// The file and line.
        origin: Origin,
        /// The key, with those above it: `log.paht`.
        key: String,
        /// The keys that may stand there, with commas.
        known: String,
    },
    /// So many unknown keys that naming them all would help nobody.
    #[error("{}: {count} more unknown keys have no effect: is it the right file?", path.display())]
    MoreUnknownKeys {
        /// The file.
        path: PathBuf,
        /// How many were not named.
        count: usize,
    },
    /// A variable that looks like a key's, of a key that is not there.
    #[error("{name}: no configuration key has this variable, it has no effect; known here: {known}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The variables of the section it seems to be about, with commas.
        known: String,
    },
    /// An action that nothing leads to any more, since its keys were taken for another.
    #[error("{origin}: {by}: takes `{key}`, and leaves {path} without a key; bind another there")]
    NoKeyLeft {
        /// Who took it.
        origin: Origin,
        /// The key of the configuration that took it.
        by: &'static str,
        /// What was pressed.
        key: String,
        /// The key of the configuration that has none now.
        path: &'static str,
    },
    /// A rules file that says something, but nothing about rules.
    #[error("{}: has no `rules:`, so it sets no rule", path.display())]
    NoRules {
        /// The file.
        path: PathBuf,
    },
}
