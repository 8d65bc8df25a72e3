//! Checks the rules for a whole run. The images' own reports do not have them.

use super::amount::Amount;
use super::evaluate::{RuleOutcome, Status, failure};
use super::measure::Measured;
use super::rules::{Rule, Rules};
use crate::config::RuleLevel;

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
    let measured = match figures.base_versions {
        _ if rule == Rule::HighestTotalBytes => Some(Measured::of(Amount::of_bytes(figures.total_bytes))),
        Some((name, versions)) => {
            Some(Measured { holder: Some(name.to_owned()), ..Measured::of(Amount::Count(versions as u64)) })
        }
        None => None,
    };
    let (status, reason) = match &measured {
        None => (Status::Skip, Some("the version of no base image is known".to_owned())),
        Some(measured) => match (failure(terms, measured, limit), terms.level) {
            (None, _) => (Status::Pass, None),
            (reason, RuleLevel::Warn) => (Status::Warn, reason),
            (reason, RuleLevel::Fail) => (Status::Fail, reason),
        },
    };
    let Measured { value, holder, .. } = measured.unwrap_or_default();
    let (level, layers) = (terms.level, terms.layers);
    Some(RuleOutcome { rule, status, value, limit: Some(limit), level, layers, holder, reason, breakers: Vec::new() })
}
