//! The verdict in the JSON document and in the summary: the rules, the exceptions, and the growth since the baseline.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::texts::Texts;
use crate::ci::{
    Amount, BelowFloor, Difference, ExceptionState, Growth, IgnoredWaste, LayerChange, LayerGrowth, PathOutcome,
    PathStatus, PlaceGrowth, Presence, Rule, RuleOutcome, Rules, Status, Verdict,
};
use crate::config::{LayerChoice, PathDemand, PathReach, RuleLevel};
use dive_model::Opened;
use dive_model::layer::LayerIndex;

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
#[serde(rename_all = "camelCase")]
pub(super) struct VerdictFigures<'a> {
    status: &'static str,
    rules: RuleFigures<'a>,
    ignored: Vec<IgnoredFigures<'a>>,
    ignore_waste_below: Option<FloorFigures>,
    growth: Option<GrowthFigures<'a>>,
}

/// The floor of waste, and what is below it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FloorFigures {
    limit_bytes: u64,
    groups: usize,
    size_bytes: u64,
    origin: String,
}

impl FloorFigures {
    fn of(below: &BelowFloor, texts: Texts) -> Self {
        let BelowFloor { floor, origin, groups, size_bytes } = below;
        let origin = texts.start(&origin.to_string()).into_owned();
        Self { limit_bytes: floor.0, groups: *groups, size_bytes: *size_bytes, origin }
    }
}

/// The growth since the baseline.
#[derive(Serialize)]
struct GrowthFigures<'a> {
    baseline: Cow<'a, str>,
    origin: String,
    all: DifferenceFigures,
    base: DifferenceFigures,
    ours: DifferenceFigures,
    layers: Vec<LayerGrowthFigures<'a>>,
    places: Vec<PlaceGrowthFigures>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DifferenceFigures {
    before_bytes: u64,
    after_bytes: u64,
}

#[derive(Serialize)]
struct LayerGrowthFigures<'a> {
    change: &'static str,
    layer: Option<usize>,
    instruction: Cow<'a, str>,
    #[serde(flatten)]
    size: DifferenceFigures,
}

#[derive(Serialize)]
struct PlaceGrowthFigures {
    path: String,
    #[serde(flatten)]
    size: DifferenceFigures,
}

impl From<Difference> for DifferenceFigures {
    fn from(difference: Difference) -> Self {
        Self { before_bytes: difference.before, after_bytes: difference.after }
    }
}

impl<'a> GrowthFigures<'a> {
    fn of(opened: &'a Opened, baseline: &'a str, growth: &'a Growth, texts: Texts) -> Self {
        let layer = |LayerGrowth { change, size }: &'a LayerGrowth| {
            let (change, layer, instruction) = match change {
                LayerChange::Added(layer) => ("added", Some(*layer), ""),
                LayerChange::Rebuilt(layer) => ("rebuilt", Some(*layer), ""),
                LayerChange::Retimed(layer) => ("retimed", Some(*layer), ""),
                LayerChange::Gone(instruction) => ("gone", None, instruction.as_str()),
            };
            let layer = layer.map(LayerIndex::get);
            let command = layer.and_then(|layer| opened.image.layers.get(layer)).map(|layer| layer.command.as_str());
            let instruction = texts.start(command.unwrap_or(instruction));
            LayerGrowthFigures { change, layer, instruction, size: (*size).into() }
        };
        let place = |PlaceGrowth { node, size }: &PlaceGrowth| PlaceGrowthFigures {
            path: texts.end(&opened.tree.path(*node)),
            size: (*size).into(),
        };
        Self {
            baseline: texts.start(baseline),
            origin: texts.start(&growth.origin.to_string()).into_owned(),
            all: growth.all.into(),
            base: growth.base.into(),
            ours: growth.ours.into(),
            layers: growth.layers.iter().take(texts.names()).map(layer).collect(),
            places: growth.places.iter().map(place).collect(),
        }
    }
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
    advice_bytes: u64,
    advice_files: u64,
}

impl<'a> IgnoredFigures<'a> {
    fn of(exception: &'a IgnoredWaste, texts: Texts) -> Self {
        let IgnoredWaste { ignore, state, size_bytes, files, path_files, advice } = exception;
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
            advice_bytes: advice.size_bytes,
            advice_files: advice.items,
        }
    }
}

