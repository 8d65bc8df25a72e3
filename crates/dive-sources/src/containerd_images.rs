//! Compares an image with the others of containerd, by their diff ids. `ctr` prints the documents of an image; nothing is
//! pulled or exported.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access::Access;
use super::containerd::ContainerdError;
use super::engine_name::EngineImageName;
use super::error::SourceError;
use super::program::{Program, ProgramError};
use super::search_limit::SearchLimit;
use dive_model::digest::Digest;
use dive_model::image::{PrefixSearch, engine_repository};

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

/// Diff ids of the image with this name; `None` if containerd has none, or if it is no name. Of several platforms, the one
/// that shares the most layers with `wanted`.
pub(crate) fn diff_ids(name: &str, wanted: &[&str], access: &Access) -> Result<Option<Vec<String>>, SourceError> {
    let Some(parsed) = EngineImageName::new(name) else { return Ok(None) };
    let limit = SearchLimit::start();
    let ctr = Ctr::new(access);
    let in_full = parsed.in_full();
    let images = ctr.images(limit.time_left())?;
    let image = images.iter().find(|(listed, _)| *listed == in_full || listed == name);
    Ok(image.and_then(|(_, digest)| ctr.diff_ids(digest, wanted, &limit)))
}

/// Looks for the image whose diff ids are the longest proper prefix of `diff_ids`. Images of the repositories of `own` are
/// skipped.
pub(crate) fn longest_prefix(diff_ids: &[&str], own: &[String], access: &Access) -> Result<PrefixSearch, SourceError> {
    let mut limit = SearchLimit::start();
    let ctr = Ctr::new(access);
    let own: Vec<String> = own.iter().filter_map(|tag| engine_repository(tag)).collect();
    let images = ctr.images(limit.time_left())?;
    // Kubernetes also names images by their id alone.
    let is_other = |name: &str| {
        !name.starts_with("sha256:") && engine_repository(name).is_some_and(|repository| !own.contains(&repository))
    };
    let others: Vec<_> = images.iter().filter(|(name, _)| is_other(name)).collect();
    let mut search = PrefixSearch::default();
    for (at, (name, digest)) in others.iter().enumerate() {
        if !limit.allows_another() {
            search.left = others.len() - at;
            break;
        }
        if let Some(layers) = ctr.diff_ids(digest, diff_ids, &limit) {
            search.compare(name, &layers, diff_ids);
        }
    }
    Ok(search)
}

/// The program `ctr`.
struct Ctr(Program);

impl Ctr {
    fn new(access: &Access) -> Self {
        Self(Program::new("ctr", access.environment.clone()))
    }

    fn ask(&self, limit: Duration, arguments: &[&str]) -> Result<Vec<u8>, ProgramError> {
        let arguments = [&["--connect-timeout", "3s"], arguments].concat();
        self.0.output(&arguments, Some(limit), &mut || ControlFlow::Continue(()))
    }

    /// Name and digest of all images.
    fn images(&self, limit: Duration) -> Result<Vec<(String, String)>, ContainerdError> {
        let answer = self.ask(limit, &["images", "ls"]).map_err(|failure| {
            let (program, name) = ("ctr", "images".to_owned());
            match failure {
                ProgramError::Absent => ContainerdError::NoProgram { name },
                ProgramError::Io(cause) => ContainerdError::Start { program, cause },
                ProgramError::Cancelled => {
                    ContainerdError::Start { program, cause: std::io::ErrorKind::Interrupted.into() }
                }
                ProgramError::Exited { status, received, message } => {
                    ContainerdError::Failed { program, name, status, received, message }
                }
            }
        })?;
        Ok(listed(&String::from_utf8_lossy(&answer)))
    }

    /// The document with this digest; `None` if containerd does not have it.
    fn document<T: DeserializeOwned>(&self, digest: &str, limit: Duration) -> Option<T> {
        // It becomes an argument.
        let digest = digest.parse::<Digest>().ok()?.to_string();
        serde_json::from_slice(&self.ask(limit, &["content", "get", &digest]).ok()?).ok()
    }

    /// Diff ids of the image with this manifest or index. Of several platforms, the one that shares the most layers with
    /// `wanted`.
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

/// Name and digest of each line in the output of `ctr images ls`.
fn listed(text: &str) -> Vec<(String, String)> {
    let images = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, _media_type, digest) = (words.next()?, words.next()?, words.next()?);
        digest.contains(':').then(|| (name.to_owned(), digest.to_owned()))
    });
    images.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_ctr_is_read() {
        let text = "REF TYPE DIGEST SIZE PLATFORMS LABELS\ndocker.io/library/a:1 application/vnd.oci.image.index.v1+json \
                    sha256:00 2.1 MiB linux/amd64 -\nb - -\n";
        assert_eq!(listed(text), [("docker.io/library/a:1".to_owned(), "sha256:00".to_owned())]);
        assert_eq!(listed(""), []);
    }
}
