//! Stubs for the modules that this build leaves out. They have the same functions, and each returns [`LeftOut`].
//!
//! [`LeftOut`]: crate::left_out::LeftOut

/// Replaces the module `engine`.
#[cfg(not(feature = "engine"))]
pub(super) mod engine {
    use crate::access::Access;
    use crate::container_engine::ContainerEngine;
    use crate::environment::Environment;
    use crate::error::SourceError;
    use crate::left_out::LeftOut;
    use dive_model::blob::TransferProgress;
    use dive_model::image::{NamedImage, PrefixSearch};
    use dive_model::observer::Observer;
    use dive_model::store::Store;

    pub(crate) fn open(
        _: ContainerEngine,
        _: &str,
        _: &Access,
        _: &mut dyn FnMut(TransferProgress),
    ) -> Result<Box<dyn Store>, SourceError> {
        Err(LeftOut::Engines.into())
    }

    pub(crate) fn diff_ids(_: ContainerEngine, _: &NamedImage, _: &Access) -> Result<Option<Vec<String>>, SourceError> {
        Err(LeftOut::Engines.into())
    }

    pub(crate) fn is_on_this_machine(_: ContainerEngine, _: &Access) -> bool {
        true
    }

    pub(crate) fn longest_prefix(
        _: ContainerEngine,
        _: &[&str],
        _: &[String],
        _: &Access,
    ) -> Result<PrefixSearch, SourceError> {
        Err(LeftOut::Engines.into())
    }

    pub(crate) mod container {
        pub(crate) use super::open;
    }

    /// True if `engine` has the image.
    ///
    /// # Errors
    ///
    /// Always: this build has no engines.
    pub fn is_present(_: ContainerEngine, _: &str, _: &Access) -> Result<bool, SourceError> {
        Err(LeftOut::Engines.into())
    }

    /// Returns `None`: this build has no engines.
    #[must_use]
    pub const fn build_help(_: ContainerEngine, _: &Environment) -> Option<String> {
        None
    }

    /// Has `engine` pull the image.
    ///
    /// # Errors
    ///
    /// Always: this build has no engines.
    pub fn pull(_: ContainerEngine, _: &str, _: &Access, _: &dyn Observer) -> Result<(), SourceError> {
        Err(LeftOut::Engines.into())
    }
}

/// Replaces the module `containerd`.
#[cfg(not(feature = "engine"))]
pub(super) mod containerd {
    use crate::access::Access;
    use crate::error::SourceError;
    use crate::left_out::LeftOut;
    use dive_model::blob::TransferProgress;
    use dive_model::store::Store;

    pub(crate) fn open(
        _: &str,
        _: &Access,
        _: &mut dyn FnMut(TransferProgress),
    ) -> Result<Box<dyn Store>, SourceError> {
        Err(LeftOut::Engines.into())
    }
}

/// Replaces the module `containerd_images`.
#[cfg(not(feature = "engine"))]
pub(super) mod containerd_images {
    use crate::access::Access;
    use crate::error::SourceError;
    use crate::left_out::LeftOut;
    use dive_model::image::PrefixSearch;

    pub(crate) fn diff_ids(_: &str, _: &[&str], _: &Access) -> Result<Option<Vec<String>>, SourceError> {
        Err(LeftOut::Engines.into())
    }

    pub(crate) fn longest_prefix(_: &[&str], _: &[String], _: &Access) -> Result<PrefixSearch, SourceError> {
        Err(LeftOut::Engines.into())
    }
}

/// Replaces the module `registry_files`.
#[cfg(not(feature = "registry"))]
pub(super) mod registry_files {
    use crate::environment::Environment;
    use crate::settings_source::SettingsSource;

    /// The registry settings of the machine: this build uses none.
    #[must_use]
    pub fn registry_files(_: &Environment) -> Vec<SettingsSource> {
        Vec::new()
    }
}

/// Replaces the module `registry`.
#[cfg(not(feature = "registry"))]
pub(super) mod registry {
    use crate::access::Access;
    use crate::error::SourceError;
    use crate::left_out::LeftOut;
    use dive_model::store::Store;

    pub(crate) fn open(_: &str, _: &Access) -> Result<Box<dyn Store>, SourceError> {
        Err(LeftOut::Registries.into())
    }
}
