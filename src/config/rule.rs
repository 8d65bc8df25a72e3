//! The rules by name, and their misspellings. A typo in a rule's name would otherwise be a gate that never closes. The rules are
//! here and not in `ci` because configurations set their limits.

use std::fmt;

use super::table::bare;

/// A rule of CI mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Limits the share of wasted bytes in the bytes of all layers but the first.
    HighestUserWastedPercent,
    /// Limits the wasted bytes.
    HighestWastedBytes,
    /// Limits the efficiency from below.
    LowestEfficiency,
}

/// A name with this many letters wrong, missing or swapped is a typo. Names of other programs' rules are further away, and so are
/// those of other rules (`highestLayerBytes`).
const TYPOS: usize = 3;

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

    /// The rule with this name, in any of its spellings.
    pub(super) fn named(key: &str) -> Option<Self> {
        let key = bare(key);
        Self::ALL.into_iter().find(|rule| bare(rule.name()) == key)
    }

    /// The rule that `key` is a misspelling of.
    pub(super) fn nearest(key: &str) -> Option<Self> {
        let key = bare(key);
        // The distance takes time with the product of the lengths.
        if key.len() > 2 * Self::HighestUserWastedPercent.name().len() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_told_from_another_rule() {
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
}