impl<'a> VerdictFigures<'a> {
    pub(super) fn of(opened: &'a Opened, judged: Judged<'a>, texts: Texts) -> Self {
        let status = if judged.verdict.passed() { "pass" } else { "fail" };
        // A rules file may have many, and the summary has a limit.
        let ignored = judged.verdict.exceptions.ignored.iter().take(texts.names());
        let ignored = ignored.map(|exception| IgnoredFigures::of(exception, texts)).collect();
        let growth = judged.verdict.growth.as_ref();
        let floor = judged.verdict.exceptions.below_floor.as_ref();
        Self {
            status,
            rules: RuleFigures { judged, texts },
            ignored,
            ignore_waste_below: floor.map(|below| FloorFigures::of(below, texts)),
            growth: growth.map(|(baseline, growth)| GrowthFigures::of(opened, baseline, growth, texts)),
        }
    }
}

struct RuleFigures<'a> {
    judged: Judged<'a>,
    texts: Texts,
}

#[derive(Serialize)]
struct RuleFigure<'a> {
    rule: &'static str,
    status: String,
    value: Option<Number>,
    limit: Option<Number>,
    origin: String,
    level: &'static str,
    #[serde(rename = "for")]
    layers: &'static str,
    reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<PathFigures<'a>>>,
}

/// A rule about paths.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PathFigures<'a> {
    path: Cow<'a, str>,
    demand: &'static str,
    anywhere: bool,
    status: &'static str,
    files: u64,
    size_bytes: u64,
    limit_bytes: Option<u64>,
    origin: Cow<'a, str>,
}

impl PathFigures<'_> {
    fn of(outcome: &PathOutcome, texts: Texts) -> Self {
        let PathOutcome { rule, status, files, size_bytes, .. } = outcome;
        let (demand, limit_bytes) = match rule.demand {
            PathDemand::Forbid => ("forbid", None),
            PathDemand::Require => ("require", None),
            PathDemand::HighestBytes(limit) => ("highestBytes", Some(limit.0)),
            PathDemand::Except => ("except", None),
        };
        let whole = |text: String| Cow::Owned(texts.start(&text).into_owned());
        Self {
            path: whole(rule.glob.to_string()),
            demand,
            anywhere: rule.reach == PathReach::AllLayers,
            status: match status {
                PathStatus::Kept => "pass",
                PathStatus::Unmatched => "unmatched",
                PathStatus::Broken => "fail",
            },
            // An exception takes files from other rules.
            files: if rule.demand == PathDemand::Except { outcome.excepted.files() } else { *files },
            size_bytes: *size_bytes,
            limit_bytes,
            origin: whole(rule.origin.to_string()),
        }
    }
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
        let texts = self.texts;
        let paths = || {
            let outcomes = verdict.paths.outcomes.iter().take(texts.names());
            outcomes.map(|outcome| PathFigures::of(outcome, texts)).collect()
        };
        let mut list = serializer.serialize_seq(None)?;
        for RuleOutcome { rule, status, value, limit, level, layers, .. } in &verdict.outcomes {
            list.serialize_element(&RuleFigure {
                rule: rule.name(),
                status: status.name().to_ascii_lowercase(),
                value: value.map(Into::into),
                limit: limit.map(Into::into),
                level: level.name(),
                layers: layers.name(),
                origin: texts.start(&rules.origin(*rule).to_string()).into_owned(),
                reason: rules.limits[*rule].value.reason.as_deref().map(|reason| texts.start(reason)),
                paths: (*rule == Rule::Paths && limit.is_some()).then(paths),
            })?;
        }
        for (ignore, _) in verdict.exceptions.expired().take(texts.names()) {
            list.serialize_element(&RuleFigure {
                rule: "ignore",
                status: Status::Fail.name().to_ascii_lowercase(),
                value: None,
                limit: None,
                level: RuleLevel::Fail.name(),
                layers: LayerChoice::All.name(),
                origin: texts.start(&ignore.origin.to_string()).into_owned(),
                reason: Some(texts.start(&ignore.reason)),
                paths: None,
            })?;
        }
        list.end()
    }
}
