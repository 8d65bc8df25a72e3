//! What can go wrong before an image is even looked at. Every message says what, where, and what to do; names from
//! archives are printed with their control characters escaped.

#[cfg(feature = "engine")]
use super::containerd::ContainerdError;
#[cfg(feature = "engine")]
use super::engine::EngineError;
use super::left_out::LeftOut;
#[cfg(feature = "registry")]
use super::registry::RegistryError;
use dive_model::store::StoreError;

/// A source that could not be opened, or something in it that could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The image's file cannot be opened, or something in it cannot.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This build cannot open the source.
    #[error(transparent)]
    LeftOut(#[from] LeftOut),
    /// An engine does not give it.
    #[cfg(feature = "engine")]
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The image lies in a registry, which does not give it.
    #[cfg(feature = "registry")]
    #[error("{name}: {cause}")]
    Registry {
        /// The image's name as the user gave it.
        name: String,
        /// What is wrong.
        cause: Box<RegistryError>,
    },
    /// containerd does not give it.
    #[cfg(feature = "engine")]
    #[error(transparent)]
    Containerd(#[from] ContainerdError),
}

impl SourceError {
    /// The error in one short sentence, to stand behind another: what failed, and where the details are.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            #[cfg(feature = "engine")]
            Self::Engine(error) => error.brief(),
            other => other.to_string(),
        }
    }
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

#[cfg(feature = "registry")]
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
