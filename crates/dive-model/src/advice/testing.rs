//! Support for tests: a straightforward reading of the patterns that need no proof.

use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::patterns::PATTERNS;
use super::proof::PathProof;

fn patterns() -> impl Iterator<Item = (AdviceKind, &'static str)> {
    let rows = PATTERNS.iter().filter(|(_, proof, _)| *proof == PathProof::None);
    rows.flat_map(|(kind, _, patterns)| patterns.iter().map(|text| (*kind, *text)))
}

/// The names in these patterns, to make paths of.
#[must_use]
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = patterns()
        .flat_map(|(_, text)| text.trim_start_matches('!').split('/'))
        .filter(|name| !name.is_empty() && *name != "**")
        .map(|name| name.replace('*', "x"))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The kinds of a path without a leading slash.
#[must_use]
pub fn kinds_of(path: &str) -> KindSet {
    let names: Vec<&str> = path.split('/').collect();
    let mut kinds = KindSet::default();
    // Deeper patterns override those above.
    for end in 1..=names.len() {
        let matching = |is_removal: bool| -> Vec<AdviceKind> {
            let of_effect = patterns().filter(|(_, text)| text.starts_with('!') == is_removal);
            let matched = of_effect.filter(|(_, text)| {
                let text = text.trim_start_matches('!');
                let parts: Vec<&str> = text.trim_start_matches('/').split('/').collect();
                matches(&parts, names.get(..end).unwrap_or_default())
            });
            matched.map(|(kind, _)| kind).collect()
        };
        kinds = matching(false).into_iter().fold(kinds, KindSet::with);
        kinds = matching(true).into_iter().fold(kinds, KindSet::without);
    }
    kinds
}

fn matches(parts: &[&str], names: &[&str]) -> bool {
    match (parts, names) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=names.len()).any(|skipped| matches(rest, &names[skipped..])),
        ([part, rest @ ..], [name, names @ ..]) => {
            let is_match = match part.split_once('*') {
                None => part == name,
                Some((start, end)) => {
                    name.len().checked_sub(start.len()).is_some_and(|rest| rest >= end.len())
                        && name.starts_with(start)
                        && name.ends_with(end)
                }
            };
            is_match && matches(rest, names)
        }
        _ => false,
    }
}
