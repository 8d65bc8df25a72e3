//! The table of CI rules: names, default limit, comparison and texts. Flags, file keys, variables, `dive config`, help,
//! reports and documents read its rows; `ci::measure` computes the numbers. The table is here and not in `ci` because
//! configurations set the limits.

use std::fmt;

use super::limit::{Fails, Limit};
use super::rule_limits::RuleLimits;
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
    /// The name of the flag, if the rule has one.
    flag: &'static str,
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
    /// The name of the number in this program's part of the report, without the words that scripts look for.
    pub subject: &'static str,
    /// Why `for: ours` does not apply, with what to write instead; `None` if it does.
    pub only_all_layers: Option<&'static str>,
    /// What the rule is measured on.
    pub needs: RuleNeeds,
    /// Names of the same idea in other programs, in lower case without dashes.
    pub elsewhere: &'static [&'static str],
}

/// What a rule is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleNeeds {
    /// The image.
    Image,
    /// The image and the summary of an earlier one.
    Baseline,
    /// All images of the run.
    AllImages,
}

impl RuleRow {
    /// The flag, `--lowestEfficiency`; `None` for a rule that only files can write.
    #[must_use]
    pub const fn flag(&self) -> Option<&'static str> {
        match self.default {
            Limit::Ratio(_) | Limit::Bytes(_) | Limit::Count(_) | Limit::Ban(_) => Some(self.flag),
            Limit::Paths(_) | Limit::Advice(_) => None,
        }
    }
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
            pub(super) const COUNT: usize = [$(Self::$rule),+].len();

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
                        after.value.is_as_strict_as(&before.value)
                    }),
                },
                bad_value: BadValue::Refused,
                field: |target| &target.as_ref()[Rule::$rule],
                field_mut: |target| &mut target.as_mut()[Rule::$rule],
            }),+]
        }
    };
}

/// Why `for: ours` does not apply to dive's own numbers.
const DIVES_NUMBER: &str = "dive's numbers are about the whole image; use highestReclaimableBytes or \
                            highestReclaimablePercent";

