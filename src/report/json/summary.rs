//! The summary document, whose size does not grow with the number of files. Baselines, histories and merged reports rely on its
//! limit and on stable keys. docs/summary.schema.json describes it.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::CompactFormatter;

use super::advice::AdviceSums;
use super::facts::{BaseFigures, ExactSums, LineFigures, PartsFigures, ProvenanceFigures, SizeFigures, camel_case};
use super::formatter::Printable;
use super::texts::Texts;
use super::verdict::{Judged, VerdictFigures};
use crate::ci::SUMMARY_VERSION;
use dive_model::Opened;
use dive_model::advice::Advice;
use dive_model::analysis::{VisiblePlace, WasteGroup};
use dive_model::image::{ImageLayer, ImagePart};
use dive_model::layer::LayerIndex;
use dive_model::tree::EntriesDigest;
use dive_model::units::Total;

/// Limit of the document in bytes, for an image of 127 layers, the most that overlayfs mounts.
const LIMIT: usize = 64_000;

/// Limit of the listed groups of waste.
const GROUPS: usize = 20;

/// Limits of a text in bytes, tried in order until the document is short enough. File names and tags may have any length.
const TEXT_LIMITS: [usize; 5] = [300, 150, 80, 40, 20];

/// Writes the summary on one line.
///
/// # Errors
/// When writing fails.
pub(crate) fn render(
    opened: &Opened,
    advice: &Advice,
    judged: Option<Judged<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let groups = WasteGroup::of(&opened.tree, &opened.analysis.exact);
    let places = VisiblePlace::of(&opened.tree);
    let digests = opened.entries_digests(&opened.tree.layers().collect::<Vec<_>>());
    let lists = Lists { groups: &groups, places: &places, digests: &digests, advice };
    let mut bytes = Vec::new();
    for limit in TEXT_LIMITS {
        bytes.clear();
        let mut serializer =
            serde_json::Serializer::with_formatter(&mut bytes, Printable::<CompactFormatter>::default());
        Summary::of(opened, judged, lists, Texts::up_to(limit)).serialize(&mut serializer)?;
        bytes.push(b'\n');
        if bytes.len() <= LIMIT {
            break;
        }
    }
    out.write_all(&bytes)
}

/// What is computed once for all attempts.
#[derive(Clone, Copy)]
struct Lists<'a> {
    groups: &'a [WasteGroup],
    places: &'a [VisiblePlace],
    /// Of the entries of each layer.
    digests: &'a [Option<EntriesDigest>],
    advice: &'a Advice,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    schema_version: u32,
    image: ImageFacts<'a>,
    sizes: SizeFigures,
    classic: ClassicFigures,
    exact: ExactSums<'a>,
    base: Option<BaseFigures<'a>>,
    parts: Option<PartsFigures>,
    provenance: Option<ProvenanceFigures<'a>>,
    layers: Vec<LayerFacts<'a>>,
    waste: WasteFigures<'a>,
    advice: AdviceSums,
    places: Vec<PlaceFigures>,
    verdict: Option<VerdictFigures<'a>>,
}

impl<'a> Summary<'a> {
    fn of(opened: &'a Opened, judged: Option<Judged<'a>>, lists: Lists<'_>, texts: Texts) -> Self {
        let Lists { groups, places, digests, advice } = lists;
        let Opened { image, tree, analysis, damaged_layers, .. } = opened;
        let (classic, exact) = (&analysis.classic, &analysis.exact);
        let waste = exact.bytes_by_layer(image.layers.len());
        let layers = tree.layers().zip(&image.layers).zip(waste).zip(digests);
        Self {
            schema_version: SUMMARY_VERSION,
            image: ImageFacts {
                name: texts.start(&image.name),
                tags: image.tags.iter().take(texts.names()).map(|tag| texts.start(tag)).collect(),
                id: image.id.as_deref().map(|id| texts.digest(id)),
                platform: image.platform.as_ref().map(|platform| texts.start(&platform.to_string()).into_owned()),
                created: image.created.as_deref().map(|created| texts.start(created)),
                complete: damaged_layers.is_empty(),
            },
            sizes: opened.sizes().into(),
            classic: ClassicFigures {
                efficiency_score: classic.efficiency,
                inefficient_bytes: classic.wasted_bytes,
                user_wasted_percent: classic.user_wasted_percent,
            },
            exact: ExactSums::of(exact),
            base: image.base.as_ref().map(|base| BaseFigures::of(base, texts)),
            parts: PartsFigures::of(opened),
            provenance: image.provenance.as_ref().map(|provenance| ProvenanceFigures::of(provenance, texts)),
            layers: layers
                .map(|(((index, layer), waste), digest)| LayerFacts {
                    entries_digest: digest.map(|digest| digest.to_string()),
                    ..LayerFacts::of(opened, index, layer, waste, texts)
                })
                .collect(),
            waste: WasteFigures::of(opened, groups, texts),
            advice: advice.into(),
            places: places
                .iter()
                .take(VisiblePlace::LISTED)
                .map(|place| PlaceFigures::of(opened, place, texts))
                .collect(),
            verdict: judged.map(|judged| VerdictFigures::of(opened, judged, texts)),
        }
    }
}

