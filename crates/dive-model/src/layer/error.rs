//! What makes a layer unreadable, and the limits on what is read of one.

use std::io;

use crate::tarfile::TarError;

/// The longest path or link target that is taken, in bytes. Linux takes 4,096, so no engine can unpack what is longer;
/// a limit keeps one path with 100,000 directories from growing to gigabytes where all of them are listed.
pub const MAX_PATH: usize = 16 * 1024;

/// The most bytes of paths and link targets that one layer may have, each as long as a report would write it. What is kept
/// in memory is less: entries of one directory share its path.
pub(super) const MAX_TEXT: usize = 512 << 20;

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
    #[error("entry {start:?}… at offset {offset}: its {what} has {len} bytes; the limit is {MAX_PATH} bytes")]
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
    #[error("entry {name:?} at offset {offset}: its type {typeflag:?} is none that an image may have")]
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
    /// More names than a real layer has.
    #[error("its names take more than {MAX_TEXT} bytes; no real layer has that many")]
    TooMuchText,
}

impl ScanError {
    /// Whether the entries after it can still be read.
    pub(super) const fn spares_the_rest(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::UnknownType { .. })
    }
}
