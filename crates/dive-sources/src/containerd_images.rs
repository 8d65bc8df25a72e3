//! Compares an image with the others of containerd, by their diff ids. `ctr` prints the documents of an image; nothing is
//! pulled or exported.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access::Access;
use super::containerd::ContainerdError;
use super::containerd::ctr::{Ctr, CtrImage};
use super::engine_name::EngineImageName;
use super::error::SourceError;
use super::search_limit::SearchLimit;
use dive_model::digest::Digest;
use dive_model::image::PrefixSearch;

/// Maximum number of manifests to read below an index: one for each platform.
const MAX_MANIFESTS: usize = 32;

/// An index or a manifest.
#[derive(Debug, Deserialize)]
struct ContentDocument {
    #[serde(default)]
    manifests: Vec<ContentDescriptor>,
    config: Option<ContentDescriptor>,
}

/// A reference to other content.
#[derive(Debug, Deserialize)]
struct ContentDescriptor {
    digest: String,
}

/// The part of a configuration with the diff ids.
#[derive(Debug, Deserialize)]
struct ContentConfig {
    rootfs: ContentRootFs,
}

#[derive(Debug, Deserialize)]
struct ContentRootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// Diff ids of the image with this name; `None` if containerd does not have it, or if the name is invalid. If the image has
/// several platforms, the one that shares the most layers with `wanted` counts.
pub(crate) fn diff_ids(name: &str, wanted: &[&str], access: &Access) -> Result<Option<Vec<String>>, SourceError> {
    let Some(parsed) = EngineImageName::new(name) else { return Ok(None) };
    let limit = SearchLimit::start();
    let content = ContentStore(Ctr::new(&access.environment));
    let in_full = parsed.in_full();
    let images = content.images(limit.time_left())?;
    let image = images.iter().find(|image| image.name == in_full || image.name == name);
    Ok(image.and_then(|image| content.diff_ids(&image.digest, wanted, &limit)))
}

/// Looks for the image whose diff ids are the longest proper prefix of `diff_ids`. Images of the repositories of `own` are
/// skipped.
pub(crate) fn longest_prefix(diff_ids: &[&str], own: &[String], access: &Access) -> Result<PrefixSearch, SourceError> {
    let limit = SearchLimit::start();
    let content = ContentStore(Ctr::new(&access.environment));
    let images = content.images(limit.time_left())?;
    let images = images.iter().map(|image| (image.name.as_str(), &image.digest));
    Ok(limit.search(images, diff_ids, own, |digest, limit| content.diff_ids(digest, diff_ids, limit)))
}

/// The content of containerd, as ctr prints it.
struct ContentStore(Ctr);

impl ContentStore {
    /// All images.
    fn images(&self, limit: Duration) -> Result<Vec<CtrImage>, ContainerdError> {
        self.0.images(limit).map_err(ContainerdError::of_list)
    }

    /// The document with this digest; `None` if containerd does not have it.
    fn document<T: DeserializeOwned>(&self, digest: &str, limit: Duration) -> Option<T> {
        // It becomes an argument.
        let digest = digest.parse::<Digest>().ok()?.to_string();
        serde_json::from_slice(&self.0.output(limit, &["content", "get", &digest]).ok()?).ok()
    }

    /// Diff ids of the image with this manifest or index. If it has several platforms, the one that shares the most layers with
    /// `wanted` counts.
    fn diff_ids(&self, digest: &str, wanted: &[&str], limit: &SearchLimit) -> Option<Vec<String>> {
        let ContentDocument { manifests, config } = self.document(digest, limit.time_left())?;
        let of_config = |config: ContentDescriptor| -> Option<Vec<String>> {
            Some(self.document::<ContentConfig>(&config.digest, limit.time_left())?.rootfs.diff_ids)
        };
        let of_manifest = |manifest: &ContentDescriptor| {
            of_config(self.document::<ContentDocument>(&manifest.digest, limit.time_left())?.config?)
        };
        if let Some(config) = config {
            return of_config(config);
        }
        let shared = |ids: &Vec<String>| ids.iter().zip(wanted).take_while(|(a, b)| a == *b).count();
        manifests.iter().take(MAX_MANIFESTS).filter_map(of_manifest).max_by_key(shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// nerdctl, which opens the image, does not list the content.
    #[test]
    fn a_search_without_ctr_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let access = Access { environment: [("PATH", folder.path())].into_iter().collect(), ..Access::default() };
        for error in [diff_ids("alpine", &["a"], &access).err(), longest_prefix(&["a"], &[], &access).err()] {
            assert_eq!(error.unwrap().to_string(), "ctr cannot list the images: it is not in PATH");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_search_through_a_closed_socket_is_explained() {
        let (folder, access) = super::super::containerd::ctr::tests::without_permission();
        let error = longest_prefix(&["a"], &[], &access).unwrap_err().to_string();
        assert!(error.contains("may not use containerd") && error.contains("sudo"), "{error}");
        drop(folder);
    }
}
