//! How far bytes have come on their way here.

use std::fmt;

/// How far a source is on its way into the temporary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolProgress {
    /// What is being done.
    pub step: SpoolStep,
    /// Bytes read from the input, before decompression.
    pub read: u64,
    /// Bytes that the input has, if it is a file.
    pub total: Option<u64>,
}

/// On what way bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpoolStep {
    /// A compressed archive is unpacked.
    Unpack,
    /// An archive comes through a pipe.
    Receive,
    /// An engine pulls the image from its registry.
    Pull,
    /// An engine saves the image.
    Export,
    /// Blobs come from a registry.
    Download,
}

impl fmt::Display for SpoolStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unpack => "unpacking the archive",
            Self::Receive => "receiving the archive",
            Self::Pull => "pulling the image",
            Self::Export => "exporting the image",
            Self::Download => "downloading the layers",
        })
    }
}
