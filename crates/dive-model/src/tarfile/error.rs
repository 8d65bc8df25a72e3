//! Errors of reading a tar, with the entry and offset.

use crate::remark::Quoted;
use std::fmt;
use std::io;

/// A tar that cannot be read further.
#[derive(Debug)]
pub struct TarError {
    /// Offset of the current header in the uncompressed tar, in bytes.
    pub offset: u64,
    /// First bytes of the member's name, lossily decoded, if known.
    pub entry: Option<String>,
    /// Reason.
    pub kind: TarErrorKind,
}

/// Reason of a [`TarError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarErrorKind {
    /// Reading or decompressing failed.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// The first block is not a tar header.
    #[error("this is not a tar: its first block is not a valid header")]
    NotATar,
    /// The checksum of a header does not match.
    #[error("has a damaged header: its checksum does not match")]
    Checksum,
    /// A header field or extension record is invalid.
    #[error("has a damaged header: {0}")]
    Header(&'static str),
    /// The tar ends inside a header.
    #[error("is truncated inside a header: it has {found} of 512 bytes")]
    CutHeader {
        /// Number of bytes present.
        found: u64,
    },
    /// The tar ends inside a body.
    #[error("is truncated: its header announces {expected} bytes, but {found} follow")]
    CutBody {
        /// Bytes according to the header.
        expected: u64,
        /// Bytes present.
        found: u64,
    },
    /// An extension header is longer than [`crate::tarfile::MAX_EXTENSION`].
    #[error("has an extension header of {size} bytes; the limit is {} bytes", super::MAX_EXTENSION)]
    ExtensionTooLong {
        /// Size in bytes.
        size: u64,
    },
}

impl fmt::Display for TarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, &self.entry) {
            (kind @ TarErrorKind::NotATar, _) => write!(f, "{kind}"),
            (kind, Some(name)) => write!(f, "entry {} at offset {} {kind}", Quoted(name), self.offset),
            (kind, None) => write!(f, "the entry at offset {} {kind}", self.offset),
        }
    }
}

/// The message includes the cause, so `source()` returns `None`.
impl std::error::Error for TarError {}
