//! The documents that say which blobs make an image: Docker's `manifest.json`, and the OCI index and manifest with
//! their Docker schema 2 twins, which have the same shape. The types are our own, because oci-spec's documents refuse
//! what engines load (`"layers": null`, a wrong size); its media types, digests and annotation names are used.

use std::collections::HashMap;
use std::str::FromStr;

use oci_spec::image::{ANNOTATION_REF_NAME, Digest, MediaType};
use serde::Deserialize;

use super::document::{List, Text};
use super::platform::Platform;

/// One image of a docker-archive's `manifest.json`.
#[derive(Debug, Deserialize)]
pub(super) struct DockerImage {
    #[serde(rename = "Config")]
    pub(super) config: Option<String>,
    #[serde(rename = "RepoTags", default)]
    pub(super) tags: List<String>,
    #[serde(rename = "Layers", default)]
    pub(super) layers: List<String>,
    /// What Docker 25 and later say of the layers, by digest.
    #[serde(rename = "LayerSources", default)]
    pub(super) sources: Option<HashMap<String, Descriptor>>,
}

/// An OCI or Docker schema 2 index or manifest; its lists tell which, for media types are often absent or wrong.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OciDocument {
    #[serde(default)]
    pub(super) artifact_type: Text,
    pub(super) manifests: Option<List<Descriptor>>,
    pub(super) config: Option<Descriptor>,
    #[serde(default)]
    pub(super) layers: List<Descriptor>,
    /// Only Docker schema 1 has it.
    pub(super) fs_layers: Option<serde::de::IgnoredAny>,
}

/// A blob as an index or manifest names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    #[serde(default)]
    media_type: Text,
    #[serde(default)]
    pub(super) digest: String,
    size: Option<serde_json::Number>,
    #[serde(default)]
    pub(super) urls: List<String>,
    annotations: Option<Annotations>,
    platform: Option<PlatformEntry>,
}

/// The annotations that mean something here.
#[derive(Debug, Clone, Deserialize)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.ref.name", default)]
    ref_name: Text,
    /// The full name, where containerd and Docker wrote the file: their `ref.name` is the bare tag.
    #[serde(rename = "io.containerd.image.name", default)]
    containerd_name: Text,
    /// `BuildKit`'s mark on provenance and SBOM manifests.
    #[serde(rename = "vnd.docker.reference.type", default)]
    docker_reference_type: Text,
}

// serde takes literals only; this keeps the literal above honest.
const _: () = assert!(matches!(ANNOTATION_REF_NAME.as_bytes(), b"org.opencontainers.image.ref.name"));

#[derive(Debug, Clone, Deserialize)]
struct PlatformEntry {
    #[serde(default)]
    os: Text,
    #[serde(default)]
    architecture: Text,
    #[serde(default)]
    variant: Text,
}

/// A digest that is not `algorithm:encoded`, so that no path can be made of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest (algorithm:hex)")]
pub struct InvalidDigest(pub String);

impl Descriptor {
    /// Where its blob lies in a layout.
    pub(super) fn path(&self) -> Result<String, InvalidDigest> {
        let digest = Digest::from_str(&self.digest).map_err(|_| InvalidDigest(self.digest.clone()))?;
        Ok(format!("blobs/{}/{}", digest.algorithm(), digest.digest()))
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
        self.size.as_ref().and_then(serde_json::Number::as_u64)
    }

    /// The name of the image it stands for.
    pub(super) fn image_name(&self) -> Option<&str> {
        let annotations = self.annotations.as_ref()?;
        annotations.containerd_name.as_deref().or_else(|| annotations.ref_name.as_deref())
    }

    pub(super) fn platform(&self) -> Option<Platform> {
        let entry = self.platform.as_ref()?;
        Some(Platform::new(entry.os.as_deref()?, entry.architecture.as_deref()?, entry.variant.as_deref()))
    }

    /// Whether it is no image but what `BuildKit` attests about one.
    pub(super) fn is_attestation(&self) -> bool {
        let marked = self
            .annotations
            .as_ref()
            .is_some_and(|annotations| annotations.docker_reference_type.as_deref() == Some("attestation-manifest"));
        marked || self.platform().is_some_and(|platform| platform.os == "unknown" && platform.architecture == "unknown")
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

/// What a layer's media type says that its bytes do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerKind {
    Layer,
    Encrypted,
    /// No type that layers have.
    Unknown,
}

pub(super) fn layer_kind(media_type: Option<&str>) -> LayerKind {
    let Some(text) = media_type else { return LayerKind::Layer };
    if text.ends_with("+encrypted") {
        return LayerKind::Encrypted;
    }
    match MediaType::from(text) {
        MediaType::Other(other)
            if !other.starts_with("application/vnd.docker.image.rootfs.")
                && !other.starts_with("application/vnd.oci.image.layer.") =>
        {
            LayerKind::Unknown
        }
        _ => LayerKind::Layer,
    }
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
        serde_json::from_str(json).unwrap()
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
        assert!(descriptor(r#"{"platform": {"os": "unknown", "architecture": "unknown"}}"#).is_attestation());
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
