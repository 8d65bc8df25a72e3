//! What the rules say of an image of the list.

use crate::many::MemberVerdict;

/// The verdict on an image, and the lines that explain it.
#[derive(Debug, Clone, Default)]
pub struct RuleCheck {
    pub(in crate::tui) verdict: MemberVerdict,
    /// `broken: RULE: REASON` and `warning: RULE: REASON`, or why there is no verdict.
    pub(in crate::tui) lines: Vec<String>,
}

impl RuleCheck {
    /// The image kept its rules, except those that only warn.
    #[must_use]
    pub const fn kept(warnings: Vec<String>) -> Self {
        Self { verdict: MemberVerdict::Kept, lines: warnings }
    }

    /// The image broke rules.
    #[must_use]
    pub const fn broken(lines: Vec<String>) -> Self {
        Self { verdict: MemberVerdict::Broken, lines }
    }

    /// There is no verdict, for this reason.
    #[must_use]
    pub fn unchecked(reason: String) -> Self {
        Self { verdict: MemberVerdict::Unchecked, lines: vec![reason] }
    }
}
