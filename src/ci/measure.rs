//! The numbers that rules compare with their limits, one function per rule. A new row of `config::rule` does not compile without
//! its number in [`measure`].

use std::ops::Range;

use super::amount::{Amount, Presence};
use super::growth::{Difference, Growth};
use super::own_layers::OwnLayers;
use super::path_outcome::{PathOutcome, PathsChecked};
use super::rules::Rule;
use super::waste::CountedWaste;
use crate::config::{AdviceLimit, Limit, PathDemand, RuleTerms};
use dive_model::Opened;
use dive_model::advice::{Advice, AdviceKind};
use dive_model::analysis::{Analysis, Exact};
use dive_model::escape::Escaped;
use dive_model::layer::LayerIndex;
use dive_model::units::{Bytes, Total, count_of};

/// The numbers of an image for one rule. `None` is a number that breaks no limit.
#[derive(Debug, Clone, Default)]
pub(super) struct Measured {
    /// The number to show, even if it cannot break a limit; `None` if the image has none.
    pub(super) value: Option<Amount>,
    /// The number that decides.
    pub(super) deciding: Option<Amount>,
    /// For a rule on one of dive's numbers: the exact number.
    pub(super) exact: Option<Amount>,
    /// What has the number, such as `layer 3`.
    pub(super) holder: Option<String>,
    /// The limit to compare with, if the rule has several.
    pub(super) limit: Option<Amount>,
}

/// What rules are measured on.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuleInput<'a> {
    /// The image.
    pub(super) opened: &'a Opened,
    /// Its own layers.
    pub(super) own: &'a OwnLayers,
    /// The waste that this program's own rules count.
    pub(super) waste: &'a CountedWaste<'a>,
    /// The rules about paths.
    pub(super) paths: &'a PathsChecked,
    /// The comparison with the baseline, if there is one.
    pub(super) growth: Option<&'a Growth>,
    /// What to write instead.
    pub(super) advice: &'a Advice,
}

/// Computes the numbers of a rule.
pub(super) fn measure(terms: &RuleTerms, facts: RuleInput<'_>) -> Measured {
    let RuleInput { opened, own, waste, paths, growth, advice } = facts;
    let layers = own.chosen(terms.layers, opened.image.layers.len());
    match terms.rule {
        Rule::LowestEfficiency => efficiency(&opened.analysis),
        Rule::HighestWastedBytes => wasted_bytes(&opened.analysis),
        Rule::HighestUserWastedPercent => user_wasted_share(&opened.analysis),
        // One image alone is all images of its run.
        Rule::HighestImageBytes | Rule::HighestTotalBytes => {
            Measured::of(Amount::of_bytes(unpacked_bytes(opened, layers)))
        }
        Rule::HighestStoredBytes => Measured::of(Amount::of_bytes(opened.image.distinct_bytes_in(layers))),
        Rule::HighestLayerBytes => largest_layer(opened, layers),
        Rule::HighestLayerCount => Measured::of(Amount::Count(layers.len() as u64)),
        Rule::HighestReclaimableBytes => {
            let reclaimable = waste.bytes_in(&layers);
            Measured::unless_zero(reclaimable, Amount::of_bytes(reclaimable))
        }
        Rule::HighestReclaimablePercent => {
            let (reclaimable, total) = (waste.bytes_in(&layers), total_bytes(opened, layers));
            Measured::unless_zero(reclaimable, Amount::Ratio(share(reclaimable, total)))
        }
        Rule::LowestExactEfficiency => {
            let (reclaimable, total) = (waste.bytes_in(&layers), total_bytes(opened, layers));
            let visible = total.saturating_sub(reclaimable);
            let kept = if total == 0 { 1.0 } else { share(visible, total) };
            Measured::unless_zero(reclaimable, Amount::Ratio(kept))
        }
        Rule::HighestGrowthBytes => grown(terms, growth, |size| Measured::of(Amount::of_bytes(size.grown()))),
        Rule::HighestGrowthPercent => grown(terms, growth, grown_share),
        Rule::HighestAdviceBytes => advised(terms, advice, &layers),
        Rule::ForbidRoot => user(opened),
        Rule::Paths => broken_paths(paths),
        Rule::HighestBaseVersions => Measured::of(Amount::Count(1)),
    }
}

impl Measured {
    /// A number that decides.
    pub(super) fn of(value: Amount) -> Self {
        Self { value: Some(value), deciding: Some(value), ..Self::default() }
    }

    /// A number that decides unless `bytes` is 0: an image without waste breaks no limit, not even 0 bytes.
    fn unless_zero(bytes: u64, value: Amount) -> Self {
        Self { deciding: (bytes > 0).then_some(value), ..Self::of(value) }
    }
}

/// `part` as a share of `whole`; 0 of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn efficiency(analysis: &Analysis) -> Measured {
    of_waste(analysis, Amount::Ratio(analysis.classic.efficiency), Amount::Ratio(analysis.exact.efficiency()))
}

fn wasted_bytes(analysis: &Analysis) -> Measured {
    let exact = Amount::of_bytes(analysis.exact.reclaimable_bytes());
    of_waste(analysis, Amount::of_bytes(analysis.classic.wasted_bytes), exact)
}

fn user_wasted_share(analysis: &Analysis) -> Measured {
    let exact = share(analysis.exact.reclaimable_bytes(), analysis.classic.user_size_bytes());
    of_waste(analysis, Amount::Ratio(analysis.classic.user_wasted_percent), Amount::Ratio(exact))
}

