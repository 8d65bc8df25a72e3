//! Advice in documents: that of `dive advise --format json`, the JSON document, and the summary.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::facts::LineFigures;
use super::formatter::PrintableFormatter;
use super::texts::Texts;
use dive_model::Opened;
use dive_model::advice::{Advice, AdviceGroup, AdviceKind, Finding, FindingState, Partition};
use dive_model::image::ImagePart;
use dive_model::layer::LayerIndex;
use dive_model::units::Total;

/// The limit of an instruction. Each finding repeats that of its layer.
const INSTRUCTION: Texts = Texts::up_to(4096);

/// Kinds in a summary.
const KINDS: usize = 20;

/// Writes the document.
///
/// # Errors
/// When writing fails.
pub(crate) fn render(opened: &Opened, advice: &Advice, out: &mut dyn Write) -> io::Result<()> {
    let document = AdviceDocument { image: &opened.image.name, advice: AdviceFigures::of(opened, advice) };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, PrintableFormatter::default());
    document.serialize(&mut serializer)?;
    writeln!(out)
}

#[derive(Serialize)]
struct AdviceDocument<'a> {
    image: &'a str,
    #[serde(flatten)]
    advice: AdviceFigures<'a>,
}

/// All findings.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdviceFigures<'a> {
    base_layers: usize,
    base: PartitionFigures,
    ours: PartitionFigures,
    findings: FindingList<'a>,
}

/// Findings, one at a time: a thousand of them may have paths of 16 KiB.
struct FindingList<'a> {
    opened: &'a Opened,
    findings: &'a [Finding],
}

impl Serialize for FindingList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.findings.len()))?;
        for finding in self.findings {
            list.serialize_element(&FindingFigures::of(self.opened, finding))?;
        }
        list.end()
    }
}

impl<'a> AdviceFigures<'a> {
    pub(super) fn of(opened: &'a Opened, advice: &'a Advice) -> Self {
        let (base, ours) = advice.partitions(&opened.tree, &opened.analysis.exact);
        Self {
            base_layers: advice.own.layers(),
            base: base.into(),
            ours: ours.into(),
            findings: FindingList { opened, findings: &advice.findings },
        }
    }
}

/// The findings by kind, for a document with a limit.
#[derive(Serialize)]
pub(super) struct AdviceSums {
    kinds: Vec<KindFigures>,
    others: OtherKinds,
}

/// The findings of a kind in a part of the image.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KindFigures {
    id: &'static str,
    level: &'static str,
    part: &'static str,
    size_bytes: u64,
    stored_bytes: Option<u64>,
    ignored_bytes: u64,
}

/// The kinds that are not listed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtherKinds {
    kinds: usize,
    size_bytes: u64,
}

impl From<&Advice> for AdviceSums {
    fn from(advice: &Advice) -> Self {
        let mut sums: Vec<KindFigures> = Vec::new();
        for finding in &advice.findings {
            let Finding { kind, part, size_bytes, stored_bytes, state, .. } = finding;
            let (id, level, part) = (kind.id(), kind.row().level.name(), part.name());
            let at = sums.iter().position(|known| (known.id, known.part) == (id, part)).unwrap_or_else(|| {
                sums.push(KindFigures { id, level, part, size_bytes: 0, stored_bytes: Some(0), ignored_bytes: 0 });
                sums.len().saturating_sub(1)
            });
            let Some(known) = sums.get_mut(at) else { continue };
            match state {
                FindingState::Open => {
                    known.size_bytes = known.size_bytes.saturating_add(*size_bytes);
                    // Unknown if one of them is.
                    let both = known.stored_bytes.zip(*stored_bytes);
                    known.stored_bytes = both.map(|(known, more)| known.saturating_add(more));
                }
                FindingState::Ignored => known.ignored_bytes = known.ignored_bytes.saturating_add(*size_bytes),
            }
        }
        sums.sort_by_key(|sum| Reverse((sum.part == ImagePart::Ours.name(), sum.size_bytes)));
        let others = sums.split_off(KINDS.min(sums.len()));
        let size_bytes = others.iter().map(|sum| sum.size_bytes).sum::<Total>().get();
        Self { kinds: sums, others: OtherKinds { kinds: others.len(), size_bytes } }
    }
}

/// The bytes of some layers, each in one part.
#[derive(Serialize)]
struct PartitionFigures {
    #[serde(rename = "totalBytes")]
    total: u64,
    #[serde(rename = "wasteBytes")]
    waste: u64,
    #[serde(rename = "adviceBytes")]
    advice: u64,
    #[serde(rename = "restBytes")]
    rest: u64,
}

impl From<Partition> for PartitionFigures {
    fn from(partition: Partition) -> Self {
        let Partition { total_bytes, waste_bytes, advice_bytes, rest_bytes } = partition;
        Self { total: total_bytes, waste: waste_bytes, advice: advice_bytes, rest: rest_bytes }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingFigures<'a> {
    id: &'static str,
    level: &'static str,
    what: &'static str,
    part: &'static str,
    size_bytes: u64,
    stored_bytes: Option<u64>,
    files: u64,
    layer: Option<usize>,
    hidden_by: Option<usize>,
    doubled_by: Option<usize>,
    instruction: Cow<'a, str>,
    lines: Option<LineFigures<'a>>,
    instead: &'a str,
    groups: Vec<PlaceOfFiles>,
    would_be: Vec<LabelFigures>,
    hadolint: Option<&'static str>,
    ignored: bool,
    summed: u64,
}

impl<'a> FindingFigures<'a> {
    fn of(opened: &'a Opened, finding: &'a Finding) -> Self {
        let Finding { kind, part, layer, hidden_by, size_bytes, stored_bytes, files, groups, labels, .. } = finding;
        let image_layer = layer.and_then(|layer| opened.image.layers.get(layer.get()));
        let place = |group: &AdviceGroup| PlaceOfFiles {
            path: Texts::WHOLE.end(&opened.tree.path(group.place)),
            size_bytes: group.size_bytes,
            files: group.files,
        };
        Self {
            id: kind.id(),
            level: kind.row().level.name(),
            what: kind.row().what,
            part: part.name(),
            size_bytes: *size_bytes,
            stored_bytes: *stored_bytes,
            files: *files,
            layer: layer.map(LayerIndex::get),
            hidden_by: hidden_by.map(LayerIndex::get),
            doubled_by: finding.doubled_by.map(LayerIndex::get),
            instruction: INSTRUCTION.start(image_layer.map_or("", |layer| &layer.command)),
            lines: image_layer.and_then(|layer| layer.lines.as_ref()).map(|lines| LineFigures::of(lines, Texts::WHOLE)),
            instead: &finding.remedy,
            groups: groups.iter().map(place).collect(),
            would_be: labels.iter().map(|label| LabelFigures::from(*label)).collect(),
            hadolint: kind.row().hadolint,
            ignored: finding.state == FindingState::Ignored,
            summed: finding.summed,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaceOfFiles {
    path: String,
    size_bytes: u64,
    files: u64,
}

/// A kind that wasted files would have had.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LabelFigures {
    id: &'static str,
    size_bytes: u64,
}

impl From<(AdviceKind, u64)> for LabelFigures {
    fn from((kind, size_bytes): (AdviceKind, u64)) -> Self {
        Self { id: kind.id(), size_bytes }
    }
}
