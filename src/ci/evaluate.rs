//! Checks an image against its rules. Only dive's numbers decide dive's rules, so that a `.dive-ci` keeps its verdict. If a rule
//! passes only because those numbers miss waste, the verdict has a [`BlindSpot`].

use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

use super::advice::CountedAdvice;
use super::amount::Amount;
use super::baseline::Baseline;
use super::breakers::{Breaker, breakers};
use super::growth::Growth;
use super::hint::{ClassHint, hints};
use super::measure::{Measured, RuleInput, measure};
use super::own_layers::OwnLayers;
use super::path_outcome::PathsChecked;
use super::paths;
use super::rules::{Rule, Rules};
use super::waste::{CountedWaste, Exceptions};
use crate::config::{Date, LayerChoice, Limit, Origin, RuleLevel, RuleNeeds, RuleTerms, start_of_reason};
use dive_model::Opened;
use dive_model::analysis::Analysis;
use dive_model::analysis::exact::Cause;
use dive_model::tree::NodeId;
use dive_model::units::Total;

/// The status of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The image meets the limit.
    Pass,
    /// The image breaks the limit of a rule that only warns.
    Warn,
    /// The image breaks the limit.
    Fail,
    /// The rule is off.
    Skip,
}

impl Status {
    /// The status as reports print it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
        }
    }

    /// The status in tables and lists.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pass => "kept",
            Self::Skip => "unchecked",
            Self::Warn => "warning",
            Self::Fail => "broken",
        }
    }
}

/// The outcome of one rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RuleOutcome {
    /// The rule.
    pub rule: Rule,
    /// Its status.
    pub status: Status,
    /// The number of the image; `None` if it has none.
    pub value: Option<Amount>,
    /// The limit; `None` if the rule is off.
    pub limit: Option<Amount>,
    /// What a broken limit does.
    pub level: RuleLevel,
    /// The layers that count.
    pub layers: LayerChoice,
    /// What has the number, such as `layer 3`.
    pub holder: Option<String>,
    /// The reason in dive's words; `None` if the rule passed.
    pub reason: Option<String>,
    /// The largest parts of the image that break the limit, largest first.
    pub breakers: Vec<Breaker>,
}

impl RuleOutcome {
    /// True if dive's block has a line for it: always for a rule of dive, otherwise only if the rule is on.
    #[must_use]
    pub(crate) fn is_reported(&self) -> bool {
        self.rule.is_dives() || self.limit.is_some()
    }

    /// The outcome in one line: `broken: highestLayerCount: too many layers`, or `kept: highestLayerCount: 7 (limit: 10)`.
    #[must_use]
    pub(crate) fn line(&self) -> String {
        let (word, rule) = (self.status.word(), self.rule);
        match (&self.reason, &self.value, &self.limit) {
            (Some(reason), ..) => format!("{word}: {rule}: {reason}"),
            (None, Some(value), Some(limit)) => format!("{word}: {rule}: {value} (limit: {limit})"),
            (None, ..) => format!("{word}: {rule}"),
        }
    }

    /// True if the image breaks the limit.
    #[must_use]
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.status, Status::Warn | Status::Fail)
    }
}

/// The outcome of all rules.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// One per rule: dive's in dive's order, then ours. Rules that are off are included.
    pub outcomes: Vec<RuleOutcome>,
    /// The image's own layers.
    pub own_layers: OwnLayers,
    /// Exceptions from this program's own rules.
    pub exceptions: Exceptions,
    /// Hints about broken rules of dive that the image would keep without a class of waste.
    pub hints: Vec<ClassHint>,
    /// The rules about paths.
    pub paths: PathsChecked,
    /// How the image differs from its baseline, and the baseline's name.
    pub growth: Option<(String, Growth)>,
    /// Rules that pass although the exact numbers would break their limit.
    pub blind_spots: Vec<BlindSpot>,
}

/// A rule that passes by dive's number and fails by the exact one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlindSpot {
    /// The rule.
    pub rule: Rule,
    /// The origin of the limit.
    pub origin: Origin,
    /// The limit.
    pub limit: Amount,
    /// The exact number, which breaks it.
    pub exact: Amount,
    /// The warning text for the exact number, which replaces `{}`.
    pub words: &'static str,
    /// Reclaimable bytes that dive's number leaves out, by cause, largest first. Empty if dive counts the same paths but
    /// fewer bytes, as for hard links.
    pub unseen: Vec<(Cause, u64)>,
}

/// The number of rules by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// All rules.
    pub total: usize,
    /// Rules that passed.
    pub passed: usize,
    /// Rules that failed.
    pub failed: usize,
    /// Rules that only warn, and are broken.
    pub warned: usize,
    /// Rules that are off.
    pub skipped: usize,
}

impl Verdict {
    /// True if no rule failed, and no exception has expired.
    #[must_use]
    pub(crate) fn passed(&self) -> bool {
        self.tally().failed == 0
    }

    /// The outcomes that dive's block has lines for.
    pub(crate) fn reported(&self) -> impl Iterator<Item = &RuleOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.is_reported())
    }

    /// Counts the reported rules by status. An expired exception is a failed rule.
    #[must_use]
    pub(crate) fn tally(&self) -> Tally {
        let expired = self.exceptions.expired().count();
        Tally {
            total: self.reported().count() + expired,
            passed: self.count(Status::Pass),
            failed: self.count(Status::Fail) + expired,
            warned: self.count(Status::Warn),
            skipped: self.count(Status::Skip),
        }
    }

    fn count(&self, status: Status) -> usize {
        self.reported().filter(|outcome| outcome.status == status).count()
    }
}

