//! Finds the kinds of all paths in one pass over the nodes, parents first, without building a path. What the patterns have
//! reached in a directory is its state; most names lead to the same state, so they cost one look-up.

use std::rc::Rc;

use hashbrown::HashMap;

use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::linked_temporary;
use super::patterns::{PATTERNS, PatternRow, VETOES};
use super::proof::{PathProof, ProofFinder};
use crate::tree::{NodeId, Tree};

/// Patterns, and the states that paths have led to.
#[derive(Debug, Default)]
struct KindMatcher {
    parts: Vec<PatternPart>,
    effects: Vec<PatternEffect>,
    /// The positions of names without wildcards.
    names: HashMap<&'static [u8], Vec<u16>>,
    /// The positions of names with wildcards, by their last byte; if they end in `*`, by their first one; and the others.
    by_last: ByByte,
    by_first: ByByte,
    stars: Vec<u16>,
    states: Vec<KindState>,
    numbers: HashMap<Rc<[u16]>, u32>,
    steps: HashMap<(u32, Box<[u16]>), PathStep>,
    /// The step of each state by a name that no part matches.
    otherwise: Vec<Option<u32>>,
    /// Positions that match the current name.
    hits: Vec<u16>,
}

/// Positions by a byte. Each name is looked up, so no hashing.
#[derive(Debug)]
struct ByByte([Vec<u16>; 256]);

impl Default for ByByte {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Vec::new()))
    }
}

impl ByByte {
    fn of(&self, byte: Option<&u8>) -> &[u16] {
        byte.map_or(&[], |byte| &self.0[usize::from(*byte)])
    }
}

/// What the patterns have reached in a directory.
#[derive(Debug)]
struct KindState {
    /// Sorted.
    positions: Rc<[u16]>,
    /// Those of `*`, which matches every name.
    stars: Box<[u16]>,
}

/// A part of a pattern between slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PatternPart {
    content: PartKind,
    /// For the last part, the number of the pattern.
    ends: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartKind {
    /// `**`
    AnyDepth,
    Name,
    /// `start*end`
    Wildcard(&'static [u8], &'static [u8]),
}

/// What a pattern does to the paths that it matches.
#[derive(Debug, Clone, Copy)]
enum PatternEffect {
    Adds(AdviceKind, PathProof),
    Removes(AdviceKind),
    /// A visible path takes the kind out of the whole image.
    Vetoes(AdviceKind),
}

/// The state of the directory of a name, and the patterns that match its path.
#[derive(Debug, Clone)]
struct PathStep {
    next: u32,
    matched: Rc<[u16]>,
}

