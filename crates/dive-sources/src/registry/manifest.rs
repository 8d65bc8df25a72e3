//! What a manifest or an index says of blobs, as far as fetching them needs it: what they are called, how long they are,
//! and whether they are documents or layers. What they mean for an image is `image`'s business, which reads them too.

use oci_spec::image::MediaType;

use super::error::RegistryError;
use super::repository::Document;
use dive_model::digest::Digest;
use dive_model::json::{self, Decode, JsonError, Key, List, Object, Reader, Shape, Size, Text};
use dive_model::layer::toc::Table;

/// What is asked for: without this header a registry gives what clients of ten years ago understood.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.2, \
    application/vnd.docker.distribution.manifest.v1+json;q=0.2, */*;q=0.1";

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
#[derive(Debug, Clone, Default)]
pub(super) struct Descriptor {
    pub(super) digest: String,
    size: Size,
    urls: List<()>,
    annotations: Annotations,
}

impl Object for Descriptor {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("digest") => &mut self.digest,
            _ if key.is("size") => &mut self.size,
            _ if key.is("urls") => &mut self.urls,
            _ if key.is("annotations") => &mut self.annotations,
            _ => return None,
        })
    }
}

/// Where a layer's table of contents is. An annotation that is no string is taken for absent.
#[derive(Debug, Clone, Default)]
struct Annotations {
    stargz_digest: Option<String>,
    chunked_position: Option<String>,
    chunked_digest: Option<String>,
}

/// A map in Go: its keys are data, so their case counts, and `null` empties it.
impl Decode for Annotations {
    fn decode(&mut self, json: &mut Reader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            *self = Self::default();
            return Ok(());
        }
        json.object(&mut |key, json| {
            let annotation = match key.as_str() {
                "containerd.io/snapshot/stargz/toc.digest" => &mut self.stargz_digest,
                "io.github.containers.zstd-chunked.manifest-position" => &mut self.chunked_position,
                "io.github.containers.zstd-chunked.manifest-checksum" => &mut self.chunked_digest,
                _ => return json.skip(),
            };
            *annotation = None;
            if json.shape()? == Shape::String { annotation.decode(json) } else { json.skip() }
        })
    }
}

impl Descriptor {
    /// The entry of a blob of which only the digest is known.
    pub(super) fn of(digest: &Digest) -> Self {
        Self { digest: digest.to_string(), ..Self::default() }
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.size.0
    }

    /// Where its table of contents is, if it has one.
    pub(super) fn table_of_contents(&self) -> Option<Table> {
        let Annotations { stargz_digest, chunked_position, chunked_digest } = &self.annotations;
        match chunked_position {
            Some(position) => Table::chunked(position, chunked_digest.as_deref()?),
            None => Table::stargz(stargz_digest.as_deref()?),
        }
    }

    /// Whether it may lie elsewhere than in the registry.
    pub(super) fn is_foreign(&self) -> bool {
        !self.urls.0.is_empty()
    }
}

/// The blobs that a document names, each with what it is. None if it cannot be read: `image` says why.
pub(super) fn entries(document: &[u8]) -> Vec<(Role, Descriptor)> {
    let Ok(json::Document { value: manifest, .. }) = json::read::<Manifest>(document) else { return Vec::new() };
    let manifests = manifest.manifests.unwrap_or_default().0.into_iter().map(|entry| (Role::Manifest, entry));
    let configuration = manifest.config.into_iter().map(|entry| (Role::Configuration, entry));
    let layers = manifest.layers.0.into_iter().map(|entry| (Role::Layer, entry));
    let fs_layers = manifest.fs_layers.unwrap_or_default().0.into_iter().map(|FsLayer(entry)| (Role::Layer, entry));
    manifests.chain(configuration).chain(layers).chain(fs_layers).collect()
}

/// A layer as a Docker schema 1 manifest names it.
#[derive(Debug, Default)]
struct FsLayer(Descriptor);

impl Object for FsLayer {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        key.is("blobSum").then_some(&mut self.0.digest)
    }
}

#[derive(Default)]
struct Manifest {
    media_type: Text,
    manifests: Option<List<Descriptor>>,
    config: Option<Descriptor>,
    layers: List<Descriptor>,
    /// Docker schema 1.
    fs_layers: Option<List<FsLayer>>,
}

impl Object for Manifest {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("mediaType") => &mut self.media_type,
            _ if key.is("manifests") => &mut self.manifests,
            _ if key.is("config") => &mut self.config,
            _ if key.is("layers") => &mut self.layers,
            _ if key.is("fsLayers") => &mut self.fs_layers,
            _ => return None,
        })
    }
}

/// The media type of the document that a name stands for; an error if it is of no image.
pub(super) fn media_type(document: &Document, what: &str) -> Result<String, RegistryError> {
    let (host, what) = (document.host.clone(), what.to_owned());
    // Servers of files know none of the types of images.
    let generic = ["application/json", "text/plain", "application/octet-stream", "binary/octet-stream"];
    let header = document.media_type.as_deref().and_then(|text| text.split(';').next()).map(str::trim);
    let header = header.filter(|text| !text.is_empty() && !generic.contains(text));
    let Ok(json::Document { value: manifest, .. }) = json::read::<Manifest>(&document.bytes) else {
        let shown = document.media_type.clone().unwrap_or_else(|| "none".to_owned());
        return Err(RegistryError::UnknownManifest { host, what, media_type: shown });
    };
    let given = manifest.media_type.as_deref().or(header);
    let by_shape = match (&manifest.manifests, &manifest.config, &manifest.fs_layers) {
        (Some(_), ..) => Some(MediaType::ImageIndex),
        (None, Some(_), _) => Some(MediaType::ImageManifest),
        (None, None, Some(_)) => Some(MediaType::Other(SCHEMA_1.to_owned())),
        (None, None, None) => None,
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
    let docker = ["application/vnd.docker.distribution.manifest.v2+json", DOCKER_LIST, SCHEMA_1, SCHEMA_1_SIGNED];
    matches!(MediaType::from(media_type), MediaType::ImageIndex | MediaType::ImageManifest)
        || docker.contains(&media_type)
}

const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+json";
const SCHEMA_1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

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
        assert_eq!(typed(SCHEMA_1_SIGNED, r#"{"fsLayers": []}"#).as_deref(), Ok(SCHEMA_1_SIGNED));
        assert_eq!(typed("application/json", r#"{"fsLayers": []}"#).as_deref(), Ok(SCHEMA_1));
    }

    #[test]
    fn what_is_no_image_is_called_what_it_is() {
        for (header, body, says) in [
            ("application/vnd.example+json", r#"{"config": {}}"#, "\"application/vnd.example+json\""),
            ("text/html", "<html>", "text/html"),
            ("", "{}", "none"),
        ] {
            let error = typed(header, body).unwrap_err();
            assert!(error.contains(says) && error.contains("quay.io: the manifest of app:1"), "{error}");
        }
    }

    #[test]
    fn entries_are_named_with_what_they_are() {
        let named =
            entries(br#"{"manifests": null, "config": {"digest": "x", "size": 3}, "layers": [{"urls": ["u"]}]}"#);
        assert_eq!(named.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Role::Configuration, Role::Layer]);
        assert_eq!((named[0].1.size(), named[1].1.is_foreign()), (Some(3), true));
        let first = entries(br#"{"fsLayers": [{"blobSum": "x"}, {"blobSum": "y"}]}"#);
        assert_eq!(first.iter().map(|(_, entry)| entry.digest.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        assert!(first.iter().all(|(kind, entry)| *kind == Role::Layer && entry.size().is_none()));
        assert!(entries(b"<html>").is_empty());
    }
}
