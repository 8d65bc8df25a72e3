//! The terms of all rules with their origins, and how those of several sources combine.

use std::ops::{Index, IndexMut};

use super::limit::Limit;
use super::origin::{Origin, Setting};
use super::rule::Rule;
use super::rule_terms::RuleTerms;

/// The terms of each rule, with their origin: `limits[Rule::LowestEfficiency]`.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleLimits([Setting<RuleTerms>; Rule::COUNT]);

impl RuleLimits {
    /// The limits of the command line. A rule without a flag has its default.
    pub fn from_flags(given: impl IntoIterator<Item = (Rule, Limit)>) -> Self {
        let mut limits = Self::default();
        for (rule, limit) in given {
            if let Some(flag) = rule.row().flag() {
                limits[rule] = Setting::by_flag(RuleTerms::of(rule, limit), flag);
            }
        }
        limits
    }

    /// These limits, with those of `below` where unset. A flag has nothing but a limit, so it leaves the other terms.
    #[must_use]
    pub fn over(mut self, below: Self) -> Self {
        for (own, below) in self.0.iter_mut().zip(below.0) {
            match own.origin {
                Origin::Default => *own = below,
                Origin::Flag(_) => {
                    let limit = own.value.limit.clone();
                    own.value = RuleTerms { limit, ..below.value };
                }
                Origin::File { .. } | Origin::Variable(_) => {}
            }
        }
        self
    }
}

impl Default for RuleLimits {
    fn default() -> Self {
        Self(Rule::ALL.map(|rule| Setting::by_default(RuleTerms::by_default(rule))))
    }
}

impl Index<Rule> for RuleLimits {
    type Output = Setting<RuleTerms>;

    fn index(&self, rule: Rule) -> &Setting<RuleTerms> {
        &self.0[rule as usize]
    }
}

impl IndexMut<Rule> for RuleLimits {
    fn index_mut(&mut self, rule: Rule) -> &mut Setting<RuleTerms> {
        &mut self.0[rule as usize]
    }
}

impl AsRef<Self> for RuleLimits {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsMut<Self> for RuleLimits {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_override_lower_limits_and_keep_defaults() {
        let flags = RuleLimits::from_flags([(Rule::LowestEfficiency, Limit::Ratio(None))]);
        let mut below = RuleLimits::default();
        for rule in [Rule::LowestEfficiency, Rule::HighestWastedBytes] {
            let limit = rule.row().default.parse("0").unwrap();
            below[rule] = Setting { value: RuleTerms::of(rule, limit), origin: Origin::Variable("below".to_owned()) };
        }
        let merged = flags.over(below);
        assert_eq!(
            merged[Rule::LowestEfficiency],
            Setting::by_flag(RuleTerms::of(Rule::LowestEfficiency, Limit::Ratio(None)), "--lowestEfficiency")
        );
        assert_eq!(merged[Rule::HighestWastedBytes].origin.to_string(), "below");
        let untouched = Rule::HighestUserWastedPercent;
        assert_eq!(merged[untouched], RuleLimits::default()[untouched]);
    }
}
