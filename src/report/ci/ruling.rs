//! What the CI part of a report shows.

use std::path::Path;

use crate::ci::{Rules, Verdict};
use dive_model::advice::Advice;
use dive_sources::ImageOrigin;

/// The CI part of a report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ruling<'a> {
    /// The rules file, as found or named.
    pub rules_file: Option<&'a Path>,
    /// The image's origin.
    pub origin: &'a ImageOrigin,
    /// The rules and the origins of their limits.
    pub rules: &'a Rules,
    /// The outcome.
    pub verdict: &'a Verdict,
    /// What to write instead. It decides nothing.
    pub advice: &'a Advice,
}
