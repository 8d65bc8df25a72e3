//! Errors of scanning a layer, and the limits of one layer.

use std::io;

use crate::budget::OverBudget;
use crate::remark::Quoted;
use crate::tarfile::{TarError, TarErrorKind};

/// Maximum length of a path or link target, in bytes. Linux allows 4096, so no engine can unpack longer ones. Without a
/// limit, one path of 100,000 directories would need gigabytes to list.
pub const MAX_PATH: usize = 16 * 1024;

/// Maximum number of members of a layer: several times the largest known image.
pub const MAX_ENTRIES: u64 = 1 << 24;

/// A layer that cannot be scanned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The bytes, the compression or the tar are damaged.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// The layer is not a tar.
    #[error("this is not a tar: it is {found}")]
    NotATar {
        /// Detected format.
        found: &'static str,
    },
    /// Reading failed before the first header.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A path or link target over [`MAX_PATH`].
    #[error("entry {}… at offset {offset}: its {what} has {len} bytes; the limit is {MAX_PATH} bytes", Quoted(start))]
    TooLong {
        /// First bytes of the name or target.
        start: String,
        /// `name` or `link target`.
        what: &'static str,
        /// Length in bytes.
        len: usize,
        /// Offset of the header in the uncompressed layer, in bytes.
        offset: u64,
    },
    /// An entry of a type that engines do not unpack.
    #[error("entry {} at offset {offset}: its type {typeflag:?} is not allowed in an image", Quoted(name))]
    UnknownType {
        /// Name, lossily decoded.
        name: String,
        /// Type flag in the header.
        typeflag: char,
        /// Offset of the header, as above.
        offset: u64,
    },
    /// More than [`MAX_ENTRIES`] members.
    #[error("it has more than {MAX_ENTRIES} entries (the limit for a layer)")]
    TooManyEntries,
    /// The layer needs more than the image's budget.
    #[error("{}: {problem}", place(entry.as_deref(), *offset))]
    OverBudget {
        /// First bytes of the name of the entry that exceeded the budget, if known.
        entry: Option<String>,
        /// Offset of the header, as above.
        offset: u64,
        /// The exceeded limit.
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
    /// Recovers [`OverBudget`] from an I/O error: decoders can return only [`io::Error`].
    pub(super) fn unwrap_over_budget(self) -> Self {
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

    /// True for damage, which `--ignore-errors` tolerates.
    pub(super) const fn is_damage(&self) -> bool {
        !matches!(self, Self::OverBudget { .. })
    }

    /// True if the entries after this one are readable.
    pub(super) const fn is_recoverable(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::UnknownType { .. })
    }
}

fn over_budget(error: &io::Error) -> Option<OverBudget> {
    error.get_ref().and_then(|inner| inner.downcast_ref()).copied()
}
