//! An image of some layers, and the two kinds of archive that it is saved as.

use std::io::Write;

use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;
use xxhash_rust::xxh3::xxh3_64;

use super::layer::Layer;
use super::opened::DrawnImage;

/// An image without layers.
pub(crate) fn image() -> Image {
    Image { layers: Vec::new(), steps: Vec::new(), user: None, command: Vec::new(), settings: Map::new() }
}

/// An image under construction.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    layers: Vec<Layer>,
    /// Steps without a layer, with the number of layers below.
    steps: Vec<(usize, String)>,
    user: Option<String>,
    command: Vec<String>,
    /// Other fields of `config`.
    settings: Map<String, Value>,
}

/// The archive formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// As `docker save` of Docker 20: `<id>/layer.tar`.
    DockerArchive,
    /// An OCI layout as a tar: `blobs/sha256`.
    OciArchive,
}

impl Image {
    /// Adds a layer on top.
    pub(crate) fn layer(mut self, fill: impl FnOnce(Layer) -> Layer) -> Self {
        self.layers.push(fill(Layer::default()));
        self
    }

    /// Adds a step without a layer to the history, for example `USER app`.
    pub(crate) fn step(mut self, created_by: &str) -> Self {
        self.steps.push((self.layers.len(), created_by.to_owned()));
        self
    }

    /// Sets the user of containers.
    pub(crate) fn runs_as(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// Sets the command of containers.
    pub(crate) fn starts(mut self, command: &[&str]) -> Self {
        self.command = command.iter().map(ToString::to_string).collect();
        self
    }

    /// Sets another field of `config`, for example `WorkingDir`.
    pub(crate) fn set(mut self, key: &str, value: Value) -> Self {
        self.settings.insert(key.to_owned(), value);
        self
    }

    /// Opens it and merges its layers.
    pub(crate) fn open(&self) -> DrawnImage {
        self.open_as(Format::DockerArchive)
    }

    /// Opens it as an archive of this format.
    pub(crate) fn open_as(&self, format: Format) -> DrawnImage {
        DrawnImage::of(&self.save(format))
    }

    /// The archive in a temporary file, deleted on drop.
    pub(crate) fn save(&self, format: Format) -> NamedTempFile {
        let mut file = tempfile::Builder::new().suffix(".tar").tempfile().unwrap();
        file.write_all(&self.archive(format)).unwrap();
        file
    }

    /// The bytes of the archive.
    pub(crate) fn archive(&self, format: Format) -> Vec<u8> {
        self.archive_described_by(self, format)
    }

    /// The bytes of an archive with these layers, and the configuration of another image.
    pub(crate) fn archive_described_by(&self, other: &Self, format: Format) -> Vec<u8> {
        let layers: Vec<Vec<u8>> = self.layers.iter().map(Layer::blob).collect();
        let config = other.config();
        match format {
            Format::DockerArchive => docker_archive(&config, &layers),
            Format::OciArchive => oci_archive(&config, &layers),
        }
    }

    fn config(&self) -> Vec<u8> {
        let diff_ids: Vec<String> = self.layers.iter().map(|layer| digest(&layer.tar())).collect();
        let step =
            |(at, layer): (usize, &Layer)| layer.command().map_or_else(|| format!("step {at}"), ToOwned::to_owned);
        let steps = self.layers.iter().enumerate().map(step);
        let mut history: Vec<_> = steps.map(|step| json!({ "created_by": step })).collect();
        for (below, step) in self.steps.iter().rev() {
            history.insert(*below, json!({ "created_by": step, "empty_layer": true }));
        }
        let mut config = json!({
            "architecture": "amd64", "os": "linux", "config": { "User": self.user, "Cmd": self.command },
            "rootfs": { "type": "layers", "diff_ids": diff_ids }, "history": history,
        });
        if let Some(container) = config["config"].as_object_mut() {
            container.extend(self.settings.clone());
        }
        config.to_string().into_bytes()
    }
}

fn docker_archive(config: &[u8], layers: &[Vec<u8>]) -> Vec<u8> {
    let config_name = format!("{}.json", hex(config));
    // Docker's layer ids depend on the layers below, so that equal layers differ.
    let names: Vec<String> =
        layers.iter().enumerate().map(|(at, blob)| format!("{at:02x}{}/layer.tar", &hex(blob)[2..])).collect();
    let manifest = json!([{ "Config": config_name, "RepoTags": ["case:latest"], "Layers": names }]);
    let mut archive = Layer::default();
    for (name, blob) in names.iter().zip(layers) {
        archive = archive.file(name, blob);
    }
    archive.file(&config_name, config).file("manifest.json", manifest.to_string()).tar()
}

fn oci_archive(config: &[u8], layers: &[Vec<u8>]) -> Vec<u8> {
    let descriptor = |kind: &str, blob: &[u8]| json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest(blob), "size": blob.len() });
    let of_layers: Vec<_> = layers.iter().map(|blob| descriptor("layer.v1.tar", blob)).collect();
    let manifest = json!({
        "schemaVersion": 2, "config": descriptor("config.v1+json", config), "layers": of_layers,
    });
    let manifest = manifest.to_string().into_bytes();
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor("manifest.v1+json", &manifest)] });
    let mut archive = Layer::default().file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    for blob in layers.iter().map(Vec::as_slice).chain([config, &manifest]) {
        archive = archive.file(format!("blobs/sha256/{}", hex(blob)), blob);
    }
    archive.file("index.json", index.to_string()).tar()
}

pub(crate) fn digest(blob: &[u8]) -> String {
    format!("sha256:{}", hex(blob))
}

/// A stand-in for SHA-256: the same length and unique enough for names in an archive.
pub(super) fn hex(blob: &[u8]) -> String {
    format!("{:016x}", xxh3_64(blob)).repeat(4)
}
