//! The `Accept` header for manifests, and the blobs that a manifest or index names, with their roles.

use super::error::RegistryError;
use super::repository::FetchedDocument;
use dive_model::image::manifest::{Descriptor, ManifestKind, OciDocument};
use dive_model::json::{self, JsonError};

/// Without this header, registries serve schema 1.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.2, \
    application/vnd.docker.distribution.manifest.v1+json;q=0.2, */*;q=0.1";

/// The role of a blob, by the field that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Fetched whole, from `/manifests/`.
    Manifest,
    /// Fetched whole.
    Configuration,
    Layer,
}

/// Reads the document of a manifest or an index.
pub(super) fn read(document: &[u8]) -> Result<OciDocument, JsonError> {
    json::read(document).map(|document| document.value)
}

/// The blobs that a document names, with their roles.
pub(super) fn entries(document: OciDocument) -> impl Iterator<Item = (Role, Descriptor)> {
    let manifests = document.manifests.unwrap_or_default().0.into_iter().map(|entry| (Role::Manifest, entry));
    let configuration = document.config.into_iter().map(|entry| (Role::Configuration, entry));
    let layers = document.layers.0.into_iter().map(|entry| (Role::Layer, entry));
    let fs_layers = document.fs_layers.unwrap_or_default().0.into_iter();
    let fs_layers = fs_layers.map(|layer| (Role::Layer, Descriptor::of_digest(layer.blob_sum)));
    manifests.chain(configuration).chain(layers).chain(fs_layers)
}

/// The media type of a fetched document. Fails if the document is not a manifest or an index.
pub(super) fn media_type(
    document: &FetchedDocument,
    read: &Result<OciDocument, JsonError>,
    what: &str,
) -> Result<String, RegistryError> {
    // Static file servers do not know image media types.
    let generic = ["application/json", "text/plain", "application/octet-stream", "binary/octet-stream"];
    let header = document.media_type.as_deref().and_then(|text| text.split(';').next()).map(str::trim);
    let header = header.filter(|text| !text.is_empty() && !generic.contains(text));
    let unknown = |media_type: &str| {
        let (host, what, media_type) = (document.host.clone(), what.to_owned(), media_type.to_owned());
        Err(RegistryError::UnknownManifest { host, what, media_type })
    };
    let manifest = match read {
        Ok(manifest) => manifest,
        // Opening the image reports what is wrong.
        Err(_) if header.is_some_and(is_known) => return Ok(header.unwrap_or_default().to_owned()),
        Err(_) => return unknown(document.media_type.as_deref().unwrap_or("none")),
    };
    let given = manifest.media_type().or(header);
    match (given, manifest.kind()) {
        (Some(given), _) if is_known(given) => Ok(given.to_owned()),
        (None, Some(kind)) => Ok(kind.media_type().to_owned()),
        (given, _) => unknown(given.unwrap_or("none")),
    }
}

fn is_known(media_type: &str) -> bool {
    ManifestKind::of(media_type).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::digest::Digest;

    const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+json";
    const SCHEMA_1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    fn typed(header: &str, body: &str) -> Result<String, String> {
        let document = FetchedDocument {
            bytes: body.as_bytes().to_vec(),
            digest: Digest::sha256(body.as_bytes()),
            media_type: Some(header.to_owned()).filter(|header| !header.is_empty()),
            host: "quay.io".to_owned(),
        };
        media_type(&document, &read(&document.bytes), "the manifest of app:1").map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_without_a_known_type_is_recognized_by_its_fields() {
        let manifest = "application/vnd.oci.image.manifest.v1+json";
        let index = "application/vnd.oci.image.index.v1+json";
        assert_eq!(typed(manifest, r#"{"config": {}, "layers": []}"#).as_deref(), Ok(manifest));
        assert_eq!(typed("text/plain; charset=utf-8", r#"{"config": {}}"#).as_deref(), Ok(manifest));
        assert_eq!(typed("", r#"{"manifests": null, "config": {}}"#).as_deref(), Ok(manifest));
        assert_eq!(typed("", r#"{"manifests": []}"#).as_deref(), Ok(index));
        assert_eq!(typed(DOCKER_LIST, r#"{"manifests": []}"#).as_deref(), Ok(DOCKER_LIST));
        assert_eq!(typed(SCHEMA_1_SIGNED, r#"{"fsLayers": []}"#).as_deref(), Ok(SCHEMA_1_SIGNED));
        assert_eq!(typed("application/json", r#"{"fsLayers": []}"#).as_deref(), Ok(SCHEMA_1));
        // Opening the image reports what is wrong.
        for odd in [r#"{"artifactType": {}, "config": {}}"#, r#"{"config": {"#, "\u{1f}\u{8b}"] {
            assert_eq!(typed(manifest, odd).as_deref(), Ok(manifest), "{odd}");
        }
    }

    #[test]
    fn a_document_of_another_type_is_named_in_the_error() {
        for (header, body, says) in [
            ("application/vnd.example+json", r#"{"config": {}}"#, "\"application/vnd.example+json\""),
            ("text/html", "<html>", "text/html"),
            ("", "{}", "none"),
            ("", r#"{"config": 1}"#, "none"),
            ("application/vnd.example+json", "[]", "\"application/vnd.example+json\""),
        ] {
            let error = typed(header, body).unwrap_err();
            assert!(error.contains(says) && error.contains("quay.io: the manifest of app:1"), "{error}");
        }
    }

    #[test]
    fn blobs_of_a_manifest_have_their_roles() {
        let entries = |document: &[u8]| entries(read(document).unwrap()).collect::<Vec<_>>();
        let named =
            entries(br#"{"manifests": null, "config": {"digest": "x", "size": 3}, "layers": [{"urls": ["u"]}]}"#);
        assert_eq!(named.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Role::Configuration, Role::Layer]);
        assert_eq!((named[0].1.size(), named[1].1.is_foreign()), (Some(3), true));
        let first = entries(br#"{"fsLayers": [{"blobSum": "x"}, {"blobSum": "y"}]}"#);
        assert_eq!(first.iter().map(|(_, entry)| entry.digest.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        assert!(first.iter().all(|(kind, entry)| *kind == Role::Layer && entry.size().is_none()));
        assert!(read(b"<html>").is_err());
    }
}
