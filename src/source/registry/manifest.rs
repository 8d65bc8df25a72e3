//! What a manifest or an index says of blobs, as far as fetching them needs it: what they are called, how long they are,
//! and whether they are documents or layers. What they mean for an image is `image`'s business, which reads them too.

use std::fmt;

use oci_spec::image::MediaType;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::digest::Digest;
use super::error::RegistryError;
use super::repository::Document;
use super::toc::Table;

/// What is asked for: without this header a registry gives what clients of ten years ago understood.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1";

/// Entries of one list that are looked at; what comes after them is not there.
const LIST_LIMIT: usize = 10_000;

/// What a blob is, by the place where it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Read whole, from among the manifests.
    Manifest,
    /// Read whole.
    Configuration,
    Layer,
}

/// A blob as a manifest or an index names it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Descriptor {
    #[serde(default)]
    pub(super) digest: String,
    size: Option<serde_json::Number>,
    #[serde(default)]
    urls: Listed<IgnoredAny>,
    annotations: Option<Annotations>,
}

/// Where a layer's table of contents is. Anything may be written there; what is no text is as good as nothing.
#[derive(Debug, Clone, Deserialize)]
struct Annotations {
    #[serde(rename = "containerd.io/snapshot/stargz/toc.digest")]
    stargz_digest: Option<serde_json::Value>,
    #[serde(rename = "io.github.containers.zstd-chunked.manifest-position")]
    chunked_position: Option<serde_json::Value>,
    #[serde(rename = "io.github.containers.zstd-chunked.manifest-checksum")]
    chunked_digest: Option<serde_json::Value>,
}

impl Descriptor {
    /// The entry of a document that is here.
    pub(super) fn of(digest: &Digest) -> Self {
        Self { digest: digest.to_string(), size: None, urls: Listed::default(), annotations: None }
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.size.as_ref().and_then(serde_json::Number::as_u64)
    }

    /// Where its table of contents is, if it has one.
    pub(super) fn table_of_contents(&self) -> Option<Table> {
        let annotations = self.annotations.as_ref()?;
        let text =
            |value: &Option<serde_json::Value>| value.as_ref().and_then(|value| value.as_str().map(str::to_owned));
        if let Some(position) = text(&annotations.chunked_position) {
            return Table::chunked(&position, &text(&annotations.chunked_digest)?);
        }
        Table::stargz(&text(&annotations.stargz_digest)?)
    }

    /// Whether it may lie elsewhere than in the registry.
    pub(super) fn is_foreign(&self) -> bool {
        !self.urls.0.is_empty()
    }
}

/// The blobs that a document names, each with what it is. None if it cannot be read: `image` says why.
pub(super) fn entries(document: &[u8]) -> Vec<(Role, Descriptor)> {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(document) else { return Vec::new() };
    let manifests = manifest.manifests.unwrap_or_default().0.into_iter().map(|entry| (Role::Manifest, entry));
    let configuration = manifest.config.into_iter().map(|entry| (Role::Configuration, entry));
    let layers = manifest.layers.unwrap_or_default().0.into_iter().map(|entry| (Role::Layer, entry));
    manifests.chain(configuration).chain(layers).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    media_type: Option<String>,
    manifests: Option<Listed<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Listed<Descriptor>>,
    schema_version: Option<serde_json::Number>,
    fs_layers: Option<IgnoredAny>,
}

