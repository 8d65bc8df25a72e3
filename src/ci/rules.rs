//! The limits in effect: flags over the rules file over the configuration over the defaults.

pub use crate::config::Rule;
use crate::config::{Config, Origin, RuleLimits, RulesFile};

/// The limits in effect, each with its origin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// The limits.
    pub limits: RuleLimits,
}

impl Rules {
    /// For each rule, the limit of the first of `flags`, `rules_file` and `config` that sets one; else the default.
    #[must_use]
    pub fn merge(flags: RuleLimits, rules_file: &RulesFile, config: &Config) -> Self {
        Self { limits: flags.over(rules_file.limits.clone()).over(config.rules.clone()) }
    }

    /// Whether a rule was set or turned off.
    #[must_use]
    pub fn are_set(&self) -> bool {
        Rule::ALL.iter().any(|rule| *self.origin(*rule) != Origin::Default)
    }

    /// Where the limit of `rule` was set or turned off.
    #[must_use]
    pub const fn origin(&self, rule: Rule) -> &Origin {
        match rule {
            Rule::HighestUserWastedPercent => &self.limits.highest_user_wasted_percent.origin,
            Rule::HighestWastedBytes => &self.limits.highest_wasted_bytes.origin,
            Rule::LowestEfficiency => &self.limits.lowest_efficiency.origin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Limit, Setting};
    use dive_model::units::{Bytes, Ratio};

    #[test]
    fn without_a_word_from_anybody_the_defaults_are_dives() {
        let rules = Rules::merge(RuleLimits::default(), &RulesFile::default(), &Config::default());
        assert_eq!(rules.limits.highest_user_wasted_percent.value, Limit::At(Ratio::percent(10)));
        assert_eq!(rules.limits.highest_wasted_bytes.value, Limit::Off);
        assert_eq!(rules.limits.lowest_efficiency.value, Limit::At(Ratio::percent(90)));
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

        assert_eq!(rules.limits.lowest_efficiency.value, Limit::Off);
        assert_eq!(rules.origin(Rule::LowestEfficiency), &Origin::Flag("--lowestEfficiency"));
        assert_eq!(rules.limits.highest_user_wasted_percent.value, Limit::At(Ratio::percent(21)));
        assert_eq!(rules.limits.highest_wasted_bytes.value, Limit::At(Bytes(20_000_000)));
        assert_eq!(rules.origin(Rule::HighestWastedBytes).to_string(), "config");
    }
}
