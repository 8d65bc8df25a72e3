//! Detects that a file changes while it is read: an archive may still be written, or be replaced. Otherwise its entries
//! could come from one version and its contents from another.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::StoreError;

/// Path, length and modification time of a file when it was opened. Inodes are not compared: some network file systems
/// return another one at each lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileStamp {
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
}

impl FileStamp {
    /// The stamp of `file`, which was opened at `path`.
    pub(super) fn of(path: &Path, file: &File) -> io::Result<Self> {
        Ok(Self::new(path, &file.metadata()?))
    }

    fn new(path: &Path, metadata: &Metadata) -> Self {
        Self { path: path.to_owned(), len: metadata.len(), modified: metadata.modified().ok() }
    }

    /// Fails if the length or time differs. A removed file is fine: it can still be read.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.path.metadata() {
            Ok(metadata) if Self::new(&self.path, &metadata) != *self => {
                Err(StoreError::Changed { what: self.path.display().to_string() })
            }
            _ => Ok(()),
        }
    }
}