/// Why `for: ours` does not apply to rules over all images.
const OVER_ALL: &str = "the rule is about all images of the run; leave `for` out";

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
        subject: "dive's share of bytes kept",
        only_all_layers: Some(DIVES_NUMBER),
        needs: RuleNeeds::Image,
        elsewhere: &["minefficiency", "minimumefficiency", "efficiencythreshold"],
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
        subject: "dive's bytes of repeated paths",
        only_all_layers: Some(DIVES_NUMBER),
        needs: RuleNeeds::Image,
        elsewhere: &["maxwastedbytes", "maxwastedspace", "wastedbytes"],
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
        subject: "dive's share of repeated paths",
        only_all_layers: Some(DIVES_NUMBER),
        needs: RuleNeeds::Image,
        elsewhere: &["maxwastedpercent", "maxuserwastedpercent", "userwastedpercent"],
    }

    /// Limits the unpacked size of all layers.
    HighestImageBytes "highestImageBytes" "highest-image-bytes" {
        default: Limit::Bytes(None),
        fails: Fails::AtOrAbove,
        help: "Fail at this unpacked size of all layers",
        fails_when: "the unpacked size of all layers is at the limit or above",
        complaint: "the image is too large",
        number: "image-bytes",
        exact: None,
        subject: "unpacked size",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["imagesizelimit", "imagesize", "imagesizemax", "maximagesize", "maxsize", "sizelimit", "highestimagesize"],
    }

    /// Limits the stored size.
    HighestStoredBytes "highestStoredBytes" "highest-stored-bytes" {
        default: Limit::Bytes(None),
        fails: Fails::AtOrAbove,
        help: "Fail at this stored (compressed) size of all layers",
        fails_when: "the stored size of the layers, each once, is at the limit or above",
        complaint: "the stored image is too large",
        number: "stored-bytes",
        exact: None,
        subject: "stored size",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["compressedsize", "maxcompressedsize", "maxstoredsize", "downloadsize", "pullsize", "maxpullsize"],
    }

    /// Limits the unpacked size of each layer.
    HighestLayerBytes "highestLayerBytes" "highest-layer-bytes" {
        default: Limit::Bytes(None),
        fails: Fails::AtOrAbove,
        help: "Fail if a layer has this unpacked size",
        fails_when: "the unpacked size of a layer is at the limit or above",
        complaint: "a layer is too large",
        number: "layer-bytes",
        exact: None,
        subject: "largest layer",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["layersizelimit", "layersize", "maxlayersize", "highestlayersize"],
    }

    /// Limits the number of layers.
    HighestLayerCount "highestLayerCount" "highest-layer-count" {
        default: Limit::Count(None),
        fails: Fails::Above,
        help: "Fail above this number of layers",
        fails_when: "the image has more layers than the limit",
        complaint: "too many layers",
        number: "layers",
        exact: None,
        subject: "number of layers",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["maxlayers", "maxlayercount", "layercount", "layerlimit", "numberoflayers", "highestlayers"],
    }

    /// Limits the reclaimable bytes.
    HighestReclaimableBytes "highestReclaimableBytes" "highest-reclaimable-bytes" {
        default: Limit::Bytes(None),
        fails: Fails::AtOrAbove,
        help: "Fail at this many reclaimable bytes",
        fails_when: "the reclaimable bytes are at the limit or above",
        complaint: "too many bytes are reclaimable",
        number: "reclaimable-bytes",
        exact: None,
        subject: "reclaimable",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["maxreclaimablebytes", "reclaimablebytes"],
    }

    /// Limits the reclaimable bytes as a share of all bytes.
    HighestReclaimablePercent "highestReclaimablePercent" "highest-reclaimable-percent" {
        default: Limit::Ratio(None),
        fails: Fails::AtOrAbove,
        help: "Fail at this reclaimable share of all bytes, 0 to 1",
        fails_when: "the reclaimable bytes, as a share of the bytes of all layers, are at the limit or above",
        complaint: "too many bytes are reclaimable, relative to all bytes",
        number: "%-reclaimable-bytes",
        exact: None,
        subject: "reclaimable share",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["maxreclaimablepercent", "reclaimablepercent"],
    }

    /// Limits the exact efficiency from below.
    LowestExactEfficiency "lowestExactEfficiency" "lowest-exact-efficiency" {
        default: Limit::Ratio(None),
        fails: Fails::Below,
        help: "Fail below this exact efficiency, 0 to 1",
        fails_when: "the visible bytes, as a share of the bytes of all layers, are below the limit",
        complaint: "the exact efficiency is too low",
        number: "exact-efficiency",
        exact: None,
        subject: "share of bytes kept",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["minexactefficiency"],
    }

    /// Limits the growth of the unpacked size since the baseline.
    HighestGrowthBytes "highestGrowthBytes" "highest-growth-bytes" {
        default: Limit::Bytes(None),
        fails: Fails::AtOrAbove,
        help: "Fail if the unpacked size grew by this since the baseline",
        fails_when: "the unpacked size, minus that of the baseline, is at the limit or above",
        complaint: "the image has grown too much",
        number: "growth-bytes",
        exact: None,
        subject: "growth",
        only_all_layers: None,
        needs: RuleNeeds::Baseline,
        elsewhere: &["maxgrowth", "maxgrowthbytes", "maxincrease", "growthlimit"],
    }

    /// Limits the growth as a share of the baseline.
    HighestGrowthPercent "highestGrowthPercent" "highest-growth-percent" {
        default: Limit::Ratio(None),
        fails: Fails::AtOrAbove,
        help: "Fail if the unpacked size grew by this share of the baseline, such as 0.05",
        fails_when: "the growth, as a share of the baseline's unpacked size, is at the limit or above",
        complaint: "the image has grown too much, relative to the baseline",
        number: "%-growth",
        exact: None,
        subject: "growth as a share of the baseline",
        only_all_layers: None,
        needs: RuleNeeds::Baseline,
        elsewhere: &["maxgrowthpercent", "maxincreasepercent", "growthpercent"],
    }

    /// Limits the bytes that following the advice saves.
    HighestAdviceBytes "highestAdviceBytes" "highest-advice-bytes" {
        default: Limit::Advice(None),
        fails: Fails::AtOrAbove,
        help: "Fail at this many bytes of advice",
        fails_when: "following the [advice](advice.md) would save this many bytes, in total or for one kind",
        complaint: "too many bytes of advice",
        number: "advice-bytes",
        exact: None,
        subject: "bytes of advice",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["maxadvicebytes", "advicebytes"],
    }

    /// Forbids root as the user of containers.
    ForbidRoot "forbidRoot" "forbid-root" {
        default: Limit::Ban(None),
        fails: Fails::AtOrAbove,
        help: "Fail if containers run as root",
        fails_when: "the configuration names no user, `root` or the id 0",
        complaint: "the image runs as root",
        number: "user",
        exact: None,
        subject: "user",
        only_all_layers: Some("the user is a setting of the whole image; leave `for` out"),
        needs: RuleNeeds::Image,
        elsewhere: &["norootuser", "nonroot", "runasnonroot", "forbidrootuser", "noroot", "disallowroot"],
    }

    /// Forbids, requires and limits paths.
    Paths "paths" "paths" {
        default: Limit::Paths(Vec::new()),
        fails: Fails::Above,
        help: "Forbid, require or limit paths",
        fails_when: "a forbidden path is there, a required one is not, or paths have too many bytes",
        complaint: "rules about paths are broken",
        number: "broken-path-rules",
        exact: None,
        subject: "broken rules about paths",
        only_all_layers: None,
        needs: RuleNeeds::Image,
        elsewhere: &["forbiddenpaths", "forbiddenfiles", "requiredpaths", "requiredfiles", "disallowedpaths", "denypaths", "excludepaths"],
    }

    /// Limits the unpacked size of all images of a run.
    HighestTotalBytes "highestTotalBytes" "highest-total-bytes" {
        default: Limit::Bytes(None),
        fails: Fails::AtOrAbove,
        help: "Fail at this unpacked size of all images together, each layer once",
        fails_when: "the unpacked layers of all images of the run, each once, have this size or more",
        complaint: "the images are too large together",
        number: "total-bytes",
        exact: None,
        subject: "unpacked size of all images",
        only_all_layers: Some(OVER_ALL),
        needs: RuleNeeds::AllImages,
        elsewhere: &["maxtotalbytes", "totalsize", "maxtotalsize"],
    }

    /// Limits the versions of one base image that the images of a run use.
    HighestBaseVersions "highestBaseVersions" "highest-base-versions" {
        default: Limit::Count(None),
        fails: Fails::Above,
        help: "Fail above this number of versions of one base image across all images",
        fails_when: "the images of the run use more versions of one base image than the limit",
        complaint: "too many versions of a base image",
        number: "base-versions",
        exact: None,
        subject: "versions of a base image",
        only_all_layers: Some(OVER_ALL),
        needs: RuleNeeds::AllImages,
        elsewhere: &["maxbaseversions", "maxbases"],
    }
}

