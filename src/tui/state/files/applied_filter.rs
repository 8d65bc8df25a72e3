//! A filter applied to a tree. Which paths the expression matches does not depend on the layer, so it is computed once.

use std::cell::OnceCell;

use rayon::prelude::*;
use regex::bytes::Regex;

use super::filter::{Filter, PathPattern, Reach};
use super::folds::{Folding, Folds};
use super::node_set::{NodeChunk, NodeSet};
use dive_model::tree::{Comparison, NodeId, SpanId, SpanKind, Tree};

/// A filter, its matches, and the directories collapsed while it is active.
#[derive(Debug, Clone)]
pub(super) struct AppliedFilter {
    pub(super) filter: Filter,
    /// Matches of the expression. `None` without an expression.
    found: Option<PathMatches>,
    /// Directories that the user collapsed while the filter is active.
    pub(super) folds: Folds,
    /// The first match in any layer, and the number of all; computed on demand.
    first_match: OnceCell<Option<(NodeId, usize)>>,
}

#[derive(Debug, Clone)]
struct PathMatches {
    /// Nodes whose path matches.
    paths: NodeSet,
    /// The subset to stop at: the path of the parent does not match, or the match reaches into the node's own name.
    matches: NodeSet,
}

impl AppliedFilter {
    pub(super) fn new(filter: Filter, tree: &Tree) -> Self {
        let found = filter.pattern().map(|pattern| match pattern.reach {
            Reach::Name => PathMatches::in_names(pattern, tree),
            Reach::Path => PathMatches::in_paths(pattern, tree),
        });
        Self { filter, found, folds: Folds::new(Folding::Expanded, tree), first_match: OnceCell::new() }
    }

    /// True if the filter accepts the node itself. Descendants do not count.
    pub(super) fn accepts(&self, tree: &Tree, comparison: &Comparison, node: NodeId) -> bool {
        self.found.as_ref().is_none_or(|found| found.paths.contains(node))
            && (!self.filter.has_sizes()
                || (self.filter.accepts_size(comparison.size_bytes(node)) && !is_directory(tree, comparison, node)))
    }

    /// The first path that the filter accepts in any layer, and the number of all.
    pub(super) fn first_match(&self, tree: &Tree) -> Option<(NodeId, usize)> {
        *self.first_match.get_or_init(|| match &self.found {
            Some(found) if !self.filter.has_sizes() => Some((found.matches.first(tree)?, found.matches.count())),
            found => {
                let accepts = |node: &NodeId| {
                    found.as_ref().is_none_or(|found| found.paths.contains(*node))
                        && tree.spans(*node).any(|version| self.accepts_version(tree, version))
                };
                let mut accepted = tree.nodes().skip(1).filter(accepts);
                let first = accepted.next()?;
                Some((first, 1 + accepted.count()))
            }
        })
    }

    /// True if a layer shows this version, and its size is accepted. The path does not count.
    pub(super) fn accepts_version(&self, tree: &Tree, version: SpanId) -> bool {
        let span = tree.span(version);
        // A version that its own layer hides is in no file system.
        span.end().is_none_or(|(layer, _)| layer > span.from())
            && (!self.filter.has_sizes()
                || !span.kind.is_directory() && self.filter.accepts_size(counted_bytes(tree, version)))
    }

    /// True if a jump to the next match stops at an accepted node. With size terms, it stops at every file.
    pub(super) fn is_match(&self, node: NodeId) -> bool {
        self.filter.has_sizes() || self.found.as_ref().is_some_and(|found| found.matches.contains(node))
    }
}

/// The paths of all layers that the expression of a filter matches. Paths below a match are left out, unless the match
/// reaches into their own names. Sizes are not considered; without an expression, these are all paths.
#[must_use]
pub fn all_matches(tree: &Tree, filter: &Filter) -> Vec<NodeId> {
    match AppliedFilter::new(filter.clone(), tree).found {
        Some(found) => tree.nodes().skip(1).filter(|node| found.matches.contains(*node)).collect(),
        None => tree.nodes().skip(1).collect(),
    }
}

/// The bytes of a version that a tree counts: none for a hard link, whose target has them.
fn counted_bytes(tree: &Tree, version: SpanId) -> u64 {
    let span = tree.span(version);
    if matches!(span.kind, SpanKind::File | SpanKind::SparseFile) { span.size } else { 0 }
}

/// True if the node is a directory, or was one before its removal.
pub(super) fn is_directory(tree: &Tree, comparison: &Comparison, node: NodeId) -> bool {
    comparison.span(tree, node).is_some_and(|span| tree.span(span).kind.is_directory())
}

impl PathMatches {
    fn nothing(tree: &Tree) -> Self {
        Self { paths: NodeSet::none(tree.node_count()), matches: NodeSet::none(tree.node_count()) }
    }

