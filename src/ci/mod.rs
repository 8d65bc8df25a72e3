//! Whether an image keeps its budget: [`rules`], what it is held to, and [`mod@evaluate`], what became of it.

pub mod evaluate;
pub mod rules;

pub use evaluate::{RuleOutcome, Status, Tally, Verdict, evaluate};
pub use rules::{Rule, Rules};
