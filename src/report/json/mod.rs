//! dive's JSON document with additional keys. The format is that of `--json` in dive 0.13.1. It is written as a stream, so
//! no list is held in memory.

pub(crate) mod advice;
mod facts;
mod files;
mod formatter;
pub(crate) mod summary;
mod texts;
mod verdict;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};

use advice::AdviceFigures;
use dive_model::Opened;
use dive_model::advice::{Advice, KindSet};
use dive_model::image::{Dockerfile, Image, ImageLayer, ImagePart};
use dive_model::layer::LayerIndex;
use dive_model::tree::Tree;
use facts::{BaseFigures, ExactSums, LineFigures, PartsFigures, ProvenanceFigures, SizeFigures, camel_case};
use files::FileList;
use formatter::{Printable, PrintableFormatter};
use texts::Texts;
pub(crate) use verdict::Judged;
use verdict::VerdictFigures;

/// Increment when a key is removed or changes its meaning, not for new keys.
const SCHEMA_VERSION: u32 = 1;

/// Writes the document and a final line break.
///
/// # Errors
/// When writing fails.
pub fn render(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    render_judged(opened, &opened.advice(KindSet::on()), None, out)
}

/// Writes the document with a verdict, if any.
///
/// # Errors
/// When writing fails.
pub(crate) fn render_judged(
    opened: &Opened,
    advice: &Advice,
    judged: Option<Judged<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_with(PrintableFormatter::default(), opened, advice, judged, out)
}

/// Writes the document on one line, for a file with a document for each of several images.
///
/// # Errors
/// When writing fails.
pub(crate) fn render_line(
    opened: &Opened,
    advice: &Advice,
    judged: Option<Judged<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_with(Printable::<CompactFormatter>::default(), opened, advice, judged, out)
}

fn write_with(
    formatter: impl Formatter,
    opened: &Opened,
    advice: &Advice,
    judged: Option<Judged<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    // An entry takes a hundred small writes, so buffer them before the dynamic dispatch.
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    JsonReport::of(opened, advice, judged).serialize(&mut serializer)?;
    writeln!(out)?;
    out.flush()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'a> {
    schema_version: u32,
    layer: Layers<'a>,
    image: ImageFigures<'a>,
    exact: ExactFigures<'a>,
    sizes: SizeFigures,
    base: Option<BaseFigures<'a>>,
    parts: Option<PartsFigures>,
    provenance: Option<ProvenanceFigures<'a>>,
    dockerfiles: Vec<FileText<'a>>,
    advice: AdviceFigures<'a>,
    verdict: Option<VerdictFigures<'a>>,
}

impl<'a> JsonReport<'a> {
    fn of(opened: &'a Opened, advice: &'a Advice, judged: Option<Judged<'a>>) -> Self {
        let image = &opened.image;
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
            sizes: opened.sizes().into(),
            base: image.base.as_ref().map(|base| BaseFigures::of(base, Texts::WHOLE)),
            parts: PartsFigures::of(opened),
            provenance: image.provenance.as_ref().map(|it| ProvenanceFigures::of(it, Texts::WHOLE)),
            dockerfiles: dockerfiles(image),
            advice: AdviceFigures::of(opened, advice),
            verdict: judged.map(|judged| VerdictFigures::of(opened, judged, Texts::WHOLE)),
        }
    }
}

/// A Dockerfile that layers refer to.
#[derive(Serialize)]
struct FileText<'a> {
    name: &'a str,
    text: &'a str,
}

/// The Dockerfiles that layers refer to, each once.
fn dockerfiles(image: &Image) -> Vec<FileText<'_>> {
    let mut files: Vec<&Arc<Dockerfile>> = Vec::new();
    for lines in image.layers.iter().filter_map(|layer| layer.lines.as_ref()) {
        if !files.iter().any(|file| Arc::ptr_eq(file, &lines.file)) {
            files.push(&lines.file);
        }
    }
    files.into_iter().map(|file| FileText { name: &file.name, text: &file.text }).collect()
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

/// The paths in several layers.
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
struct ExactFigures<'a> {
    #[serde(flatten)]
    sums: ExactSums<'a>,
    files: ReclaimableFiles<'a>,
}

/// The inodes that the image hides.
struct ReclaimableFiles<'a>(&'a Opened);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReclaimableFigures<'a> {
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
            list.serialize_element(&ReclaimableFigures {
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
        Self { sums: ExactSums::of(&opened.analysis.exact), files: ReclaimableFiles(opened) }
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
                self.0.part_of(index).map(ImagePart::name),
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
    part: Option<&'static str>,
    lines: Option<LineFigures<'a>>,
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
        part: Option<&'static str>,
    ) -> Self {
        Self {
            index: index.get(),
            id: &layer.id,
            digest_id: layer.identity().unwrap_or_default(),
            size_bytes: tree.layer_size_bytes(index),
            command: &layer.command,
            blob_digest: layer.digest.as_deref(),
            diff_id: layer.diff_id.as_deref(),
            media_type: layer.media_type.as_deref(),
            compression,
            stored_bytes: layer.size,
            unpacked_bytes,
            complete,
            part,
            lines: layer.lines.as_ref().map(|lines| LineFigures::of(lines, Texts::WHOLE)),
            file_list: FileList { tree, layer: index },
        }
    }
}
