//! What can go wrong before an image is even looked at. Every message says what, where, and what to do; names from
//! archives are printed with their control characters escaped.

use super::containerd::ContainerdError;
use super::engine::EngineError;
use super::registry::RegistryError;
use dive_model::store::StoreError;

/// A source that could not be opened, or something in it that could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The image's file cannot be opened, or something in it cannot.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An engine does not give it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The image lies in a registry, which does not give it.
    #[error("{name}: {cause}")]
    Registry {
        /// The image's name as the user gave it.
        name: String,
        /// What is wrong.
        cause: Box<RegistryError>,
    },
    /// containerd does not give it.
    #[error(transparent)]
    Containerd(#[from] ContainerdError),
}

/// For an image whose store is an engine or a registry.
impl From<SourceError> for StoreError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Store(error) => error,
            error => Self::Elsewhere(Box::new(error)),
        }
    }
}

impl RegistryError {
    /// The same error for an image that messages call `name`.
    pub(super) fn of(self, name: &str) -> SourceError {
        match self {
            Self::Disk { what, folder, written, cause } => {
                StoreError::Spool { archive: format!("{name}: {what}"), folder, written, cause: cause.into() }.into()
            }
            cause => SourceError::Registry { name: name.to_owned(), cause: Box::new(cause) },
        }
    }
}
