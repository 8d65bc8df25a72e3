//! Where images are: files, standard input, engines, registries, containerd. A [`Reference`] says what the user named, and
//! [`Source::open`] finds the store that holds it, which [`dive_model::Opener`] reads:
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
//! [`Access`] has the options: the [`Environment`] that says where engines and credentials are, mirrors, pulls, the cache.

mod access;
mod container_engine;
mod environment;
mod error;
mod left_out;
mod reference;
mod scheme;
#[cfg(not(all(feature = "engine", feature = "registry")))]
mod stand_in;
mod web;

#[cfg(feature = "engine")]
mod containerd;
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

#[cfg(feature = "registry")]
mod registry;

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
    Access, HostError, Mirror, MirrorError, PodmanRoute, PullPolicy, RegistryOptions, UnknownPullPolicy, host,
};
pub use container_engine::ContainerEngine;
#[cfg(feature = "engine")]
pub use containerd::ContainerdError;
#[cfg(feature = "engine")]
pub use engine::{Attempt, EngineError};
pub use engine::{is_present, pull};
pub use environment::Environment;
pub use error::SourceError;
pub use left_out::LeftOut;
pub use reference::{ImageOrigin, OtherReading, PathReference, Reference, ReferenceError};
#[cfg(feature = "testing")]
pub use registry::testing;
#[cfg(feature = "registry")]
pub use registry::{Actual, RegistryError, SystemError};
pub use scheme::{PathFormat, SCHEMES, Scheme, SchemeName, SourceKind};

use dive_model::observer::Observer;
use dive_model::store::{FileFormat, FileStore, Store};
#[cfg(not(feature = "registry"))]
use stand_in::registry;
#[cfg(not(feature = "engine"))]
use stand_in::{containerd, engine};

/// An image's store, found, and where it was found.
#[derive(Debug)]
pub struct Source {
    origin: ImageOrigin,
    store: Box<dyn Store>,
}

impl Source {
    /// Opens what `reference` names. A pipe, a compressed archive or what an engine saves is first written to a temporary
    /// file; `observer` receives the progress of that and of an engine's pull. Of a registry, only the manifest is fetched.
    ///
    /// # Errors
    /// If it is not there, is not an image, is damaged (unless `access` says to go on), or an engine or registry does not
    /// answer or refuses.
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

    /// Where the image came from: the source that was named, or the format of the file or directory that was found.
    #[must_use]
    pub const fn origin(&self) -> &ImageOrigin {
        &self.origin
    }

    /// What holds the image's bytes.
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
