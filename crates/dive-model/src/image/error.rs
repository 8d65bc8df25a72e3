//! Errors of reading an image or a layer. Every message names the archive and the document or layer, the likely cause,
//! and what to do.

use std::borrow::Cow;
use std::io;

use super::layer_kind::{LayerKind, OtherContent, layer_kind};
use super::manifest::InvalidDigest;
use super::other_entry::OtherEntry;
use super::platform::Platform;
use super::selection::ImageSelector;
use crate::json::JsonError;
use crate::remark::{Quoted, Shown};
use crate::store::StoreError;
use crate::units::Bytes;

/// An image that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is neither `manifest.json` nor `index.json`.
    #[error("{archive}: contains no image: no manifest.json or index.json; {hint}")]
    NoManifest {
        /// Name of the archive.
        archive: String,
        /// Likely format of the archive, and what to do.
        hint: Cow<'static, str>,
    },
    /// The list of images is empty.
    #[error(
        "{archive}: contains no image: {document} lists no images; save the image by its name (`docker save NAME -o FILE`)"
    )]
    NoImage {
        /// Name of the archive.
        archive: String,
        /// Name of the document.
        document: String,
    },
    /// A document cannot be read.
    #[error("{archive}: {} cannot be read: {cause}", Shown(document))]
    Unreadable {
        /// Name of the archive.
        archive: String,
        /// Name of the document.
        document: String,
        /// Error of the system.
        cause: io::Error,
    },
    /// A document is invalid.
    #[error("{archive}: {} {problem}; {remedy}", Shown(document))]
    Document {
        /// Name of the archive.
        archive: String,
        /// Name of the document.
        document: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A document exceeds a limit.
    #[error("{archive}: {} exceeds a limit of dive: {cause}", Shown(document))]
    Limit {
        /// Name of the archive.
        archive: String,
        /// Name of the document.
        document: String,
        /// The limit, with line and column.
        cause: JsonError,
    },
    /// A manifest or index lacks required content.
    #[error("{archive}: {} {problem}", Shown(document))]
    Manifest {
        /// Name of the archive.
        archive: String,
        /// Name of the document.
        document: String,
        /// Reason.
        problem: &'static str,
    },
    /// There is no image with the name or number of `--image`.
    #[error("{archive}: no image {wanted}{hint}; available: {available}. Choose one with --image")]
    UnknownImage {
        /// Name of the archive.
        archive: String,
        /// The requested value.
        wanted: ImageSelector,
        /// What to write instead; may be empty.
        hint: &'static str,
        /// Available values.
        available: String,
    },
    /// There is no image for the platform.
    #[error("{archive}: no image for {wanted}{}", list_available(available))]
    NoPlatform {
        /// Name of the archive.
        archive: String,
        /// The requested value.
        wanted: Box<Platform>,
        /// Available values.
        available: String,
    },
    /// The image for this machine is listed but missing.
    #[error(
        "{archive}: the manifest for {wanted}, {}, is missing; available: {available}. Choose one with --platform",
        Shown(path)
    )]
    MissingPlatform {
        /// Name of the archive.
        archive: String,
        /// Platform of this machine.
        wanted: Box<Platform>,
        /// Path of the manifest.
        path: String,
        /// Available values.
        available: String,
    },
    /// The named image is for another platform.
    #[error("{archive}: image {image} is for {found}, not for {wanted}. {}", platform_advice(found))]
    OtherPlatform {
        /// Name of the archive.
        archive: String,
        /// Value of `--image`.
        image: ImageSelector,
        /// Value of `--platform`.
        wanted: Box<Platform>,
        /// The platforms of the image.
        found: String,
    },
    /// A required document is missing.
    #[error("{archive}: the {what} {} is missing: {hint}", Shown(path))]
    MissingDocument {
        /// Name of the archive.
        archive: String,
        /// `manifest`, `configuration` or `layer document`.
        what: &'static str,
        /// Name.
        path: String,
        /// Likely cause, and what to do.
        hint: &'static str,
    },
    /// The digest of a manifest or configuration is invalid.
    #[error("{archive}: the {what} cannot be found: {cause}; save the image again")]
    Digest {
        /// Name of the archive.
        archive: String,
        /// `manifest` or `configuration`.
        what: &'static str,
        /// The invalid digest.
        cause: InvalidDigest,
    },
    /// The manifest is an artifact, not an image.
    #[error(
        "{archive}: {document} is an OCI artifact{}, not a container image: it has no file system to show",
        kind.as_ref().map(|kind| format!(" of type {}", Quoted(kind))).unwrap_or_default()
    )]
    Artifact {
        /// Name of the archive.
        archive: String,
        /// Name of the manifest.
        document: String,
        /// Type of the artifact.
        kind: Option<String>,
    },
    /// The requested entry of an index is not an image.
    #[error(
        "{archive}: {entry} is not an image: it has no file system to show; available: {available}. Choose one with --image"
    )]
    NotAnImage {
        /// Name of the archive.
        archive: String,
        /// The entry.
        entry: Box<OtherEntry>,
        /// Available images.
        available: String,
    },
    /// No entry of an index is an image.
    #[error("{archive}: contains no image, only {entries}; choose a file with an image")]
    NoImageBut {
        /// Name of the archive.
        archive: String,
        /// The entries.
        entries: String,
    },
    /// No layer is a tar.
    #[error("{archive}: the image has no layer that dive can read: {found}")]
    NoTarLayer {
        /// Name of the archive.
        archive: String,
        /// Content of the layers.
        found: String,
    },
    /// A layer is not available.
    #[error("{archive}: layer {layer} (of {count}, from 0): {loss}; --ignore-errors shows the other layers")]
    Layer {
        /// Name of the archive.
        archive: String,
        /// Index of the layer, from 0.
        layer: u32,
        /// Number of layers.
        count: u32,
        /// Reason.
        loss: LayerLoss,
    },
    /// Manifest and configuration disagree.
    #[error(
        "{archive}: the manifest lists {layers} layer{}, but the configuration lists {diff_ids}{engines}{hint}",
        if *layers == 1 { "" } else { "s" }
    )]
    LayerCount {
        /// Name of the archive.
        archive: String,
        /// Layers in the manifest.
        layers: usize,
        /// `diff_ids` in the configuration.
        diff_ids: usize,
        /// What engines do with such an image, if known.
        engines: &'static str,
        /// Layers that are not tars, and what to do; may be empty.
        hint: String,
    },
}

