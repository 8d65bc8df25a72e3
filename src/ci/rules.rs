//! The effective limits: flags override the rules file, which overrides the configuration, which overrides the defaults.

pub(crate) use crate::config::Rule;
use crate::config::{Config, Origin, RuleLimits, RulesFile};

/// The effective limits and their origins.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Rules {
    /// The limits.
    pub limits: RuleLimits,
}

impl Rules {
    /// For each rule, the first limit set in `flags`, `rules_file` or `config`, else the default.
    #[must_use]
    pub(crate) fn merge(flags: RuleLimits, rules_file: &RulesFile, config: &Config) -> Self {
        Self { limits: flags.over(rules_file.limits.clone()).over(config.rules.clone()) }
    }

    /// True if any rule was set or turned off.
    #[must_use]
    pub(crate) fn are_set(&self) -> bool {
        Rule::ALL.iter().any(|rule| *self.origin(*rule) != Origin::Default)
    }

    /// The origin of the limit of `rule`.
    #[must_use]
    pub(crate) fn origin(&self, rule: Rule) -> &Origin {
        &self.limits[rule].origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Limit, Setting};
    use dive_model::units::{Bytes, Ratio};

    #[test]
    fn without_settings_the_defaults_apply() {
        let rules = Rules::merge(RuleLimits::default(), &RulesFile::default(), &Config::default());
        assert_eq!(rules.limits[Rule::HighestUserWastedPercent].value, Limit::Ratio(Some(Ratio::percent(10))));
        assert_eq!(rules.limits[Rule::HighestWastedBytes].value, Limit::Bytes(None));
        assert_eq!(rules.limits[Rule::LowestEfficiency].value, Limit::Ratio(Some(Ratio::percent(90))));
        assert!(Rule::ALL.iter().all(|rule| *rules.origin(*rule) == Origin::Default));
    }

    #[test]
    fn flags_override_the_rules_file_which_overrides_the_configuration() {
        let set = |percent, name: &str| Setting {
            value: Limit::Ratio(Some(Ratio::percent(percent))),
            origin: Origin::Variable(name.to_owned()),
        };
        let mut config = Config::default();
        config.rules[Rule::LowestEfficiency] = set(10, "config");
        config.rules[Rule::HighestUserWastedPercent] = set(11, "config");
        config.rules[Rule::HighestWastedBytes] =
            Setting { value: Limit::Bytes(Some(Bytes(20_000_000))), origin: Origin::Variable("config".to_owned()) };
        let mut file = RulesFile::default();
        file.limits[Rule::LowestEfficiency] = set(20, "file");
        file.limits[Rule::HighestUserWastedPercent] = set(21, "file");
        let flags = RuleLimits::from_flags([(Rule::LowestEfficiency, Limit::Ratio(None))]);

        let rules = Rules::merge(flags, &file, &config);

        assert_eq!(rules.limits[Rule::LowestEfficiency].value, Limit::Ratio(None));
        assert_eq!(rules.origin(Rule::LowestEfficiency), &Origin::Flag("--lowestEfficiency"));
        assert_eq!(rules.limits[Rule::HighestUserWastedPercent].value, Limit::Ratio(Some(Ratio::percent(21))));
        assert_eq!(rules.limits[Rule::HighestWastedBytes].value, Limit::Bytes(Some(Bytes(20_000_000))));
        assert_eq!(rules.origin(Rule::HighestWastedBytes).to_string(), "config");
    }
}
