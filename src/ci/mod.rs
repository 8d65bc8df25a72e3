//! Whether an image keeps its budget: [`rules`] has the limits, [`mod@evaluate`] the verdict.

pub mod evaluate;
pub mod rules;

pub use evaluate::{BlindSpot, Excess, RuleOutcome, Status, Tally, Verdict, evaluate};
pub use rules::{Rule, Rules};
