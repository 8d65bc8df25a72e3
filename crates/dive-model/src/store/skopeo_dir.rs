//! The directory that `skopeo copy ... dir:DIR` writes: a manifest or an index in `manifest.json`, other manifests as
//! `HEX.manifest.json`, blobs as `HEX`, or `HEX.tar` before version 1.1. It is read as an OCI layout whose files have other names, with an index of one entry,
//! on disk as well as in a tar. Copies often lack its file `version`, so the manifest tells what it is.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::engine_document::{ManifestProbe, is_archive_entry};
use crate::blob::Blob;
use crate::digest::hex;
use crate::json;

/// The manifest, or the index of several.
pub(super) const MANIFEST: &str = "manifest.json";

/// The end of the name of a manifest that the index lists.
pub(super) const INNER_MANIFEST: &str = ".manifest.json";

/// The start of the file `version`.
const VERSION: &[u8] = b"Directory Transport Version: ";

/// Manifests of real images are smaller by far.
const MANIFEST_LIMIT: u64 = 4 << 20;

/// The names by which a layout's members are found in the directory.
#[derive(Debug)]
pub(super) struct SkopeoDir {
    /// The generated `index.json`: there is none on disk.
    index: Vec<u8>,
    /// The member that `manifest.json` holds.
    manifest: String,
}

/// Where a member of the layout is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LayoutFile<'a> {
    /// Generated, in no file.
    Made(&'a [u8]),
    /// In one of these files, the first that exists.
    Files(Vec<String>),
}

impl SkopeoDir {
    /// The names in a directory or an archive, of which `open` gives a file. `None` if skopeo did not write it.
    pub(super) fn find(open: impl Fn(&str) -> Option<Blob>) -> Option<Self> {
        let manifest = open(MANIFEST)?.read_document(MANIFEST_LIMIT).ok()?;
        let head = json::read::<ManifestProbe>(&manifest).map(|document| document.value);
        let is_manifest = match &head {
            Ok(head) => head.has_list() && !is_archive_entry(&manifest),
            // Cut off, perhaps: as a manifest, it is an error that says so. Docker's starts with a bracket.
            Err(_) => manifest.trim_ascii_start().starts_with(b"{") && !is_archive_entry(&manifest),
        };
        let is_of_skopeo = || open("version")?.first_bytes(VERSION.len()).ok().filter(|start| start == VERSION);
        // Where there is a layout too, `version` decides: nobody else writes it.
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

    /// Where the layout's `member` is.
    pub(super) fn member(&self, member: &str) -> LayoutFile<'_> {
        if member == "index.json" {
            return LayoutFile::Made(&self.index);
        }
        if member == self.manifest {
            return LayoutFile::Files(vec![MANIFEST.to_owned()]);
        }
        // Not `manifest.json`: here that is an image manifest, not a docker-archive's.
        let files = member
            .strip_prefix("blobs/sha256/")
            .map(|hex| vec![format!("{hex}{INNER_MANIFEST}"), hex.to_owned(), format!("{hex}.tar")]);
        LayoutFile::Files(files.unwrap_or_default())
    }
}
