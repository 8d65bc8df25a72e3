//! Matches the paths of a tree with many patterns at once, name by name on the way down. The parts of all patterns stand in one
//! row, and the parts that the patterns have reached are the state of a directory, a bit each. A name costs a look-up, a step a
//! byte for each block of wildcards, and, if it matches, a few operations on the words of the state: no pattern of its own.

use std::cell::OnceCell;
use std::rc::Rc;

use globset::Glob;
use hashbrown::HashMap;

use super::wildcard::{Common, WildcardBlocks};
use crate::config::{GlobPart, MatchedKinds, PathGlob};
use dive_model::tree::{NodeId, Tree};

/// Limit of the bytes that the states of directories may take together. Most directories share one.
const MAX_HELD_BYTES: usize = 128 << 20;

/// A bit per part.
type PartBits = Box<[u64]>;

/// Patterns, and the parts of them.
pub(super) struct PathMatcher {
    /// The kinds that each pattern matches.
    kinds: Vec<MatchedKinds>,
    /// The pattern of each part.
    pattern_of: Vec<u32>,
    /// The block of each part that is a wildcard, but for `*`.
    block_of: Vec<Option<u32>>,
    /// The parts that are names.
    names: HashMap<Box<[u8]>, PartBits>,
    wildcards: WildcardBlocks,
    /// The parts of each wildcard, by its number.
    wildcard_parts: Vec<PartBits>,
    masks: PartMasks,
    /// The parts that match the current name.
    hits: PartBits,
    /// The wildcards that match the current name.
    found: Vec<u32>,
    /// Steps so far: bytes of names times blocks, and words of states.
    #[cfg(test)]
    work: u64,
}

/// Parts by what they are.
#[derive(Default)]
struct PartMasks {
    /// `**`.
    any_depth: PartBits,
    /// `**` before other parts: the next part is reached together with it.
    open: PartBits,
    /// `*`, which matches every name.
    any_name: PartBits,
    /// The last part of each pattern.
    last: PartBits,
}

/// What the names in a directory are compared with.
struct MatchState {
    /// The parts that the path has reached.
    reached: PartBits,
    /// The blocks of the wildcards among them, sorted.
    blocks: Box<[u32]>,
    /// The result of a name that only `*` and `**` match, computed for the first.
    otherwise: OnceCell<Otherwise>,
}

/// The result of a name that only `*` and `**` match.
struct Otherwise {
    /// The state of the directory of that name; `None` if it is the same one.
    next: Option<Rc<MatchState>>,
    /// The patterns that match its path.
    matched: Rc<[u32]>,
}

/// A directory on the way down.
#[derive(Clone)]
pub(super) struct MatchFrame(Rc<MatchState>);

impl MatchFrame {
    /// True if no pattern can match anything below.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.reached.iter().all(|word| *word == 0)
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.0.reached) + size_of_val(&*self.0.blocks) + size_of::<MatchState>()
    }
}