/// Limit of the edits that make a typo, and the letters of a name for each edit: a short name that differs by two is another.
const TYPOS: usize = 3;
const LETTERS_PER_TYPO: usize = 4;

impl Rule {
    /// The rules of dive, sorted by name, as dive reports them.
    pub const DIVES: [Self; 3] = [Self::HighestUserWastedPercent, Self::HighestWastedBytes, Self::LowestEfficiency];

    /// True for the rules about all images of a run together.
    #[must_use]
    pub const fn is_over_all(self) -> bool {
        matches!(self.row().needs, RuleNeeds::AllImages)
    }

    /// True for the rules of dive.
    #[must_use]
    pub fn is_dives(self) -> bool {
        Self::DIVES.contains(&self)
    }

    /// The name in `.dive-ci` and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// All rules in the order of reports: dive's as dive prints them, then ours in the order of the table.
    pub fn reported() -> impl Iterator<Item = Self> {
        Self::DIVES.into_iter().chain(Self::ALL.into_iter().filter(|rule| !rule.is_dives()))
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
        let (distance, rule) = distances.min()?;
        (distance <= TYPOS.min(rule.name().len() / LETTERS_PER_TYPO)).then_some(rule)
    }

    /// The rule that does what `key` does in another program.
    pub(super) fn elsewhere(key: &str) -> Option<Self> {
        let key = bare(key);
        Self::ALL.into_iter().find(|rule| rule.row().elsewhere.contains(&key.as_str()))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests;
