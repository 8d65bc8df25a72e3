//! Images in a registry, seen as an OCI layout: `index.json` names the manifest that was asked for, and `blobs/` holds what
//! the registry has, fetched when it is needed.

use super::access::Access;
use super::blob::Blob;
use super::error::SourceError;
use super::spool::SpoolProgress;

/// An image in a registry: its manifest, and its blobs as far as they are here.
#[derive(Debug)]
pub(super) struct RegistryImage {}

impl RegistryImage {
    /// Asks the registry for the manifest of `name` (`HOST/REPOSITORY:TAG`, `...@DIGEST`, or a Docker Hub name).
    pub(super) fn open(name: &str, _access: &Access) -> Result<Self, SourceError> {
        Err(SourceError::EngineNotSupported { engine: "registry", name: name.to_owned() })
    }

    /// The bytes called `member` in the layout; layers are fetched when they are first read.
    pub(super) fn blob(&self, member: &str) -> Result<Blob, SourceError> {
        Err(SourceError::Missing { archive: String::new(), member: member.to_owned() })
    }

    /// Whether something is called `member`.
    pub(super) fn contains(&self, _member: &str) -> bool {
        false
    }

    /// Fetches the blobs of these names, side by side, as far as they are not here.
    pub(super) fn fetch(&self, _members: &[&str], _progress: &mut dyn FnMut(SpoolProgress)) -> Result<(), SourceError> {
        Ok(())
    }
}
