//! Types of the documents that list the blobs of an image: the OCI index and manifest, with the equal ones of Docker
//! schema 2. `docker_archive` has those of `manifest.json`.
//!
//! Archives, layouts and registries all use them. oci-spec's documents reject what engines load (`"layers": null`, a
//! wrong size), so only its media types, digests and annotation names are used.

use std::str::FromStr;

use oci_spec::image::{
    ANNOTATION_BASE_IMAGE_DIGEST, ANNOTATION_BASE_IMAGE_NAME, ANNOTATION_REF_NAME, Digest, MediaType,
};

use super::named_image::NamedImage;
use super::platform::Platform;
use crate::json::{Decode, JsonError, JsonKey, JsonReader, JsonText, JsonType, List, Object, Size};
use crate::layer::toc::TocReference;
use crate::remark::Quoted;

/// An index or manifest of OCI or Docker. Its lists determine the kind: media types are often missing or wrong.
#[derive(Debug, Default)]
pub struct OciDocument {
    pub(super) media_type: JsonText,
    pub(super) artifact_type: JsonText,
    /// Entries of an index.
    pub manifests: Option<List<Descriptor>>,
    /// Configuration of an image.
    pub config: Option<Descriptor>,
    /// Layers, base first.
    pub layers: List<Descriptor>,
    /// Layers of Docker schema 1, top first.
    pub fs_layers: Option<List<FsLayer>>,
    annotations: Annotations,
}

impl Object for OciDocument {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("mediaType") => &mut self.media_type,
            _ if key.is("artifactType") => &mut self.artifact_type,
            _ if key.is("manifests") => &mut self.manifests,
            _ if key.is("config") => &mut self.config,
            _ if key.is("layers") => &mut self.layers,
            _ if key.is("fsLayers") => &mut self.fs_layers,
            _ if key.is("annotations") => &mut self.annotations,
            _ => return None,
        })
    }
}

impl OciDocument {
    /// Media type that the document gives itself.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// Kind of the document, by its lists.
    #[must_use]
    pub const fn kind(&self) -> Option<ManifestKind> {
        match (&self.manifests, &self.config, &self.fs_layers) {
            (Some(_), ..) => Some(ManifestKind::Index),
            (None, Some(_), _) => Some(ManifestKind::Manifest),
            (None, None, Some(_)) => Some(ManifestKind::Schema1),
            (None, None, None) => None,
        }
    }

    /// Base image in the annotations.
    pub(super) fn base(&self) -> Option<NamedImage> {
        NamedImage::of(self.annotations.base_name.as_deref(), self.annotations.base_digest.as_deref())
    }

    /// True for an artifact manifest of OCI before version 1.1, which has its own media type.
    pub(super) fn is_artifact(&self) -> bool {
        self.media_type() == Some("application/vnd.oci.artifact.manifest.v1+json")
    }
}

/// Kind of an index or manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestKind {
    /// A list of manifests.
    Index,
    /// A configuration and layers.
    Manifest,
    /// A manifest of Docker schema 1, without configuration.
    Schema1,
}

impl ManifestKind {
    /// The kind for a media type; `None` for other documents.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        match MediaType::from(media_type) {
            MediaType::ImageIndex => Some(Self::Index),
            MediaType::ImageManifest => Some(Self::Manifest),
            _ => match media_type.strip_prefix("application/vnd.docker.distribution.manifest.")? {
                "list.v2+json" => Some(Self::Index),
                "v2+json" => Some(Self::Manifest),
                "v1+json" | "v1+prettyjws" => Some(Self::Schema1),
                _ => None,
            },
        }
    }

    /// The media type of a document that omits it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Index => "application/vnd.oci.image.index.v1+json",
            Self::Manifest => "application/vnd.oci.image.manifest.v1+json",
            Self::Schema1 => "application/vnd.docker.distribution.manifest.v1+json",
        }
    }
}

/// A layer in a Docker schema 1 manifest.
#[derive(Debug, Default)]
pub struct FsLayer {
    /// Digest of the blob.
    pub blob_sum: String,
}

impl Object for FsLayer {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("blobSum").then_some(&mut self.blob_sum)
    }
}

/// Descriptor of a blob in an index or manifest.
#[derive(Debug, Clone, Default)]
pub struct Descriptor {
    media_type: JsonText,
    artifact_type: JsonText,
    /// Digest as written; may be invalid.
    pub digest: String,
    size: Size,
    pub(super) urls: List<String>,
    annotations: Annotations,
    platform: Option<PlatformEntry>,
}

