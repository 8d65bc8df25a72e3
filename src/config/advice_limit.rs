//! The limit of the rule `highestAdviceBytes`: one for all advice, or one for each kind.
//!
//! ```yaml
//! highestAdviceBytes: 20MB
//! highestAdviceBytes: { apt-lists: 0, python-cache: 5MB }
//! ```

use std::cmp::Reverse;
use std::fmt;

use super::origin::{Fault, ValuePlace};
use super::spelling::{bare, is_free};
use super::value::{Value, keys_once, shortened};
use super::yaml::Yaml;
use dive_model::advice::{AdviceKind, CountedBytes, KindSet};
use dive_model::units::Bytes;

/// The limit of the bytes that advice saves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdviceLimit {
    /// Of all kinds together.
    All(Bytes),
    /// Of single kinds. Never empty.
    Kinds(Vec<(AdviceKind, Bytes)>),
}

impl AdviceLimit {
    /// The least of its limits.
    #[must_use]
    pub fn lowest(&self) -> Bytes {
        match self {
            Self::All(limit) => *limit,
            Self::Kinds(limits) => limits.iter().map(|(_, limit)| *limit).min().unwrap_or(Bytes(0)),
        }
    }

    /// True if every image that fails at `other` fails at this limit too.
    pub(super) fn is_as_strict_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(own), Self::All(other)) => own <= other,
            // The sum is at least that of a kind in it.
            (Self::All(own), Self::Kinds(others)) => {
                others.iter().all(|(kind, other)| own <= other && KindSet::on().contains(*kind))
            }
            (Self::Kinds(_), Self::All(_)) => false,
            (Self::Kinds(limits), Self::Kinds(others)) => {
                others.iter().all(|(kind, other)| limits.iter().any(|(own_kind, own)| own_kind == kind && own <= other))
            }
        }
    }

    /// Reads limits of single kinds.
    pub(super) fn read_kinds(
        entries: &[(String, Yaml)],
        at: &[&str],
        place: &ValuePlace<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let (found_before, mut limits) = (faults.len(), Vec::new());
        keys_once(entries, at, place, faults);
        for (key, node) in entries.iter().filter(|(key, _)| !is_free(key)) {
            let mut reasons = Vec::new();
            match advice_kind(key) {
                Ok(kind) if kind.row().counts == CountedBytes::Nothing => {
                    reasons.push(format!("`{kind}` counts no bytes, so it has no limit; remove it"));
                }
                Ok(kind) => limits.extend(Bytes::read(node, &mut reasons).map(|limit| (kind, limit))),
                Err(reason) => reasons.push(reason),
            }
            let at = [at, &[key.as_str()]].concat();
            faults.extend(reasons.into_iter().map(|reason| place.fault(&at, format!("{}: {reason}", shortened(key)))));
        }
        (faults.len() == found_before && !limits.is_empty()).then_some(Self::Kinds(limits))
    }
}

/// The syntax of files, with exact sizes.
impl fmt::Display for AdviceLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(limit) => limit.fmt(f),
            Self::Kinds(limits) => {
                let limits: Vec<String> =
                    limits.iter().map(|(kind, limit)| format!("{kind}: {}", limit.yaml())).collect();
                write!(f, "{{ {} }}", limits.join(", "))
            }
        }
    }
}

/// Kinds that a message suggests.
const SUGGESTED: usize = 3;

/// The kind with this id.
///
/// # Errors
/// The reason, with close ids.
pub(super) fn advice_kind(text: &str) -> Result<AdviceKind, String> {
    let wanted = bare(text.trim());
    if let Some(kind) = AdviceKind::ALL.iter().find(|kind| bare(kind.id()) == wanted) {
        return Ok(*kind);
    }
    let close = close_ids(text);
    let suggestion = match close.split_last() {
        None => String::new(),
        Some((only, [])) => format!("did you mean {only}? "),
        Some((last, others)) => format!("did you mean {} or {last}? ", others.join(", ")),
    };
    Err(format!("`{}` is not a kind of advice; {suggestion}docs/advice.md lists all", shortened(text)))
}

/// The ids like `text`, closest first.
fn close_ids(text: &str) -> Vec<&'static str> {
    let text = text.trim().to_lowercase();
    let longest = AdviceKind::ALL.iter().map(|kind| kind.id().len()).max().unwrap_or(0);
    // The edit distance takes quadratic time.
    if text.is_empty() || text.len() > 2 * longest {
        return Vec::new();
    }
    let mut close: Vec<(Reverse<bool>, usize, &str)> = AdviceKind::ALL
        .iter()
        .map(|kind| {
            let id = kind.id();
            let shares_a_word = id.split('-').any(|word| text.split(['-', '_', ' ']).any(|own| own == word));
            (Reverse(shares_a_word), strsim::damerau_levenshtein(&text, id), id)
        })
        .filter(|(shares_a_word, distance, id)| shares_a_word.0 || *distance <= id.len() / 3)
        .collect();
    close.sort_unstable_by_key(|(shares_a_word, distance, id)| (*distance, *shares_a_word, *id));
    close.into_iter().take(SUGGESTED).map(|(.., id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_id_is_refused_with_close_ones() {
        assert_eq!(advice_kind("apt-lists"), Ok(AdviceKind::AptLists));
        assert_eq!(advice_kind(" AptLists "), Ok(AdviceKind::AptLists));
        for (text, message) in [
            ("apt-list", "`apt-list` is not a kind of advice; did you mean apt-lists, "),
            ("deleted-latr", "`deleted-latr` is not a kind of advice; did you mean deleted-later"),
            ("quux", "`quux` is not a kind of advice; docs/advice.md lists all"),
            ("", "`` is not a kind of advice; docs/advice.md lists all"),
        ] {
            let error = advice_kind(text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
        assert!(
            advice_kind(&"apt-lists".repeat(4000))
                .unwrap_err()
                .ends_with("…` is not a kind of advice; docs/advice.md lists all")
        );
    }

    #[test]
    fn a_limit_of_all_advice_is_stricter_than_the_same_of_a_kind() {
        let all = |bytes| AdviceLimit::All(Bytes(bytes));
        let kinds = |limits: &[(AdviceKind, u64)]| {
            AdviceLimit::Kinds(limits.iter().map(|(kind, limit)| (*kind, Bytes(*limit))).collect())
        };
        let (lists, maps) = (AdviceKind::AptLists, AdviceKind::SourceMaps);
        for (own, other, expected) in [
            (all(5), all(5), true),
            (all(6), all(5), false),
            (all(5), kinds(&[(lists, 5)]), true),
            (all(6), kinds(&[(lists, 5)]), false),
            // It is not among all.
            (all(1), kinds(&[(maps, 5)]), false),
            (kinds(&[(lists, 1)]), all(5), false),
            (kinds(&[(lists, 1), (maps, 1)]), kinds(&[(lists, 1)]), true),
            (kinds(&[(lists, 1)]), kinds(&[(lists, 1), (maps, 1)]), false),
            (kinds(&[(lists, 2)]), kinds(&[(lists, 1)]), false),
        ] {
            assert_eq!(own.is_as_strict_as(&other), expected, "{own} {other}");
        }
        assert_eq!(kinds(&[(lists, 2), (maps, 1)]).lowest(), Bytes(1));
        assert_eq!(kinds(&[(lists, 2)]).to_string(), "{ apt-lists: 2B }");
    }
}