#[derive(Serialize)]
struct ImageFacts<'a> {
    name: Cow<'a, str>,
    tags: Vec<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    platform: Option<String>,
    created: Option<Cow<'a, str>>,
    complete: bool,
}

/// dive's numbers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClassicFigures {
    efficiency_score: f64,
    inefficient_bytes: u64,
    user_wasted_percent: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LayerFacts<'a> {
    digest: Option<Cow<'a, str>>,
    diff_id: Option<Cow<'a, str>>,
    entries_digest: Option<String>,
    part: Option<&'static str>,
    stored_bytes: Option<u64>,
    unpacked_bytes: u64,
    reclaimable_bytes: u64,
    instruction: Cow<'a, str>,
    lines: Option<LineFigures<'a>>,
}

impl<'a> LayerFacts<'a> {
    fn of(opened: &'a Opened, index: LayerIndex, layer: &'a ImageLayer, waste: u64, texts: Texts) -> Self {
        Self {
            digest: layer.digest.as_deref().map(|digest| texts.digest(digest)),
            diff_id: layer.diff_id.as_deref().map(|digest| texts.digest(digest)),
            entries_digest: None,
            part: opened.part_of(index).map(ImagePart::name),
            stored_bytes: layer.size,
            unpacked_bytes: opened.tree.layer_size_bytes(index),
            reclaimable_bytes: waste,
            instruction: texts.start(&layer.command),
            lines: layer.lines.as_ref().map(|lines| LineFigures::of(lines, texts)),
        }
    }
}

/// A directory of the first two levels, with its visible bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaceFigures {
    path: String,
    size_bytes: u64,
}

impl PlaceFigures {
    fn of(opened: &Opened, place: &VisiblePlace, texts: Texts) -> Self {
        Self { path: texts.end(&opened.tree.path(place.node)), size_bytes: place.size_bytes }
    }
}

/// The largest groups of reclaimable files, and the total of the others.
#[derive(Serialize)]
struct WasteFigures<'a> {
    groups: Vec<GroupFigures<'a>>,
    others: Others,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupFigures<'a> {
    path: String,
    size_bytes: u64,
    files: u64,
    cause: &'static str,
    layer: usize,
    hidden_by: usize,
    part: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Others {
    groups: usize,
    size_bytes: u64,
}

impl WasteFigures<'_> {
    fn of(opened: &Opened, groups: &[WasteGroup], texts: Texts) -> Self {
        let (listed, others) = groups.split_at(GROUPS.min(groups.len()));
        let group = |group: &WasteGroup| GroupFigures {
            path: texts.end(&opened.tree.path(group.place)),
            size_bytes: group.size_bytes,
            files: group.files,
            cause: camel_case(group.cause),
            layer: group.layer.get(),
            hidden_by: group.hidden_by.get(),
            part: opened.part_of(group.layer).map(ImagePart::name),
        };
        Self {
            groups: listed.iter().map(group).collect(),
            others: Others {
                groups: others.len(),
                size_bytes: others.iter().map(|group| group.size_bytes).sum::<Total>().get(),
            },
        }
    }
}
