//! The table of CI rules: names, default limit, comparison and texts. Flags, file keys, variables, `dive config`, help,
//! reports and documents read its rows; `ci::measure` computes the numbers. The table is here and not in `ci` because
//! configurations set the limits.

use std::fmt;
use std::ops::{Index, IndexMut};

use super::limit::{Fails, Limit};
use super::origin::{Origin, Setting};
use super::spelling::bare;
use super::table::{BadValue, KeyRow, Trust};
use dive_model::units::Ratio;

/// A row of the table.
#[derive(Debug)]
pub struct RuleRow {
    /// The name in reports and in `.dive-ci`: `lowestEfficiency`.
    pub name: &'static str,
    /// The spelling in `.dive.yaml`: `lowest-efficiency`. Files and flags accept both.
    pub kebab_name: &'static str,
    /// The flag: `--lowestEfficiency`.
    pub flag: &'static str,
    /// The default limit. Its variant is the rule's unit.
    pub default: Limit,
    /// Which side of the limit fails.
    pub fails: Fails,
    /// The text in `--help`, without the default.
    pub help: &'static str,
    /// Completes "fails when" in documents.
    pub fails_when: &'static str,
    /// The start of a failure message.
    pub complaint: &'static str,
    /// The name of the number in a failure message.
    pub number: &'static str,
    /// For a rule on one of dive's numbers: the warning text for the exact number, which replaces `{}`.
    pub exact: Option<&'static str>,
}

/// A file that sets limits under `rules:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RulesIn {
    /// `.dive-ci`. It belongs to the project or is named by the user, so it may set every limit.
    RulesFile,
    /// `.dive.yaml`. In the working directory it may only tighten limits.
    Configuration,
}

/// Generates the rules from their rows: two spellings of the name, then the fields of [`RuleRow`].
macro_rules! rules {
    ($($(#[$doc:meta])+ $rule:ident $name:literal $kebab_name:literal { $($field:ident: $value:expr),+ $(,)? })+) => {
        /// A rule of CI mode.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[$doc])+ $rule,)+
        }

        impl Rule {
            /// The number of rules.
            const COUNT: usize = [$(Self::$rule),+].len();

            /// All rules, in the order of files, help and documents.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$rule),+];

            /// The rule's row of the table.
            #[must_use]
            pub const fn row(self) -> &'static RuleRow {
                match self {
                    $(Self::$rule => const {
                        &RuleRow {
                            name: $name,
                            kebab_name: $kebab_name,
                            flag: concat!("--", $name),
                            $($field: $value),+
                        }
                    })+
                }
            }
        }

        /// The keys of the limits in a file, in the order of the table.
        pub(super) fn keys<T>(file: RulesIn) -> [KeyRow<T>; Rule::COUNT]
        where
            T: AsRef<RuleLimits> + AsMut<RuleLimits>,
        {
            [$(KeyRow {
                path: match file {
                    RulesIn::RulesFile => concat!("rules.", $name),
                    RulesIn::Configuration => concat!("rules.", $kebab_name),
                },
                aliases: &[],
                trust: match file {
                    RulesIn::RulesFile => Trust::Anyone,
                    RulesIn::Configuration => Trust::Tightens(|before: &T, after: &T| {
                        let (before, after) = (&before.as_ref()[Rule::$rule], &after.as_ref()[Rule::$rule]);
                        after.value.is_as_strict_as(&before.value, Rule::$rule.row().fails)
                    }),
                },
                bad_value: BadValue::Refused,
                field: |target| &target.as_ref()[Rule::$rule],
                field_mut: |target| &mut target.as_mut()[Rule::$rule],
            }),+]
        }
    };
}

rules! {
    /// Limits the efficiency from below.
    LowestEfficiency "lowestEfficiency" "lowest-efficiency" {
        default: Limit::Ratio(Some(Ratio::percent(90))),
        fails: Fails::Below,
        help: "Fail below this efficiency, 0 to 1 or `disabled`",
        fails_when: "the efficiency is below the limit",
        complaint: "image efficiency is too low",
        number: "efficiency",
        exact: Some("{} of all bytes kept"),
    }

    /// Limits the wasted bytes.
    HighestWastedBytes "highestWastedBytes" "highest-wasted-bytes" {
        default: Limit::Bytes(None),
        fails: Fails::AtOrAbove,
        help: "Fail at this many wasted bytes, such as 20MB",
        fails_when: "the wasted bytes are at the limit or above",
        complaint: "too many bytes wasted",
        number: "wasted-bytes",
        exact: Some("{} reclaimable"),
    }

    /// Limits the share of wasted bytes in all layers except the first.
    HighestUserWastedPercent "highestUserWastedPercent" "highest-user-wasted-percent" {
        default: Limit::Ratio(Some(Ratio::percent(10))),
        fails: Fails::AtOrAbove,
        help: "Fail at this wasted share of the bytes above the base layer",
        fails_when: "the wasted bytes, as a share of the bytes of all layers but the first, are at the limit or above",
        complaint: "too many bytes wasted, relative to the user bytes added",
        number: "%-user-wasted-bytes",
        exact: Some("reclaimable bytes are {} of the user bytes"),
    }
}

/// The rules of dive, sorted by name, as dive reports them.
const DIVES: [Rule; 3] = [Rule::HighestUserWastedPercent, Rule::HighestWastedBytes, Rule::LowestEfficiency];

/// Limit of the edits that make a typo. The names of other rules, here (`highestLayerBytes`) or in other programs, differ
/// by more.
const TYPOS: usize = 3;

impl Rule {
    /// The name in `.dive-ci` and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// All rules in the order of reports: dive's as dive prints them, then ours in the order of the table.
    pub fn reported() -> impl Iterator<Item = Self> {
        DIVES.into_iter().chain(Self::ALL.into_iter().filter(|rule| !DIVES.contains(rule)))
    }

