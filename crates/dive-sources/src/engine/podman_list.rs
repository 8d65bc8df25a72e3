//! Manifest lists in Podman: one name for the images of several platforms. Podman describes and saves the image for its own
//! platform; any other is named by its digest.

use super::api::{ImageInspect, ListedImage, ManifestList};
use super::backend::Backend;
use super::error::EngineError;
use super::lookup::{INSPECTION, ImageLookup};
use crate::ContainerEngine;
use crate::runtime::timeout;
use dive_model::image::Platform;

/// The error of Podman for a list without its own platform.
const NO_OWN_PLATFORM: &str = "no image found in";

impl ImageLookup<'_> {
    /// `found`; if the name is a list, the image of the requested platform, or of any platform if the list lacks Podman's own.
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
            let described = match self.describe_other(backend, &named)? {
                Some(image) => Some(image),
                // Podman 5 knows an image of a list by its id alone.
                None => match self.id_of(backend, digest)? {
                    Some(id) => self.describe_other(backend, &id)?,
                    None => None,
                },
            };
            if let Some(image) = described {
                return Ok(image);
            }
        }
        // The list also names images that Podman does not have.
        let others = images.into_iter().map(|(_, platform)| platform).filter(|platform| !is_wanted(platform));
        let others: Vec<Platform> = others.collect();
        if others.is_empty() || wanted.is_none() { found } else { Err(self.other_platform(&others)) }
    }

    /// Describes the image with this name instead; `None` if Podman does not have it.
    fn describe_other(&self, backend: &Backend, name: &str) -> Result<Option<ImageInspect>, EngineError> {
        let lookup = ImageLookup::new(self.engine, name, self.access)?;
        Ok(match backend {
            Backend::Service(client) => lookup.describe(client, "").ok(),
            Backend::Command { podman, .. } => podman.inspect(lookup.name).ok().flatten(),
        })
    }

    /// The id of the image whose manifest has this digest.
    fn id_of(&self, backend: &Backend, digest: &str) -> Result<Option<String>, EngineError> {
        let images: Option<Vec<ListedImage>> = match backend {
            Backend::Command { podman, .. } => podman.images(INSPECTION, &["--all"]).ok(),
            Backend::Service(client) => {
                let listed = async { timeout(INSPECTION, client.document("/images/json?all=true")).await };
                self.wait(listed)?.ok().and_then(Result::ok)
            }
        };
        let mut images = images.into_iter().flatten();
        Ok(images.find(|image| image.digest.as_deref() == Some(digest)).map(|image| image.id))
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
