//! What breaks a rule: its largest layers or paths, for the report.

use std::cmp::Reverse;
use std::ops::Range;

use super::amount::Amount;
use super::growth::{Growth, LayerChange};
use super::measure::{RuleInput, advised_kinds, layer_sizes};
use super::path_outcome::{PathOutcome, PathPlace, PathsChecked};
use super::rules::Rule;
use crate::config::{AdviceLimit, Limit, PathRule, RuleTerms};
use dive_model::Opened;
use dive_model::advice::{Advice, AdviceGroup, AdviceKind};
use dive_model::analysis::WasteGroup;
use dive_model::layer::LayerIndex;
use dive_model::tree::NodeId;
use hashbrown::HashSet;

/// Number of breakers to report.
const SHOWN: usize = 5;

/// A part of the image that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// Its size in bytes, as the rule counts it.
    pub size_bytes: u64,
    /// What it is.
    pub part: BrokenPart,
}

/// The part of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BrokenPart {
    /// A layer.
    Layer(LayerIndex),
    /// Reclaimable files.
    Waste(WasteGroup),
    /// A path that several layers have.
    Repeated {
        /// The path.
        node: NodeId,
        /// The number of layers.
        count: u64,
    },
    /// Paths of a rule about them.
    Path {
        /// The rule.
        rule: PathRule,
        /// The paths; `None` if the rule requires one and there is none.
        place: Option<PathPlace>,
        /// The bytes of all paths of the rule.
        total_bytes: u64,
    },
    /// Files with advice.
    Advice {
        /// The kind.
        kind: AdviceKind,
        /// Their directory, or the file if it is the only one.
        place: NodeId,
        /// Their number.
        files: u64,
        /// The layer that stores them.
        layer: LayerIndex,
    },
}

/// The largest parts of the image that break the rule.
pub(super) fn breakers(terms: &RuleTerms, limit: Amount, facts: RuleInput<'_>) -> Vec<Breaker> {
    let RuleInput { opened, own, waste, paths, growth, advice } = facts;
    let layers = own.chosen(terms.layers, opened.image.layers.len());
    match terms.rule {
        Rule::LowestEfficiency | Rule::HighestWastedBytes | Rule::HighestUserWastedPercent => repeated(opened),
        Rule::HighestImageBytes | Rule::HighestLayerCount | Rule::HighestTotalBytes => {
            by_size(layer_sizes(opened, layers))
        }
        Rule::HighestStoredBytes => by_size(stored_sizes(opened, layers)),
        Rule::HighestLayerBytes => {
            let breaks = |size| Amount::of_bytes(size).breaks(limit, terms.rule.row().fails).is_some();
            by_size(layer_sizes(opened, layers).filter(|(_, size)| breaks(*size)))
        }
        Rule::HighestReclaimableBytes | Rule::HighestReclaimablePercent | Rule::LowestExactEfficiency => {
            let held = waste.groups().iter().filter(|group| layers.contains(&group.layer.get()));
            held.take(SHOWN).copied().map(Breaker::from).collect()
        }
        Rule::HighestGrowthBytes | Rule::HighestGrowthPercent => {
            let counted = |growth: &Growth| growth.own_layers.chosen(terms.layers, opened.image.layers.len());
            growth.map(|growth| grown(growth, &counted(growth))).unwrap_or_default()
        }
        Rule::HighestAdviceBytes => advised(terms, advice, &layers),
        Rule::ForbidRoot | Rule::HighestBaseVersions => Vec::new(),
        Rule::Paths => of_paths(paths),
    }
}

/// The largest directories of findings; with limits of single kinds, those of the kinds that break theirs, at least one of each, in
/// the order of the kinds.
fn advised(terms: &RuleTerms, advice: &Advice, layers: &Range<usize>) -> Vec<Breaker> {
    let broken: Option<Vec<AdviceKind>> = match &terms.limit {
        Limit::Advice(Some(AdviceLimit::Kinds(limits))) => {
            let sums = advised_kinds(limits, advice, layers).into_iter();
            Some(sums.filter(|(_, bytes, limit)| *bytes > 0 && *bytes >= limit.0).map(|(kind, ..)| kind).collect())
        }
        _ => None,
    };
    let rank = |kind| broken.as_ref().map_or(Some(0), |kinds| kinds.iter().position(|broken| *broken == kind));
    let held = advice.open().filter(|finding| finding.caused_by().is_some_and(|layer| layers.contains(&layer.get())));
    let groups = held.filter_map(|finding| Some((rank(finding.kind)?, finding))).flat_map(|(rank, finding)| {
        let group = |group: &AdviceGroup| {
            let AdviceGroup { place, files, size_bytes } = *group;
            let part = BrokenPart::Advice { kind: finding.kind, place, files, layer: finding.layer? };
            Some((rank, Breaker { size_bytes, part }))
        };
        finding.groups.iter().filter_map(group).collect::<Vec<_>>()
    });
    let mut breakers: Vec<(usize, Breaker)> = groups.filter(|(_, breaker)| breaker.size_bytes > 0).collect();
    breakers.sort_by_key(|(_, breaker)| Reverse(breaker.size_bytes));
    let mut kinds = HashSet::new();
    let (mut shown, others): (Vec<_>, Vec<_>) = breakers.into_iter().partition(|(rank, _)| kinds.insert(*rank));
    shown.sort_by_key(|(rank, _)| *rank);
    shown.extend(others);
    shown.truncate(SHOWN);
    shown.sort_by_key(|(rank, breaker)| (*rank, Reverse(breaker.size_bytes)));
    shown.into_iter().map(|(_, breaker)| breaker).collect()
}