    fn in_names(pattern: &PathPattern, tree: &Tree) -> Self {
        let mut found = Self::nothing(tree);
        found.matches.chunks_mut().for_each(|chunk| NameBatch::default().search(tree, &pattern.regex.clone(), chunk));
        for node in tree.nodes().skip(1) {
            if found.matches.contains(node) || tree.parent(node).is_some_and(|parent| found.paths.contains(parent)) {
                found.paths.insert(node);
            }
        }
        found
    }

    fn in_paths(pattern: &PathPattern, tree: &Tree) -> Self {
        let mut found = Self::nothing(tree);
        let Self { paths, matches } = &mut found;
        paths.chunks_mut().zip(matches.chunks_mut()).for_each(|(mut matching, mut matches)| {
            // Each thread needs its own clone: threads that share a regex contend for its scratch memory.
            let regex = pattern.regex.clone();
            let mut paths = PathBuilder::default();
            for node in matching.nodes(tree) {
                let (path, name_at) = paths.of(tree, node);
                if regex.is_match(path) {
                    matching.insert(node);
                    if regex.is_match_at(path, name_at) {
                        matches.insert(node);
                    }
                }
            }
        });
        for node in tree.nodes().skip(1) {
            match (paths.contains(node), tree.parent(node).is_some_and(|parent| paths.contains(parent))) {
                (true, false) => matches.insert(node),
                // A glob names a directory, and means what is in it. Parents come before their children, so this reaches
                // any depth.
                (false, true) if pattern.is_glob() => paths.insert(node),
                _ => {}
            }
        }
        found
    }
}

/// A batch of names joined by slashes. Starting a search costs more than continuing one, and a name expression cannot
/// match a slash.
#[derive(Default)]
struct NameBatch {
    text: Vec<u8>,
    /// Start of each name in `text`.
    starts: Vec<(usize, NodeId)>,
}

impl NameBatch {
    /// Bytes searched at a time, about the size of a CPU cache.
    const BATCH: usize = 1 << 16;

    /// Inserts the nodes of `chunk` whose names match.
    fn search(&mut self, tree: &Tree, regex: &Regex, mut chunk: NodeChunk<'_>) {
        for node in chunk.nodes(tree) {
            self.starts.push((self.text.len(), node));
            self.text.extend_from_slice(tree.name(node));
            self.text.push(b'/');
            if self.text.len() >= Self::BATCH {
                self.search_batch(regex, &mut chunk);
            }
        }
        self.search_batch(regex, &mut chunk);
    }

    fn search_batch(&mut self, regex: &Regex, chunk: &mut NodeChunk<'_>) {
        let mut names = self.starts.as_slice();
        // One match per name is enough, so the search continues at the next name. Any match will do, too: it need not be
        // the longest, and where it starts is of no interest, since it ends in the same name.
        while let Some((start, _)) = names.first().copied()
            && let Some(end) = regex.shortest_match_at(&self.text, start)
        {
            // An empty match ends where it starts.
            let last = end.saturating_sub(1).max(start);
            let passed = starting_up_to(names, last);
            let Some((_, node)) = passed.checked_sub(1).and_then(|at| names.get(at)) else { break };
            chunk.insert(*node);
            names = names.get(passed..).unwrap_or_default();
        }
        self.text.clear();
        self.starts.clear();
    }
}

/// The number of names that start at or before an offset. It is small where matches are dense, so the search doubles its steps
/// from the first name.
fn starting_up_to(names: &[(usize, NodeId)], offset: usize) -> usize {
    let starts_by = |(start, _): &(usize, NodeId)| *start <= offset;
    let mut bound = 1;
    while names.get(bound).is_some_and(starts_by) {
        bound *= 2;
    }
    let passed = bound / 2;
    let rest = names.get(passed..bound.min(names.len())).unwrap_or_default();
    passed + rest.partition_point(starts_by)
}

/// Builds the paths of consecutive nodes. Most share the directory of the previous node or are inside it.
#[derive(Default)]
struct PathBuilder {
    path: Vec<u8>,
    /// The nodes of `path`, outermost first, each with the length of `path` up to its end.
    open: Vec<(NodeId, usize)>,
}

impl PathBuilder {
    /// The path of a node with a leading slash, and the offset of the slash before its own name.
    fn of(&mut self, tree: &Tree, node: NodeId) -> (&[u8], usize) {
        let mut missing = Vec::new();
        let above = |node| tree.parent(node).filter(|parent| *parent != NodeId::ROOT);
        while self.open.last().is_some_and(|(open, _)| Some(*open) != above(node)) {
            self.open.pop();
        }
        if self.open.is_empty() {
            missing.extend(std::iter::successors(above(node), |node| above(*node)));
        }
        let mut start = 0;
        for step in missing.into_iter().rev().chain([node]) {
            start = self.open.last().map_or(0, |(_, end)| *end);
            self.path.truncate(start);
            self.path.push(b'/');
            self.path.extend_from_slice(tree.name(step));
            self.open.push((step, self.path.len()));
        }
        (&self.path, start)
    }
}
