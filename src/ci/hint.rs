//! Finds rules of dive that are broken only by a class of waste that a build cannot avoid. dive's numbers cannot leave it out, but
//! a rule of this program can.

use std::collections::HashSet;

use super::amount::Amount;
use super::evaluate::RuleOutcome;
use super::measure::share;
use super::path_match::Coverage;
use super::rules::Rule;
use crate::config::WasteClass;
use dive_model::Opened;
use dive_model::analysis::Classic;
use dive_model::tree::NodeId;
use dive_model::units::Total;

/// A broken rule of dive that the image would keep without a class of waste.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClassHint {
    /// The rule.
    pub rule: Rule,
    /// Its number without the class.
    pub without: Amount,
    /// The class.
    pub class: WasteClass,
    /// The rule that can leave the class out, at a limit that the image keeps.
    pub instead: Rule,
    /// That limit.
    pub limit: Amount,
}

/// The hints about the broken rules of dive.
pub(super) fn hints(opened: &Opened, outcomes: &[RuleOutcome]) -> Vec<ClassHint> {
    let broken: Vec<_> = outcomes.iter().filter(|outcome| outcome.rule.is_dives() && outcome.is_broken()).collect();
    if broken.is_empty() {
        return Vec::new();
    }
    WasteClass::ALL.into_iter().flat_map(|class| of_class(opened, &broken, class)).collect()
}

fn of_class(opened: &Opened, broken: &[&RuleOutcome], class: WasteClass) -> Vec<ClassHint> {
    let globs = class.globs();
    let mut coverage = Coverage::new(&opened.tree, &globs);
    let (classic, exact) = (&opened.analysis.classic, &opened.analysis.exact);
    let repeated = classic.inefficient_files.iter().map(|file| file.node);
    let of_class: HashSet<NodeId> = repeated.filter(|node| coverage.of_file(*node).is_some()).collect();
    if of_class.is_empty() {
        return Vec::new();
    }
    let classic = Classic::without(&opened.tree, &of_class);
    let left = exact.files.iter().filter(|file| coverage.of_file(file.node).is_none());
    let left = left.map(|file| file.size_bytes).sum::<Total>().get();
    let left_share = share(left, exact.total_bytes);
    let hint = |outcome: &&RuleOutcome| {
        let (rule, limit) = (outcome.rule, outcome.limit?);
        let (without, instead, number, limit) = match (rule, limit) {
            (Rule::LowestEfficiency, Amount::Ratio(lowest)) => (
                Amount::Ratio(classic.efficiency),
                Rule::HighestReclaimablePercent,
                Amount::Ratio(left_share),
                // Two decimals of a percentage: 1 - 0.95 is 0.050000000000000044.
                Amount::Ratio(((1.0 - lowest) * 1e4).round() / 1e4),
            ),
            (Rule::HighestUserWastedPercent, Amount::Ratio(_)) => (
                Amount::Ratio(classic.user_wasted_percent),
                Rule::HighestReclaimablePercent,
                Amount::Ratio(left_share),
                limit,
            ),
            (Rule::HighestWastedBytes, Amount::Bytes(_)) => {
                (Amount::of_bytes(classic.wasted_bytes), Rule::HighestReclaimableBytes, Amount::of_bytes(left), limit)
            }
            _ => return None,
        };
        let breaks = |number: Amount, limit, rule: Rule| number.breaks(limit, rule.row().fails).is_some();
        let is_kept = classic.wasted_bytes == 0 || !breaks(without, outcome.limit?, rule);
        let is_kept_instead = left == 0 || !breaks(number, limit, instead);
        (is_kept && is_kept_instead).then_some(ClassHint { rule, without, class, instead, limit })
    };
    broken.iter().filter_map(hint).collect()
}
