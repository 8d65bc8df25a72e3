//! Errors and warnings about a configuration. Errors end the command with exit code 2; the caller prints warnings. Both start
//! with the place to change: `FILE:LINE:` or a variable's name. A message is complete, its cause included: `source()` is empty.

use std::io;
use std::path::PathBuf;

use super::origin::Origin;
use super::rule::Rule;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that a flag or a variable names is not there. Others may be missing.
    #[error("{}: no such file; correct the path in {named_by}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The flag or variable that names it.
        named_by: Origin,
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
    #[error("{}: larger than {limit} bytes, the limit of a configuration; check the path", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        limit: u64,
    },
    /// Bytes that are not text.
    #[error("{origin}: not UTF-8 text; save it as UTF-8")]
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
    /// Limits of rules that cannot be read, in the order of the file.
    #[error("{}", all(.0))]
    BadLimits(Vec<BadLimit>),
    /// A key under `rules:` that is nearly the name of a rule. Ignored, it would be a gate that never closes.
    #[error("{origin}: rules.{key}: no rule has this name; did you mean {nearest}?")]
    MisspeltRule {
        /// The file and line.
        origin: Origin,
        /// The key as written.
        key: String,
        /// The rule.
        nearest: Rule,
    },
    /// A rule that is not under `rules:`.
    #[error("{origin}: {key}: a rule has no effect outside `rules:`; write it as `rules:`, and {rule} indented below")]
    StrayRule {
        /// The file and line.
        origin: Origin,
        /// The key as written, with those above it.
        key: String,
        /// The rule.
        rule: Rule,
    },
    /// One key in two spellings: which one is meant?
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

/// A limit that cannot be read.
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
    /// What is wrong with it, naming it.
    pub reason: String,
}

/// All of them in one line. If `rules:` is not a mapping, every limit is bad with the same message.
fn all(limits: &[BadLimit]) -> String {
    let mut messages: Vec<String> = limits.iter().map(ToString::to_string).collect();
    messages.dedup();
    messages.join("; ")
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
    #[error("{}: {count} more unknown keys have no effect; check that this is the right file", path.display())]
    MoreUnknownKeys {
        /// The file.
        path: PathBuf,
        /// How many were not named.
        count: usize,
    },
    /// A value that its key cannot take, in whole or in part.
    #[error("{origin}: {key}: {reason}; using {holds}")]
    BadValue {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key as written in the file, or the key that the variable sets.
        key: String,
        /// What is wrong with the value, naming it.
        reason: String,
        /// The value that holds instead, as YAML.
        holds: String,
    },
    /// Text or a list where keys belong.
    #[error("{origin}: {key}: {reason}; it has no effect")]
    NoSection {
        /// The file and line.
        origin: Origin,
        /// The section.
        key: String,
        /// What stands there.
        reason: String,
    },
    /// One key in two spellings.
    #[error("{origin}: {key}: `{first}` above sets the same key; using this line")]
    SetTwice {
        /// The file and the line of the second.
        origin: Origin,
        /// The second spelling.
        key: String,
        /// The first spelling.
        first: String,
    },
    /// A key under a name that an older dive had for it.
    #[error("{origin}: {key}: an old name; using it as {now}")]
    OldName {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key as written, with those above it.
        key: String,
        /// Its name now.
        now: &'static str,
    },
    /// A key of dive without effect here.
    #[error("{origin}: {key}: no effect: {why}")]
    Inert {
        /// The file and line, or the variable.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// Why.
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
    /// A value that the `.dive.yaml` of the working directory may not set.
    #[error(
        "{origin}: {key}: ignored: {reason}; set it in ~/.dive.yaml, in a file for --config, or in {}",
        super::spelling::variable(key)
    )]
    NotTrusted {
        /// The file and line.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// Why not.
        reason: String,
    },
    /// Default places that cannot be read, or may not be trusted.
    #[error("{}: skipped: {cause}", listed(paths))]
    Skipped {
        /// The files and folders.
        paths: Vec<PathBuf>,
        /// The reason.
        cause: String,
    },
    /// A file whose name is nearly that of a configuration.
    #[error("{}: has no effect: dive reads {}", path.display(), right.display())]
    MisnamedFile {
        /// The file.
        path: PathBuf,
        /// The right name.
        right: PathBuf,
    },
    /// The rules file that a configuration names is not there.
    #[error("{origin}: ci-config: {} does not exist, so it sets no rule", path.display())]
    NoRulesFile {
        /// The file that names it, and the line.
        origin: Origin,
        /// The rules file.
        path: PathBuf,
    },
    /// A key that leads to two actions in one place.
    #[error("{origin}: {by}: `{key}` was bound to {path}, which now {}", left_with(left))]
    KeyTaken {
        /// Where the later action is bound.
        origin: Origin,
        /// The action that keeps the keys.
        by: &'static str,
        /// The keys, with commas.
        key: String,
        /// The action that lost them.
        path: &'static str,
        /// The keys that it still has, with commas.
        left: String,
    },
    /// A variable named like a key that does not exist.
    #[error("{name}: unknown variable has no effect; known here: {known}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The variables of the section it seems to be about, with commas.
        known: String,
    },
    /// An action that lost its last key to another.
    #[error("{origin}: {by}: `{key}` was the only key of {path}; bind another key to {path}")]
    NoKeyLeft {
        /// Where the other action is bound.
        origin: Origin,
        /// The key of the configuration that took it.
        by: &'static str,
        /// What was pressed.
        key: String,
        /// The key of the configuration that has none now.
        path: &'static str,
    },
    /// A rules file with keys but without `rules:`.
    #[error("{}: has no `rules:`, so it sets no rule", path.display())]
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
