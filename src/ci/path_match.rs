//! Matches the paths of a tree with many patterns at once, name by name on the way down: the positions that the patterns have
//! reached are the state of a directory, and directories with equal positions share it. A name costs one look-up, however many
//! patterns there are, unless it matches.

use std::ops::Range;
use std::rc::Rc;

use globset::Glob;
use hashbrown::HashMap;

use super::wildcard::{Wildcard, WildcardReader};
use crate::config::{GlobPart, MatchedKinds, PathGlob};
use dive_model::tree::{NodeId, Tree};

/// Limit of the states and steps that are kept, in bytes: an image with hostile names could make each directory a state of its
/// own.
const MAX_BYTES: usize = 16 << 20;

/// Limit of the bytes that the states of directories may take together. Most directories share one.
const MAX_HELD_BYTES: usize = 128 << 20;

/// Estimated size of a state or a step without its positions.
const ENTRY_BYTES: usize = 256;

/// Patterns, and the states that paths have led to.
pub(super) struct PathMatcher {
    parts: Vec<PlacedPart>,
    /// The kinds that each pattern matches.
    kinds: Vec<MatchedKinds>,
    /// The positions of names.
    names: HashMap<Box<[u8]>, Vec<u32>>,
    /// Different wildcards, by the number of each.
    wildcards: Vec<Wildcard>,
    states: HashMap<Rc<[u32]>, Rc<State>>,
    /// By the number of the state, and the positions of the parts that match the name.
    steps: HashMap<(u64, Rc<[u32]>), MatchStep>,
    /// Bytes of both.
    kept_bytes: usize,
    /// The number of the next state.
    next_state: u64,
    /// Positions of the parts that match the current name.
    hits: Vec<u32>,
}

/// A part of a pattern, at its position among those of all patterns.
struct PlacedPart {
    content: PartContent,
    pattern: u32,
    place: PartPlace,
}

/// What a part matches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PartContent {
    /// Any number of directories.
    AnyDepth,
    /// A name.
    Name,
    /// A name with wildcards: its number, and what the matches have in common.
    Wildcard(u32, Common),
}

/// Whether other parts of the pattern follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PartPlace {
    Inner,
    Last,
}

/// What the names in a directory are compared with.
struct State {
    number: u64,
    /// Sorted.
    positions: Rc<[u32]>,
    /// The positions of wildcards, sorted by what every match has in common, so that few are compared with a name, and then by
    /// their number, so that equal ones are compared once.
    wildcards: Box<[u32]>,
}

/// What all names that match a wildcard have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Common {
    /// Their last byte: `*.log`.
    Last(u8),
    /// Their first byte: `log*`.
    First(u8),
    /// Nothing: `*log*`.
    Nothing,
}

impl Common {
    fn of(glob: &Glob) -> Self {
        // The other bytes may be part of a wildcard.
        let literal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~');
        let text = glob.glob().as_bytes();
        match (text.last().filter(|byte| literal(byte)), text.first().filter(|byte| literal(byte))) {
            (Some(last), _) => Self::Last(*last),
            (None, Some(first)) => Self::First(*first),
            (None, None) => Self::Nothing,
        }
    }

    /// What the wildcards that match a name may have in common.
    fn of_name(name: &[u8]) -> impl Iterator<Item = Self> {
        let (first, last) = (name.first().copied().map(Self::First), name.last().copied().map(Self::Last));
        first.into_iter().chain(last).chain([Self::Nothing])
    }
}

/// The result of a name: the state of the directory of that name, and the patterns that match the path.
#[derive(Clone)]
struct MatchStep {
    next: Rc<State>,
    matched: Rc<[u32]>,
}

/// A directory on the way down.
#[derive(Clone)]
pub(super) struct MatchFrame {
    state: Rc<State>,
    /// The step of a name that no part matches, kept after the first such name.
    otherwise: Option<MatchStep>,
}

impl MatchFrame {
    /// True if no pattern can match anything below.
    pub(super) fn is_at_end(&self) -> bool {
        self.state.positions.is_empty()
    }
}

