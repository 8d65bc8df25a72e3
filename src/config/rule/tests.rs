//! Tests of the table of rules: names, typos, order.

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
        ("highestLayersBytes", Rule::HighestLayerBytes),
        ("highestStoreBytes", Rule::HighestStoredBytes),
        ("lowestExactEficiency", Rule::LowestExactEfficiency),
        ("forbid_roots", Rule::ForbidRoot),
    ] {
        assert_eq!(Rule::nearest(key), Some(rule), "{key}");
    }
    for key in ["imageSizeLimit", "forbidSecrets", "packages", "efficiency", "userId", "user", ""] {
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
fn names_elsewhere_lead_to_one_rule() {
    let mut names: Vec<&str> = Rule::ALL.into_iter().flat_map(|rule| rule.row().elsewhere).copied().collect();
    assert!(names.iter().all(|name| bare(name) == *name && Rule::named(name).is_none()));
    assert_eq!(Rule::elsewhere("image-size-limit"), Some(Rule::HighestImageBytes));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_rule_is_reported_once_and_dives_first() {
    let reported: Vec<Rule> = Rule::reported().collect();
    assert_eq!(reported[..3], Rule::DIVES);
    let mut sorted = reported.clone();
    sorted.sort();
    assert_eq!(sorted, Rule::ALL);
}
