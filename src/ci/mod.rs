//! Whether an image keeps its budget: [`rules`] has the limits, `measure` the numbers, [`mod@evaluate`] the verdict.

pub mod evaluate;
mod measure;
pub mod rules;

pub use evaluate::{BlindSpot, RuleOutcome, Status, Tally, Verdict, evaluate};
pub use measure::Amount;
pub use rules::{Rule, Rules};