/// The layers that grew most.
fn grown(growth: &Growth, layers: &Range<usize>) -> Vec<Breaker> {
    let grown = growth.layers.iter().filter_map(|growth| match growth.change {
        LayerChange::Added(layer) | LayerChange::Rebuilt(layer) => Some((layer, growth.size.grown())),
        LayerChange::Retimed(_) | LayerChange::Gone(_) => None,
    });
    by_size(grown.filter(|(layer, grown)| *grown > 0 && layers.contains(&layer.get())))
}

/// A row for each broken rule first, in turn one with paths, largest first, and one whose path is missing; then the largest of the
/// other places. Missing paths stand first.
fn of_paths(paths: &PathsChecked) -> Vec<Breaker> {
    let row = |outcome: &PathOutcome, place: Option<PathPlace>| Breaker {
        size_bytes: place.map_or(0, |place| place.size_bytes),
        part: BrokenPart::Path { rule: outcome.rule.clone(), place, total_bytes: outcome.size_bytes },
    };
    let (mut missing, mut largest, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for outcome in paths.broken() {
        match &outcome.places[..] {
            [] => missing.push(row(outcome, None)),
            [first, rest @ ..] => {
                largest.push(row(outcome, Some(*first)));
                others.extend(rest.iter().map(|place| row(outcome, Some(*place))));
            }
        }
    }
    let by_size = |breaker: &Breaker| Reverse(breaker.size_bytes);
    largest.sort_by_key(by_size);
    others.sort_by_key(by_size);
    let (mut missing, mut largest) = (missing.into_iter(), largest.into_iter());
    let mut breakers = Vec::new();
    while breakers.len() < SHOWN {
        let before = breakers.len();
        breakers.extend(largest.next());
        breakers.extend(missing.next());
        if breakers.len() == before {
            break;
        }
    }
    breakers.extend(others);
    breakers.truncate(SHOWN);
    let is_missing = |breaker: &Breaker| matches!(breaker.part, BrokenPart::Path { place: None, .. });
    breakers.sort_by_key(|breaker| (!is_missing(breaker), Reverse(breaker.size_bytes)));
    breakers
}

impl From<WasteGroup> for Breaker {
    fn from(group: WasteGroup) -> Self {
        Self { size_bytes: group.size_bytes, part: BrokenPart::Waste(group) }
    }
}

/// The largest layers.
fn by_size(layers: impl Iterator<Item = (LayerIndex, u64)>) -> Vec<Breaker> {
    let mut layers: Vec<_> = layers.collect();
    layers.sort_by_key(|(layer, size)| (Reverse(*size), *layer));
    let breaker = |(layer, size_bytes)| Breaker { size_bytes, part: BrokenPart::Layer(layer) };
    layers.into_iter().take(SHOWN).map(breaker).collect()
}

fn stored_sizes(opened: &Opened, range: Range<usize>) -> impl Iterator<Item = (LayerIndex, u64)> {
    let layers = opened.tree.layers().zip(&opened.image.layers).filter(move |(layer, _)| range.contains(&layer.get()));
    layers.filter_map(|(index, layer)| Some((index, layer.size?)))
}

/// The paths that dive counts.
fn repeated(opened: &Opened) -> Vec<Breaker> {
    let files = opened.analysis.classic.inefficient_files.iter().take(SHOWN);
    let breaker = |file: &dive_model::analysis::classic::InefficientFile| Breaker {
        size_bytes: file.size_bytes,
        part: BrokenPart::Repeated { node: file.node, count: file.count },
    };
    files.map(breaker).collect()
}
