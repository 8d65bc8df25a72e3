//! Images in an engine: Docker or Podman, which speaks Docker's API too.

use super::access::Access;
use super::archive::Archive;
use super::blob::Blob;
use super::error::SourceError;
use super::spool::SpoolProgress;
use crate::config::ContainerEngine;
use crate::remark::Remark;

/// An image of an engine: exported, or known from before and not exported until one of its files is looked into.
#[derive(Debug)]
pub(super) struct EngineImage {
    archive: Archive,
}

impl EngineImage {
    /// Finds the image and gets what is not known of it.
    pub(super) fn open(
        engine: ContainerEngine,
        name: &str,
        _access: &Access,
        _progress: &mut dyn FnMut(SpoolProgress),
    ) -> Result<Self, SourceError> {
        Err(SourceError::EngineNotSupported { engine: engine.command(), name: name.to_owned() })
    }

    /// The bytes called `member`, as in the archive that the engine saves.
    pub(super) fn blob(&self, member: &str) -> Result<Blob, SourceError> {
        self.archive.open(member)
    }

    /// Whether something is called `member`.
    pub(super) fn contains(&self, member: &str) -> bool {
        self.archive.contains(member)
    }

    /// The archive that the engine saved, if it had to.
    pub(super) const fn archive(&self) -> Option<&Archive> {
        Some(&self.archive)
    }

    /// What was odd on the way.
    pub(super) fn take_remarks(&mut self) -> Vec<Remark> {
        self.archive.take_remarks()
    }
}

/// Whether the engine has an image of that name.
///
/// # Errors
/// When the engine cannot be asked.
pub fn is_present(engine: ContainerEngine, name: &str, _access: &Access) -> Result<bool, SourceError> {
    Err(SourceError::EngineNotSupported { engine: engine.command(), name: name.to_owned() })
}

/// Has the engine pull the image.
///
/// # Errors
/// When it cannot be asked, or cannot pull.
pub fn pull(
    engine: ContainerEngine,
    name: &str,
    _access: &Access,
    _progress: &mut dyn FnMut(SpoolProgress),
) -> Result<(), SourceError> {
    Err(SourceError::EngineNotSupported { engine: engine.command(), name: name.to_owned() })
}