    /// The rule with this name, in any of its spellings.
    pub(super) fn named(key: &str) -> Option<Self> {
        let key = bare(key);
        Self::ALL.into_iter().find(|rule| bare(rule.name()) == key)
    }

    /// The rule that `key` is a misspelling of.
    pub(super) fn nearest(key: &str) -> Option<Self> {
        let key = bare(key);
        // The edit distance takes quadratic time, so skip long keys.
        let longest = Self::ALL.into_iter().map(|rule| rule.name().len()).max().unwrap_or(0);
        if key.len() > 2 * longest {
            return None;
        }
        let distances = Self::ALL.into_iter().map(|rule| {
            let name = bare(rule.name());
            let with = strsim::damerau_levenshtein(&key, &name);
            // "User" in the wrong rule, or missing: `highestWastedPercent`.
            let without = strsim::damerau_levenshtein(&key.replace("user", ""), &name.replace("user", ""));
            (with.min(without), rule)
        });
        distances.min().filter(|(distance, _)| *distance <= TYPOS).map(|(_, rule)| rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A limit for each rule, with its origin: `limits[Rule::LowestEfficiency]`.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleLimits([Setting<Limit>; Rule::COUNT]);

impl RuleLimits {
    /// The limits of the command line. A rule without a flag has its default.
    pub fn from_flags(given: impl IntoIterator<Item = (Rule, Limit)>) -> Self {
        let mut limits = Self::default();
        for (rule, limit) in given {
            limits[rule] = Setting::by_flag(limit, rule.row().flag);
        }
        limits
    }

    /// These limits, with those of `below` where unset.
    #[must_use]
    pub fn over(mut self, below: Self) -> Self {
        for (own, below) in self.0.iter_mut().zip(below.0) {
            if own.origin == Origin::Default {
                *own = below;
            }
        }
        self
    }
}

impl Default for RuleLimits {
    fn default() -> Self {
        Self(Rule::ALL.map(|rule| Setting::by_default(rule.row().default.clone())))
    }
}

impl Index<Rule> for RuleLimits {
    type Output = Setting<Limit>;

    fn index(&self, rule: Rule) -> &Setting<Limit> {
        &self.0[rule as usize]
    }
}

impl IndexMut<Rule> for RuleLimits {
    fn index_mut(&mut self, rule: Rule) -> &mut Setting<Limit> {
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
    fn a_typo_is_distinguished_from_another_rule() {
        for (key, rule) in [
            ("lowestEfficency", Rule::LowestEfficiency),
            ("lowest-effeciency", Rule::LowestEfficiency),
            ("LowestEfficeincy", Rule::LowestEfficiency),
            ("higestWastedByte", Rule::HighestWastedBytes),
            ("highestUserWastedPercentage", Rule::HighestUserWastedPercent),
            ("highest_user_wasted_precent", Rule::HighestUserWastedPercent),
            ("highestWastedPercent", Rule::HighestUserWastedPercent),
            ("highestUserWastedBytes", Rule::HighestWastedBytes),
        ] {
            assert_eq!(Rule::nearest(key), Some(rule), "{key}");
        }
        for key in [
            "imageSizeLimit",
            "highestImageBytes",
            "highestStoredBytes",
            "highestLayerBytes",
            "highestReclaimableBytes",
            "highestGrowthPercent",
            "lowestExactEfficiency",
            "efficiency",
            "userId",
            "user",
            "",
        ] {
            assert_eq!(Rule::nearest(key), None, "{key}");
        }
        assert_eq!(Rule::nearest(&"lowestEfficiency".repeat(4000)), None);
    }

    /// The kebab-case spelling is written out in the table so that a search finds it.
    #[test]
    fn both_spellings_of_a_rule_agree() {
        for rule in Rule::ALL {
            let row = rule.row();
            let dashed = |letter: char| {
                let dash = if letter.is_ascii_uppercase() { "-" } else { "" };
                format!("{dash}{}", letter.to_ascii_lowercase())
            };
            assert_eq!(row.kebab_name, row.name.chars().map(dashed).collect::<String>());
            for (index, file) in [(row.name, RulesIn::RulesFile), (row.kebab_name, RulesIn::Configuration)] {
                let paths = keys::<RuleLimits>(file).map(|key| key.path);
                assert!(paths.contains(&format!("rules.{index}").as_str()), "{paths:?}");
            }
        }
    }

    #[test]
    fn every_rule_is_reported_once_and_dives_first() {
        let reported: Vec<Rule> = Rule::reported().collect();
        assert_eq!(reported[..3], DIVES);
        let mut sorted = reported.clone();
        sorted.sort();
        assert_eq!(sorted, Rule::ALL);
    }

    #[test]
    fn flags_override_lower_limits_and_keep_defaults() {
        let flags = RuleLimits::from_flags([(Rule::LowestEfficiency, Limit::Ratio(None))]);
        let mut below = RuleLimits::default();
        for rule in [Rule::LowestEfficiency, Rule::HighestWastedBytes] {
            let limit = rule.row().default.parse("0").unwrap();
            below[rule] = Setting { value: limit, origin: Origin::Variable("below".to_owned()) };
        }
        let merged = flags.over(below);
        assert_eq!(merged[Rule::LowestEfficiency], Setting::by_flag(Limit::Ratio(None), "--lowestEfficiency"));
        assert_eq!(merged[Rule::HighestWastedBytes].origin.to_string(), "below");
        let untouched = Rule::HighestUserWastedPercent;
        assert_eq!(merged[untouched], RuleLimits::default()[untouched]);
    }
}
