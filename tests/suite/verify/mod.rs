//! `--verify`: contents match their digests. A failure means that a damaged or replaced layer passes.

mod base;
mod changing;
mod everywhere;
mod images;
mod mismatches;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::build::Layer;
use crate::user::User;

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

fn hex(bytes: &[u8]) -> String {
    dive_model::digest::hex(&Sha256::digest(bytes))
}

/// An archive under construction. Its documents describe the given layers, but it may store other bytes.
struct Archive {
    layers: Vec<Layer>,
    diff_ids: Vec<String>,
    /// Bytes stored in place of those with the digest.
    exchanged: Vec<(String, Vec<u8>)>,
}

/// The archive format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `ID/layer.tar` and `HEX.json`: only the configuration and diff ids are digests.
    Docker,
    /// `blobs/sha256`.
    Oci,
}

impl Archive {
    fn of(layers: Vec<Layer>) -> Self {
        let diff_ids = layers.iter().map(|layer| digest(&layer.tar())).collect();
        Self { layers, diff_ids, exchanged: Vec::new() }
    }

    /// Sets another diff id for a layer.
    fn claims(mut self, layer: usize, diff_id: &str) -> Self {
        diff_id.clone_into(&mut self.diff_ids[layer]);
        self
    }

    /// Stores other bytes under the digest of `bytes`.
    fn exchanges(mut self, bytes: &[u8], by: Vec<u8>) -> Self {
        self.exchanged.push((digest(bytes), by));
        self
    }

    fn stored(&self, bytes: &[u8]) -> Vec<u8> {
        let exchanged = self.exchanged.iter().find(|(known, _)| *known == digest(bytes));
        exchanged.map_or_else(|| bytes.to_vec(), |(_, by)| by.clone())
    }

    fn config(&self) -> Vec<u8> {
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": self.diff_ids },
        });
        config.to_string().into_bytes()
    }

    fn manifest(&self) -> Vec<u8> {
        let descriptor = |kind: &str, blob: &[u8]| json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest(blob), "size": blob.len() });
        let layers: Vec<_> = self.layers.iter().map(|layer| descriptor("layer.v1.tar", &layer.blob())).collect();
        let manifest =
            json!({ "schemaVersion": 2, "config": descriptor("config.v1+json", &self.config()), "layers": layers });
        manifest.to_string().into_bytes()
    }

    fn tar(&self, shape: Shape) -> Vec<u8> {
        let blobs = self.layers.iter().map(Layer::blob);
        let config = self.config();
        let mut archive = Layer::default();
        match shape {
            Shape::Docker => {
                let names: Vec<_> = (0..self.layers.len()).map(|at| format!("{at:064x}/layer.tar")).collect();
                for (name, blob) in names.iter().zip(blobs) {
                    archive = archive.file(name, self.stored(&blob));
                }
                let name = format!("{}.json", hex(&config));
                let manifest = json!([{ "Config": name, "RepoTags": ["case:1"], "Layers": names }]);
                archive.file(&name, self.stored(&config)).file("manifest.json", manifest.to_string()).tar()
            }
            Shape::Oci => {
                let manifest = self.manifest();
                for blob in blobs.chain([config, manifest.clone()]) {
                    archive = archive.file(format!("blobs/sha256/{}", hex(&blob)), self.stored(&blob));
                }
                let entry = json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(&manifest), "size": manifest.len() });
                let index = json!({ "schemaVersion": 2, "manifests": [entry] });
                archive
                    .file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)
                    .file("index.json", index.to_string())
                    .tar()
            }
        }
    }

    /// A user with the archive as `image.tar` in the working directory.
    fn user(&self, shape: Shape) -> User {
        let user = User::new();
        std::fs::write(user.file("image.tar"), self.tar(shape)).unwrap();
        user
    }
}

/// Flips a bit of the byte at `at` from the end.
fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = bytes.len() - 1 - at;
    bytes[place] ^= 1;
    bytes
}

/// Poorly compressible text, longer than the hasher's buffer.
fn long_text(lines: usize) -> Vec<u8> {
    (0..lines).flat_map(|line| format!("{:x}\n", line.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes()).collect()
}
