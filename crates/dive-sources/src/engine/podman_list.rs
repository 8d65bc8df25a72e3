//! Manifest lists in Podman: one name for the images of several platforms. Podman describes and saves the image for its own
//! platform; any other is named by its digest.

use tokio::time::timeout;

use super::api::{ImageInspect, ManifestList};
use super::backend::Backend;
use super::error::EngineError;
use super::lookup::{INSPECTION, ImageLookup};
use crate::ContainerEngine;
use dive_model::image::Platform;

/// The error of Podman for a list without its own platform.
const NO_OWN_PLATFORM: &str = "no image found in";

impl ImageLookup<'_> {
    /// `found`; if the name is a list, the image of the requested platform, or of any if Podman's own is missing.
    pub(super) fn of_list(
        &self,
        backend: &Backend,
        found: Result<ImageInspect, EngineError>,
    ) -> Result<ImageInspect, EngineError> {
        let may_be_list = match &found {
            // Podman also denies that a list without its own platform exists.
            Err(EngineError::OtherPlatform { .. } | EngineError::NoSuchImage { .. }) => true,
            Err(EngineError::Refused { answer, .. }) => answer.contains(NO_OWN_PLATFORM),
            Err(EngineError::Unreachable { attempts, .. }) => {
                attempts.last().is_some_and(|attempt| attempt.failure.to_string().contains(NO_OWN_PLATFORM))
            }
            _ => false,
        };
        if self.engine != ContainerEngine::Podman || !may_be_list {
            return found;
        }
        let Some(images) = self.manifest_list(backend)?.map(ManifestList::images) else { return found };
        let wanted = self.wanted_platform();
        let is_wanted = |platform: &Platform| wanted.as_ref().is_none_or(|wanted| platform.suits(wanted));
        let (repository, _) = self.name.repository_and_version();
        for (digest, _) in images.iter().filter(|(_, platform)| is_wanted(platform)) {
            let named = format!("{repository}@{digest}");
            let instance = ImageLookup::new(self.engine, &named, self.access)?;
            let described = match backend {
                Backend::Service(client) => instance.describe(client, "").ok(),
                Backend::Command { podman, .. } => podman.inspect(instance.name).ok().flatten(),
            };
            if let Some(image) = described {
                return Ok(image);
            }
        }
        let available: Vec<Platform> = images.into_iter().map(|(_, platform)| platform).collect();
        if available.is_empty() || wanted.is_none() { found } else { Err(self.other_platform(&available)) }
    }

    /// The list of this name. Without the check, Podman would look for it in a registry.
    fn manifest_list(&self, backend: &Backend) -> Result<Option<ManifestList>, EngineError> {
        let client = match backend {
            Backend::Command { podman, .. } => return Ok(podman.manifest_list(self.name)),
            Backend::Service(client) => client,
        };
        let name = self.name.as_str();
        self.wait(async {
            let exists = timeout(INSPECTION, client.has(&format!("/libpod/manifests/{name}/exists"))).await;
            if !matches!(exists, Ok(Ok(()))) {
                return None;
            }
            let path = format!("/libpod/manifests/{name}/json");
            timeout(INSPECTION, client.libpod_document(&path)).await.ok()?.ok()
        })
    }
}
