//! A filter applied to a tree: which paths its expression matches. That depends on no layer, so it is found once.

use rayon::prelude::*;
use regex::bytes::Regex;

use super::filter::{Filter, PathPattern, Reach};
use super::node_set::{NodeChunk, NodeSet};
use dive_model::tree::{Comparison, NodeId, Tree};

/// A filter, what its expression matches, and what is collapsed while it is on.
#[derive(Debug, Clone)]
pub(super) struct AppliedFilter {
    pub(super) filter: Filter,
    /// What the expression matched; without an expression, nothing to know.
    found: Option<PathMatches>,
    /// Directories that the user collapsed in the filter's result.
    pub(super) collapsed: NodeSet,
}

#[derive(Debug, Clone)]
struct PathMatches {
    /// Nodes whose path matches.
    paths: NodeSet,
    /// Those of them that say something new: the path of the directory above does not match, or a match reaches into
    /// the node's own name.
    matches: NodeSet,
}

impl AppliedFilter {
    pub(super) fn new(filter: Filter, tree: &Tree) -> Self {
        let found = filter.pattern().map(|pattern| match pattern.reach {
            Reach::Name => PathMatches::in_names(pattern, tree),
            Reach::Path => PathMatches::in_paths(pattern, tree),
        });
        Self { filter, found, collapsed: NodeSet::none(tree.node_count()) }
    }

    /// Whether a node itself, not one below it, is let in.
    pub(super) fn accepts(&self, tree: &Tree, comparison: &Comparison, node: NodeId) -> bool {
        self.found.as_ref().is_none_or(|found| found.paths.contains(node))
            && (!self.filter.has_sizes()
                || (self.filter.accepts_size(comparison.size_bytes(node)) && !is_directory(tree, comparison, node)))
    }

    /// Whether a node that is let in is worth a stop: with size terms, every file is.
    pub(super) fn is_match(&self, node: NodeId) -> bool {
        self.filter.has_sizes() || self.found.as_ref().is_some_and(|found| found.matches.contains(node))
    }
}

/// Whether a node is, or if it is gone was, a directory.
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
            // Threads that share an expression wait for each other.
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
            if paths.contains(node) && !tree.parent(node).is_some_and(|parent| paths.contains(parent)) {
                matches.insert(node);
            }
        }
        found
    }
}

/// Names one behind the other, since it takes an expression longer to begin a search than to read on in it. A slash
/// between them keeps apart what matches.
#[derive(Default)]
struct NameBatch {
    text: Vec<u8>,
    /// Where each name begins.
    starts: Vec<(usize, NodeId)>,
}

impl NameBatch {
    /// About how many bytes are searched at a time: as many as the processor keeps near.
    const BATCH: usize = 1 << 16;

    /// Finds the nodes of `chunk` whose names match.
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
        let mut at = 0;
        // One match in a name is enough: on with the next name.
        while let Some(found) = regex.find_at(&self.text, at)
            && let behind = self.starts.partition_point(|(start, _)| *start <= found.start())
            && let Some((_, node)) = self.starts.get(behind.wrapping_sub(1))
        {
            chunk.insert(*node);
            match self.starts.get(behind) {
                Some((next, _)) => at = *next,
                None => break,
            }
        }
        self.text.clear();
        self.starts.clear();
    }
}

/// Paths of one node after the other. Most stand in the same directory as the one before, or in it.
#[derive(Default)]
struct PathBuilder {
    path: Vec<u8>,
    /// The nodes whose names make up `path`, outermost first, with its length up to each.
    open: Vec<(NodeId, usize)>,
}

impl PathBuilder {
    /// The path of a node with a leading slash, and where the slash before its own name stands.
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