/// Checks an image against `rules`. Exceptions count until their last day, `today` included. `advice` is what the report shows.
#[must_use]
pub(crate) fn evaluate(
    opened: &Opened,
    rules: &Rules,
    advice: &CountedAdvice,
    baseline: Option<&Baseline>,
    today: Date,
) -> Verdict {
    let own_layers = OwnLayers::of(&opened.image);
    let waste = CountedWaste::of(opened, rules, today);
    let paths = check_paths(opened, rules, today, &own_layers);
    let growth = baseline.map(|baseline| (baseline.name.clone(), Growth::between(baseline, opened, &own_layers)));
    let grown = growth.as_ref().map(|(_, growth)| growth);
    let deciding = CountedAdvice::deciding(opened, rules, today, advice, &own_layers);
    let counted = deciding.as_ref().unwrap_or(advice);
    let facts =
        RuleInput { opened, own: &own_layers, waste: &waste, paths: &paths, growth: grown, advice: &counted.advice };
    let (mut outcomes, mut blind_spots) = (Vec::new(), Vec::new());
    for rule in Rule::reported() {
        let terms = &rules.limits[rule].value;
        let measured = measure(terms, facts);
        let limit = measured.limit.or_else(|| Amount::of(&terms.limit));
        let (status, reason, breakers) = match limit.map(|limit| (limit, failure(terms, &measured, limit))) {
            None => (Status::Skip, Some("rule disabled".to_owned()), Vec::new()),
            // Only if this run writes it.
            Some(_) if rule.row().needs == RuleNeeds::Baseline && growth.is_none() => {
                (Status::Skip, Some("no baseline yet".to_owned()), Vec::new())
            }
            Some((limit, None)) => {
                blind_spots.extend(blind_spot(rule, rules, &measured, limit, &opened.analysis));
                (Status::Pass, None, Vec::new())
            }
            Some((limit, reason)) => {
                let status = match terms.level {
                    RuleLevel::Warn => Status::Warn,
                    RuleLevel::Fail => Status::Fail,
                };
                (status, reason, breakers(terms, limit, facts))
            }
        };
        let Measured { value, holder, .. } = measured;
        let (level, layers) = (terms.level, terms.layers);
        outcomes.push(RuleOutcome { rule, status, value, limit, level, layers, holder, reason, breakers });
    }
    let mut exceptions = waste.into_exceptions();
    let hints = hints(opened, rules, &exceptions, &outcomes);
    for (number, files) in &paths.ignored_files {
        if let Some(exception) = exceptions.ignored.get_mut(*number) {
            exception.path_files = *files;
        }
    }
    for (exception, taken) in exceptions.ignored.iter_mut().zip(&counted.taken) {
        exception.advice = *taken;
    }
    Verdict { outcomes, own_layers, exceptions, hints, paths, growth, blind_spots }
}

/// Checks the rules about paths, if there are any.
fn check_paths(opened: &Opened, rules: &Rules, today: Date, own: &OwnLayers) -> PathsChecked {
    let terms = &rules.limits[Rule::Paths].value;
    let Limit::Paths(path_rules) = &terms.limit else { return PathsChecked::default() };
    if path_rules.is_empty() {
        return PathsChecked::default();
    }
    let active = rules.ignores.iter().enumerate().filter(|(_, ignore)| ignore.counts_on(today));
    paths::check(opened, path_rules, active, &own.chosen(terms.layers, opened.image.layers.len()))
}

/// The reason in dive's words if the number of a rule breaks its limit.
pub(super) fn failure(terms: &RuleTerms, measured: &Measured, limit: Amount) -> Option<String> {
    let row = terms.rule.row();
    let number = measured.deciding?;
    // dive fails above a limit, this program also at it: `>=` shows only where the two differ.
    let sign = match number.breaks(limit, row.fails)? {
        Ordering::Less => "<",
        Ordering::Equal => ">=",
        Ordering::Greater => ">",
    };
    let holder = measured.holder.as_deref();
    let mut failure = if let Amount::Presence(_) = number {
        format!("{} ({}={}", row.complaint, row.number, holder.unwrap_or("yes"))
    } else {
        let compared = format!("{} ({}={number} {sign} threshold={limit}", row.complaint, row.number);
        holder.into_iter().fold(compared, |compared, holder| compared + ", " + holder)
    };
    if terms.layers == LayerChoice::Ours {
        failure.push_str(", own layers");
    }
    failure.push(')');
    if let Some(reason) = &terms.reason {
        failure.push_str("; ");
        failure.push_str(&start_of_reason(reason));
    }
    Some(failure)
}

/// The blind spot of a rule that passes, if the exact number breaks the limit.
fn blind_spot(rule: Rule, rules: &Rules, measured: &Measured, limit: Amount, analysis: &Analysis) -> Option<BlindSpot> {
    let (words, exact) = (rule.row().exact?, measured.exact?);
    exact.breaks(limit, rule.row().fails)?;
    Some(BlindSpot { rule, origin: rules.origin(rule).clone(), limit, exact, words, unseen: unseen(analysis) })
}

/// The reclaimable bytes at paths that dive's list leaves out.
fn unseen(analysis: &Analysis) -> Vec<(Cause, u64)> {
    let listed: HashSet<NodeId> = analysis.classic.inefficient_files.iter().map(|file| file.node).collect();
    let bytes_of = |cause| {
        let hidden = analysis.exact.files.iter().filter(|file| file.cause == cause && !listed.contains(&file.node));
        (cause, hidden.map(|file| file.size_bytes).sum::<Total>().get())
    };
    let mut unseen: Vec<(Cause, u64)> = Cause::ALL.map(bytes_of).into();
    unseen.retain(|(_, bytes)| *bytes > 0);
    unseen.sort_by_key(|(_, bytes)| Reverse(*bytes));
    unseen
}

#[cfg(test)]
mod tests;
