//! The directory that `skopeo copy ... dir:DIR` writes.
//!
//! It has a manifest or index in `manifest.json`, other manifests as `HEX.manifest.json`, and blobs as `HEX`, or
//! `HEX.tar` before version 1.1. It is read as an OCI layout with other file names and a generated index of one entry,
//! on disk or in a tar. Copies often lack the file `version`, so the manifest decides.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::engine_document::{ManifestProbe, is_archive_entry};
use crate::blob::Blob;
use crate::digest::hex;
use crate::json;

/// The manifest, or the index of several manifests.
pub(super) const MANIFEST: &str = "manifest.json";

/// Suffix of manifests that the index lists.
pub(super) const INNER_MANIFEST: &str = ".manifest.json";

/// First bytes of the file `version`.
const VERSION: &[u8] = b"Directory Transport Version: ";

/// Maximum size of the manifest, in bytes: far more than that of real images.
const MANIFEST_LIMIT: u64 = 4 << 20;

/// Maps members of an OCI layout to files of the directory.
#[derive(Debug)]
pub(super) struct SkopeoDir {
    /// The generated `index.json`.
    index: Vec<u8>,
    /// The layout member stored in `manifest.json`.
    manifest: String,
}

/// Location of a layout member.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LayoutFile<'a> {
    /// Generated, without a file.
    Generated(&'a [u8]),
    /// In the first of these files that exists.
    Files(Vec<String>),
}

impl SkopeoDir {
    /// Detects skopeo's `dir:` in a directory or archive; `open` returns a file of it. `None` for other stores.
    pub(super) fn find(open: impl Fn(&str) -> Option<Blob>) -> Option<Self> {
        let manifest = open(MANIFEST)?.read_document(MANIFEST_LIMIT).ok()?;
        let head = json::read::<ManifestProbe>(&manifest).map(|document| document.value);
        let is_manifest = match &head {
            Ok(head) => head.has_list() && !is_archive_entry(&manifest),
            // Maybe cut off: reading it as a manifest reports that. Docker's document starts with a bracket.
            Err(_) => manifest.trim_ascii_start().starts_with(b"{") && !is_archive_entry(&manifest),
        };
        let is_of_skopeo = || open("version")?.first_bytes(VERSION.len()).ok().filter(|start| start == VERSION);
        // If there is also a layout, `version` decides: only skopeo writes it.
        if (!is_manifest || open("index.json").is_some()) && is_of_skopeo().is_none() {
            return None;
        }
        let digest = hex(&Sha256::digest(&manifest));
        let mut entry = json!({ "digest": format!("sha256:{digest}"), "size": manifest.len() });
        // Without a media type, the content of the manifest decides.
        if let Some(media_type) = head.as_ref().ok().and_then(|head| head.media_type.as_deref()) {
            entry["mediaType"] = media_type.into();
        }
        let index = json!({ "schemaVersion": 2, "manifests": [entry] }).to_string().into_bytes();
        Some(Self { index, manifest: format!("blobs/sha256/{digest}") })
    }

    /// Location of the layout member.
    pub(super) fn member(&self, member: &str) -> LayoutFile<'_> {
        if member == "index.json" {
            return LayoutFile::Generated(&self.index);
        }
        if member == self.manifest {
            return LayoutFile::Files(vec![MANIFEST.to_owned()]);
        }
        // Not `manifest.json`: here it is an image manifest, not that of a docker-archive.
        let files = member
            .strip_prefix("blobs/sha256/")
            .map(|hex| vec![format!("{hex}{INNER_MANIFEST}"), hex.to_owned(), format!("{hex}.tar")]);
        LayoutFile::Files(files.unwrap_or_default())
    }
}