impl PathMatcher {
    pub(super) fn new<'a>(globs: impl IntoIterator<Item = &'a PathGlob>) -> Self {
        let (mut parts, mut kinds) = (Vec::new(), Vec::new());
        let (mut names, mut wildcards): (HashMap<Box<[u8]>, Vec<u32>>, _) = (HashMap::new(), Vec::new());
        let (mut reader, mut numbers) = (WildcardReader::default(), HashMap::new());
        for (pattern, path_glob) in (0..).zip(globs) {
            kinds.push(path_glob.matches);
            for (at, part) in path_glob.parts.iter().enumerate() {
                let place = if at + 1 == path_glob.parts.len() { PartPlace::Last } else { PartPlace::Inner };
                let content = match part {
                    GlobPart::AnyDepth => PartContent::AnyDepth,
                    GlobPart::Name(name) => {
                        names.entry(name.as_bytes().into()).or_default().push(parts.len() as u32);
                        PartContent::Name
                    }
                    GlobPart::Glob(glob) => {
                        let number = *numbers.entry(glob.glob()).or_insert_with(|| {
                            wildcards.push(reader.read(glob));
                            wildcards.len() as u32 - 1
                        });
                        PartContent::Wildcard(number, Common::of(glob))
                    }
                };
                parts.push(PlacedPart { content, pattern, place });
            }
        }
        let (states, steps, hits) = (HashMap::new(), HashMap::new(), Vec::new());
        Self { parts, kinds, names, wildcards, states, steps, kept_bytes: 0, next_state: 0, hits }
    }

    /// The root directory.
    pub(super) fn root(&mut self) -> MatchFrame {
        let mut positions = Vec::new();
        let first = |at: usize| at == 0 || self.parts[at - 1].place == PartPlace::Last;
        for at in (0..self.parts.len()).filter(|at| first(*at)) {
            self.reach(at as u32, &mut positions);
        }
        MatchFrame { state: self.state(positions), otherwise: None }
    }

    /// Goes to `name` in the directory `frame`: its frame, if it is a directory, and the patterns that match its path. Those
    /// for directories only are among them.
    pub(super) fn step(&mut self, frame: &mut MatchFrame, name: &[u8]) -> (MatchFrame, Rc<[u32]>) {
        let MatchStep { next, matched } = self.find_step(frame, name);
        (MatchFrame { state: next, otherwise: None }, matched)
    }

    /// What the pattern matches.
    pub(super) fn kinds(&self, pattern: u32) -> MatchedKinds {
        self.kinds.get(pattern as usize).copied().unwrap_or(MatchedKinds::All)
    }

    fn find_step(&mut self, frame: &mut MatchFrame, name: &[u8]) -> MatchStep {
        let state = Rc::clone(&frame.state);
        self.hits.clear();
        if let Some(named) = self.names.get(name) {
            self.hits.extend(named.iter().filter(|at| state.positions.binary_search(at).is_ok()));
        }
        if !state.wildcards.is_empty() {
            for common in Common::of_name(name) {
                let mut compared = None;
                for at in state.wildcards.get(self.wildcards_with(&state, common)).into_iter().flatten() {
                    let Some(number) = self.wildcard(*at) else { continue };
                    let is_match = match compared {
                        Some((last, is_match)) if last == number => is_match,
                        _ => self.wildcards.get(number as usize).is_some_and(|wildcard| wildcard.matches(name)),
                    };
                    compared = Some((number, is_match));
                    self.hits.extend(is_match.then_some(*at));
                }
            }
        }
        if self.hits.is_empty() {
            if frame.otherwise.is_none() {
                frame.otherwise = Some(self.known_step(&state));
            }
            if let Some(step) = &frame.otherwise {
                return step.clone();
            }
        }
        self.known_step(&state)
    }

    /// The range of the wildcards of `state` with `common`.
    fn wildcards_with(&self, state: &State, common: Common) -> Range<usize> {
        let of = |at: &u32| match self.parts.get(*at as usize).map(|part| part.content) {
            Some(PartContent::Wildcard(_, common)) => Some(common),
            _ => None,
        };
        let start = state.wildcards.partition_point(|at| of(at) < Some(common));
        start..state.wildcards.partition_point(|at| of(at) <= Some(common))
    }

    /// The number of the wildcard at a position.
    fn wildcard(&self, at: u32) -> Option<u32> {
        match self.parts.get(at as usize)?.content {
            PartContent::Wildcard(number, _) => Some(number),
            PartContent::AnyDepth | PartContent::Name => None,
        }
    }

    /// The step from `state` by the parts in `hits`.
    fn known_step(&mut self, state: &Rc<State>) -> MatchStep {
        let hits: Rc<[u32]> = self.hits[..].into();
        if let Some(step) = self.steps.get(&(state.number, Rc::clone(&hits))) {
            return step.clone();
        }
        let (mut positions, mut matched) = (Vec::new(), Vec::new());
        for at in state.positions.iter().copied() {
            let Some(part) = self.parts.get(at as usize) else { continue };
            if part.content == PartContent::AnyDepth {
                self.reach(at, &mut positions);
                if part.place == PartPlace::Last {
                    matched.push(part.pattern);
                }
            }
        }
        for at in hits.iter().copied() {
            match self.parts.get(at as usize) {
                Some(part) if part.place == PartPlace::Last => matched.push(part.pattern),
                Some(_) => self.reach(at + 1, &mut positions),
                None => {}
            }
        }
        matched.sort_unstable();
        matched.dedup();
        let step = MatchStep { next: self.state(positions), matched: matched.into() };
        self.keep(size_of_val(&*hits) + size_of_val(&*step.matched) + ENTRY_BYTES);
        self.steps.insert((state.number, hits), step.clone());
        step
    }

    /// Makes room for `bytes` in what is kept.
    fn keep(&mut self, bytes: usize) {
        self.kept_bytes = self.kept_bytes.saturating_add(bytes);
        if self.kept_bytes > MAX_BYTES {
            // Both at once: steps hold states.
            self.states.clear();
            self.steps.clear();
            self.kept_bytes = bytes;
        }
    }

    /// Adds a position, and the one behind it if it may stand for no directory.
    fn reach(&self, at: u32, positions: &mut Vec<u32>) {
        positions.push(at);
        if let Some(PlacedPart { content: PartContent::AnyDepth, place: PartPlace::Inner, .. }) =
            self.parts.get(at as usize)
        {
            positions.push(at + 1);
        }
    }

    fn state(&mut self, mut positions: Vec<u32>) -> Rc<State> {
        positions.sort_unstable();
        positions.dedup();
        if let Some(state) = self.states.get(&positions[..]) {
            return Rc::clone(state);
        }
        let wildcard = |at: u32| match self.parts.get(at as usize)?.content {
            PartContent::Wildcard(number, common) => Some((common, number, at)),
            PartContent::AnyDepth | PartContent::Name => None,
        };
        let mut wildcards: Vec<_> = positions.iter().copied().filter_map(wildcard).collect();
        wildcards.sort_unstable();
        let wildcards = wildcards.into_iter().map(|(.., at)| at).collect();
        let (number, positions): (_, Rc<[u32]>) = (self.next_state, positions.into());
        self.next_state += 1;
        let state = Rc::new(State { number, positions: Rc::clone(&positions), wildcards });
        self.keep(state.bytes());
        self.states.insert(positions, Rc::clone(&state));
        state
    }
}

