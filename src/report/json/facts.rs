//! Parts shared by the JSON document and the summary: sizes, base, provenance, verdict.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::texts::Texts;
use crate::ci::{Amount, ExceptionState, IgnoredWaste, Presence, RuleOutcome, Rules, Status, Verdict};
use crate::config::{LayerChoice, RuleLevel};
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

/// A verdict and its rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'a> {
    /// The limits, each with its origin.
    pub(crate) rules: &'a Rules,
    /// The outcome.
    pub(crate) verdict: &'a Verdict,
}

/// The verdict and the outcome of every rule.
#[derive(Serialize)]
pub(super) struct VerdictFigures<'a> {
    status: &'static str,
    rules: RuleFigures<'a>,
    ignored: Vec<IgnoredFigures<'a>>,
}

/// An exception from rules.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IgnoredFigures<'a> {
    what: Cow<'a, str>,
    reason: Cow<'a, str>,
    until: Option<String>,
    origin: Cow<'a, str>,
    status: &'static str,
    size_bytes: u64,
    files: u64,
    path_files: u64,
}

impl<'a> IgnoredFigures<'a> {
    fn of(exception: &'a IgnoredWaste, texts: Texts) -> Self {
        let IgnoredWaste { ignore, state, size_bytes, files, path_files } = exception;
        let whole = |text: String| Cow::Owned(texts.start(&text).into_owned());
        Self {
            what: whole(ignore.what.to_string()),
            reason: texts.start(&ignore.reason),
            until: ignore.until.map(|until| until.to_string()),
            origin: whole(ignore.origin.to_string()),
            status: match state {
                ExceptionState::Active if exception.is_unused() => "unused",
                ExceptionState::Active => "active",
                ExceptionState::Expired(_) => "expired",
            },
            size_bytes: *size_bytes,
            files: *files,
            path_files: *path_files,
        }
    }
}

impl<'a> VerdictFigures<'a> {
    pub(super) fn of(judged: Judged<'a>, texts: Texts) -> Self {
        let status = if judged.verdict.passed() { "pass" } else { "fail" };
        // A rules file may have many, and the summary has a limit.
        let ignored = judged.verdict.exceptions.ignored.iter().take(texts.names());
        let ignored = ignored.map(|exception| IgnoredFigures::of(exception, texts)).collect();
        Self { status, rules: RuleFigures { judged, texts }, ignored }
    }
}

struct RuleFigures<'a> {
    judged: Judged<'a>,
    texts: Texts,
}

#[derive(Serialize)]
struct RuleFigure {
    rule: &'static str,
    status: String,
    value: Option<Number>,
    limit: Option<Number>,
    origin: String,
    level: &'static str,
    #[serde(rename = "for")]
    layers: &'static str,
}

/// A number in the unit of its rule: a ratio from 0 to 1, bytes, a count, or whether something is there.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Ratio(f64),
    Whole(u64),
    Presence(bool),
}

impl From<Amount> for Number {
    fn from(amount: Amount) -> Self {
        match amount {
            Amount::Ratio(ratio) => Self::Ratio(ratio),
            Amount::Bytes(bytes) => Self::Whole(bytes.0),
            Amount::Count(count) => Self::Whole(count),
            Amount::Presence(presence) => Self::Presence(presence == Presence::Present),
        }
    }
}

impl Serialize for RuleFigures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Judged { rules, verdict } = self.judged;
        let mut list = serializer.serialize_seq(None)?;
        for RuleOutcome { rule, status, value, limit, level, layers, .. } in &verdict.outcomes {
            list.serialize_element(&RuleFigure {
                rule: rule.name(),
                status: status.name().to_ascii_lowercase(),
                value: value.map(Into::into),
                limit: limit.map(Into::into),
                level: level.name(),
                layers: layers.name(),
                origin: self.texts.start(&rules.origin(*rule).to_string()).into_owned(),
            })?;
        }
        for (ignore, _) in verdict.exceptions.expired().take(self.texts.names()) {
            list.serialize_element(&RuleFigure {
                rule: "ignore",
                status: Status::Fail.name().to_ascii_lowercase(),
                value: None,
                limit: None,
                level: RuleLevel::Fail.name(),
                layers: LayerChoice::All.name(),
                origin: self.texts.start(&ignore.origin.to_string()).into_owned(),
            })?;
        }
        list.end()
    }
}
