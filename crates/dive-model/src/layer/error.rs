//! What makes a layer unreadable, and the limits on what is read of one.

use std::io;

use crate::budget::OverBudget;
use crate::remark::Quoted;
use crate::tarfile::{TarError, TarErrorKind};

/// The longest path or link target that is taken, in bytes. Linux takes 4,096, so no engine can unpack what is longer;
/// a limit keeps one path with 100,000 directories from growing to gigabytes where all of them are listed.
pub const MAX_PATH: usize = 16 * 1024;

/// The most members that one layer may have: several times the largest image known.
pub const MAX_ENTRIES: u64 = 1 << 24;

/// What makes a layer unreadable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Its bytes, its compression or its tar.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// Its bytes begin no tar.
    #[error("this is not a tar: it is {found}")]
    NotATar {
        /// What it is instead.
        found: &'static str,
    },
    /// A read that failed before there was a tar.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A path or link target over [`MAX_PATH`].
    #[error("entry {}… at offset {offset}: its {what} has {len} bytes; the limit is {MAX_PATH} bytes", Quoted(start))]
    TooLong {
        /// The first bytes of it.
        start: String,
        /// `name` or `link target`.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// Where its header stands, in bytes from the start of the uncompressed layer.
        offset: u64,
    },
    /// A type of entry that no engine unpacks.
    #[error("entry {} at offset {offset}: its type {typeflag:?} is none that an image may have", Quoted(name))]
    UnknownType {
        /// Its name, lossily.
        name: String,
        /// The type flag of its header.
        typeflag: char,
        /// Where its header stands.
        offset: u64,
    },
    /// More members than a real layer has.
    #[error("it has more than {MAX_ENTRIES} entries; no real layer has that many")]
    TooManyEntries,
    /// The image asks for more than it may have.
    #[error("{}: {problem}", place(entry.as_deref(), *offset))]
    OverBudget {
        /// The first bytes of the name of the entry that asked, where it is known.
        entry: Option<String>,
        /// Where its header stands.
        offset: u64,
        /// What it asked for.
        problem: OverBudget,
    },
}

fn place(entry: Option<&str>, offset: u64) -> String {
    match entry {
        Some(name) => format!("entry {} at offset {offset}", Quoted(name)),
        None => format!("the entry at offset {offset}"),
    }
}

impl ScanError {
    /// Tells an image that is over its budget from one that cannot be read: the decoder has only I/O errors for both.
    pub(super) fn with_budget_told(self) -> Self {
        match self {
            Self::Tar(TarError { offset, entry, kind: TarErrorKind::Io(error) }) => match over_budget(&error) {
                Some(problem) => Self::OverBudget { entry, offset, problem },
                None => Self::Tar(TarError { offset, entry, kind: TarErrorKind::Io(error) }),
            },
            Self::Io(error) => match over_budget(&error) {
                Some(problem) => Self::OverBudget { entry: None, offset: 0, problem },
                None => Self::Io(error),
            },
            other => other,
        }
    }

    /// Whether it is damage, which a user can choose to pass over.
    pub(super) const fn is_damage(&self) -> bool {
        !matches!(self, Self::OverBudget { .. })
    }

    /// Whether the entries after it can still be read.
    pub(super) const fn spares_the_rest(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::UnknownType { .. })
    }
}

fn over_budget(error: &io::Error) -> Option<OverBudget> {
    error.get_ref().and_then(|inner| inner.downcast_ref()).copied()
}
