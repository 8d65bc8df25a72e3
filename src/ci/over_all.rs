//! Checks the rules for a whole run. The images' own reports do not have them.

use super::amount::Amount;
use super::evaluate::{RuleOutcome, Status, failure};
use super::measure::Measured;
use super::rules::{Rule, Rules};
use crate::config::{RuleLevel, RuleTerms};

/// What the rules for the whole run are measured on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunFigures<'a> {
    /// Unpacked bytes of all layers, each once.
    pub(crate) total_bytes: u64,
    /// The base image with the most versions, and their number; `None` if no base is known.
    pub(crate) base_versions: Option<(&'a str, usize)>,
}

/// Checks the rules for the whole run that are on.
pub(crate) fn evaluate_over_all(rules: &Rules, figures: RunFigures<'_>) -> Vec<RuleOutcome> {
    let over_all = Rule::ALL.into_iter().filter(|rule| rule.is_over_all());
    over_all.filter_map(|rule| outcome(rule, rules, figures)).collect()
}

fn outcome(rule: Rule, rules: &Rules, figures: RunFigures<'_>) -> Option<RuleOutcome> {
    let terms = &rules.limits[rule].value;
    let limit = Amount::of(&terms.limit)?;
    let measured = if rule == Rule::HighestTotalBytes {
        Measured::of(Amount::of_bytes(figures.total_bytes))
    } else {
        let Some((name, versions)) = figures.base_versions else {
            return Some(unchecked(rule, terms, limit));
        };
        Measured { holder: Some(name.to_owned()), ..Measured::of(Amount::Count(versions as u64)) }
    };
    let reason = failure(terms, &measured, limit);
    let status = match (&reason, terms.level) {
        (None, _) => Status::Pass,
        (Some(_), RuleLevel::Warn) => Status::Warn,
        (Some(_), RuleLevel::Fail) => Status::Fail,
    };
    let Measured { value, holder, .. } = measured;
    let (level, layers) = (terms.level, terms.layers);
    Some(RuleOutcome { rule, status, value, limit: Some(limit), level, layers, holder, reason, breakers: Vec::new() })
}

/// The outcome of the rule on bases when none is known.
fn unchecked(rule: Rule, terms: &RuleTerms, limit: Amount) -> RuleOutcome {
    let reason = Some("the version of no base image is known".to_owned());
    let Measured { value, holder, .. } = Measured::of(Amount::Count(0));
    let (level, layers) = (terms.level, terms.layers);
    RuleOutcome {
        rule,
        status: Status::Skip,
        value,
        limit: Some(limit),
        level,
        layers,
        holder,
        reason,
        breakers: Vec::new(),
    }
}
