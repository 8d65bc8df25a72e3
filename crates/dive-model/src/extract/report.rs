//! What came of an extraction: what was written, what was left out and why, and what ended it early. Values only, so
//! that a screen and a command line can each say it in their way.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::blob::TransferProgress;
use crate::dir::Found;
use crate::remark::Shown;

/// Left out items that are kept one by one; more are counted.
const MOST_KEPT: usize = 100;

/// What an extraction did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Files that were written, first names of hard links among them.
    pub files: u64,
    /// Directories that were made; those that were there do not count.
    pub directories: u64,
    /// Symbolic links that were written.
    pub symlinks: u64,
    /// Further names of files that were written.
    pub hard_links: u64,
    /// Bytes of the files, each inode once, copies of it as often as they were needed.
    pub bytes: u64,
    /// Files and directories that lost setuid, setgid or sticky bits: [`super::SpecialBits::Strip`].
    pub stripped: u64,
    /// Files and directories whose permissions the file system did not take.
    pub modes_not_set: u64,
    /// What was left out.
    pub skipped: Skips,
    /// How it ended.
    pub end: End,
}

impl Report {
    /// Whether no file could be written because what holds them could not be had.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let is_lost = |skipped: &Skipped| matches!(skipped.reason, Reason::LostLayer | Reason::Unreadable(_));
        self.end == End::Complete && self.files + self.hard_links == 0 && self.skipped.kept.iter().any(is_lost)
    }
}

/// How an extraction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// Everything was written or left out for a reason.
    #[default]
    Complete,
    /// Somebody cancelled it: what the report counts is there and whole, nothing else is.
    Cancelled,
}

/// What was left out of an extraction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skips {
    /// The first ones.
    pub kept: Vec<Skipped>,
    /// How many more there are.
    pub more: u64,
}

impl Skips {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.kept.len() as u64 + self.more
    }

    pub(super) fn add(&mut self, path: impl FnOnce() -> Vec<u8>, reason: Reason) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(Skipped { path: path(), reason });
        } else {
            self.more += 1;
        }
    }
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path below the folder.
    pub path: Vec<u8>,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Shown(&String::from_utf8_lossy(&self.path)), self.reason)
    }
}

/// Why something was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A character or block device.
    #[error("it is a device, and no device is made")]
    Device,
    /// A named pipe.
    #[error("it is a named pipe, and none is made")]
    Fifo,
    /// A file with holes, whose bytes in the layer are not the file's.
    #[error("it is a sparse file, which cannot be expanded yet")]
    SparseFile,
    /// A hard link to what is no file.
    #[error("it is a hard link to nothing")]
    LinkToNothing,
    /// A name that cannot be written.
    #[error("{0}")]
    Name(&'static str),
    /// What it stands in is no directory in the version that was asked for, or is left out itself.
    #[error("what it stands in is not extracted as a directory")]
    NoDirectory,
    /// Something is there: [`super::OnConflict::Skip`].
    #[error("it is there already")]
    AlreadyThere,
    /// What is there is not replaced by something of another kind.
    #[error("{0} is there, which is not replaced; move it away or choose another folder")]
    Obstacle(Found),
    /// It was not there before, and something was when it should be written.
    #[error("something else came to its place; does this file system take two names for one?")]
    Appeared,
    /// Its layer is not in the archive.
    #[error("its layer is missing from the image")]
    LostLayer,
    /// Its bytes are not all there.
    #[error("its layer is cut off inside it")]
    Cut,
    /// Its bytes could not be read.
    #[error("{}", Shown(.0))]
    Unreadable(String),
    /// The folder's file system refused.
    #[error("cannot be written: {0}")]
    Unwritable(String),
}

/// How far an extraction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of uncompressed layers that are behind: of a compressed one all up to the last file that is wanted, since
    /// it can only be read from its start.
    pub read: u64,
    /// What `read` comes to in the end, in bytes.
    pub to_read: u64,
    /// Items (files, directories, links) that were written or left out.
    pub items: u64,
    /// How many items there are.
    pub of_items: u64,
    /// How far the next layer is on its way here, while it comes from an engine or a registry.
    pub bringing: Option<TransferProgress>,
}

/// An extraction that could not begin, or had to end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The folder is something else.
    #[error("{} is not a folder; give the name of a folder, there or not", Shown(&lossy(folder)))]
    NotAFolder {
        /// As it was given.
        folder: PathBuf,
    },
    /// The folder is not there, and what it should stand in is not either.
    #[error("{} cannot be made: the folder it should stand in is not there; make that first", Shown(&lossy(folder)))]
    NoParent {
        /// As it was given.
        folder: PathBuf,
    },
    /// The folder cannot be opened or made.
    #[error("{}: {problem}; choose a folder that you may write to", Shown(&lossy(folder)))]
    Folder {
        /// As it was given.
        folder: PathBuf,
        /// What the file system answered.
        problem: io::Error,
    },
    /// Something is there, and nobody said what to do about it: [`super::OnConflict::Fail`]. Nothing was written.
    #[error(
        "{}: {} is there already{}; overwrite or skip what is there, or choose another folder",
        Shown(&lossy(folder)), Shown(&String::from_utf8_lossy(first)), and_more(*count)
    )]
    Exists {
        /// As it was given.
        folder: PathBuf,
        /// The first path below it that is there.
        first: Vec<u8>,
        /// How many are.
        count: u64,
    },
    /// Nothing more can be written: the disk is full, or not writable at all.
    #[error(
        "{}: writing {} failed: {problem}; {} files were written before it. {}",
        Shown(&lossy(folder)), Shown(&String::from_utf8_lossy(path)), report.files, advice(problem)
    )]
    Stopped {
        /// As it was given.
        folder: PathBuf,
        /// The path below it that could not be written; nothing of it is left.
        path: Vec<u8>,
        /// What the file system answered.
        problem: io::Error,
        /// What was written before.
        report: Box<Report>,
    },
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn and_more(count: u64) -> String {
    match count {
        0 | 1 => String::new(),
        count => format!(", as are {} more", count - 1),
    }
}

fn advice(problem: &io::Error) -> &'static str {
    match problem.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Make room, or choose a folder on another disk, and extract again"
        }
        _ => "Choose a folder that you may write to",
    }
}
