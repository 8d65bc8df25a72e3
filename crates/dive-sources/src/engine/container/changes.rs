//! The paths that a container changed, as the engine lists them.

use std::collections::BTreeSet;

use super::super::api::{ChangeKind, PathChange};

/// Changed paths, without slashes at their ends.
#[derive(Debug, Default)]
pub(super) struct ChangedPaths {
    /// Paths that the container added or changed.
    pub(super) written: BTreeSet<String>,
    /// Paths that the container removed. It may have made a new directory there.
    pub(super) removed: BTreeSet<String>,
}

impl ChangedPaths {
    pub(super) fn of(listed: Vec<PathChange>) -> Self {
        let mut changes = Self::default();
        for PathChange { path, kind } in listed {
            let path = path.trim_matches('/').to_owned();
            // The root is always there.
            if path.is_empty() {
                continue;
            }
            match kind {
                ChangeKind::Removed => changes.removed.insert(path),
                ChangeKind::Modified | ChangeKind::Added => changes.written.insert(path),
            };
        }
        changes
    }
}

/// A name in the form of the engine's list: Go writes each byte that is not UTF-8 as U+FFFD.
pub(super) fn listed(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_sorted_by_kind() {
        let document = r#"[{"Path": "/etc", "Kind": 0}, {"Path": "/etc/new", "Kind": 1}, {"Path": "/gone", "Kind": 2},
                           {"Path": "/", "Kind": 0}]"#;
        let changes = ChangedPaths::of(serde_json::from_str(document).unwrap());
        assert_eq!(changes.written.iter().collect::<Vec<_>>(), ["etc", "etc/new"]);
        assert_eq!(changes.removed.iter().collect::<Vec<_>>(), ["gone"]);
        assert!(serde_json::from_str::<PathChange>(r#"{"Path": "/x", "Kind": 3}"#).is_err());
    }

    #[test]
    fn a_name_that_is_no_text_is_compared_as_go_writes_it() {
        assert_eq!(listed(b"caf\xe9/\xe2\x82x"), "caf\u{fffd}/\u{fffd}\u{fffd}x");
        assert_eq!(listed("é".as_bytes()), "é");
    }
}
