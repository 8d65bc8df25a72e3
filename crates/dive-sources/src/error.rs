//! Errors of image sources. Each message says what failed, where, and what to do. Control characters in names from archives
//! are escaped.

#[cfg(feature = "engine")]
use super::containerd::ContainerdError;
#[cfg(feature = "engine")]
use super::engine::EngineError;
use super::left_out::LeftOut;
#[cfg(feature = "registry")]
use super::registry::RegistryError;
use dive_model::store::StoreError;

/// A source, or something in it, that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The image's file, or something in it, cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This build does not include the source.
    #[error(transparent)]
    LeftOut(#[from] LeftOut),
    /// The engine cannot provide the image.
    #[cfg(feature = "engine")]
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The registry cannot provide the image.
    #[cfg(feature = "registry")]
    #[error("{name}: {cause}{}", noted(unused_settings))]
    Registry {
        /// The image's name as typed.
        name: String,
        /// The error from the registry.
        cause: Box<RegistryError>,
        /// The settings of the machine that dive cannot use, which may be the cause: `FILE:LINE: PROBLEM`.
        unused_settings: Vec<String>,
    },
    /// containerd cannot provide the image.
    #[cfg(feature = "engine")]
    #[error(transparent)]
    Containerd(#[from] ContainerdError),
}

/// The first problem of the machine's settings, for the end of a message.
#[cfg(feature = "registry")]
fn noted(unused_settings: &[String]) -> String {
    let Some(first) = unused_settings.first() else { return String::new() };
    let others = match unused_settings.len() {
        1 => String::new(),
        count => format!(" (and {} more: `dive config` lists them)", count - 1),
    };
    format!("; this may be why: {first}{others}")
}

impl SourceError {
    /// Adds the settings that dive cannot use, which may be the cause.
    #[cfg(feature = "registry")]
    pub(super) fn with_unused_settings(mut self, unused: &[String]) -> Self {
        if let Self::Registry { unused_settings, .. } = &mut self {
            unused.clone_into(unused_settings);
        }
        self
    }

    /// A short sentence for use inside another message: what failed, and where to find the details.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            #[cfg(feature = "engine")]
            Self::Engine(error) => error.brief(),
            other => other.to_string(),
        }
    }
}

/// Converts the error of an image in an engine or a registry.
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
    /// Adds the image's name, for messages.
    pub(super) fn of(self, name: &str) -> SourceError {
        match self {
            Self::Disk { what, folder, written, cause } => {
                StoreError::Spool { archive: format!("{name}: {what}"), folder, written, cause: cause.into() }.into()
            }
            cause => {
                SourceError::Registry { name: name.to_owned(), cause: Box::new(cause), unused_settings: Vec::new() }
            }
        }
    }
}