impl PathMatcher {
    pub(super) fn new<'a>(globs: impl IntoIterator<Item = &'a PathGlob>) -> Self {
        let globs: Vec<&PathGlob> = globs.into_iter().collect();
        let words = globs.iter().map(|glob| glob.parts.len()).sum::<usize>().div_ceil(64);
        let none = || vec![0; words].into_boxed_slice();
        let mut masks = PartMasks { any_depth: none(), open: none(), any_name: none(), last: none() };
        let (mut pattern_of, mut names): (_, HashMap<Box<[u8]>, PartBits>) = (Vec::new(), HashMap::new());
        let (mut different, mut numbers): (Vec<&Glob>, HashMap<&str, u32>) = (Vec::new(), HashMap::new());
        let (mut wildcard_parts, mut number_of) = (Vec::new(), Vec::new());
        for (pattern, glob) in (0..).zip(&globs) {
            for (at, part) in glob.parts.iter().enumerate() {
                let (here, is_last) = (pattern_of.len(), at + 1 == glob.parts.len());
                pattern_of.push(pattern);
                number_of.push(None);
                match part {
                    GlobPart::AnyDepth => {
                        set(&mut masks.any_depth, here);
                        if !is_last {
                            set(&mut masks.open, here);
                        }
                    }
                    GlobPart::Name(name) => set(names.entry(name.as_bytes().into()).or_insert_with(none), here),
                    GlobPart::Glob(glob) => {
                        let number = *numbers.entry(glob.glob()).or_insert_with(|| {
                            different.push(glob);
                            wildcard_parts.push(none());
                            different.len() as u32 - 1
                        });
                        number_of[here] = Some(number);
                        if let Some(parts) = wildcard_parts.get_mut(number as usize) {
                            set(parts, here);
                        }
                    }
                }
                if is_last {
                    set(&mut masks.last, here);
                }
            }
        }
        let wildcards = WildcardBlocks::of(&different);
        let block_of = number_of.iter().map(|number| number.and_then(|number| wildcards.block_of(number))).collect();
        for (here, number) in number_of.iter().enumerate() {
            if number.is_some_and(|number| wildcards.block_of(number).is_none()) {
                set(&mut masks.any_name, here);
            }
        }
        Self {
            kinds: globs.iter().map(|glob| glob.matches).collect(),
            pattern_of,
            block_of,
            names,
            wildcards,
            wildcard_parts,
            masks,
            hits: none(),
            found: Vec::new(),
            #[cfg(test)]
            work: 0,
        }
    }

    /// The root directory.
    pub(super) fn root(&self) -> MatchFrame {
        // The first part of a pattern follows the last of the one before.
        let first = self.masks.last.iter().scan(1, |carried, last| {
            let first = (last << 1) | *carried;
            *carried = last >> 63;
            Some(first)
        });
        let mut reached: PartBits = first.collect();
        // After the last pattern, there is no part.
        if let Some(word) = reached.last_mut().filter(|_| !self.pattern_of.len().is_multiple_of(64)) {
            *word &= (1 << (self.pattern_of.len() % 64)) - 1;
        }
        MatchFrame(Rc::new(self.state(reached)))
    }

    /// The patterns that match the path of `name` in the directory `frame`. Those for directories only are among them.
    pub(super) fn matched(&mut self, frame: &MatchFrame, name: &[u8]) -> Rc<[u32]> {
        match self.find_hits(&frame.0, name) {
            NameMatch::Hits => self.patterns(&frame.0),
            NameMatch::NoHits => Rc::clone(&self.otherwise(&frame.0).matched),
        }
    }

    /// Goes to the directory `name` in the directory `frame`: its frame, and the patterns that match its path.
    pub(super) fn descend(&mut self, frame: &MatchFrame, name: &[u8]) -> (MatchFrame, Rc<[u32]>) {
        let state = &frame.0;
        match self.find_hits(state, name) {
            NameMatch::Hits => {
                #[cfg(test)]
                {
                    self.work += state.reached.len() as u64;
                }
                let next = self.next(state).map_or_else(|| Rc::clone(state), Rc::new);
                (MatchFrame(next), self.patterns(state))
            }
            NameMatch::NoHits => {
                let Otherwise { next, matched } = self.otherwise(state);
                (MatchFrame(Rc::clone(next.as_ref().unwrap_or(state))), Rc::clone(matched))
            }
        }
    }

    /// What the pattern matches.
    pub(super) fn kinds(&self, pattern: u32) -> MatchedKinds {
        self.kinds.get(pattern as usize).copied().unwrap_or(MatchedKinds::All)
    }

    /// The result of a name in a directory with `state` that only `*` and `**` match.
    fn otherwise<'s>(&self, state: &'s MatchState) -> &'s Otherwise {
        // The hits are those of `*`.
        state.otherwise.get_or_init(|| Otherwise { next: self.next(state).map(Rc::new), matched: self.patterns(state) })
    }

    /// Finds the parts that match `name` in a directory with `state`.
    fn find_hits(&mut self, state: &MatchState, name: &[u8]) -> NameMatch {
        self.hit_any_name(state);
        let mut matched = NameMatch::NoHits;
        if let Some(parts) = self.names.get(name) {
            matched = matched.or(add(&mut self.hits, parts, &state.reached));
        }
        if state.blocks.is_empty() {
            return matched;
        }
        self.found.clear();
        for common in Common::of_name(name) {
            let of = |block: &u32| self.wildcards.common(*block);
            let start = state.blocks.partition_point(|block| of(block) < Some(common));
            for block in state.blocks.iter().skip(start).take_while(|block| of(block) == Some(common)) {
                self.wildcards.find(*block, name, &mut self.found);
                #[cfg(test)]
                {
                    self.work += name.len() as u64;
                }
            }
        }
        for number in &self.found {
            if let Some(parts) = self.wildcard_parts.get(*number as usize) {
                matched = matched.or(add(&mut self.hits, parts, &state.reached));
            }
        }
        matched
    }

    /// Begins a name: `*` matches it.
    fn hit_any_name(&mut self, state: &MatchState) {
        for ((hit, reached), any) in self.hits.iter_mut().zip(&state.reached).zip(&self.masks.any_name) {
            *hit = reached & any;
        }
    }

    /// The patterns that the current name completes in a directory with `state`, sorted.
    fn patterns(&self, state: &MatchState) -> Rc<[u32]> {
        let PartMasks { any_depth, last, .. } = &self.masks;
        let words = self.hits.iter().zip(&state.reached).zip(any_depth).zip(last);
        let completed = words.map(|(((hit, reached), any_depth), last)| (hit | (reached & any_depth)) & last);
        bits(completed).filter_map(|at| self.pattern_of.get(at).copied()).collect()
    }

    /// The state of the directory of the current name; `None` if it is `state`.
    fn next(&self, state: &MatchState) -> Option<MatchState> {
        let PartMasks { any_depth, last, .. } = &self.masks;
        let mut carried = 0;
        let words = self.hits.iter().zip(&state.reached).zip(any_depth).zip(last);
        let reached: PartBits = words
            .map(|(((hit, reached), any_depth), last)| {
                let inner = hit & !last;
                let next = (inner << 1) | carried | (reached & any_depth);
                carried = inner >> 63;
                next
            })
            .collect();
        let next = self.state(reached);
        (next.reached != state.reached).then_some(next)
    }

    /// The state of a directory that has reached these parts, and those behind a `**`, which may stand for no directory.
    fn state(&self, mut reached: PartBits) -> MatchState {
        let mut carried = 0;
        for (word, open) in reached.iter_mut().zip(&self.masks.open) {
            let open = *word & open;
            *word |= (open << 1) | carried;
            carried = open >> 63;
        }
        let mut blocks: Vec<u32> =
            bits(reached.iter().copied()).filter_map(|at| self.block_of.get(at).copied().flatten()).collect();
        blocks.sort_unstable();
        blocks.dedup();
        MatchState { reached, blocks: blocks.into(), otherwise: OnceCell::new() }
    }
}

