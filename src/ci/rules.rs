//! The three rules, and the limits that hold after everybody had a say: flags over the rules file over the
//! configuration over defaults.

use std::fmt;

use crate::config::{Config, Limit, Origin, RuleLimits, RulesFile};
use crate::units::{Bytes, Ratio};

/// A rule of CI mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The share of wasted bytes in the bytes of all layers but the first.
    HighestUserWastedPercent,
    /// The wasted bytes.
    HighestWastedBytes,
    /// The efficiency.
    LowestEfficiency,
}

impl Rule {
    /// All rules, in the order dive prints them.
    pub const ALL: [Self; 3] = [Self::HighestUserWastedPercent, Self::HighestWastedBytes, Self::LowestEfficiency];

    /// The rule as files, flags and reports name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HighestUserWastedPercent => "highestUserWastedPercent",
            Self::HighestWastedBytes => "highestWastedBytes",
            Self::LowestEfficiency => "lowestEfficiency",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a rule that is on measures against. Prints as a bare number: `0.1`, `20000000`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// A share.
    Ratio(Ratio),
    /// A size.
    Bytes(Bytes),
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(ratio) => ratio.fmt(f),
            Self::Bytes(bytes) => bytes.0.fmt(f),
        }
    }
}

/// The limits that hold, each with who set it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// The limits.
    pub limits: RuleLimits,
}

impl Rules {
    /// For each rule the limit of the first that sets one: `flags`, `rules_file`, `config`; else the default.
    #[must_use]
    pub fn merge(flags: RuleLimits, rules_file: &RulesFile, config: &Config) -> Self {
        Self { limits: flags.over(rules_file.limits.clone()).over(config.rules.clone()) }
    }

    /// What `rule` measures against, unless it is off.
    #[must_use]
    pub const fn threshold(&self, rule: Rule) -> Option<Threshold> {
        match rule {
            Rule::HighestUserWastedPercent => ratio(self.limits.highest_user_wasted_percent.value),
            Rule::HighestWastedBytes => match self.limits.highest_wasted_bytes.value {
                Limit::At(bytes) => Some(Threshold::Bytes(bytes)),
                Limit::Off => None,
            },
            Rule::LowestEfficiency => ratio(self.limits.lowest_efficiency.value),
        }
    }

    /// Who set the limit of `rule`, or turned it off.
    #[must_use]
    pub const fn origin(&self, rule: Rule) -> &Origin {
        match rule {
            Rule::HighestUserWastedPercent => &self.limits.highest_user_wasted_percent.origin,
            Rule::HighestWastedBytes => &self.limits.highest_wasted_bytes.origin,
            Rule::LowestEfficiency => &self.limits.lowest_efficiency.origin,
        }
    }
}

const fn ratio(limit: Limit<Ratio>) -> Option<Threshold> {
    match limit {
        Limit::At(ratio) => Some(Threshold::Ratio(ratio)),
        Limit::Off => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting;

    #[test]
    fn without_a_word_from_anybody_the_defaults_are_dives() {
        let rules = Rules::merge(RuleLimits::default(), &RulesFile::default(), &Config::default());
        let thresholds: Vec<_> = Rule::ALL.iter().map(|rule| rules.threshold(*rule).map(|at| at.to_string())).collect();
        assert_eq!(thresholds, [Some("0.1".to_owned()), None, Some("0.9".to_owned())]);
        assert!(Rule::ALL.iter().all(|rule| *rules.origin(*rule) == Origin::Default));
    }

    #[test]
    fn flags_beat_the_rules_file_which_beats_the_configuration() {
        let set = |percent, name: &str| Setting {
            value: Limit::At(Ratio::percent(percent)),
            origin: Origin::Variable(name.to_owned()),
        };
        let mut config = Config::default();
        config.rules.lowest_efficiency = set(10, "config");
        config.rules.highest_user_wasted_percent = set(11, "config");
        config.rules.highest_wasted_bytes =
            Setting { value: Limit::At(Bytes(20_000_000)), origin: Origin::Variable("config".to_owned()) };
        let mut file = RulesFile::default();
        file.limits.lowest_efficiency = set(20, "file");
        file.limits.highest_user_wasted_percent = set(21, "file");
        let flags = RuleLimits::from_flags(Some(Limit::Off), None, None);

        let rules = Rules::merge(flags, &file, &config);

        assert_eq!(rules.threshold(Rule::LowestEfficiency), None);
        assert_eq!(rules.origin(Rule::LowestEfficiency), &Origin::Flag("--lowestEfficiency"));
        let percent = rules.threshold(Rule::HighestUserWastedPercent);
        assert_eq!(percent.map(|at| at.to_string()).as_deref(), Some("0.21"));
        let bytes = rules.threshold(Rule::HighestWastedBytes);
        assert_eq!(bytes.map(|at| at.to_string()).as_deref(), Some("20000000"));
        assert_eq!(rules.origin(Rule::HighestWastedBytes).to_string(), "config");
    }
}
