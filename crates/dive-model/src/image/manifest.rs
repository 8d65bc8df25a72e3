//! The documents that say which blobs make an image: Docker's `manifest.json`, and the OCI index and manifest with
//! their Docker schema 2 twins, which have the same shape. The types are our own, because oci-spec's documents refuse
//! what engines load (`"layers": null`, a wrong size); its media types, digests and annotation names are used.

use std::str::FromStr;

use oci_spec::image::{ANNOTATION_REF_NAME, Digest, MediaType};

use super::platform::Platform;
use crate::json::{Decode, JsonError, Key, List, Map, Object, Reader, Shape, Size, Text};

/// One image of a docker-archive's `manifest.json`.
#[derive(Debug, Default)]
pub(super) struct DockerImage {
    pub(super) config: String,
    pub(super) tags: List<String>,
    pub(super) layers: List<String>,
    /// What Docker 25 and later say of the layers, by digest.
    pub(super) sources: Option<Map<Descriptor>>,
}

impl Object for DockerImage {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("Config") => &mut self.config,
            _ if key.is("RepoTags") => &mut self.tags,
            _ if key.is("Layers") => &mut self.layers,
            _ if key.is("LayerSources") => &mut self.sources,
            _ => return None,
        })
    }
}

/// An OCI or Docker schema 2 index or manifest; its lists tell which, for media types are often absent or wrong.
#[derive(Debug, Default)]
pub(super) struct OciDocument {
    pub(super) media_type: Text,
    pub(super) artifact_type: Text,
    pub(super) manifests: Option<List<Descriptor>>,
    pub(super) config: Option<Descriptor>,
    pub(super) layers: List<Descriptor>,
    /// Only Docker schema 1 has it.
    pub(super) fs_layers: Option<()>,
}

impl Object for OciDocument {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("mediaType") => &mut self.media_type,
            _ if key.is("artifactType") => &mut self.artifact_type,
            _ if key.is("manifests") => &mut self.manifests,
            _ if key.is("config") => &mut self.config,
            _ if key.is("layers") => &mut self.layers,
            _ if key.is("fsLayers") => &mut self.fs_layers,
            _ => return None,
        })
    }
}

impl OciDocument {
    /// Whether it is a manifest of OCI's artifacts before version 1.1, which had a media type of their own.
    pub(super) fn is_artifact(&self) -> bool {
        self.media_type.as_deref() == Some("application/vnd.oci.artifact.manifest.v1+json")
    }
}

/// A blob as an index or manifest names it.
#[derive(Debug, Clone, Default)]
pub(super) struct Descriptor {
    media_type: Text,
    artifact_type: Text,
    pub(super) digest: String,
    size: Size,
    pub(super) urls: List<String>,
    annotations: Annotations,
    platform: Option<PlatformEntry>,
}

impl Object for Descriptor {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("mediaType") => &mut self.media_type,
            _ if key.is("artifactType") => &mut self.artifact_type,
            _ if key.is("digest") => &mut self.digest,
            _ if key.is("size") => &mut self.size,
            _ if key.is("urls") => &mut self.urls,
            _ if key.is("annotations") => &mut self.annotations,
            _ if key.is("platform") => &mut self.platform,
            _ => return None,
        })
    }
}

/// The annotations that mean something here.
#[derive(Debug, Clone, Default)]
struct Annotations {
    ref_name: String,
    /// The full name, where containerd and Docker wrote the file: their `ref.name` is the bare tag.
    containerd_name: String,
    /// `BuildKit`'s mark on provenance and SBOM manifests.
    docker_reference_type: String,
}

/// A map in Go: its keys are data, so their case counts, and `null` empties it. An annotation that is no string is empty.
impl Decode for Annotations {
    fn decode(&mut self, json: &mut Reader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            *self = Self::default();
            return Ok(());
        }
        json.object(&mut |key, json| {
            let annotation = match key.as_str() {
                ANNOTATION_REF_NAME => &mut self.ref_name,
                "io.containerd.image.name" => &mut self.containerd_name,
                "vnd.docker.reference.type" => &mut self.docker_reference_type,
                _ => return json.skip(),
            };
            annotation.clear();
            if json.shape()? == Shape::String { annotation.decode(json) } else { json.skip() }
        })
    }
}

#[derive(Debug, Clone, Default)]
struct PlatformEntry {
    os: Text,
    architecture: Text,
    variant: Text,
    os_version: Text,
    os_features: List<String>,
}

impl Object for PlatformEntry {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("os") => &mut self.os,
            _ if key.is("architecture") => &mut self.architecture,
            _ if key.is("variant") => &mut self.variant,
            _ if key.is("os.version") => &mut self.os_version,
            _ if key.is("os.features") => &mut self.os_features,
            _ => return None,
        })
    }
}

/// A digest that is not `algorithm:encoded`, so that no path can be made of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest (ALGORITHM:HEX)")]
pub struct InvalidDigest(pub String);

