//! How a sentence names the files of a finding: each of a few, and the number of the others.

use super::finding::{AdviceGroup, Finding};
use super::remedy::Remedies;
use super::removal::PATHS;

/// Files, for a sentence.
pub(super) struct NamedFiles {
    /// `/tmp/a`, `/tmp/a, /tmp/b and 3 more paths`, or `these files below /app`.
    pub(super) name: String,
    /// The pronoun.
    pub(super) them: &'static str,
}

/// The start of a name for some files of a directory.
const SOME: &str = "these files below ";

/// A name for files of a directory that has others, too.
pub(super) fn some_below(path: &str) -> String {
    format!("{SOME}{path}")
}

impl NamedFiles {
    /// Names the first of these.
    pub(super) fn of<T>(all: &[T], name: impl Fn(&T) -> String) -> Self {
        Self::first(all, all.len() as u64, name)
    }

    /// Names the first of some files, of which there are `count` in all.
    pub(super) fn first<T>(first: &[T], count: u64, name: impl Fn(&T) -> String) -> Self {
        let mut names: Vec<String> = first.iter().take(PATHS).map(name).collect();
        names.dedup();
        match count.saturating_sub(PATHS as u64) {
            0 => {}
            1 => names.push("1 more path".to_owned()),
            more => names.push(format!("{more} more paths")),
        }
        let is_one = names.len() < 2 && !names.iter().any(|name| name.starts_with(SOME) || name.starts_with("each "));
        Self { name: enumerated(&names), them: if is_one { "it" } else { "them" } }
    }
}

/// `a, b and c`.
pub(super) fn enumerated(names: &[String]) -> String {
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

impl Remedies<'_> {
    /// The files of a finding in the finished file system.
    pub(super) fn visible_files(&self, finding: &Finding) -> NamedFiles {
        NamedFiles::of(&finding.groups, |AdviceGroup { place, .. }| {
            let path = self.path(*place);
            if self.is_removable(finding, *place) { path } else { some_below(&path) }
        })
    }
}