impl State {
    fn bytes(&self) -> usize {
        size_of_val(&*self.positions) + size_of_val(&*self.wildcards) + ENTRY_BYTES
    }
}

/// Finds the first pattern that covers a path: that matches it or a directory above it.
pub(super) struct Coverage<'a> {
    tree: &'a Tree,
    matcher: PathMatcher,
    directories: HashMap<NodeId, CoveredDirectory>,
    root: MatchFrame,
    /// Bytes of the states that directories hold, at most.
    held_bytes: usize,
}

struct CoveredDirectory {
    frame: MatchFrame,
    /// The first pattern that covers it.
    covered_by: Option<u32>,
}

impl<'a> Coverage<'a> {
    pub(super) fn new(tree: &'a Tree, globs: impl IntoIterator<Item = &'a PathGlob>) -> Self {
        let mut matcher = PathMatcher::new(globs);
        let root = matcher.root();
        Self { tree, matcher, directories: HashMap::new(), root, held_bytes: 0 }
    }

    /// The number of the first pattern that covers a file.
    pub(super) fn of_file(&mut self, file: NodeId) -> Option<u32> {
        let tree = self.tree;
        let parent = tree.parent(file)?;
        if self.held_bytes > MAX_HELD_BYTES {
            self.directories.clear();
            self.held_bytes = 0;
        }
        let root = || CoveredDirectory { frame: self.root.clone(), covered_by: None };
        self.directories.entry(NodeId::ROOT).or_insert_with(root);
        let above = std::iter::successors(Some(parent), |node| tree.parent(*node));
        let new: Vec<NodeId> = above.take_while(|node| !self.directories.contains_key(node)).collect();
        for node in new.into_iter().rev() {
            let Some(parent) = tree.parent(node).and_then(|parent| self.directories.get_mut(&parent)) else { break };
            let (frame, matched) = self.matcher.step(&mut parent.frame, tree.name(node));
            let covered_by = parent.covered_by.into_iter().chain(matched.first().copied()).min();
            self.held_bytes = self.held_bytes.saturating_add(frame.state.bytes());
            self.directories.insert(node, CoveredDirectory { frame, covered_by });
        }
        let parent = self.directories.get_mut(&parent)?;
        let (_, matched) = self.matcher.step(&mut parent.frame, tree.name(file));
        let own = matched.iter().copied().find(|pattern| self.matcher.kinds(*pattern) == MatchedKinds::All);
        parent.covered_by.into_iter().chain(own).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first of the patterns that covers a file at `path`.
    fn covered(patterns: &[&str], path: &str) -> Option<u32> {
        let tree = Tree::of_files(&[path]);
        let globs: Vec<PathGlob> = patterns.iter().map(|text| PathGlob::parse(text).unwrap()).collect();
        Coverage::new(&tree, &globs).of_file(tree.find(path.as_bytes()).unwrap())
    }

    #[test]
    fn patterns_match_as_in_gitignore() {
        for (pattern, path, is_covered) in [
            (".git", "app/.git/config", true),
            (".git", "app/.gitignore", false),
            ("/.git", "app/.git/config", false),
            ("a/b", "a/b", true),
            ("a/b", "a/b/c/d", true),
            ("a/b", "x/a/b", false),
            ("**/a/b", "x/y/a/b/c", true),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "a/x/y/c", false),
            ("a/**", "a/b", true),
            ("a/**", "b/a/b", false),
            ("logs/", "x/logs/y", true),
            ("logs/", "x/logs", false),
            ("*.log", "x/y.log", true),
            ("*.log", "x/.log", true),
            ("/*.log", "x/y.log", false),
            ("x/*/z", "x/y/z", true),
            ("x/*/z", "x/y/y/z", false),
            ("file[0-9].tx?", "a/file7.txt", true),
            ("file[!0-9]", "file7", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("{a,b}*", "{a,b}c", true),
            ("{a,b}*", "ac", false),
            ("log*", "log", true),
            ("*log*", "x/catalog7", true),
            ("[ab]*x", "bx", true),
            ("[ab]*x", "cx", false),
            ("a*[xy]", "b/a1y", true),
            ("a\\\\*b", "a\\1b", true),
            ("**", "x", true),
            ("*", "x/y", true),
        ] {
            assert_eq!(covered(&[pattern], path).is_some(), is_covered, "{pattern} {path}");
        }
    }

    #[test]
    fn the_first_of_several_patterns_counts() {
        let patterns = ["**/x/**/end", "**/y/**/end", "y/**", "**/end", "z"];
        for (path, first) in [
            ("x/y/end", Some(0)),
            ("y/x/end", Some(0)),
            ("y/a/end", Some(1)),
            ("y/a", Some(2)),
            ("a/end", Some(3)),
            ("a/z/b/c", Some(4)),
            ("a/b", None),
        ] {
            assert_eq!(covered(&patterns, path), first, "{path}");
        }
    }

    /// Wildcards are matched in sets of a limited size.
    #[test]
    fn hundreds_of_patterns_match_like_one() {
        let patterns: Vec<String> = (0..300).map(|number| format!("*.{number}x")).collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        assert_eq!(covered(&patterns, "a/b.299x"), Some(299));
        assert_eq!(covered(&patterns, "a/b.300x"), None);
    }
}
