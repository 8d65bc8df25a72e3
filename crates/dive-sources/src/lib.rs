//! Finds container images in files, standard input, engines, registries and containerd. A [`Reference`] is the parsed argument
//! of the user, and [`Source::open`] returns the store with the image, which [`dive_model::Opener`] reads:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dive_model::{Opener, observer::Silent};
//! use dive_sources::{Access, ContainerEngine, Reference, Source};
//!
//! let reference = Reference::parse("registry://docker.io/library/alpine".as_ref(), None, ContainerEngine::Docker)?;
//! let source = Source::open(&reference, &Access::default(), &Silent)?;
//! let opened = Opener::new().open_store(source.store())?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Access`] has the options: mirrors, pulls, the cache, and the [`Environment`] that locates engines and credentials.

mod access;
mod busy_hosts;
mod container_engine;
mod environment;
mod error;
mod left_out;
mod local_images;
mod login;
#[cfg(feature = "registry")]
mod machine;
mod reference;
mod scheme;
mod settings_source;
#[cfg(not(all(feature = "engine", feature = "registry")))]
mod stand_in;
mod web;

#[cfg(feature = "engine")]
mod containerd;
#[cfg(feature = "engine")]
mod containerd_images;
#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "engine")]
mod engine_name;
#[cfg(feature = "engine")]
mod meter;
#[cfg(feature = "engine")]
mod program;
#[cfg(feature = "engine")]
mod quote;
#[cfg(feature = "engine")]
mod search_limit;

#[cfg(feature = "registry")]
mod registry;
#[cfg(feature = "registry")]
mod registry_files;

#[cfg(any(feature = "engine", feature = "registry"))]
mod certificates;
#[cfg(any(feature = "engine", feature = "registry"))]
#[cfg_attr(not(feature = "registry"), allow(dead_code, reason = "only registries explain why they refuse a login"))]
mod credentials;
#[cfg(any(feature = "engine", feature = "registry"))]
mod docker_hub;
#[cfg(any(feature = "engine", feature = "registry"))]
mod runtime;

use std::io;

pub use access::{
    Access, HostError, MachineFiles, Mirror, MirrorError, MirrorHost, PodmanRoute, PullPolicy, RegistryOptions,
    UnknownPullPolicy, host,
};
pub use busy_hosts::BusyHosts;
pub use container_engine::ContainerEngine;
#[cfg(feature = "engine")]
pub use containerd::ContainerdError;
#[cfg(feature = "engine")]
pub use engine::{Attempt, AttemptFailure, EngineError, EngineObject, NameTaken};
pub use engine::{build_help, is_present, pull};
pub use environment::Environment;
pub use error::SourceError;
pub use left_out::LeftOut;
pub use local_images::LocalImages;
pub use login::without_login;
pub use reference::{ImageOrigin, OtherReading, PathReference, Reference, ReferenceError};
#[cfg(feature = "testing")]
pub use registry::testing;
#[cfg(feature = "registry")]
pub use registry::{Actual, RegistryError, SystemError};
pub use registry_files::registry_files;
pub use scheme::{PathFormat, SCHEMES, Scheme, SchemeName, SourceKind};
pub use settings_source::{SettingsPlace, SettingsProblem, SettingsSource};

use dive_model::observer::Observer;
use dive_model::store::{FileFormat, FileStore, Store};
#[cfg(not(feature = "engine"))]
use stand_in::{containerd, engine};
#[cfg(not(feature = "registry"))]
use stand_in::{registry, registry_files};

/// An open source: the store of an image, and its origin.
#[derive(Debug)]
pub struct Source {
    origin: ImageOrigin,
    store: Box<dyn Store>,
}

impl Source {
    /// Opens the image that `reference` names. Pipes, compressed archives and exports are first written to a temporary file.
    /// `observer` receives the progress of that and of a pull. From a registry, only the manifest is fetched.
    ///
    /// # Errors
    /// If the image is missing, invalid, or damaged (unless `access` tolerates damage), or if an engine or registry cannot be
    /// reached or refuses.
    pub fn open(reference: &Reference, access: &Access, observer: &dyn Observer) -> Result<Self, SourceError> {
        let on_damage = access.on_damage;
        let progress = &mut |progress| observer.transferred(progress);
        let (scheme, name, store): (_, _, Box<dyn Store>) = match reference {
            Reference::Path(reference) => {
                let store = FileStore::open_within(access.limits, &reference.path, access.links, on_damage, progress)?;
                let format = reference.format.unwrap_or_else(|| store.format().into());
                (SourceKind::Path(format).name(), reference.to_string(), Box::new(store))
            }
            Reference::Stdin => {
                let store = FileStore::receive(
                    access.limits,
                    io::stdin().lock(),
                    "standard input".to_owned(),
                    on_damage,
                    progress,
                )?;
                ("stdin", "-".to_owned(), Box::new(store))
            }
            Reference::Engine { engine, name, .. } => {
                let image = engine::open(*engine, name, access, progress)?;
                (SourceKind::Engine(*engine).name(), name.clone(), image)
            }
            Reference::Container { engine, name } => {
                let image = engine::container::open(*engine, name, access, progress)?;
                (SourceKind::Container.name(), name.clone(), image)
            }
            Reference::Registry { name } => {
                let image = registry::open(name, access)?;
                (SourceKind::Registry.name(), name.clone(), image)
            }
            Reference::Containerd { name } => {
                let image = containerd::open(name, access, progress)?;
                (SourceKind::Containerd.name(), name.clone(), image)
            }
        };
        Ok(Self { origin: ImageOrigin { scheme, name }, store })
    }

    /// The origin of the image: the named source, or the format that was detected on disk.
    #[must_use]
    pub const fn origin(&self) -> &ImageOrigin {
        &self.origin
    }

    /// The store with the image's bytes.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }
}

impl From<FileFormat> for PathFormat {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::DockerArchive => Self::DockerArchive,
            FileFormat::OciArchive => Self::OciArchive,
            FileFormat::Directory => Self::Oci,
        }
    }
}