/// Whether more than `*` and `**` matches a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameMatch {
    Hits,
    NoHits,
}

impl NameMatch {
    const fn or(self, other: Self) -> Self {
        match self {
            Self::Hits => Self::Hits,
            Self::NoHits => other,
        }
    }
}

/// Adds the parts that are reached to `hits`.
fn add(hits: &mut [u64], parts: &[u64], reached: &[u64]) -> NameMatch {
    let mut any = 0;
    for ((hit, part), reached) in hits.iter_mut().zip(parts).zip(reached) {
        any |= part & reached;
        *hit |= part & reached;
    }
    if any == 0 { NameMatch::NoHits } else { NameMatch::Hits }
}

fn set(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

/// The places of the bits that are set.
fn bits(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(word, mut left)| {
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(word * 64 + bit)
        })
    })
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
    pub(super) fn new<'g>(tree: &'a Tree, globs: impl IntoIterator<Item = &'g PathGlob>) -> Self {
        let matcher = PathMatcher::new(globs);
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
        let above = tree.ancestors(parent);
        let new: Vec<NodeId> = above.take_while(|node| !self.directories.contains_key(node)).collect();
        for node in new.into_iter().rev() {
            let Some(parent) = tree.parent(node).and_then(|parent| self.directories.get(&parent)) else { break };
            let (frame, matched) = self.matcher.descend(&parent.frame, tree.name(node));
            let covered_by = parent.covered_by.into_iter().chain(matched.first().copied()).min();
            self.held_bytes = self.held_bytes.saturating_add(frame.bytes());
            self.directories.insert(node, CoveredDirectory { frame, covered_by });
        }
        let parent = self.directories.get(&parent)?;
        let matched = self.matcher.matched(&parent.frame, tree.name(file));
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

    /// Walks a tree of these paths, and returns the steps that it took.
    fn work(patterns: &[String], paths: &[String]) -> u64 {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let tree = Tree::of_files(&paths);
        let globs: Vec<PathGlob> = patterns.iter().map(|text| PathGlob::parse(text).unwrap()).collect();
        let mut coverage = Coverage::new(&tree, &globs);
        for path in paths {
            coverage.of_file(tree.find(path.as_bytes()).unwrap());
        }
        coverage.matcher.work
    }

    /// Each directory reaches other parts than all before it, and all wildcards stay in play.
    #[test]
    fn hostile_wildcards_cost_a_step_a_byte_for_each_block() {
        let letters = |number: usize| [number / 16 % 16, number % 16].map(|at| char::from(b'a' + at as u8));
        let pattern = |[a, b]: [char; 2]| format!("**/*x{a}{b}*/**/*y1{a}?{b}*/**/w");
        let patterns: Vec<String> = (0..200).map(|number| pattern(letters(number))).collect();
        let path = |number: usize| {
            let matches = (0..6).map(|at| letters((number * 31 + at * 7) % 200)).map(|[a, b]| format!("x{a}{b}"));
            format!("{}{number}/y1a-b{number}/{number}", matches.collect::<String>())
        };
        let paths: Vec<String> = (0..3000).map(path).collect();
        let sum = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        // 400 wildcards, each compared alone, would be 400 steps a byte.
        let (blocks, words) = (sum(&patterns) / 64, 200 * 6 / 64 + 1);
        assert!(work(&patterns, &paths) < (sum(&paths) * blocks + paths.len() * 2 * words) as u64);
    }

    /// Every directory keeps a part of every pattern in play.
    #[test]
    fn hostile_names_cost_words_and_not_parts() {
        let patterns: Vec<String> = (0..50).map(|_| format!("**{}", "/a".repeat(60))).collect();
        let paths: Vec<String> = (0..200).map(|number| format!("{number}/{}b", "a/".repeat(100))).collect();
        let parts = 50 * 61;
        assert!(work(&patterns, &paths) < (paths.len() * 101 * (parts / 64 + 1)) as u64);
    }
}
