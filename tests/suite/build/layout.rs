//! An OCI layout document by document, for indexes and manifests that no engine writes in one piece.

use serde_json::{Value, json};

use super::{Layer, digest, hex};
use crate::user::User;

pub(crate) const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A layout in the making.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    blobs: Vec<Vec<u8>>,
    entries: Vec<Value>,
}

/// A configuration for a platform (`linux/amd64`) with these diff ids.
pub(crate) fn described(platform: &str, diff_ids: &[&str]) -> Value {
    let (os, architecture) = platform.split_once('/').unwrap();
    let steps: Vec<_> = (0..diff_ids.len()).map(|step| json!({ "created_by": format!("step {step}") })).collect();
    json!({ "os": os, "architecture": architecture, "history": steps, "rootfs": { "type": "layers", "diff_ids": diff_ids } })
}

impl Layout {
    /// Keeps a blob and returns its descriptor.
    pub(crate) fn blob(&mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let bytes = bytes.into();
        let descriptor = json!({ "mediaType": media_type, "digest": digest(&bytes), "size": bytes.len() });
        self.blobs.push(bytes);
        descriptor
    }

    /// Keeps a manifest of these layers, each with its media type.
    pub(crate) fn manifest(&mut self, config: &Value, layers: &[(&str, Vec<u8>)]) -> Value {
        let config = self.blob(CONFIG, config.to_string());
        let layers: Vec<_> = layers.iter().map(|(media_type, bytes)| self.blob(media_type, bytes.clone())).collect();
        self.document(&json!({ "schemaVersion": 2, "config": config, "layers": layers }))
    }

    /// Keeps an image of one layer with one file for that platform.
    pub(crate) fn image(&mut self, platform: &str, file: &str) -> Value {
        self.manifest(&described(platform, &["sha256:0"]), &[(TAR, Layer::default().file(file, file).tar())])
    }

    /// Keeps a manifest as it is written.
    pub(crate) fn document(&mut self, manifest: &Value) -> Value {
        self.blob(MANIFEST, manifest.to_string())
    }

    /// Keeps an index of these entries.
    pub(crate) fn index(&mut self, entries: &[Value]) -> Value {
        self.blob(INDEX, json!({ "schemaVersion": 2, "manifests": entries }).to_string())
    }

    /// Lists a descriptor in `index.json`, with more members.
    pub(crate) fn lists(&mut self, mut descriptor: Value, more: &Value) -> &mut Self {
        descriptor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.entries.push(descriptor);
        self
    }

    /// Lists these entries in `index.json` as they are.
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

    /// The layout in a tar.
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
