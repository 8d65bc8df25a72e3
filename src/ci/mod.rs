//! CI rules: [`rules`] has the limits, `measure` the numbers, [`mod@evaluate`] the verdict.

mod advice;
mod amount;
mod baseline;
mod breakers;
pub(crate) mod evaluate;
mod growth;
mod hint;
mod measure;
mod over_all;
mod own_layers;
mod path_match;
mod path_outcome;
mod paths;
pub(crate) mod rules;
mod waste;
mod wildcard;

pub(crate) use advice::{CountedAdvice, TakenAdvice};
pub(crate) use amount::{Amount, Presence};
pub(crate) use baseline::{Baseline, BaselineError, SUMMARY_VERSION};
pub(crate) use breakers::{Breaker, BrokenPart};
pub(crate) use evaluate::{BlindSpot, RuleOutcome, Status, Verdict, evaluate};
pub(crate) use growth::{Difference, Growth, LayerChange, LayerGrowth, PlaceGrowth};
pub(crate) use hint::{ClassHint, HintState};
pub(crate) use over_all::{RunFigures, evaluate_over_all};
pub(crate) use own_layers::{OwnLayers, OwnLayersSource};
pub(crate) use path_outcome::{Excepted, PathOutcome, PathStatus};
pub(crate) use rules::{Rule, Rules};
pub(crate) use waste::{BelowFloor, ExceptionState, Exceptions, IgnoredWaste};
