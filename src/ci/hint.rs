//! Finds rules of dive that are broken only by a class of waste that a build cannot avoid. dive's numbers cannot leave it out, but
//! a rule of this program can.

use std::collections::HashSet;

use super::amount::Amount;
use super::evaluate::RuleOutcome;
use super::measure::share;
use super::path_match::Coverage;
use super::rules::{Rule, Rules};
use super::waste::{ExceptionState, Exceptions, IgnoredWaste};
use crate::config::{Fails, Ignored, RuleLevel, WasteClass};
use dive_model::Opened;
use dive_model::analysis::Classic;
use dive_model::tree::NodeId;
use dive_model::units::Total;

/// Broken rules of dive that the image would keep without a class of waste, and the rule that can leave it out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClassHint {
    /// The rules, each with its number without the class.
    pub rules: Vec<(Rule, Amount)>,
    /// The class.
    pub class: WasteClass,
    /// The rule that can leave the class out, at a limit that the image keeps.
    pub instead: Rule,
    /// That limit.
    pub limit: Amount,
    /// Whether that rule is in use.
    pub state: HintState,
}

/// Whether a hint is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HintState {
    /// The rule or the exception is missing.
    New,
    /// Both are there, but dive's rules are still on.
    HalfFollowed,
}

/// The hints about the broken rules of dive. Once the other rule is on and leaves out the class, a rule of dive that only warns
/// needs none.
pub(super) fn hints(
    opened: &Opened,
    rules: &Rules,
    exceptions: &Exceptions,
    outcomes: &[RuleOutcome],
) -> Vec<ClassHint> {
    let broken: Vec<_> = outcomes.iter().filter(|outcome| outcome.rule.is_dives() && outcome.is_broken()).collect();
    if broken.is_empty() {
        return Vec::new();
    }
    let mut hints: Vec<ClassHint> = Vec::new();
    for class in WasteClass::ALL {
        let leaves_out = |ignored: &IgnoredWaste| {
            ignored.state == ExceptionState::Active && ignored.ignore.what == Ignored::Class(class)
        };
        let is_left_out = exceptions.ignored.iter().any(leaves_out);
        for (outcome, without, instead, limit) in of_class(opened, &broken, class) {
            let is_followed = is_left_out && !rules.limits[instead].value.limit.is_off();
            if is_followed && outcome.level == RuleLevel::Warn {
                continue;
            }
            match hints.iter_mut().find(|hint| (hint.class, hint.instead) == (class, instead)) {
                Some(hint) => {
                    hint.rules.push((outcome.rule, without));
                    // The image keeps both limits.
                    if limit.breaks(hint.limit, Fails::Below).is_some() {
                        hint.limit = limit;
                    }
                }
                None => hints.push(ClassHint {
                    rules: vec![(outcome.rule, without)],
                    class,
                    instead,
                    limit,
                    state: if is_followed { HintState::HalfFollowed } else { HintState::New },
                }),
            }
        }
    }
    hints
}

/// The broken rules that the image would keep without `class`: the number without it, and the rule that can leave it out with its
/// limit.
fn of_class<'a>(
    opened: &Opened,
    broken: &[&'a RuleOutcome],
    class: WasteClass,
) -> Vec<(&'a RuleOutcome, Amount, Rule, Amount)> {
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
    let hint = |outcome: &&'a RuleOutcome| {
        let outcome = *outcome;
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
        (is_kept && is_kept_instead).then_some((outcome, without, instead, limit))
    };
    broken.iter().filter_map(hint).collect()
}
