//! The sources that this build leaves out, by Cargo feature. Their names still parse and complete; opening one fails with
//! the name of the feature.

use super::scheme::SourceKind;

/// A source that this build leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeftOut {
    /// Docker, Podman and containerd.
    #[error(
        "this dive was built without container engines: install it with the feature `engine`, or save the image to a file \
         and open that"
    )]
    Engines,
    /// Registries.
    #[error(
        "this dive was built without registries: install it with the feature `registry`, or save the image to a file and \
         open that"
    )]
    Registries,
}

impl SourceKind {
    /// `Ok` if this build includes the source.
    ///
    /// # Errors
    ///
    /// If the Cargo feature of the source is off.
    pub const fn require(self) -> Result<(), LeftOut> {
        match self {
            Self::Engine(_) | Self::Container | Self::Containerd if !cfg!(feature = "engine") => Err(LeftOut::Engines),
            Self::Registry if !cfg!(feature = "registry") => Err(LeftOut::Registries),
            Self::Engine(_) | Self::Container | Self::Containerd | Self::Registry | Self::Path(_) => Ok(()),
        }
    }
}
