//! The plan of one image: names of its configuration and layers. `docker_archive` and `index` make plans; the rest of
//! the module is the same for both.

use std::borrow::Cow;
use std::path::Path;

use super::config::ImageConfig;
use super::document::DocumentKind;
use super::layer_kind::{LayerKind, OVERLAYBD, layer_kind};
use super::manifest::{Descriptor, InvalidDigest, path_of_digest};
use super::named_image::NamedImage;
use super::other_entry::OtherEntry;
use super::platform::Platform;
use super::selection::ImageName;
use crate::remark::Quoted;
use crate::shell::shell_path;
use crate::store::{Ending, Store, is_blob_name};

/// The chosen image of a store.
#[derive(Debug)]
pub(super) struct ImagePlan {
    /// Name of the image.
    pub(super) name: ImageName,
    /// Other images in the store.
    pub(super) others: Vec<ImageName>,
    /// Other platforms of the image.
    pub(super) other_platforms: Vec<Platform>,
    /// Entries that are not images.
    pub(super) other_entries: Vec<OtherEntry>,
    /// Platform in the index, if any.
    pub(super) platform: Option<Platform>,
    pub(super) config: PlannedConfig,
    /// Layers, base first.
    pub(super) layers: Vec<BlobReference>,
    /// Attestations of builders about the image.
    pub(super) attestations: Vec<Attestation>,
    /// Base image in the annotations of the manifest.
    pub(super) base: Option<NamedImage>,
}

/// A manifest with statements about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attestation {
    pub(super) path: String,
    /// Digest of the image's manifest.
    pub(super) of: String,
}

/// Location of the configuration.
#[derive(Debug)]
pub(super) enum PlannedConfig {
    /// In its own document.
    Document(ConfigDocument),
    /// In the manifest (Docker schema 1), without diff ids.
    InManifest(Box<ImageConfig>),
}

/// A configuration in its own document.
#[derive(Debug)]
pub(super) struct ConfigDocument {
    pub(super) reference: BlobReference,
    pub(super) kind: DocumentKind,
    /// The document that refers to it, for messages.
    pub(super) manifest: String,
    /// Artifact type in the manifest.
    pub(super) artifact_type: Option<String>,
}

/// A reference to a blob in a manifest.
#[derive(Debug)]
pub(super) struct BlobReference {
    /// Path of the blob in the store.
    pub(super) path: Result<String, InvalidDigest>,
    /// Digest as in the manifest.
    pub(super) digest: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) kind: LayerKind,
    pub(super) size: Option<u64>,
    pub(super) urls: Vec<String>,
}

impl BlobReference {
    /// A reference by path, in a docker-archive.
    pub(super) fn at(path: String, digest: Option<String>) -> Self {
        Self { path: Ok(path), digest, media_type: None, kind: LayerKind::Tar, size: None, urls: Vec::new() }
    }

    /// Sets the media type.
    pub(super) fn with_media_type(self, media_type: Option<String>) -> Self {
        Self { kind: layer_kind(media_type.as_deref()), media_type, ..self }
    }

    /// A reference by digest, in a schema 1 manifest.
    pub(super) fn of_digest(digest: String) -> Self {
        Self { path: path_of_digest(&digest), ..Self::at(String::new(), Some(digest)) }
    }
}

impl From<&Descriptor> for BlobReference {
    fn from(descriptor: &Descriptor) -> Self {
        Self {
            path: descriptor.path(),
            digest: Some(descriptor.digest.clone()),
            media_type: descriptor.media_type().map(str::to_owned),
            kind: if descriptor.is_overlaybd() { OVERLAYBD } else { layer_kind(descriptor.media_type()) },
            size: descriptor.size(),
            urls: descriptor.urls.0.clone(),
        }
    }
}

/// Likely cause of a missing blob, and what to do.
pub(super) fn why_missing(store: &dyn Store) -> &'static str {
    if store.ending() == Ending::Unmarked {
        "the archive has no end mark, so it is probably truncated; save or copy the image again"
    } else if store.is_skopeo_dir() {
        "the copy is incomplete; copy the image again, with all files (`skopeo copy IMAGE dir:DIRECTORY`)"
    } else if store.is_directory() && !store.contains("index.json") {
        "the directory is incomplete; copy it again, with all files"
    } else if store.is_directory() {
        "the layout is incomplete: it was copied without some of its blobs, or they are in another directory (`skopeo copy \
         --src-shared-blob-dir`); copy the whole image into one layout"
    } else if store.contains("index.json") {
        "the archive is incomplete: Docker with the containerd image store saves part of an image, such as one platform of \
         several, without an error; pull the image again and save it with --platform, or copy it again"
    } else {
        "the archive is incomplete; save the image again"
    }
}

/// Likely format of a store without a manifest, and what to do.
pub(super) fn why_no_manifest(store: &dyn Store) -> Cow<'static, str> {
    let names = store.member_names();
    let hint = if store.contains("oci-layout") {
        "it is an OCI layout without its index; copy the image again"
    } else if names.iter().any(|name| is_blob_name(name)) {
        "the manifest often comes last, so the archive is probably truncated; save or copy the image again"
    } else if store.is_directory() {
        "give a directory that contains an OCI layout, or the tar that `docker save NAME -o FILE` writes"
    } else if names.is_empty() {
        "it is an empty tar; save the image again"
    } else if let Some(root) = packed_root(&names) {
        let (root, path) = (Quoted(root), shell_path(Path::new(root)));
        let text = format!(
            "the directory {root} in it has a root file system; unpack it, and open the tar of `tar cf FILE -C {path} .`"
        );
        return Cow::Owned(text);
    } else if let Some(inner) = inner_archive(&names) {
        let (inner, path) = (Quoted(inner), shell_path(&Path::new(".").join(inner)));
        let text = format!(
            "if the image is an archive inside it, such as {inner}, unpack it (`tar xf`) and open that: `dive {path}`"
        );
        return Cow::Owned(text);
    } else {
        "give the tar that `docker save NAME -o FILE` writes"
    };
    Cow::Borrowed(hint)
}

/// The directory of a root file system that was packed with it: in images of LXC, bundles of runc, and by hand.
fn packed_root<'a>(names: &[&'a str]) -> Option<&'a str> {
    // Sources have directories like `bin` and `lib`, too.
    const SIGNS: [&str; 3] = ["/etc/passwd", "/etc/os-release", "/usr/lib/os-release"];
    let roots = names.iter().filter_map(|name| SIGNS.iter().find_map(|sign| name.strip_suffix(sign)));
    roots.min_by_key(|root| (root.matches('/').count(), *root))
}

/// The first member, by name, that may be an image archive: some products are shipped as a tar of them.
fn inner_archive<'a>(names: &[&'a str]) -> Option<&'a str> {
    // A chart is usually a `.tgz`.
    let by_name = names.iter().filter_map(|name| Some((archive_kind(name)?, *name)));
    by_name.min().map(|(_, name)| name)
}

/// Kinds of names of archives, the most likely for an image first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ArchiveName {
    Tar,
    Tgz,
}

fn archive_kind(name: &str) -> Option<ArchiveName> {
    let name = name.to_ascii_lowercase();
    if name.strip_suffix(".tgz").is_some() {
        return Some(ArchiveName::Tgz);
    }
    let plain = [".gz", ".zst", ".xz", ".bz2"].into_iter().find_map(|ending| name.strip_suffix(ending));
    let stem = plain.unwrap_or(&name).strip_suffix(".tar")?;
    // `layer.tar` is a part of an image.
    (stem.rsplit('/').next() != Some("layer")).then_some(ArchiveName::Tar)
}