/// dive's number and the exact one for a rule about waste. An image without waste breaks no limit, not even 0 bytes.
fn of_waste(analysis: &Analysis, classic: Amount, exact: Amount) -> Measured {
    Measured {
        exact: (analysis.exact.reclaimable_bytes() > 0).then_some(exact),
        ..Measured::unless_zero(analysis.classic.wasted_bytes, classic)
    }
}

/// The layers in `range`, with their unpacked sizes.
pub(super) fn layer_sizes(opened: &Opened, range: Range<usize>) -> impl Iterator<Item = (LayerIndex, u64)> {
    let layers = opened.tree.layers().filter(move |layer| range.contains(&layer.get()));
    layers.map(|layer| (layer, opened.tree.layer_size_bytes(layer)))
}

/// The unpacked size of the layers in `range`.
pub(super) fn unpacked_bytes(opened: &Opened, range: Range<usize>) -> u64 {
    layer_sizes(opened, range).map(|(_, size)| size).sum::<Total>().get()
}

fn largest_layer(opened: &Opened, layers: Range<usize>) -> Measured {
    // The first of equal layers.
    let largest = layer_sizes(opened, layers).max_by_key(|(layer, size)| (*size, std::cmp::Reverse(*layer)));
    let Some((layer, size)) = largest else { return Measured::default() };
    Measured { holder: Some(format!("layer {layer}")), ..Measured::of(Amount::of_bytes(size)) }
}

/// The bytes of all files that `layers` store, each inode once.
fn total_bytes(opened: &Opened, layers: Range<usize>) -> u64 {
    if layers == (0..opened.image.layers.len()) {
        return opened.analysis.exact.total_bytes;
    }
    Exact::total_bytes_in(&opened.tree, layers)
}

/// The growth of the layers that count. An image that did not grow breaks no limit.
fn grown(terms: &RuleTerms, growth: Option<&Growth>, measured: impl Fn(Difference) -> Measured) -> Measured {
    let Some(size) = growth.map(|growth| growth.of_choice(terms.layers)) else { return Measured::default() };
    let measured = measured(size);
    Measured { deciding: measured.deciding.filter(|_| size.grown() > 0), ..measured }
}

/// The growth as a share of the baseline. A baseline of 0 bytes has no shares, so any growth is more than each limit.
fn grown_share(size: Difference) -> Measured {
    match size.grown_share() {
        Some(share) => Measured::of(Amount::Ratio(share)),
        None => Measured {
            deciding: Some(Amount::Ratio(f64::INFINITY)),
            holder: (size.grown() > 0).then(|| "baseline of 0 bytes".to_owned()),
            ..Measured::default()
        },
    }
}

/// Number of patterns to name.
const NAMED: usize = 3;

fn broken_paths(paths: &PathsChecked) -> Measured {
    let shown = |outcome: &PathOutcome| match outcome.rule.demand {
        PathDemand::HighestBytes(limit) => {
            let sign = if outcome.size_bytes == limit.0 { ">=" } else { ">" };
            format!("{}={} {sign} threshold={}", outcome.rule.glob, outcome.size_bytes, limit.0)
        }
        PathDemand::Forbid | PathDemand::Require | PathDemand::Except => outcome.rule.glob.to_string(),
    };
    let broken: Vec<String> = paths.broken().map(shown).collect();
    let more = broken.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| format!("and {more} more"));
    let named: Vec<String> = broken.iter().take(NAMED).cloned().chain(rest).collect();
    Measured { holder: Some(named.join(", ")), ..Measured::of(Amount::Count(broken.len() as u64)) }
}

/// The bytes of all advice. With limits of single kinds, those of the kind that is the most above its limit.
fn advised(terms: &RuleTerms, advice: &Advice, layers: &Range<usize>) -> Measured {
    let Limit::Advice(Some(AdviceLimit::Kinds(limits))) = &terms.limit else {
        let bytes = advice.bytes_in(layers, None);
        return Measured::unless_zero(bytes, Amount::of_bytes(bytes));
    };
    let sums = advised_kinds(limits, advice, layers);
    let Some((kind, bytes, limit)) = sums.first().copied() else { return Measured::default() };
    let others = sums.iter().skip(1).filter(|(_, bytes, limit)| *bytes > 0 && *bytes >= limit.0).count();
    let more = if others == 0 { String::new() } else { format!(" and {}", count_of(others as u64, "more kind")) };
    Measured {
        holder: Some(format!("{kind}{more}")),
        limit: Some(Amount::Bytes(limit)),
        ..Measured::unless_zero(bytes, Amount::of_bytes(bytes))
    }
}

/// The bytes of the kinds with limits, those most above their limit first.
pub(super) fn advised_kinds(
    limits: &[(AdviceKind, Bytes)],
    advice: &Advice,
    layers: &Range<usize>,
) -> Vec<(AdviceKind, u64, Bytes)> {
    let sum = |(kind, limit): &(AdviceKind, Bytes)| (*kind, advice.bytes_in(layers, Some(*kind)), *limit);
    let mut sums: Vec<_> = limits.iter().map(sum).collect();
    let times = |bytes: u64, limit: Bytes| if bytes == 0 { 0.0 } else { bytes as f64 / limit.0 as f64 };
    sums.sort_by(|(_, left, left_limit), (_, right, right_limit)| {
        times(*right, *right_limit).total_cmp(&times(*left, *left_limit))
    });
    sums
}

fn user(opened: &Opened) -> Measured {
    let presence = if opened.image.runs_as_root() { Presence::Present } else { Presence::Absent };
    let user = match opened.image.user.as_str() {
        "" => "unset".to_owned(),
        user => Escaped(user.as_bytes()).to_string(),
    };
    Measured { holder: Some(user), ..Measured::of(Amount::Presence(presence)) }
}
