//! The paths that an expression matches. They do not depend on the layer, so they are searched once for each expression.

use rayon::prelude::*;
use regex::bytes::Regex;

use super::filter::{Filter, PathPattern, Reach};
use dive_model::tree::{NodeId, Tree};

/// Nodes per task of a thread.
const CHUNK: usize = 1 << 14;

/// How an expression matches the path of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathMatch {
    /// Not at all.
    None,
    /// The path of the parent matches, and nothing that reaches into the node's own name.
    Above,
    /// A match to stop at: the path of the parent does not match, or a match reaches into the node's own name.
    Here,
}

/// The nodes whose paths an expression matches.
#[derive(Debug)]
pub(super) struct PathMatches(Vec<PathMatch>);

impl PathMatches {
    /// Searches all paths, or only those in `within`.
    pub(super) fn of(pattern: &PathPattern, tree: &Tree, within: Option<&Self>) -> Self {
        let mut found = Self(vec![PathMatch::None; tree.node_count()]);
        // Each thread needs its own clone: threads that share a regex contend for its scratch memory.
        let regex = || pattern.regex.clone();
        found.0.par_chunks_mut(CHUNK).enumerate().for_each_init(regex, |regex, (at, found)| {
            let mut chunk = MatchChunk { first: at * CHUNK, found };
            match pattern.reach {
                Reach::Name => chunk.search_names(tree, regex, within),
                Reach::Path => chunk.search_paths(tree, regex, within),
            }
        });
        found.inherit(tree, pattern);
        found
    }

    /// Takes the matches above each node into account. Parents precede their children, so this reaches any depth.
    fn inherit(&mut self, tree: &Tree, pattern: &PathPattern) {
        let Self(found) = self;
        for node in tree.nodes() {
            let Some(parent) = tree.parent(node) else { continue };
            let above = found[parent.index()] != PathMatch::None;
            found[node.index()] = match found[node.index()] {
                // A path matches if one of its names does. A glob names a directory, and means what is in it.
                PathMatch::None if above && (pattern.reach == Reach::Name || pattern.is_glob()) => PathMatch::Above,
                PathMatch::Above if !above => PathMatch::Here,
                own => own,
            };
        }
    }

    /// True if the path of a node matches.
    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.0[node.index()] != PathMatch::None
    }

    /// True if the node is a match to stop at.
    pub(super) fn is_match(&self, node: NodeId) -> bool {
        self.0[node.index()] == PathMatch::Here
    }

    /// The matches to stop at, in the order of the arena.
    pub(super) fn matches(&self, tree: &Tree) -> impl Iterator<Item = NodeId> {
        tree.nodes().filter(|node| self.is_match(*node))
    }
}

/// The paths of all layers that the expression of a filter matches. Paths below a match are left out, unless the match
/// reaches into their own names. Sizes are not considered; without an expression, these are all paths.
#[must_use]
pub fn all_matches(tree: &Tree, filter: &Filter) -> Vec<NodeId> {
    match filter.pattern() {
        Some(pattern) => PathMatches::of(pattern, tree, None).matches(tree).collect(),
        None => tree.nodes().skip(1).collect(),
    }
}

/// The matches of adjacent nodes.
struct MatchChunk<'a> {
    /// Index of the first node.
    first: usize,
    found: &'a mut [PathMatch],
}

impl MatchChunk<'_> {
    /// The nodes of the chunk, without the root.
    fn nodes<'t>(&self, tree: &'t Tree) -> impl Iterator<Item = NodeId> + use<'t> {
        // `skip` on all nodes would step through those of the chunks before.
        let indices = self.first.max(1)..self.first + self.found.len();
        indices.filter_map(|index| tree.node_at(index))
    }

    fn set(&mut self, node: NodeId, found: PathMatch) {
        self.found[node.index() - self.first] = found;
    }

    /// Marks the nodes whose names match. Names that match are among the names that matched before.
    fn search_names(&mut self, tree: &Tree, regex: &Regex, within: Option<&PathMatches>) {
        let mut names = NameBatch::default();
        for node in self.nodes(tree).filter(|node| within.is_none_or(|within| within.is_match(*node))) {
            if names.push(tree, node) == BatchRoom::Full {
                names.search(regex, |node| self.set(node, PathMatch::Here));
            }
        }
        names.search(regex, |node| self.set(node, PathMatch::Here));
    }

    /// Marks the nodes whose paths match.
    fn search_paths(&mut self, tree: &Tree, regex: &Regex, within: Option<&PathMatches>) {
        let mut paths = PathBuilder::default();
        for node in self.nodes(tree).filter(|node| within.is_none_or(|within| within.contains(*node))) {
            let (path, name_at) = paths.of(tree, node);
            if regex.is_match(path) {
                let reaches_name = regex.is_match_at(path, name_at);
                self.set(node, if reaches_name { PathMatch::Here } else { PathMatch::Above });
            }
        }
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

    /// Adds the name of a node.
    fn push(&mut self, tree: &Tree, node: NodeId) -> BatchRoom {
        self.starts.push((self.text.len(), node));
        self.text.extend_from_slice(tree.name(node));
        self.text.push(b'/');
        if self.text.len() < Self::BATCH { BatchRoom::Left } else { BatchRoom::Full }
    }

    /// Calls `found` with the nodes whose names match, and empties the batch.
    fn search(&mut self, regex: &Regex, mut found: impl FnMut(NodeId)) {
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
            found(*node);
            names = names.get(passed..).unwrap_or_default();
        }
        self.text.clear();
        self.starts.clear();
    }
}

/// Whether a batch has room for more names.
#[derive(PartialEq, Eq)]
enum BatchRoom {
    Left,
    Full,
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