/// The media type of the document that a name stands for; an error if it is of no image.
pub(super) fn media_type(document: &Document, what: &str) -> Result<String, RegistryError> {
    let (host, what) = (document.host.clone(), what.to_owned());
    // Servers of files know none of the types of images.
    let generic = ["application/json", "text/plain", "application/octet-stream", "binary/octet-stream"];
    let header = document.media_type.as_deref().and_then(|text| text.split(';').next()).map(str::trim);
    let header = header.filter(|text| !text.is_empty() && !generic.contains(text));
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&document.bytes) else {
        let shown = document.media_type.clone().unwrap_or_else(|| "none".to_owned());
        return Err(RegistryError::UnknownManifest { host, what, media_type: shown });
    };
    let given = manifest.media_type.as_deref().filter(|text| !text.is_empty()).or(header);
    let is_first = manifest.schema_version.and_then(|version| version.as_u64()) == Some(1);
    if manifest.fs_layers.is_some() || is_first || given.is_some_and(|text| text.contains("manifest.v1+")) {
        let named = given.is_none_or(|text| !matches!(MediaType::from(text), MediaType::ImageManifest));
        if named {
            return Err(RegistryError::Schema1 { host, what });
        }
    }
    let by_shape = match (&manifest.manifests, &manifest.config) {
        (Some(_), _) => Some(MediaType::ImageIndex),
        (None, Some(_)) => Some(MediaType::ImageManifest),
        (None, None) => None,
    };
    match (given, by_shape) {
        (Some(given), _) if is_known(given) => Ok(given.to_owned()),
        (None, Some(by_shape)) => Ok(by_shape.to_string()),
        (given, _) => {
            Err(RegistryError::UnknownManifest { host, what, media_type: given.unwrap_or("none").to_owned() })
        }
    }
}

fn is_known(media_type: &str) -> bool {
    let docker = ["application/vnd.docker.distribution.manifest.v2+json", DOCKER_LIST];
    matches!(MediaType::from(media_type), MediaType::ImageIndex | MediaType::ImageManifest)
        || docker.contains(&media_type)
}

const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A list that may be written `null`, as far as it is looked at.
#[derive(Debug, Clone)]
struct Listed<T>(Vec<T>);

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Listed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Listed::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while list.len() < LIST_LIMIT {
                    match entries.next_element()? {
                        Some(entry) => list.push(entry),
                        None => return Ok(Listed(list)),
                    }
                }
                while entries.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Listed(list))
            }
        }

        deserializer.deserialize_any(Entries(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(header: &str, body: &str) -> Result<String, String> {
        let document = Document {
            bytes: body.as_bytes().to_vec(),
            digest: Digest::sha256(body.as_bytes()),
            media_type: Some(header.to_owned()).filter(|header| !header.is_empty()),
            host: "quay.io".to_owned(),
        };
        media_type(&document, "the manifest of app:1").map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_is_known_by_its_type_or_its_shape() {
        let manifest = "application/vnd.oci.image.manifest.v1+json";
        let index = "application/vnd.oci.image.index.v1+json";
        assert_eq!(typed(manifest, r#"{"config": {}, "layers": []}"#).as_deref(), Ok(manifest));
        assert_eq!(typed("text/plain; charset=utf-8", r#"{"config": {}}"#).as_deref(), Ok(manifest));
        assert_eq!(typed("", r#"{"manifests": null, "config": {}}"#).as_deref(), Ok(manifest));
        assert_eq!(typed("", r#"{"manifests": []}"#).as_deref(), Ok(index));
        assert_eq!(typed(DOCKER_LIST, r#"{"manifests": []}"#).as_deref(), Ok(DOCKER_LIST));
    }

    #[test]
    fn what_is_no_image_is_called_what_it_is() {
        for (header, body, says) in [
            ("application/vnd.docker.distribution.manifest.v1+prettyjws", r#"{"schemaVersion": 1}"#, "schema 1"),
            ("", r#"{"schemaVersion": 1, "fsLayers": []}"#, "schema 1"),
            ("application/vnd.example+json", r#"{"config": {}}"#, "\"application/vnd.example+json\""),
            ("text/html", "<html>", "text/html"),
            ("", "{}", "none"),
        ] {
            let error = typed(header, body).unwrap_err();
            assert!(error.contains(says) && error.contains("quay.io: the manifest of app:1"), "{error}");
        }
    }

    #[test]
    fn lists_are_read_as_far_as_any_image_has_them() {
        let long = format!(r#"{{"layers": [{}{{}}]}}"#, "{},".repeat(LIST_LIMIT));
        assert_eq!(entries(long.as_bytes()).len(), LIST_LIMIT);
        let named =
            entries(br#"{"manifests": null, "config": {"digest": "x", "size": 3}, "layers": [{"urls": ["u"]}]}"#);
        assert_eq!(named.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Role::Configuration, Role::Layer]);
        assert_eq!((named[0].1.size(), named[1].1.is_foreign()), (Some(3), true));
        assert!(entries(b"<html>").is_empty());
    }
}
