//! The images of an engine on this machine, to find the base of an image among them. They are only inspected: nothing is
//! pulled.

use tracing::info;

use super::access::Access;
use super::container_engine::ContainerEngine;
use super::error::SourceError;
use super::reference::Reference;
#[cfg(not(feature = "engine"))]
use super::stand_in::{containerd_images, engine};
#[cfg(feature = "engine")]
use super::{containerd_images, engine};
use dive_model::image::{BaseCandidates, NamedImage, PrefixSearch};

/// The images of an engine.
#[derive(Debug, Clone)]
pub struct LocalImages {
    holder: ImageHolder,
    access: Access,
}

#[derive(Debug, Clone, Copy)]
enum ImageHolder {
    Engine(ContainerEngine),
    Containerd,
}

impl LocalImages {
    /// The images beside the one that `reference` names. `None` if it is not in an engine.
    #[must_use]
    pub fn beside(reference: &Reference, access: &Access) -> Option<Self> {
        let holder = match reference {
            Reference::Engine { engine, .. } => ImageHolder::Engine(*engine),
            Reference::Containerd { .. } => ImageHolder::Containerd,
            Reference::Path(_) | Reference::Stdin | Reference::Registry { .. } => return None,
        };
        Some(Self { holder, access: access.clone() })
    }

    /// The images of `engine`.
    #[must_use]
    pub fn of(engine: ContainerEngine, access: &Access) -> Self {
        Self { holder: ImageHolder::Engine(engine), access: access.clone() }
    }
}

impl BaseCandidates for LocalImages {
    fn diff_ids(&self, image: &NamedImage, wanted: &[&str]) -> Result<Option<Vec<String>>, String> {
        let found = match self.holder {
            ImageHolder::Engine(engine) => engine::diff_ids(engine, image, &self.access),
            ImageHolder::Containerd => containerd_images::diff_ids(&image.name, wanted, &self.access),
        };
        found.map_err(|error| error.brief())
    }

    fn longest_prefix(&self, diff_ids: &[&str], own: &[String]) -> Result<PrefixSearch, String> {
        let search: Result<PrefixSearch, SourceError> = match self.holder {
            ImageHolder::Engine(engine) => engine::longest_prefix(engine, diff_ids, own, &self.access),
            ImageHolder::Containerd => containerd_images::longest_prefix(diff_ids, own, &self.access),
        };
        if let Ok(PrefixSearch { found, compared, left }) = &search {
            info!("the base was looked for in {compared} images, {left} were left: {found:?}");
        }
        search.map_err(|error| error.brief())
    }
}
