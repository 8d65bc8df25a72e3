//! What can be wrong with a tar, and where.

use crate::remark::Quoted;
use std::fmt;
use std::io;

/// A tar that cannot be walked further.
#[derive(Debug)]
pub struct TarError {
    /// Offset of the header that was being read, in bytes from the start of the (uncompressed) tar.
    pub offset: u64,
    /// The member's name, lossily, as far as it is known.
    pub entry: Option<String>,
    /// What is wrong.
    pub kind: TarErrorKind,
}

/// What is wrong with a tar.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarErrorKind {
    /// The bytes could not be read or decompressed.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// The very first block is no tar header.
    #[error("this is not a tar: its first block is no valid header")]
    NotATar,
    /// A header whose checksum does not fit its bytes.
    #[error("has a damaged header: its checksum does not match")]
    Checksum,
    /// A header field or extension record that cannot be understood.
    #[error("has a damaged header: {0}")]
    Header(&'static str),
    /// The tar ends inside a header.
    #[error("is cut off inside a header: {found} of 512 bytes are there")]
    CutHeader {
        /// Bytes of the block that are there.
        found: u64,
    },
    /// The tar ends inside a body.
    #[error("is cut off: the header announces {expected} bytes, {found} follow")]
    CutBody {
        /// Bytes that the header announces.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// An extension header over [`crate::tarfile::MAX_EXTENSION`].
    #[error("has an extension header of {size} bytes; the limit is {} bytes", super::MAX_EXTENSION)]
    ExtensionTooLong {
        /// Its size in bytes.
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

/// The message is whole, its cause included: `source()` is empty.
impl std::error::Error for TarError {}
