//! The results of rules about paths.

use crate::config::PathRule;
use dive_model::layer::LayerIndex;
use dive_model::tree::NodeId;

/// The results of all rules about paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PathsChecked {
    /// One per rule, in the order of the file.
    pub outcomes: Vec<PathOutcome>,
    /// For each exception of paths, its number in `ignore:` and the files that it excepts from rules.
    pub ignored_files: Vec<(usize, u64)>,
}

/// The result of a rule about paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathOutcome {
    /// The rule.
    pub rule: PathRule,
    /// Whether the image keeps it.
    pub status: PathStatus,
    /// Files and links that it counts.
    pub files: u64,
    /// Their size in bytes.
    pub size_bytes: u64,
    /// What an exception takes from the rules above it.
    pub excepted: Excepted,
    /// The largest matches, largest first.
    pub places: Vec<PathPlace>,
    /// A deleted path that the rule would find with `anywhere: true`.
    pub hidden: Option<(NodeId, LayerIndex)>,
}

/// What an exception takes from rules about paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Excepted {
    /// Nothing.
    #[default]
    Nothing,
    /// Directories without files that rules count.
    Directories,
    /// This number of files.
    Files(u64),
}

impl Excepted {
    pub(super) fn add_directory(&mut self) {
        if *self == Self::Nothing {
            *self = Self::Directories;
        }
    }

    pub(super) fn add_file(&mut self) {
        let before = if let Self::Files(files) = *self { files } else { 0 };
        *self = Self::Files(before.saturating_add(1));
    }

    /// The number of files.
    pub(crate) const fn files(self) -> u64 {
        match self {
            Self::Nothing | Self::Directories => 0,
            Self::Files(files) => files,
        }
    }
}

/// Whether an image keeps a rule about paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathStatus {
    /// It keeps it.
    Kept,
    /// It keeps it, but the pattern matches nothing, which may be a mistake.
    Unmatched,
    /// It breaks it.
    Broken,
}

/// Matching paths with a common place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathPlace {
    /// The matching directory, the directory of matching files, or the file if it is the only one.
    pub node: NodeId,
    /// Number of files and links.
    pub files: u64,
    /// Their size in bytes.
    pub size_bytes: u64,
    /// The layer that has the directory, or the first of the files.
    pub layer: LayerIndex,
}

impl PathsChecked {
    /// The rules that the image breaks.
    pub(crate) fn broken(&self) -> impl Iterator<Item = &PathOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.status == PathStatus::Broken)
    }
}
