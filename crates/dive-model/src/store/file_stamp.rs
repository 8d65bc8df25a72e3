//! Notices that a file changes while it is read: an archive that is still being written, or is written anew. Its entries would
//! come from one version and its contents from another.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::StoreError;

/// A file as it was when it was opened. Inodes are not compared: some network file systems give a file another one each time
/// it is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileStamp {
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
}

impl FileStamp {
    /// The file at `path`, which was opened as `file`.
    pub(super) fn of(path: &Path, file: &File) -> io::Result<Self> {
        Ok(Self::new(path, &file.metadata()?))
    }

    fn new(path: &Path, metadata: &Metadata) -> Self {
        Self { path: path.to_owned(), len: metadata.len(), modified: metadata.modified().ok() }
    }

    /// Fails if another length or time is found. A file that was removed can still be read by who has it open.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.path.metadata() {
            Ok(metadata) if Self::new(&self.path, &metadata) != *self => {
                Err(StoreError::Changed { what: self.path.display().to_string() })
            }
            _ => Ok(()),
        }
    }
}
