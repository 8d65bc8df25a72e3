//! The names of the rules, to tell a rule that is misspelt, or that stands in the wrong place, from a key of another program. A
//! typo in a rule's name would otherwise be a gate that never closes.

use super::table::bare;

/// The rules, in the order dive prints them.
pub(super) const RULES: [&str; 3] = ["highestUserWastedPercent", "highestWastedBytes", "lowestEfficiency"];

/// So many letters may be wrong, missing or swapped in a typo. Names of other programs' rules and of other rules
/// (`highestLayerBytes`) are further away.
const TYPOS: usize = 3;

/// The rule of this name, in any of its spellings.
pub(super) fn rule(key: &str) -> Option<&'static str> {
    let key = bare(key);
    RULES.into_iter().find(|rule| bare(rule) == key)
}

/// The rule that `key` is nearly the name of.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let key = bare(key);
    // The distance takes time with the product of the lengths.
    if key.len() > 2 * RULES[0].len() {
        return None;
    }
    let distances = RULES.into_iter().map(|rule| {
        let name = bare(rule);
        let with = strsim::damerau_levenshtein(&key, &name);
        // "User" in the wrong rule, or missing: `highestWastedPercent`.
        let without = strsim::damerau_levenshtein(&key.replace("user", ""), &name.replace("user", ""));
        (with.min(without), rule)
    });
    distances.min().filter(|(distance, _)| *distance <= TYPOS).map(|(_, rule)| rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_told_from_another_rule() {
        for (key, rule) in [
            ("lowestEfficency", "lowestEfficiency"),
            ("lowest-effeciency", "lowestEfficiency"),
            ("LowestEfficeincy", "lowestEfficiency"),
            ("higestWastedByte", "highestWastedBytes"),
            ("highestUserWastedPercentage", "highestUserWastedPercent"),
            ("highest_user_wasted_precent", "highestUserWastedPercent"),
            ("highestWastedPercent", "highestUserWastedPercent"),
            ("highestUserWastedBytes", "highestWastedBytes"),
        ] {
            assert_eq!(nearest(key), Some(rule), "{key}");
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
            assert_eq!(nearest(key), None, "{key}");
        }
        assert_eq!(nearest(&"lowestEfficiency".repeat(4000)), None);
    }
}