/// Why a layer is not available.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerLoss {
    /// The blob is missing.
    #[error("its blob {} is missing: {hint}", Shown(path))]
    Missing {
        /// Name.
        path: String,
        /// Likely cause, and what to do.
        hint: &'static str,
    },
    /// The manifest gives an empty name.
    #[error("the manifest gives its blob an empty name; save the image again")]
    Unnamed,
    /// The blob has no bytes, but belongs to a layer with content.
    #[error("its blob {} is empty, but its diff id is not that of an empty layer; save the image again", Shown(path))]
    Empty {
        /// Name.
        path: String,
    },
    /// The layer is foreign: it must be fetched from elsewhere.
    #[error(
        "its blob {} is not in the archive: it is a foreign layer, which engines download from {}",
        Shown(path),
        Shown(&urls.join(", "))
    )]
    Foreign {
        /// Name.
        path: String,
        /// URLs of the layer.
        urls: Vec<String>,
    },
    /// The blob is not a tar. This is not damage; the other layers are shown.
    #[error(
        "not a file system layer ({}, {})",
        Shown(other_type(media_type.as_deref(), *content)),
        size.map_or_else(|| "of unknown size".to_owned(), |size| Bytes(size).to_string())
    )]
    NotATar {
        /// Detected content.
        content: OtherContent,
        /// Media type in the manifest.
        media_type: Option<String>,
        /// Stored size in bytes.
        size: Option<u64>,
    },
    /// The digest is invalid.
    #[error("{0}")]
    Digest(InvalidDigest),
    /// The blob cannot be opened.
    #[error("{0}")]
    Unreadable(String),
}

impl LayerLoss {
    /// Content of a layer that is not a tar.
    #[must_use]
    pub const fn other_content(&self) -> Option<OtherContent> {
        match self {
            Self::NotATar { content, .. } => Some(*content),
            _ => None,
        }
    }

    /// True if a part of the file system is missing.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::NotATar { content, .. } => content.is_file_system,
            _ => true,
        }
    }
}

impl ImageError {
    /// The error if no image, or none that `image` names, is for platform `wanted`. `found` lists their platforms.
    pub(super) fn no_platform(archive: &str, image: Option<&ImageSelector>, wanted: &Platform, found: String) -> Self {
        let (archive, wanted) = (archive.to_owned(), Box::new(wanted.clone()));
        match image {
            Some(image) if !found.is_empty() => Self::OtherPlatform { archive, image: image.clone(), wanted, found },
            _ => Self::NoPlatform { archive, wanted, available: found },
        }
    }
}

/// The type of a layer that is not a tar: its media type, unless that is of a tar.
fn other_type(media_type: Option<&str>, content: OtherContent) -> &str {
    media_type.filter(|_| layer_kind(media_type) != LayerKind::Tar).unwrap_or(content.name)
}

/// How to resolve a contradiction of `--image` and `--platform`.
fn platform_advice(found: &str) -> &'static str {
    if found.contains(", ") {
        "Choose one of them with --platform, or choose another image with --image"
    } else {
        "Leave out --platform, or choose another image with --image"
    }
}

/// Lists the available platforms.
fn list_available(available: &str) -> String {
    if available.is_empty() {
        "; no image states a platform, so leave out --platform".to_owned()
    } else {
        format!("; available: {}. Choose one with --platform", Shown(available))
    }
}