impl Object for Descriptor {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
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

/// Annotations that dive uses. Values other than strings are ignored.
#[derive(Debug, Clone, Default)]
struct Annotations {
    ref_name: Option<String>,
    /// Full name, written by containerd and Docker. Their `ref.name` is only the tag.
    containerd_name: Option<String>,
    /// `BuildKit`'s mark of provenance and SBOM manifests.
    docker_reference_type: Option<String>,
    /// The manifest that such a manifest is about.
    docker_reference_digest: Option<String>,
    /// Predicate type of the statement in a layer of such a manifest.
    predicate_type: Option<String>,
    /// Base image of the image.
    base_name: Option<String>,
    base_digest: Option<String>,
    /// References to the table of contents of a layer.
    stargz_digest: Option<String>,
    chunked_position: Option<String>,
    chunked_digest: Option<String>,
    /// Digest of an overlaybd blob, which is a layer with the media type of a tar.
    overlaybd_digest: Option<String>,
}

/// Like a map in Go: keys are not folded, and `null` clears it.
impl Decode for Annotations {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            *self = Self::default();
            return Ok(());
        }
        json.object(&mut |key, json| {
            let annotation = match key.as_str() {
                ANNOTATION_REF_NAME => &mut self.ref_name,
                "io.containerd.image.name" => &mut self.containerd_name,
                "vnd.docker.reference.type" => &mut self.docker_reference_type,
                "vnd.docker.reference.digest" => &mut self.docker_reference_digest,
                "in-toto.io/predicate-type" => &mut self.predicate_type,
                ANNOTATION_BASE_IMAGE_NAME => &mut self.base_name,
                ANNOTATION_BASE_IMAGE_DIGEST => &mut self.base_digest,
                "containerd.io/snapshot/stargz/toc.digest" => &mut self.stargz_digest,
                "io.github.containers.zstd-chunked.manifest-position" => &mut self.chunked_position,
                "io.github.containers.zstd-chunked.manifest-checksum" => &mut self.chunked_digest,
                "containerd.io/snapshot/overlaybd/blob-digest" => &mut self.overlaybd_digest,
                _ => return json.skip(),
            };
            *annotation = None;
            if json.next_type()? == JsonType::String { annotation.decode(json) } else { json.skip() }
        })
    }
}

#[derive(Debug, Clone, Default)]
struct PlatformEntry {
    os: JsonText,
    architecture: JsonText,
    variant: JsonText,
    os_version: JsonText,
    os_features: List<String>,
}

impl Object for PlatformEntry {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
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

/// A digest that is not `algorithm:encoded`, and cannot become a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a digest (ALGORITHM:HEX)", Quoted(.0))]
pub struct InvalidDigest(pub String);

impl Descriptor {
    /// A descriptor with only a digest.
    #[must_use]
    pub fn of_digest(digest: String) -> Self {
        Self { digest, ..Self::default() }
    }

    /// Path of the blob in a layout.
    pub(super) fn path(&self) -> Result<String, InvalidDigest> {
        path_of_digest(&self.digest)
    }

    pub(super) fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// True if the media type is that of an image manifest.
    pub(super) fn is_manifest(&self) -> bool {
        self.media_type().and_then(ManifestKind::of) == Some(ManifestKind::Manifest)
    }

    /// True if its media type is neither a manifest's nor an index's.
    pub(super) fn is_other_document(&self) -> bool {
        self.media_type().is_some_and(|text| ManifestKind::of(text).is_none())
    }

    /// Size in bytes, if given.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        self.size.0
    }

