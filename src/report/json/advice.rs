//! The document of `dive advise --format json`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::facts::LineFigures;
use super::formatter::PrintableFormatter;
use super::texts::Texts;
use dive_model::Opened;
use dive_model::advice::{Advice, AdviceGroup, AdviceKind, Finding, Partition};
use dive_model::layer::LayerIndex;

/// The limit of an instruction. Each finding repeats that of its layer.
const INSTRUCTION: Texts = Texts::up_to(4096);

/// Writes the document.
///
/// # Errors
/// When writing fails.
pub(crate) fn render(opened: &Opened, advice: &Advice, out: &mut dyn Write) -> io::Result<()> {
    let (base, ours) = advice.partitions(&opened.tree, &opened.analysis.exact);
    let document = AdviceDocument {
        image: &opened.image.name,
        base_layers: advice.own.layers(),
        base: base.into(),
        ours: ours.into(),
        findings: advice.findings.iter().map(|finding| FindingFigures::of(opened, finding)).collect(),
    };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, PrintableFormatter::default());
    document.serialize(&mut serializer)?;
    writeln!(out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdviceDocument<'a> {
    image: &'a str,
    base_layers: usize,
    base: PartitionFigures,
    ours: PartitionFigures,
    findings: Vec<FindingFigures<'a>>,
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
    instruction: Cow<'a, str>,
    lines: Option<LineFigures<'a>>,
    instead: &'a str,
    groups: Vec<PlaceOfFiles>,
    would_be: Vec<LabelFigures>,
    hadolint: Option<&'static str>,
}

impl<'a> FindingFigures<'a> {
    fn of(opened: &'a Opened, finding: &'a Finding) -> Self {
        let Finding { kind, part, layer, hidden_by, size_bytes, stored_bytes, files, groups, labels, remedy } = finding;
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
            instruction: INSTRUCTION.start(image_layer.map_or("", |layer| &layer.command)),
            lines: image_layer.and_then(|layer| layer.lines.as_ref()).map(|lines| LineFigures::of(lines, Texts::WHOLE)),
            instead: remedy,
            groups: groups.iter().map(place).collect(),
            would_be: labels.iter().map(|label| LabelFigures::from(*label)).collect(),
            hadolint: kind.row().hadolint,
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
