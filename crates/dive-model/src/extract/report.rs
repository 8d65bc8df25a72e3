//! The result of an extraction: what was written, what was left out and why, and what ended it early. Values only,
//! which the screen and the command line format in their own way.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::blob::TransferProgress;
use crate::dir::FileKind;
use crate::remark::Shown;

/// Maximum number of left-out items to list.
const MAX_SKIPPED: usize = 100;

/// Result of an extraction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Files written, including the first name of each hard-linked file.
    pub files: u64,
    /// Directories created. Existing ones do not count.
    pub directories: u64,
    /// Symbolic links written.
    pub symlinks: u64,
    /// Hard links written, without the first name of a file.
    pub hard_links: u64,
    /// Bytes written. An inode counts again for each copy made instead of a hard link.
    pub bytes: u64,
    /// Files and directories that lost setuid, setgid or sticky bits: [`super::SpecialBits::Strip`].
    pub stripped: u64,
    /// Files and directories whose permissions could not be set.
    pub modes_not_set: u64,
    /// Items left out.
    pub skipped: Skips,
    /// How the extraction ended.
    pub end: End,
}

impl Report {
    /// True if no file was written because layers are missing or unreadable.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let is_lost = |skipped: &Skipped| matches!(skipped.reason, Reason::LostLayer | Reason::Unreadable(_));
        self.end == End::Complete && self.files + self.hard_links == 0 && self.skipped.kept.iter().any(is_lost)
    }
}

/// How an extraction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// All items were written or left out for a reason.
    #[default]
    Complete,
    /// The user cancelled it. All files in the report are complete, and there are no others.
    Cancelled,
}

/// Items left out of an extraction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skips {
    /// The first items.
    pub kept: Vec<Skipped>,
    /// Number of further items.
    pub more: u64,
}

impl Skips {
    /// Number of items.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.kept.len() as u64 + self.more
    }

    pub(super) fn add(&mut self, path: impl FnOnce() -> Vec<u8>, reason: Reason) {
        if self.kept.len() < MAX_SKIPPED {
            self.kept.push(Skipped { path: path(), reason });
        } else {
            self.more += 1;
        }
    }
}

/// An item left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Path below the folder.
    pub path: Vec<u8>,
    /// Reason.
    pub reason: Reason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Shown(&String::from_utf8_lossy(&self.path)), self.reason)
    }
}

/// Reason to leave out an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A character or block device.
    #[error("dive extracts no devices")]
    Device,
    /// A named pipe.
    #[error("dive extracts no named pipes")]
    Fifo,
    /// A sparse file, whose stored bytes are not its content.
    #[error("dive cannot expand sparse files")]
    SparseFile,
    /// A hard link to a missing file.
    #[error("it is a hard link to a missing file")]
    LinkToNothing,
    /// A name that cannot be used.
    #[error("{0}")]
    Name(&'static str),
    /// The parent is not a directory in the requested version, or is left out.
    #[error("its parent was not extracted as a directory")]
    NoDirectory,
    /// A file exists: [`super::OnConflict::Skip`].
    #[error("it already exists")]
    AlreadyThere,
    /// A directory is in place of a file, or the other way round.
    #[error("{0} already has this name, and dive does not replace it; move it away or choose another directory")]
    Obstacle(FileKind),
    /// The name was free at first, and taken when the item was written.
    #[error("another file already has this name; the file system may ignore case")]
    Appeared,
    /// The layer is missing.
    #[error("its layer is missing from the image")]
    LostLayer,
    /// The content is cut off.
    #[error("its layer is truncated inside this file")]
    Cut,
    /// The content cannot be read.
    #[error("{}", Shown(.0))]
    Unreadable(String),
    /// The file system refused to write it.
    #[error("cannot be written: {0}")]
    Unwritable(String),
}

/// Progress of an extraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of uncompressed layers read so far. For a compressed layer, these include all bytes before its last wanted
    /// file.
    pub read: u64,
    /// Final value of `read`.
    pub to_read: u64,
    /// Items (files, directories, links) written or left out so far.
    pub items: u64,
    /// Total number of items.
    pub of_items: u64,
    /// Transfer of the next layer, while it is fetched from an engine or registry.
    pub fetching: Option<TransferProgress>,
}

/// An extraction that cannot start or continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The path is not a folder.
    #[error("{} is not a directory; give an existing directory or a new name", Shown(&lossy(folder)))]
    NotAFolder {
        /// The path as given.
        folder: PathBuf,
    },
    /// Neither the folder nor its parent exists.
    #[error("{} cannot be created: its parent directory does not exist; create it first", Shown(&lossy(folder)))]
    NoParent {
        /// The path as given.
        folder: PathBuf,
    },
    /// The folder cannot be opened or created.
    #[error("{}: {problem}; choose a directory that you can write to", Shown(&lossy(folder)))]
    Folder {
        /// The path as given.
        folder: PathBuf,
        /// Error of the file system.
        problem: io::Error,
    },
    /// Files exist, and [`super::OnConflict::Fail`] is set. Nothing was written.
    #[error(
        "{}: {} already exists{}; overwrite or skip existing files, or choose another directory",
        Shown(&lossy(folder)), Shown(&String::from_utf8_lossy(first)), and_more(*count)
    )]
    Exists {
        /// The path as given.
        folder: PathBuf,
        /// The first existing path below the folder.
        first: Vec<u8>,
        /// Number of existing paths.
        count: u64,
    },
    /// Nothing more can be written: the disk is full or read-only.
    #[error(
        "{}: writing {} failed: {problem}; {} files were written before it. {}",
        Shown(&lossy(folder)), Shown(&String::from_utf8_lossy(path)), report.files, advice(problem)
    )]
    Stopped {
        /// The path as given.
        folder: PathBuf,
        /// The path below the folder that could not be written. No part of it remains.
        path: Vec<u8>,
        /// Error of the file system.
        problem: io::Error,
        /// What was written before the error.
        report: Box<Report>,
    },
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn and_more(count: u64) -> String {
    match count {
        0 | 1 => String::new(),
        count => format!(", and so do {} more", count - 1),
    }
}

fn advice(problem: &io::Error) -> &'static str {
    match problem.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Free some space or choose a directory on another disk, then extract again"
        }
        _ => "Choose a directory that you can write to",
    }
}
