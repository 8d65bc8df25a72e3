//! Bytes that lie elsewhere until somebody needs them: a layer in an engine or a registry whose entries are known from
//! before is only fetched when one of its files is looked into.

use std::fmt::Debug;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::blob::Blob;

/// Gets the bytes of a blob. Asked again if it failed: a network that was gone may be back.
pub(super) trait Fetch: Debug + Send + Sync {
    /// All bytes of the blob, as one that lies in a file here. Waits for them.
    fn fetch(&self) -> io::Result<Blob>;
}

/// A blob that is fetched when it is first read.
#[derive(Debug)]
pub(super) struct Remote {
    source: Box<dyn Fetch>,
    here: Mutex<Option<Blob>>,
}

impl Remote {
    pub(super) fn new(source: impl Fetch + 'static) -> Self {
        Self { source: Box::new(source), here: Mutex::default() }
    }

    /// The bytes here, fetched now if they were not before. Who asks meanwhile waits for the same fetch.
    pub(super) fn here(&self) -> io::Result<Blob> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(blob) = &*here {
            return Ok(blob.clone());
        }
        let blob = self.source.fetch()?;
        *here = Some(blob.clone());
        Ok(blob)
    }
}
