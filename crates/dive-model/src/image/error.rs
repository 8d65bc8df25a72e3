//! Why an image cannot be read, or a layer of it: every message names the archive and the document or layer, and says
//! what is likely to have happened and what helps.

use std::io;

use super::layer_kind::OtherContent;
use super::manifest::InvalidDigest;
use super::other_entry::OtherEntry;
use super::platform::Platform;
use super::selection::ImageSelector;
use crate::json::JsonError;
use crate::remark::{Quoted, Shown};
use crate::store::StoreError;
use crate::units::Bytes;

/// An image that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The store itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Neither `manifest.json` nor `index.json`.
    #[error("{archive}: holds no image: no manifest.json or index.json; {hint}")]
    NoManifest {
        /// The archive.
        archive: String,
        /// What it may be, and what helps.
        hint: &'static str,
    },
    /// The list of images is empty.
    #[error(
        "{archive}: holds no image: {document} lists none; save the image by its name (`docker save NAME -o FILE`)"
    )]
    NoImage {
        /// The archive.
        archive: String,
        /// The document that lists.
        document: String,
    },
    /// A document that cannot be read.
    #[error("{archive}: {} cannot be read: {cause}", Shown(document))]
    Unreadable {
        /// The archive.
        archive: String,
        /// The document.
        document: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A document that is not what it should be.
    #[error("{archive}: {} is not a valid document: {cause}; save the image again", Shown(document))]
    Document {
        /// The archive.
        archive: String,
        /// The document.
        document: String,
        /// What is wrong, with line and column.
        cause: JsonError,
    },
    /// A document that may be valid and is too large.
    #[error("{archive}: {} is over a limit of dive: {cause}", Shown(document))]
    Limit {
        /// The archive.
        archive: String,
        /// The document.
        document: String,
        /// Which limit, with line and column.
        cause: JsonError,
    },
    /// A manifest or index that lacks what makes it one.
    #[error("{archive}: {} {problem}", Shown(document))]
    Manifest {
        /// The archive.
        archive: String,
        /// The document.
        document: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// `--image` names nothing.
    #[error("{archive}: no image {wanted}{hint}; available: {available}. Choose one with --image")]
    UnknownImage {
        /// The archive.
        archive: String,
        /// What was asked for.
        wanted: ImageSelector,
        /// What to write instead; may be empty.
        hint: &'static str,
        /// What there is.
        available: String,
    },
    /// The platform is not there.
    #[error("{archive}: no image for {wanted}{}", offered(available))]
    NoPlatform {
        /// The archive.
        archive: String,
        /// What was asked for.
        wanted: Box<Platform>,
        /// What there is.
        available: String,
    },
    /// The image for this machine is listed and missing.
    #[error(
        "{archive}: the manifest for {wanted}, {}, is missing; available: {available}. Choose one with --platform",
        Shown(path)
    )]
    MissingPlatform {
        /// The archive.
        archive: String,
        /// What this machine runs.
        wanted: Box<Platform>,
        /// Where the manifest should be.
        path: String,
        /// What there is.
        available: String,
    },
    /// The named image is for another platform.
    #[error("{archive}: image {image} is for {found}, not for {wanted}. {}", agreeing(found))]
    OtherPlatform {
        /// The archive.
        archive: String,
        /// What `--image` was given.
        image: ImageSelector,
        /// What `--platform` was given.
        wanted: Box<Platform>,
        /// The platforms of the image.
        found: String,
    },
    /// A document the image cannot do without is absent.
    #[error("{archive}: the {what} {} is missing; {hint}", Shown(path))]
    MissingDocument {
        /// The archive.
        archive: String,
        /// `manifest`, `configuration` or `layer document`.
        what: &'static str,
        /// Its name.
        path: String,
        /// Why that may be, and what helps.
        hint: &'static str,
    },
    /// A digest of a manifest or configuration that is none.
    #[error("{archive}: the {what} cannot be found: {cause}")]
    Digest {
        /// The archive.
        archive: String,
        /// `manifest` or `configuration`.
        what: &'static str,
        /// The digest.
        cause: InvalidDigest,
    },
    /// Something that is kept as an image and is none.
    #[error(
        "{archive}: {document} is an OCI artifact{}, not a container image: it has no file system to show",
        kind.as_ref().map(|kind| format!(" of type {}", Quoted(kind))).unwrap_or_default()
    )]
    Artifact {
        /// The archive.
        archive: String,
        /// The manifest.
        document: String,
        /// Its type.
        kind: Option<String>,
    },
    /// What was named in an index is no image.
    #[error(
        "{archive}: {entry} is not an image: it has no file system to show; available: {available}. Choose one with --image"
    )]
    NotAnImage {
        /// The archive.
        archive: String,
        /// What it is.
        entry: Box<OtherEntry>,
        /// The images beside it.
        available: String,
    },
    /// Nothing in an index is an image.
    #[error("{archive}: holds no image, only {entries}; choose a file with an image")]
    NoImageBut {
        /// The archive.
        archive: String,
        /// What it holds.
        entries: String,
    },
    /// All layers are something else than tars.
    #[error("{archive}: the image has no layer that dive can read: {found}")]
    NoTarLayer {
        /// The archive.
        archive: String,
        /// What the layers are.
        found: String,
    },
    /// A layer that cannot be had.
    #[error("{archive}: layer {layer} (of {count}, from 0): {loss}; --ignore-errors shows the other layers")]
    Layer {
        /// The archive.
        archive: String,
        /// The layer, from 0.
        layer: u32,
        /// How many layers there are.
        count: u32,
        /// What is wrong with it.
        loss: LayerLoss,
    },
    /// Manifest and configuration disagree.
    #[error(
        "{archive}: the manifest lists {layers} layer{} and the configuration {diff_ids}{engines}{hint}",
        if *layers == 1 { "" } else { "s" }
    )]
    LayerCount {
        /// The archive.
        archive: String,
        /// Layers in the manifest.
        layers: usize,
        /// `diff_ids` in the configuration.
        diff_ids: usize,
        /// What engines do with such an image, where that is known.
        engines: &'static str,
        /// Which layers are no tars, and what helps; may be empty.
        hint: String,
    },
}

