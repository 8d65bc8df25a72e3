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
use dive_model::image::{BaseCandidates, BaseSearchError, NamedImage, PrefixSearch};

/// The images of an engine.
#[derive(Debug, Clone)]
pub struct LocalImages {
    holder: ImageHolder,
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ImageHolder {
    Engine(ContainerEngine),
    Containerd,
}

impl LocalImages {
    /// The images beside the one that `reference` names. `None` if it is not in an engine.
    #[must_use]
    pub fn beside(reference: &Reference, access: &Access) -> Option<Self> {
        let holder = match reference {
            Reference::Engine { engine, .. } | Reference::Container { engine, .. } => ImageHolder::Engine(*engine),
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

    /// True if the engine is on this machine: it has no address behind ssh or TCP, where each image may cost a login.
    #[must_use]
    pub fn are_on_this_machine(&self) -> bool {
        match self.holder {
            ImageHolder::Engine(engine) => engine::is_on_this_machine(engine, &self.access),
            ImageHolder::Containerd => true,
        }
    }

    /// True if the image that `reference` names is in the same engine.
    #[must_use]
    pub fn are_beside(&self, reference: &Reference) -> bool {
        Self::beside(reference, &self.access).is_some_and(|beside| beside.holder == self.holder)
    }
}

impl BaseCandidates for LocalImages {
    fn diff_ids(&self, image: &NamedImage, wanted: &[&str]) -> Result<Option<Vec<String>>, BaseSearchError> {
        let found = match self.holder {
            ImageHolder::Engine(engine) => engine::diff_ids(engine, image, &self.access),
            ImageHolder::Containerd => containerd_images::diff_ids(&image.name, wanted, &self.access),
        };
        found.map_err(failed_search)
    }

    fn longest_prefix(&self, diff_ids: &[&str], own: &[String]) -> Result<PrefixSearch, BaseSearchError> {
        let search: Result<PrefixSearch, SourceError> = match self.holder {
            ImageHolder::Engine(engine) => engine::longest_prefix(engine, diff_ids, own, &self.access),
            ImageHolder::Containerd => containerd_images::longest_prefix(diff_ids, own, &self.access),
        };
        if let Ok(PrefixSearch { found, compared, left }) = &search {
            info!("compared {compared} images with the layers, left {left}: {found:?}");
        }
        search.map_err(failed_search)
    }
}

fn failed_search(error: SourceError) -> BaseSearchError {
    BaseSearchError::new(error.brief(), error)
}

#[cfg(test)]
#[cfg(all(feature = "engine", unix))]
mod tests {
    use super::*;

    /// Otherwise opening an image at `ssh://host` would log in once more for each image there.
    #[test]
    fn engines_behind_ssh_or_tcp_are_on_another_machine() {
        let is_here = |engine, variable: &str, address: &str| {
            let access = Access { environment: [(variable, address)].into_iter().collect(), ..Access::default() };
            LocalImages::of(engine, &access).are_on_this_machine()
        };
        let (docker, podman) = (ContainerEngine::Docker, ContainerEngine::Podman);
        assert!(is_here(docker, "DOCKER_HOST", "unix:///run/docker.sock") && is_here(docker, "HOME", "/nowhere"));
        assert!(is_here(podman, "CONTAINER_HOST", "unix:///run/podman.sock"));
        for address in ["ssh://user@far.example", "tcp://docker:2375"] {
            assert!(
                !is_here(docker, "DOCKER_HOST", address) && !is_here(podman, "CONTAINER_HOST", address),
                "{address}"
            );
        }
        let far = Reference::Registry { name: "example.org/a".to_owned() };
        assert!(LocalImages::beside(&far, &Access::default()).is_none());
    }
}
