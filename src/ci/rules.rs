//! The effective limits: flags override the rules file, which overrides the configuration, which overrides the defaults.

pub(crate) use crate::config::Rule;
use crate::config::{Config, Ignore, ImageRules, Origin, RuleLimits, RuleNeeds, RuleTerms, RulesFile, Setting};
use dive_model::units::Bytes;

/// The effective limits and their origins.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Rules {
    /// The limits.
    pub limits: RuleLimits,
    /// Exceptions from this program's own rules.
    pub ignores: Vec<Ignore>,
    /// Groups of waste below this size do not count in this program's own rules.
    pub waste_floor: Option<Setting<Bytes>>,
}

impl Rules {
    /// For each rule, the first limit set in `flags`, `rules_file` or `config`, else the default.
    #[must_use]
    pub(crate) fn merge(flags: RuleLimits, rules_file: &RulesFile, config: &Config) -> Self {
        Self {
            limits: flags.over(rules_file.limits.clone().over(config.rules.clone())),
            ignores: rules_file.ignores.clone(),
            waste_floor: rules_file.waste_floor.clone(),
        }
    }

    /// These rules with the limits of an image's own section in the rules file.
    #[must_use]
    pub(crate) fn of_section(section: &ImageRules, flags: RuleLimits, rules_file: &RulesFile, config: &Config) -> Self {
        let rest = section.limits.clone().over(rules_file.limits.clone()).over(config.rules.clone());
        Self { limits: flags.over(rest), ..Self::merge(RuleLimits::default(), rules_file, config) }
    }

    /// Turns off the rules over all images, and returns them with their limits. The others of the copy do not count.
    pub(crate) fn split_over_all(&mut self) -> Self {
        let over_all = self.clone();
        for rule in Rule::ALL.into_iter().filter(|rule| rule.is_over_all()) {
            self.limits[rule] = Setting::by_default(RuleTerms::by_default(rule));
        }
        over_all
    }

    /// A rule over all images that is on.
    pub(crate) fn over_all(&self) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.is_over_all() && !self.limits[*rule].value.limit.is_off())
    }

    /// True if any rule was set or turned off, or has an exception.
    #[must_use]
    pub(crate) fn are_set(&self) -> bool {
        !self.ignores.is_empty() || Rule::ALL.iter().any(|rule| *self.origin(*rule) != Origin::Default)
    }

    /// The rules with lines in the report: dive's, and ours that are on.
    pub(crate) fn reported(&self) -> impl Iterator<Item = Rule> {
        Rule::reported().filter(|rule| rule.is_dives() || !self.limits[*rule].value.limit.is_off())
    }

    /// True if a rule counts the bytes of advice.
    pub(crate) fn count_advice(&self) -> bool {
        !self.limits[Rule::HighestAdviceBytes].value.limit.is_off()
    }

    /// A rule that is on and needs a baseline.
    pub(crate) fn that_needs_baseline(&self) -> Option<Rule> {
        let needs_baseline = |rule: &Rule| rule.row().needs == RuleNeeds::Baseline;
        Rule::ALL.into_iter().filter(needs_baseline).find(|rule| !self.limits[*rule].value.limit.is_off())
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
    use crate::config::Limit;
    use dive_model::units::Ratio;

    #[test]
    fn without_settings_the_defaults_apply() {
        let rules = Rules::merge(RuleLimits::default(), &RulesFile::default(), &Config::default());
        assert_eq!(rules.limits[Rule::HighestUserWastedPercent].value.limit, Limit::Ratio(Some(Ratio::percent(10))));
        assert_eq!(rules.limits[Rule::HighestWastedBytes].value.limit, Limit::Bytes(None));
        assert_eq!(rules.limits[Rule::LowestEfficiency].value.limit, Limit::Ratio(Some(Ratio::percent(90))));
        assert!(Rule::ALL.iter().all(|rule| *rules.origin(*rule) == Origin::Default));
    }

    #[test]
    fn flags_override_the_rules_file_which_overrides_the_configuration() {
        let set = |rule, limit, name: &str| Setting {
            value: RuleTerms::of(rule, limit),
            origin: Origin::Variable(name.to_owned()),
        };
        let percent = |percent| Limit::Ratio(Some(Ratio::percent(percent)));
        let (lowest, share, bytes) = (Rule::LowestEfficiency, Rule::HighestUserWastedPercent, Rule::HighestWastedBytes);
        let mut config = Config::default();
        config.rules[lowest] = set(lowest, percent(10), "config");
        config.rules[share] = set(share, percent(11), "config");
        config.rules[bytes] = set(bytes, Limit::Bytes(Some(Bytes(20_000_000))), "config");
        let mut file = RulesFile::default();
        file.limits[lowest] = set(lowest, percent(20), "file");
        file.limits[share] = set(share, percent(21), "file");
        let flags = RuleLimits::from_flags([(Rule::LowestEfficiency, Limit::Ratio(None))]);

        let rules = Rules::merge(flags, &file, &config);

        assert_eq!(rules.limits[Rule::LowestEfficiency].value.limit, Limit::Ratio(None));
        assert_eq!(rules.origin(Rule::LowestEfficiency), &Origin::Flag("--lowestEfficiency"));
        assert_eq!(rules.limits[Rule::HighestUserWastedPercent].value.limit, Limit::Ratio(Some(Ratio::percent(21))));
        assert_eq!(rules.limits[Rule::HighestWastedBytes].value.limit, Limit::Bytes(Some(Bytes(20_000_000))));
        assert_eq!(rules.origin(Rule::HighestWastedBytes).to_string(), "config");
    }
}
