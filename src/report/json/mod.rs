//! dive's JSON document, key for key, with new keys beside. The shape is dive 0.13.1's `--json` export; it is written as it
//! is found, so that no list and no path but the one that is being written has to be held.

mod files;
mod formatter;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use dive_model::Opened;
use dive_model::analysis::exact::Cause;
use dive_model::image::ImageLayer;
use dive_model::layer::LayerIndex;
use dive_model::tree::Tree;
use files::FileList;
use formatter::PrintableFormatter;

/// Counts up when a key changes its meaning or goes; new keys do not count.
const SCHEMA_VERSION: u32 = 1;

/// Writes the document, with a line break at its end.
///
/// # Errors
/// When writing fails.
pub fn render(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    // A hundred writes an entry, of some bytes each: they are not to go through a pointer one by one.
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, PrintableFormatter::default());
    Document::of(opened).serialize(&mut serializer)?;
    writeln!(out)?;
    out.flush()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    layer: Layers<'a>,
    image: ImageFigures<'a>,
    exact: ExactFigures<'a>,
}

impl<'a> Document<'a> {
    fn of(opened: &'a Opened) -> Self {
        let classic = &opened.analysis.classic;
        Self {
            schema_version: SCHEMA_VERSION,
            layer: Layers(opened),
            image: ImageFigures {
                name: &opened.image.name,
                tags: &opened.image.tags,
                platform: opened.image.platform.as_ref().map(ToString::to_string),
                size_bytes: classic.size_bytes(),
                inefficient_bytes: classic.wasted_bytes,
                efficiency_score: classic.efficiency,
                user_wasted_percent: classic.user_wasted_percent,
                complete: opened.damaged_layers.is_empty(),
                file_reference: FileReferences(opened),
            },
            exact: ExactFigures::of(opened),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageFigures<'a> {
    name: &'a str,
    tags: &'a [String],
    platform: Option<String>,
    size_bytes: u64,
    inefficient_bytes: u64,
    efficiency_score: f64,
    user_wasted_percent: f64,
    complete: bool,
    file_reference: FileReferences<'a>,
}

/// The paths that several layers hold.
struct FileReferences<'a>(&'a Opened);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileReference<'a> {
    count: u64,
    size_bytes: u64,
    file: Cow<'a, str>,
}

impl Serialize for FileReferences<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Opened { tree, analysis, .. } = self.0;
        let mut list = serializer.serialize_seq(None)?;
        for file in &analysis.classic.inefficient_files {
            let path = tree.path(file.node);
            let reference =
                FileReference { count: file.count, size_bytes: file.size_bytes, file: String::from_utf8_lossy(&path) };
            list.serialize_element(&reference)?;
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExactFigures<'a> {
    total_bytes: u64,
    visible_bytes: u64,
    reclaimable_bytes: u64,
    efficiency: f64,
    causes: CauseFigures,
    files: ReclaimableFiles<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CauseFigures {
    overwritten: u64,
    metadata_only: u64,
    deleted: u64,
    deleted_with_directory: u64,
    hidden_by_opaque: u64,
    replaced: u64,
}

/// The inodes that the image no longer shows.
struct ReclaimableFiles<'a>(&'a Opened);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReclaimableFile<'a> {
    path: Cow<'a, str>,
    size_bytes: u64,
    layer: usize,
    hidden_by: usize,
    cause: &'static str,
}

impl Serialize for ReclaimableFiles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Opened { tree, analysis, .. } = self.0;
        let mut list = serializer.serialize_seq(None)?;
        for file in &analysis.exact.files {
            list.serialize_element(&ReclaimableFile {
                path: String::from_utf8_lossy(&tree.path(file.node)),
                size_bytes: file.size_bytes,
                layer: file.layer.get(),
                hidden_by: file.hidden_by.get(),
                cause: camel_case(file.cause),
            })?;
        }
        list.end()
    }
}

impl<'a> ExactFigures<'a> {
    fn of(opened: &'a Opened) -> Self {
        let exact = &opened.analysis.exact;
        Self {
            total_bytes: exact.total_bytes,
            visible_bytes: exact.visible_bytes,
            reclaimable_bytes: exact.reclaimable_bytes(),
            efficiency: exact.efficiency(),
            causes: CauseFigures {
                overwritten: exact.bytes_by(Cause::Overwritten),
                metadata_only: exact.bytes_by(Cause::MetadataOnly),
                deleted: exact.bytes_by(Cause::Deleted),
                deleted_with_directory: exact.bytes_by(Cause::DeletedWithDirectory),
                hidden_by_opaque: exact.bytes_by(Cause::HiddenByOpaque),
                replaced: exact.bytes_by(Cause::Replaced),
            },
            files: ReclaimableFiles(opened),
        }
    }
}

/// A cause as the keys of `causes` spell it.
const fn camel_case(cause: Cause) -> &'static str {
    match cause {
        Cause::Overwritten => "overwritten",
        Cause::MetadataOnly => "metadataOnly",
        Cause::Deleted => "deleted",
        Cause::DeletedWithDirectory => "deletedWithDirectory",
        Cause::HiddenByOpaque => "hiddenByOpaque",
        Cause::Replaced => "replaced",
    }
}

struct Layers<'a>(&'a Opened);

impl Serialize for Layers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Opened { image, tree, compressions, unpacked_bytes, damaged_layers, .. } = self.0;
        let mut list = serializer.serialize_seq(Some(image.layers.len()))?;
        for (index, layer) in tree.layers().zip(&image.layers) {
            let compression = compressions.get(index.get()).copied().flatten();
            let unpacked_bytes = unpacked_bytes.get(index.get()).copied().flatten();
            list.serialize_element(&LayerFigures::of(
                tree,
                index,
                layer,
                compression.map(|it| it.to_string()),
                unpacked_bytes,
                !damaged_layers.contains(&index),
            ))?;
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LayerFigures<'a> {
    index: usize,
    id: &'a str,
    digest_id: &'a str,
    size_bytes: u64,
    command: &'a str,
    /// The blob as it is stored: its digest, type and size.
    blob_digest: Option<&'a str>,
    diff_id: Option<&'a str>,
    media_type: Option<&'a str>,
    compression: Option<String>,
    stored_bytes: Option<u64>,
    unpacked_bytes: Option<u64>,
    complete: bool,
    file_list: FileList<'a>,
}

impl<'a> LayerFigures<'a> {
    fn of(
        tree: &'a Tree,
        index: LayerIndex,
        layer: &'a ImageLayer,
        compression: Option<String>,
        unpacked_bytes: Option<u64>,
        complete: bool,
    ) -> Self {
        Self {
            index: index.get(),
            id: &layer.id,
            digest_id: layer.diff_id.as_deref().or(layer.digest.as_deref()).unwrap_or_default(),
            size_bytes: tree.layer_size_bytes(index),
            command: &layer.command,
            blob_digest: layer.digest.as_deref(),
            diff_id: layer.diff_id.as_deref(),
            media_type: layer.media_type.as_deref(),
            compression,
            stored_bytes: layer.size,
            unpacked_bytes,
            complete,
            file_list: FileList { tree, layer: index },
        }
    }
}
