//! Progress of a transfer.

use std::fmt;

/// Progress of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferProgress {
    /// The current step.
    pub step: TransferStep,
    /// Bytes received or read so far, before decompression.
    pub read: u64,
    /// All bytes of the transfer, if that is known.
    pub total: Option<u64>,
}

/// A step of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferStep {
    /// A compressed archive is unpacked.
    Unpack,
    /// An archive arrives through a pipe.
    Receive,
    /// An engine pulls the image from its registry.
    Pull,
    /// An engine has been asked to save the image, and has sent nothing for a while.
    Prepare,
    /// An engine saves the image.
    Export,
    /// Blobs arrive from a registry.
    Download,
}

impl fmt::Display for TransferStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unpack => "unpacking the archive",
            Self::Receive => "receiving the archive",
            Self::Pull => "pulling the image",
            Self::Prepare => "the engine is writing the image; this can take minutes",
            Self::Export => "exporting the image",
            Self::Download => "downloading the layers",
        })
    }
}
