//! A place with registry settings of the machine, and what dive takes from it.

use std::fmt;
use std::path::PathBuf;

/// A file, folder or variable with settings for registries that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsSource {
    /// Where the settings are.
    pub place: SettingsPlace,
    /// The settings that dive uses: `docker.io from mirror.example`.
    pub settings: Vec<String>,
    /// The parts that dive cannot use. A file that cannot be read has one problem.
    pub problems: Vec<SettingsProblem>,
}

/// The place of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsPlace {
    /// A file, or a folder of files.
    Path(PathBuf),
    /// An environment variable.
    Variable(&'static str),
}

/// A part of a file that dive cannot use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// The line in the file, from 1, if known.
    pub line: Option<usize>,
    /// The reason, and what it costs.
    pub text: String,
}

impl SettingsSource {
    /// The location of a problem: `FILE:LINE`, or `FILE`.
    #[must_use]
    pub fn location(&self, problem: &SettingsProblem) -> String {
        let line = problem.line.map_or_else(String::new, |line| format!(":{line}"));
        format!("{}{line}", self.place)
    }
}

impl fmt::Display for SettingsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

impl From<String> for SettingsProblem {
    fn from(text: String) -> Self {
        Self { line: None, text }
    }
}