/// Why a layer's bytes are not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerLoss {
    /// The archive does not hold it.
    #[error("its blob {} is missing; {hint}", Shown(path))]
    Missing {
        /// Its name.
        path: String,
        /// Why that may be, and what helps.
        hint: &'static str,
    },
    /// The manifest names it by an empty text.
    #[error("the manifest gives its blob an empty name; save the image again")]
    Unnamed,
    /// It may not be passed on with the image.
    #[error(
        "its blob {} is not in the archive: it is a foreign layer, which is fetched from {} instead",
        Shown(path),
        Shown(&urls.join(", "))
    )]
    Foreign {
        /// Its name.
        path: String,
        /// Where it is to be had.
        urls: Vec<String>,
    },
    /// It is no tar. That is no damage: the other layers are shown.
    #[error(
        "not a file system layer ({}, {})",
        Shown(media_type.as_deref().unwrap_or(content.name)),
        size.map_or_else(|| "of unknown size".to_owned(), |size| Bytes(size).to_string())
    )]
    NotATar {
        /// What it is.
        content: OtherContent,
        /// What the manifest calls it.
        media_type: Option<String>,
        /// Bytes as stored.
        size: Option<u64>,
    },
    /// Its digest is none.
    #[error("{0}")]
    Digest(InvalidDigest),
    /// It is there and cannot be opened.
    #[error("{0}")]
    Unreadable(String),
}

impl LayerLoss {
    /// What the layer is instead of a tar.
    #[must_use]
    pub const fn other_content(&self) -> Option<OtherContent> {
        match self {
            Self::NotATar { content, .. } => Some(*content),
            _ => None,
        }
    }

    /// Whether a part of the file system is missing for it.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::NotATar { content, .. } => content.is_file_system,
            _ => true,
        }
    }
}

impl ImageError {
    /// No image, or none of those that `image` names, is for the platform `wanted`; they are for those that were `found`.
    pub(super) fn no_platform(archive: &str, image: Option<&ImageSelector>, wanted: &Platform, found: String) -> Self {
        let (archive, wanted) = (archive.to_owned(), Box::new(wanted.clone()));
        match image {
            Some(image) if !found.is_empty() => Self::OtherPlatform { archive, image: image.clone(), wanted, found },
            _ => Self::NoPlatform { archive, wanted, available: found },
        }
    }
}

/// How to end the contradiction between `--image` and `--platform`.
fn agreeing(found: &str) -> &'static str {
    if found.contains(", ") {
        "Choose one of them with --platform, or choose another image with --image"
    } else {
        "Leave out --platform, or choose another image with --image"
    }
}

/// The platforms that can be named instead.
fn offered(available: &str) -> String {
    if available.is_empty() {
        "; no image names its platform".to_owned()
    } else {
        format!("; available: {}. Choose one with --platform", Shown(available))
    }
}
