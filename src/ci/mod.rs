//! CI rules: [`rules`] has the limits, `measure` the numbers, [`mod@evaluate`] the verdict.

pub(crate) mod evaluate;
mod measure;
pub(crate) mod rules;

pub(crate) use evaluate::{BlindSpot, RuleOutcome, Status, Verdict, evaluate};
pub(crate) use measure::Amount;
pub(crate) use rules::{Rule, Rules};