    /// True if the descriptor has URLs of the blob.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        !self.urls.0.is_empty()
    }

    /// True for a block device of overlaybd, often inside a tar.
    pub(super) const fn is_overlaybd(&self) -> bool {
        self.annotations.overlaybd_digest.is_some()
    }

    /// Reference to the layer's table of contents, if it has one.
    #[must_use]
    pub fn table_of_contents(&self) -> Option<TocReference> {
        let Annotations { stargz_digest, chunked_position, chunked_digest, .. } = &self.annotations;
        match chunked_position {
            Some(position) => TocReference::chunked(position, chunked_digest.as_deref()?),
            None => TocReference::stargz(stargz_digest.as_deref()?),
        }
    }

    /// Name of the image.
    pub(super) fn image_name(&self) -> Option<&str> {
        let Annotations { ref_name, containerd_name, .. } = &self.annotations;
        [containerd_name, ref_name].into_iter().flatten().find(|name| !name.is_empty()).map(String::as_str)
    }

    /// Names of the image: one, or several with commas, as `BuildKit` writes them without a tar.
    pub(super) fn image_names(&self) -> Vec<String> {
        const MAX_NAMES: usize = 100;
        let name = self.image_name().unwrap_or_default();
        if name.split(',').nth(MAX_NAMES).is_some() {
            return vec![name.to_owned()];
        }
        name.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn platform(&self) -> Option<Platform> {
        let entry = self.platform.as_ref()?;
        let platform = Platform::new(entry.os.as_deref()?, entry.architecture.as_deref()?, entry.variant.as_deref());
        Some(platform.with_os(entry.os_version.as_deref(), entry.os_features.0.iter().cloned()))
    }

    /// True if `BuildKit` marked it as an attestation.
    pub(super) fn is_attestation(&self) -> bool {
        self.annotations.docker_reference_type.as_deref() == Some("attestation-manifest")
    }

    /// The digest of the manifest that an attestation is about.
    pub(super) fn attestation_subject(&self) -> Option<&str> {
        self.annotations.docker_reference_digest.as_deref()
    }

    /// Predicate type of the in-toto statement in the blob.
    pub(super) fn predicate_type(&self) -> Option<&str> {
        self.annotations.predicate_type.as_deref()
    }

    pub(super) fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }
}

/// Kind of a configuration, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConfigKind {
    Image,
    /// An artifact: a chart, a signature, an SBOM.
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

/// Path of the blob with `digest` in a layout.
pub(super) fn path_of_digest(digest: &str) -> Result<String, InvalidDigest> {
    let digest = Digest::from_str(digest).map_err(|_| InvalidDigest(digest.to_owned()))?;
    Ok(format!("blobs/{}/{}", digest.algorithm(), digest.digest()))
}

/// The digest in a path of a docker-archive: `blobs/sha256/HEX`, or `HEX.json` or `sha256:HEX` of a configuration.
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
    fn an_invalid_digest_never_becomes_a_path() {
        let path = |digest: &str| descriptor(&format!(r#"{{"digest": "{digest}"}}"#)).path();
        assert_eq!(path(&format!("sha256:{HEX}")), Ok(format!("blobs/sha256/{HEX}")));
        for wrong in ["", "sha256:", "sha256:../../etc/passwd", "sha256:aa", "../x:aa", "etc/passwd"] {
            assert_eq!(path(wrong), Err(InvalidDigest(wrong.to_owned())));
        }
    }

    #[test]
    fn descriptors_of_engines_are_read() {
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
    fn the_lists_of_a_document_determine_its_kind() {
        let read = |json: &str| crate::json::read::<OciDocument>(json.as_bytes()).unwrap().value;
        for (json, kind) in [
            (r#"{"manifests": []}"#, Some(ManifestKind::Index)),
            (r#"{"manifests": null, "config": {}}"#, Some(ManifestKind::Manifest)),
            (r#"{"fsLayers": [{"blobSum": "x"}]}"#, Some(ManifestKind::Schema1)),
            (r#"{"layers": []}"#, None),
        ] {
            assert_eq!(read(json).kind(), kind, "{json}");
        }
        for kind in [ManifestKind::Index, ManifestKind::Manifest, ManifestKind::Schema1] {
            assert_eq!(ManifestKind::of(kind.media_type()), Some(kind));
        }
        let docker =
            |version: &str| ManifestKind::of(&format!("application/vnd.docker.distribution.manifest.{version}"));
        assert_eq!(docker("list.v2+json"), Some(ManifestKind::Index));
        assert_eq!(docker("v2+json"), Some(ManifestKind::Manifest));
        assert_eq!(docker("v1+prettyjws"), Some(ManifestKind::Schema1));
        assert_eq!(docker("v3+json").or(ManifestKind::of("application/vnd.example+json")), None);
    }

    #[test]
    fn the_digest_in_a_path_is_recognised() {
        for path in [format!("blobs/sha256/{HEX}"), format!("{HEX}.json"), format!("sha256:{HEX}")] {
            assert_eq!(digest_of_path(&path), Some(format!("sha256:{HEX}")), "{path}");
        }
        for path in ["c.json", "../../../etc/passwd", "l0/layer.tar"] {
            assert_eq!(digest_of_path(path), None, "{path}");
        }
    }
}
