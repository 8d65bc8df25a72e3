//! Parts shared by the JSON document and the summary: sizes, base, provenance, sums.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::Serializer;

use super::texts::Texts;
use dive_model::Opened;
use dive_model::analysis::Exact;
use dive_model::analysis::exact::Cause;
use dive_model::analysis::{Part, Sizes};
use dive_model::image::{Base, DockerfileLines, LineRange, NamedImage, Provenance};

/// The sizes of the image.
#[derive(Serialize)]
pub(super) struct SizeFigures {
    #[serde(rename = "storedBytes")]
    stored: u64,
    #[serde(rename = "unpackedBytes")]
    unpacked: u64,
    #[serde(rename = "onDiskBytes")]
    on_disk: u64,
}

impl From<Sizes> for SizeFigures {
    fn from(sizes: Sizes) -> Self {
        let Sizes { stored_bytes, unpacked_bytes, .. } = sizes;
        Self { stored: stored_bytes, unpacked: unpacked_bytes, on_disk: sizes.on_disk_bytes() }
    }
}

/// The base image.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaseFigures<'a> {
    name: Option<Cow<'a, str>>,
    digest: Option<Cow<'a, str>>,
    name_source: Option<&'static str>,
    layers: Option<usize>,
    layers_source: Option<&'static str>,
}

impl<'a> BaseFigures<'a> {
    pub(super) fn of(base: &'a Base, texts: Texts) -> Self {
        let named = base.image.as_ref();
        Self {
            name: base.name().map(|name| texts.start(name)),
            digest: named.and_then(|(image, _)| image.digest.as_deref()).map(|digest| texts.digest(digest)),
            name_source: named.map(|(_, by)| by.name()),
            layers: base.layers(),
            layers_source: base.boundary.map(|boundary| boundary.by.name()),
        }
    }
}

/// The sizes of the base's layers and of the image's own.
#[derive(Serialize)]
pub(super) struct PartsFigures {
    base: PartFigures,
    ours: PartFigures,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartFigures {
    layers: usize,
    stored_bytes: u64,
    unpacked_bytes: u64,
    files: u64,
    reclaimable_bytes: u64,
    hidden_by_ours_bytes: u64,
}

impl From<Part> for PartFigures {
    fn from(part: Part) -> Self {
        let Part { layers, stored_bytes, unpacked_bytes, files, reclaimable_bytes, hidden_later_bytes } = part;
        Self {
            layers: layers.len(),
            stored_bytes,
            unpacked_bytes,
            files,
            reclaimable_bytes,
            // Only the image's own layers can hide files of its own layers.
            hidden_by_ours_bytes: if layers.start == 0 { hidden_later_bytes } else { reclaimable_bytes },
        }
    }
}

impl PartsFigures {
    /// `None` if the base is unknown.
    pub(super) fn of(opened: &Opened) -> Option<Self> {
        let (base, ours) = opened.parts()?;
        Some(Self { base: base.into(), ours: ours.into() })
    }
}

/// The builder's provenance.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProvenanceFigures<'a> {
    digest: Cow<'a, str>,
    predicate_type: Cow<'a, str>,
    unproven: Option<Cow<'a, str>>,
    images: Vec<NamedImageFigures<'a>>,
}

#[derive(Serialize)]
struct NamedImageFigures<'a> {
    name: Cow<'a, str>,
    digest: Option<Cow<'a, str>>,
}

impl<'a> ProvenanceFigures<'a> {
    pub(super) fn of(provenance: &'a Provenance, texts: Texts) -> Self {
        let name = |image: &'a NamedImage| NamedImageFigures {
            name: texts.start(&image.name),
            digest: image.digest.as_deref().map(|digest| texts.digest(digest)),
        };
        Self {
            digest: texts.digest(&provenance.digest),
            predicate_type: texts.start(&provenance.predicate_type),
            unproven: provenance.unproven.as_deref().map(|why| texts.start(why)),
            images: provenance.images.iter().take(texts.names()).map(name).collect(),
        }
    }
}

/// The Dockerfile lines of a layer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineFigures<'a> {
    file: Cow<'a, str>,
    ranges: Vec<RangeFigures>,
    certainty: &'static str,
}

#[derive(Serialize)]
struct RangeFigures {
    first: u32,
    last: u32,
}

impl<'a> LineFigures<'a> {
    pub(super) fn of(lines: &'a DockerfileLines, texts: Texts) -> Self {
        let range = |LineRange { first, last }: &LineRange| RangeFigures { first: *first, last: *last };
        Self {
            file: texts.start(&lines.file.name),
            ranges: lines.ranges.iter().take(texts.names()).map(range).collect(),
            certainty: lines.certainty.name(),
        }
    }
}

/// The exact numbers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExactSums<'a> {
    total_bytes: u64,
    visible_bytes: u64,
    reclaimable_bytes: u64,
    efficiency: f64,
    causes: CauseFigures<'a>,
}

impl<'a> ExactSums<'a> {
    pub(super) fn of(exact: &'a Exact) -> Self {
        Self {
            total_bytes: exact.total_bytes,
            visible_bytes: exact.visible_bytes,
            reclaimable_bytes: exact.reclaimable_bytes(),
            efficiency: exact.efficiency(),
            causes: CauseFigures(exact),
        }
    }
}

/// The reclaimable bytes by cause.
struct CauseFigures<'a>(&'a Exact);

impl Serialize for CauseFigures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Cause::ALL.map(|cause| (camel_case(cause), self.0.bytes_by(cause))))
    }
}

/// The key of a cause in `causes`.
pub(super) const fn camel_case(cause: Cause) -> &'static str {
    match cause {
        Cause::Overwritten => "overwritten",
        Cause::MetadataOnly => "metadataOnly",
        Cause::Deleted => "deleted",
        Cause::DeletedWithDirectory => "deletedWithDirectory",
        Cause::HiddenByOpaque => "hiddenByOpaque",
        Cause::Replaced => "replaced",
    }
}
