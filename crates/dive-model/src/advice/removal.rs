//! How to delete the files of a finding in the RUN that makes them.

use super::finding::Finding;
use super::kind::AdviceKind;
use super::later_runs::LaterUse;
use super::place::Place;
use super::remedy::{Remedies, is_single_file};
use crate::tree::NodeId;

/// Maximum number of paths in a command.
pub(super) const PATHS: usize = 4;

/// Paths that a sentence does not name.
pub(super) fn and_others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "; 1 more path has such files".to_owned(),
        count => format!("; {count} more paths have such files"),
    }
}

impl Remedies<'_> {
    /// The groups of a finding, or the directories above them with one of these names. None is below another one.
    pub(super) fn places_of(&self, finding: &Finding, names: &[&str]) -> Vec<NodeId> {
        let mut places: Vec<NodeId> = Vec::new();
        for group in &finding.groups {
            let place = self.named_above(group.place, names).unwrap_or(group.place);
            let mut above = self.tree.ancestors(place);
            if !above.any(|node| places.contains(&node)) {
                places.push(place);
            }
        }
        places
    }

    /// How to delete the files at `nodes`, which may be directories that also have other files.
    pub(super) fn removal_of(&self, finding: &Finding, place: &Place<'_>, nodes: &[NodeId]) -> String {
        let Some(first) = nodes.first() else { return finding.kind.row().instead.to_owned() };
        let removable: Vec<NodeId> = nodes.iter().copied().filter(|node| self.has_command(finding, *node)).collect();
        let named = removable.get(..removable.len().min(PATHS)).unwrap_or_default();
        let is_named = named.contains(first);
        let named = if is_named { named } else { &[] };
        let (command, others) =
            (self.removal_command(finding, place, named), nodes.len().saturating_sub(named.len().max(1)));
        let files = if self.is_removable(finding, *first) {
            self.path(*first)
        } else {
            format!("these files below {}", self.path(*first))
        };
        let them = if named.len() > 1 { "them" } else { "it" };
        let remedy = match (self.later_use_of(finding.kind, place, nodes), command) {
            (LaterUse::Named(runs), Some(command)) => self.joined(place, &runs, &command),
            (LaterUse::Named(runs), None) => {
                let runs = self.names_of_joined(place, &runs);
                format!("join it with {runs} in one RUN that ends by deleting {files}")
            }
            (LaterUse::Possible, Some(command)) => {
                format!("{}, unless a later RUN needs {them}", place.adds(&command))
            }
            (LaterUse::Possible, None) => format!("delete {files} in the same RUN, unless a later one needs them"),
            (LaterUse::Excluded, Some(command)) => place.adds(&command),
            (LaterUse::Excluded, None) => format!("delete {files} in the same RUN"),
        };
        remedy + &and_others(others)
    }

    /// A command that deletes some of the files at `nodes`, and the number of nodes that it leaves.
    pub(super) fn removal_of_some(
        &self,
        finding: &Finding,
        place: &Place<'_>,
        nodes: &[NodeId],
    ) -> (Option<String>, usize) {
        let removable: Vec<NodeId> = nodes.iter().copied().filter(|node| self.has_command(finding, *node)).collect();
        let named = removable.get(..removable.len().min(PATHS)).unwrap_or_default();
        (self.removal_command(finding, place, named), nodes.len().saturating_sub(named.len()))
    }

    /// True if a command can delete files of the kind at `node`, and nothing else: the directory has no other files, and the path
    /// can be a word of a command.
    fn has_command(&self, finding: &Finding, node: NodeId) -> bool {
        self.is_removable(finding, node) && self.word(node).is_some()
    }

    /// A command that deletes files of the kind at `nodes`; `None` without any.
    fn removal_command(&self, finding: &Finding, place: &Place<'_>, nodes: &[NodeId]) -> Option<String> {
        let is_file = |node: NodeId| is_single_file(finding, node);
        let words = |nodes: &[NodeId]| -> Vec<String> {
            let word = |node: &NodeId| {
                let path = self.word(*node)?;
                let is_outermost = self.tree.parent(*node).is_none_or(|parent| !self.is_removable(finding, parent));
                let is_emptied = finding.kind == AdviceKind::TemporaryFiles && !is_file(*node) && is_outermost;
                Some(match self.pattern_of(*node, place) {
                    Some(pattern) => pattern,
                    None if is_emptied => format!("{path}/*"),
                    None => path,
                })
            };
            let mut words: Vec<String> = nodes.iter().filter_map(word).collect();
            let all = words.clone();
            words.dedup();
            // `/tmp/*` has all others in it.
            words.retain(|word| {
                let is_inside = |other: &String| {
                    other != word
                        && other.strip_suffix('*').is_some_and(|start| start.ends_with('/') && word.starts_with(start))
                };
                !all.iter().any(is_inside)
            });
            words
        };
        if nodes.is_empty() {
            return None;
        }
        // Programs need the directories of their logs.
        if finding.kind == AdviceKind::Logs && !nodes.iter().any(|node| is_file(*node)) {
            return Some(format!("find {} -type f -delete", words(nodes).join(" ")));
        }
        Some(format!("rm -rf {}", words(nodes).join(" ")))
    }
}
