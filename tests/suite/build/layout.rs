//! An OCI layout built document by document, for indexes and manifests that no engine writes.

use serde_json::{Value, json};

use super::{Layer, digest, hex};
use crate::user::User;

pub(crate) const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A layout under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    blobs: Vec<Vec<u8>>,
    entries: Vec<Value>,
}

/// A configuration with this platform (`linux/amd64`) and these diff ids.
pub(crate) fn described(platform: &str, diff_ids: &[&str]) -> Value {
    let (os, architecture) = platform.split_once('/').unwrap();
    let steps: Vec<_> = (0..diff_ids.len()).map(|step| json!({ "created_by": format!("step {step}") })).collect();
    json!({ "os": os, "architecture": architecture, "history": steps, "rootfs": { "type": "layers", "diff_ids": diff_ids } })
}

impl Layout {
    /// Adds a blob and returns its descriptor.
    pub(crate) fn blob(&mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let bytes = bytes.into();
        let descriptor = json!({ "mediaType": media_type, "digest": digest(&bytes), "size": bytes.len() });
        self.blobs.push(bytes);
        descriptor
    }

    /// The bytes of a blob that was added.
    pub(crate) fn bytes_of(&self, descriptor: &Value) -> &[u8] {
        let is_it = |bytes: &&Vec<u8>| descriptor["digest"] == digest(bytes);
        self.blobs.iter().find(is_it).unwrap()
    }

    /// Adds a manifest of these layers, each with its media type.
    pub(crate) fn manifest(&mut self, config: &Value, layers: &[(&str, Vec<u8>)]) -> Value {
        let config = self.blob(CONFIG, config.to_string());
        let layers: Vec<_> = layers.iter().map(|(media_type, bytes)| self.blob(media_type, bytes.clone())).collect();
        self.document(&json!({ "schemaVersion": 2, "config": config, "layers": layers }))
    }

    /// Adds an image for this platform, with one layer and one file.
    pub(crate) fn image(&mut self, platform: &str, file: &str) -> Value {
        self.manifest(&described(platform, &["sha256:0"]), &[(TAR, Layer::default().file(file, file).tar())])
    }

    /// Adds a manifest unchanged.
    pub(crate) fn document(&mut self, manifest: &Value) -> Value {
        self.blob(MANIFEST, manifest.to_string())
    }

    /// Adds an index of these entries.
    pub(crate) fn index(&mut self, entries: &[Value]) -> Value {
        self.blob(INDEX, json!({ "schemaVersion": 2, "manifests": entries }).to_string())
    }

    /// Lists a descriptor in `index.json`, with additional members.
    pub(crate) fn lists(&mut self, mut descriptor: Value, more: &Value) -> &mut Self {
        descriptor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.entries.push(descriptor);
        self
    }

    /// Lists these entries in `index.json` unchanged.
    pub(crate) fn lists_as_is(&mut self, entries: &[Value]) -> &mut Self {
        self.entries.extend_from_slice(entries);
        self
    }

    /// The names and contents of its files.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let index = json!({ "schemaVersion": 2, "manifests": self.entries }).to_string();
        let blobs = self.blobs.iter().map(|blob| (format!("blobs/sha256/{}", hex(blob)), blob.clone()));
        let first = ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec());
        [first].into_iter().chain(blobs).chain([("index.json".to_owned(), index.into_bytes())]).collect()
    }

    /// The layout as a tar.
    pub(crate) fn archive(&self) -> Vec<u8> {
        self.files().into_iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content)).tar()
    }

    /// A user with the archive as `image.tar` in the working directory.
    pub(crate) fn user(&self) -> User {
        let user = User::new();
        std::fs::write(user.file("image.tar"), self.archive()).unwrap();
        user
    }
}