impl Descriptor {
    /// Where its blob lies in a layout.
    pub(super) fn path(&self) -> Result<String, InvalidDigest> {
        path_of_digest(&self.digest)
    }

    pub(super) fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// Whether it calls itself the manifest of one image, not an index of several.
    pub(super) fn is_manifest(&self) -> bool {
        self.media_type().is_some_and(|text| match MediaType::from(text) {
            MediaType::ImageManifest => true,
            MediaType::Other(other) => other == "application/vnd.docker.distribution.manifest.v2+json",
            _ => false,
        })
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.size.0
    }

    /// The name of the image it stands for.
    pub(super) fn image_name(&self) -> Option<&str> {
        let Annotations { ref_name, containerd_name, .. } = &self.annotations;
        [containerd_name, ref_name].into_iter().find(|name| !name.is_empty()).map(String::as_str)
    }

    pub(super) fn platform(&self) -> Option<Platform> {
        let entry = self.platform.as_ref()?;
        let platform = Platform::new(entry.os.as_deref()?, entry.architecture.as_deref()?, entry.variant.as_deref());
        Some(platform.with_os(entry.os_version.as_deref(), entry.os_features.0.iter().cloned()))
    }

    /// Whether `BuildKit` marked it as an attestation about an image.
    pub(super) fn is_attestation(&self) -> bool {
        self.annotations.docker_reference_type == "attestation-manifest"
    }

    pub(super) fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }
}

/// What a configuration's media type says it configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConfigKind {
    Image,
    /// Something else that is kept where images are: a chart, a signature, an SBOM.
    Artifact,
    Unknown,
}

pub(super) fn config_kind(media_type: Option<&str>) -> ConfigKind {
    match media_type.map(MediaType::from) {
        Some(MediaType::ImageConfig) => ConfigKind::Image,
        Some(MediaType::EmptyJSON) => ConfigKind::Artifact,
        Some(MediaType::Other(other)) if other == "application/vnd.docker.container.image.v1+json" => ConfigKind::Image,
        _ => ConfigKind::Unknown,
    }
}

/// Where the blob of `digest` lies in a layout.
pub(super) fn path_of_digest(digest: &str) -> Result<String, InvalidDigest> {
    let digest = Digest::from_str(digest).map_err(|_| InvalidDigest(digest.to_owned()))?;
    Ok(format!("blobs/{}/{}", digest.algorithm(), digest.digest()))
}

/// The digest that a path in a docker-archive stands for: `blobs/sha256/HEX`, or a configuration's `HEX.json` or
/// `sha256:HEX`.
pub(super) fn digest_of_path(path: &str) -> Option<String> {
    let path = path.trim_start_matches("./");
    let text = match path.strip_prefix("blobs/") {
        Some(blob) => blob.replacen('/', ":", 1),
        None if path.contains(':') => path.to_owned(),
        None => format!("sha256:{}", path.strip_suffix(".json")?),
    };
    Digest::from_str(&text).ok().map(|digest| digest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "a7e4d0394b3007a9d46463b74d830cde9e99072710d12248a8b127cd4de3f0aa";

    fn descriptor(json: &str) -> Descriptor {
        crate::json::read(json.as_bytes()).unwrap().value
    }

    #[test]
    fn only_a_digest_becomes_a_path() {
        let path = |digest: &str| descriptor(&format!(r#"{{"digest": "{digest}"}}"#)).path();
        assert_eq!(path(&format!("sha256:{HEX}")), Ok(format!("blobs/sha256/{HEX}")));
        for wrong in ["", "sha256:", "sha256:../../etc/passwd", "sha256:aa", "../x:aa", "etc/passwd"] {
            assert_eq!(path(wrong), Err(InvalidDigest(wrong.to_owned())));
        }
    }

    #[test]
    fn a_descriptor_is_read_as_engines_write_it() {
        let named = descriptor(
            r#"{"size": -3.5, "annotations": {"org.opencontainers.image.ref.name": "1",
                "io.containerd.image.name": "docker.io/library/a:1", "other": "x"}, "urls": null}"#,
        );
        assert_eq!(named.image_name(), Some("docker.io/library/a:1"));
        assert_eq!((named.size(), named.media_type()), (None, None));
        assert!(!named.is_attestation());
        assert!(
            descriptor(r#"{"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}"#).is_attestation()
        );
    }

    #[test]
    fn a_path_gives_its_digest() {
        for path in [format!("blobs/sha256/{HEX}"), format!("{HEX}.json"), format!("sha256:{HEX}")] {
            assert_eq!(digest_of_path(&path), Some(format!("sha256:{HEX}")), "{path}");
        }
        for path in ["c.json", "../../../etc/passwd", "l0/layer.tar"] {
            assert_eq!(digest_of_path(path), None, "{path}");
        }
    }
}
