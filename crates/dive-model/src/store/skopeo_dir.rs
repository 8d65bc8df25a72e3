//! The directory that `skopeo copy ... dir:DIR` writes: a manifest or an index in `manifest.json`, other manifests as
//! `HEX.manifest.json`, blobs as `HEX`. It is read as an OCI layout whose files have other names, with an index of one entry.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::json::{self, Decode, Key, Object, Text};

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
pub(super) enum Member<'a> {
    /// Generated, in no file.
    Made(&'a [u8]),
    /// In one of these files, the first that exists.
    Files(Vec<String>),
}

/// What is read here of a manifest or an index.
#[derive(Debug, Default)]
struct Manifest {
    media_type: Text,
}

impl Object for Manifest {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        key.is("mediaType").then_some(&mut self.media_type)
    }
}

impl SkopeoDir {
    /// The names in `root`. `None` if skopeo did not write it.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub(super) fn find(root: &Path) -> io::Result<Option<Self>> {
        let mut start = Vec::new();
        let version = root.join("version");
        // A named pipe would wait for its writer.
        if !version.is_file() || !root.join("manifest.json").is_file() {
            return Ok(None);
        }
        File::open(version)?.take(VERSION.len() as u64).read_to_end(&mut start)?;
        if start != VERSION {
            return Ok(None);
        }
        let mut manifest = Vec::new();
        File::open(root.join("manifest.json"))?.take(MANIFEST_LIMIT).read_to_end(&mut manifest)?;
        let digest = hex(&Sha256::digest(&manifest));
        let mut entry = json!({ "digest": format!("sha256:{digest}"), "size": manifest.len() });
        // Without a media type, the content of the manifest decides.
        let head = json::read::<Manifest>(&manifest).ok().map(|document| document.value);
        if let Some(media_type) = head.as_ref().and_then(|head| head.media_type.as_deref()) {
            entry["mediaType"] = media_type.into();
        }
        let index = json!({ "schemaVersion": 2, "manifests": [entry] }).to_string().into_bytes();
        Ok(Some(Self { index, manifest: format!("blobs/sha256/{digest}") }))
    }

    /// Where the layout's `member` is.
    pub(super) fn member(&self, member: &str) -> Member<'_> {
        if member == "index.json" {
            return Member::Made(&self.index);
        }
        if member == self.manifest {
            return Member::Files(vec!["manifest.json".to_owned()]);
        }
        // Not `manifest.json`: here that is an image manifest, not a docker-archive's.
        let files =
            member.strip_prefix("blobs/sha256/").map(|hex| vec![format!("{hex}.manifest.json"), hex.to_owned()]);
        Member::Files(files.unwrap_or_default())
    }
}