impl KindMatcher {
    fn new(rows: &[PatternRow], vetoes: &[(AdviceKind, &'static str)]) -> Self {
        let mut matcher = Self::default();
        for (kind, proof, patterns) in rows {
            for text in *patterns {
                match text.strip_prefix('!') {
                    Some(text) => matcher.add(text, PatternEffect::Removes(*kind)),
                    None => matcher.add(text, PatternEffect::Adds(*kind, *proof)),
                }
            }
        }
        for (kind, text) in vetoes {
            matcher.add(text, PatternEffect::Vetoes(*kind));
        }
        matcher
    }

    fn add(&mut self, text: &'static str, effect: PatternEffect) {
        let pattern = self.effects.len() as u16;
        self.effects.push(effect);
        let mut parts = text.strip_prefix('/').unwrap_or(text).split('/').peekable();
        while let Some(part) = parts.next() {
            let at = self.parts.len() as u16;
            let content = match (part, part.split_once('*')) {
                ("**", _) => PartKind::AnyDepth,
                (name, None) => {
                    self.names.entry(name.as_bytes()).or_default().push(at);
                    PartKind::Name
                }
                (_, Some((start, end))) => {
                    let (start, end) = (start.as_bytes(), end.as_bytes());
                    let index = match (end.last(), start.first()) {
                        (Some(last), _) => &mut self.by_last.0[usize::from(*last)],
                        (None, Some(first)) => &mut self.by_first.0[usize::from(*first)],
                        (None, None) => &mut self.stars,
                    };
                    index.push(at);
                    PartKind::Wildcard(start, end)
                }
            };
            let ends = parts.peek().is_none().then_some(pattern);
            self.parts.push(PatternPart { content, ends });
        }
    }

    /// The state of the root directory.
    fn root(&mut self) -> u32 {
        let mut positions = Vec::new();
        for at in 0..self.parts.len() {
            let is_first = at.checked_sub(1).is_none_or(|before| self.parts[before].ends.is_some());
            if is_first {
                self.reach(at as u16, &mut positions);
            }
        }
        self.number_of(positions)
    }

    /// Adds a position, and the one behind it if it may stand for no directory.
    fn reach(&self, at: u16, positions: &mut Vec<u16>) {
        positions.push(at);
        if self.part(at).is_some_and(|part| part.content == PartKind::AnyDepth) {
            positions.push(at.saturating_add(1));
        }
    }

    fn part(&self, at: u16) -> Option<PatternPart> {
        self.parts.get(usize::from(at)).copied()
    }

    fn number_of(&mut self, mut positions: Vec<u16>) -> u32 {
        positions.sort_unstable();
        positions.dedup();
        if let Some(number) = self.numbers.get(&positions[..]) {
            return *number;
        }
        let (positions, number): (Rc<[u16]>, _) = (positions.into(), self.states.len() as u32);
        let stars = self.stars.iter().copied().filter(|at| positions.binary_search(at).is_ok()).collect();
        self.states.push(KindState { positions: Rc::clone(&positions), stars });
        self.otherwise.push(None);
        self.numbers.insert(positions, number);
        number
    }

    /// Goes from a directory in a state to `name`: the state there, and the patterns that match the path.
    fn step(&mut self, state: u32, name: &[u8]) -> (u32, Option<Rc<[u16]>>) {
        let at = state as usize;
        let Some(KindState { positions, stars }) = self.states.get(at) else { return (state, None) };
        self.hits.clear();
        let named = self.names.get(name).into_iter().flatten();
        self.hits.extend(named.filter(|at| positions.binary_search(at).is_ok()));
        for at in self.by_last.of(name.last()).iter().chain(self.by_first.of(name.first())) {
            let is_match = self.parts.get(usize::from(*at)).is_some_and(|part| part.content.matches(name));
            if is_match && positions.binary_search(at).is_ok() {
                self.hits.push(*at);
            }
        }
        self.hits.extend(&**stars);
        if self.hits.is_empty() {
            let known = self.otherwise.get(at).copied().flatten();
            let next = known.unwrap_or_else(|| self.take_step(state).next);
            if let Some(otherwise) = self.otherwise.get_mut(at) {
                *otherwise = Some(next);
            }
            return (next, None);
        }
        let key = (state, self.hits[..].into());
        if let Some(step) = self.steps.get(&key) {
            return (step.next, Some(Rc::clone(&step.matched)));
        }
        let step = self.take_step(state);
        self.steps.insert(key, step.clone());
        (step.next, Some(step.matched))
    }

    /// The step from a state by the parts in `hits`.
    fn take_step(&mut self, state: u32) -> PathStep {
        let (mut positions, mut matched) = (Vec::new(), Vec::new());
        for at in self.states.get(state as usize).into_iter().flat_map(|state| state.positions.iter().copied()) {
            if self.part(at).is_some_and(|part| part.content == PartKind::AnyDepth) {
                self.reach(at, &mut positions);
            }
        }
        for at in self.hits.iter().copied() {
            match self.part(at).and_then(|part| part.ends) {
                Some(pattern) => matched.push(pattern),
                None => self.reach(at.saturating_add(1), &mut positions),
            }
        }
        matched.sort_unstable();
        PathStep { next: self.number_of(positions), matched: matched.into() }
    }
}

impl PartKind {
    fn matches(self, name: &[u8]) -> bool {
        match self {
            Self::Wildcard(start, end) => {
                name.len() >= start.len().saturating_add(end.len()) && name.starts_with(start) && name.ends_with(end)
            }
            Self::AnyDepth | Self::Name => false,
        }
    }
}

/// The kinds of each node of a tree.
#[derive(Debug)]
pub(super) struct PathKinds {
    /// By [`NodeId::index`], a number in `frames`.
    frame_of: Vec<u32>,
    frames: Vec<Frame>,
    /// The kinds that a file takes out of the whole image.
    pub(super) vetoed: KindSet,
}

/// Nodes with the same state and kinds.
#[derive(Debug, Clone, Copy)]
struct Frame {
    state: u32,
    kinds: KindSet,
    /// The frame of a child whose name no part matches.
    otherwise: Option<u32>,
}

impl PathKinds {
    /// Matches all nodes with the patterns of the kinds.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut paths = Self::matched(tree, PATTERNS, VETOES);
        match linked_temporary::needed(tree) {
            Some(needed) => paths.take_out(AdviceKind::TemporaryFiles, &needed),
            // No finding is better than a false one.
            None => paths.vetoed = paths.vetoed.with(AdviceKind::TemporaryFiles),
        }
        paths
    }

    /// Takes a kind from these nodes alone.
    fn take_out(&mut self, kind: AdviceKind, nodes: &[NodeId]) {
        let mut without: HashMap<u32, u32> = HashMap::new();
        for node in nodes {
            let Some(number) = self.frame_of.get_mut(node.index()) else { continue };
            *number = *without.entry(*number).or_insert_with_key(|number| {
                let frame = self.frames.get(*number as usize).copied();
                self.frames.extend(frame.map(|frame| Frame { kinds: frame.kinds.without(kind), ..frame }));
                (self.frames.len() as u32).saturating_sub(1)
            });
        }
    }

    fn matched(tree: &Tree, rows: &[PatternRow], vetoes: &[(AdviceKind, &'static str)]) -> Self {
        let mut matcher = KindMatcher::new(rows, vetoes);
        let root = Frame { state: matcher.root(), kinds: KindSet::default(), otherwise: None };
        let mut found = Self { frame_of: vec![0; tree.node_count()], frames: vec![root], vetoed: KindSet::default() };
        let mut numbers: HashMap<(u32, KindSet), u32> = HashMap::new();
        let mut finder = ProofFinder::of(tree);
        for node in tree.nodes() {
            let Some(parent) = tree.parent(node) else { continue };
            let above = found.number(parent);
            let Some(frame) = found.frames.get(above as usize).copied() else { continue };
            let (state, matched) = matcher.step(frame.state, tree.name(node));
            let number = if let (None, Some(otherwise)) = (&matched, frame.otherwise) {
                otherwise
            } else {
                let kinds = matched.as_deref().map_or(frame.kinds, |matched| {
                    found.apply(&mut finder, node, matched, &matcher.effects, frame.kinds)
                });
                *numbers.entry((state, kinds)).or_insert_with(|| {
                    found.frames.push(Frame { state, kinds, otherwise: None });
                    (found.frames.len() as u32).saturating_sub(1)
                })
            };
            if let (None, Some(frame)) = (&matched, found.frames.get_mut(above as usize)) {
                frame.otherwise = Some(number);
            }
            if let Some(own) = found.frame_of.get_mut(node.index()) {
                *own = number;
            }
        }
        found
    }

    fn number(&self, node: NodeId) -> u32 {
        self.frame_of.get(node.index()).copied().unwrap_or_default()
    }

    /// The kinds that match the path of a node or of a directory above it.
    pub(super) fn of_node(&self, node: NodeId) -> KindSet {
        self.frames.get(self.number(node) as usize).map_or_else(KindSet::default, |frame| frame.kinds)
    }

    /// True if any path is of one of these kinds.
    pub(super) fn contain(&self, kinds: KindSet) -> bool {
        self.frames.iter().any(|frame| frame.kinds.and(kinds) != KindSet::default())
    }

    /// For each node, by [`NodeId::index`], the kinds that match it and every visible file below it: its deletion takes no other
    /// file along.
    pub(super) fn removable(&self, tree: &Tree) -> Vec<KindSet> {
        let Some(last) = tree.last_layer() else { return Vec::new() };
        let mut removable = vec![KindSet::ALL; tree.node_count()];
        // Children follow their parents, so a node is complete when its turn comes.
        for node in tree.nodes().rev() {
            let own = self.of_node(node);
            let is_file = tree.visible(node, last).is_some_and(|span| !tree.span(span).kind.is_directory());
            let Some(below) = removable.get_mut(node.index()) else { continue };
            let inside = if is_file { below.and(own) } else { *below };
            *below = inside.and(own);
            if let Some(above) = tree.parent(node).and_then(|parent| removable.get_mut(parent.index())) {
                *above = above.and(inside);
            }
        }
        removable
    }

    /// The kinds of a node that `matched` patterns match, below a directory of the kinds `above`.
    fn apply(
        &mut self,
        finder: &mut ProofFinder<'_>,
        node: NodeId,
        matched: &[u16],
        effects: &[PatternEffect],
        above: KindSet,
    ) -> KindSet {
        let effects = || matched.iter().filter_map(|pattern| effects.get(usize::from(*pattern)).copied());
        let mut kinds = above;
        for effect in effects() {
            match effect {
                PatternEffect::Adds(kind, proof) if finder.prove(proof, node) => kinds = kinds.with(kind),
                PatternEffect::Vetoes(kind) if finder.is_visible(node) => self.vetoed = self.vetoed.with(kind),
                _ => {}
            }
        }
        for effect in effects() {
            if let PatternEffect::Removes(kind) = effect {
                kinds = kinds.without(kind);
            }
        }
        kinds
    }
}
