//! Checks the rules about paths, all of them in one walk over the tree.

use std::cmp::Reverse;
use std::ops::Range;
use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::path_match::{MatchFrame, PathMatcher};
use super::path_outcome::{Excepted, PathOutcome, PathPlace, PathStatus, PathsChecked};
use crate::config::{Ignore, Ignored, MatchedKinds, PathDemand, PathGlob, PathReach, PathRule};
use dive_model::Opened;
use dive_model::layer::LayerIndex;
use dive_model::tree::{NodeId, SpanId, SpanKind, Tree};
use dive_model::units::Bytes;

/// Number of places that are kept of each rule.
const PLACES: usize = 5;

/// Checks `rules` on the files of `layers`. Paths in `ignores`, each with its number, are excepted from all rules.
pub(super) fn check<'a>(
    opened: &Opened,
    rules: &[PathRule],
    ignores: impl Iterator<Item = (usize, &'a Ignore)>,
    layers: &Range<usize>,
) -> PathsChecked {
    let ignored = ignores.filter_map(|(number, ignore)| match &ignore.what {
        Ignored::Path(glob) => Some((glob, number)),
        Ignored::Class(_) | Ignored::Advice { .. } => None,
    });
    let (ignored_globs, ignored_numbers): (Vec<&PathGlob>, Vec<usize>) = ignored.unzip();
    let globs = rules.iter().map(|rule| &rule.glob).chain(ignored_globs);
    let mut walk = PathWalk {
        tree: &opened.tree,
        last: opened.tree.last_layer(),
        layers,
        rules,
        matcher: PathMatcher::new(globs),
        linked: linked_inodes(&opened.tree),
        counted: HashMap::new(),
        sums: vec![PatternSum::default(); rules.len() + ignored_numbers.len()],
        groups: Vec::new(),
        next_group: 0,
        covering: Covering::default(),
    };
    walk.run();
    let sums = walk.sums;
    let outcome = |(rule, sum): (&PathRule, &PatternSum)| {
        let status = match rule.demand {
            PathDemand::HighestBytes(limit) if sum.size_bytes > 0 && Bytes(sum.size_bytes) >= limit => {
                PathStatus::Broken
            }
            PathDemand::Forbid | PathDemand::Require => {
                let is_kept = sum.places.is_empty() == (rule.demand == PathDemand::Forbid);
                if is_kept { PathStatus::Kept } else { PathStatus::Broken }
            }
            PathDemand::HighestBytes(_) | PathDemand::Except if !sum.is_matched => PathStatus::Unmatched,
            PathDemand::HighestBytes(_) | PathDemand::Except => PathStatus::Kept,
        };
        let places = sum.places.iter().map(|(_, place)| *place).collect();
        let PatternSum { files, size_bytes, excepted, hidden, .. } = *sum;
        PathOutcome { rule: rule.clone(), status, files, size_bytes, excepted, places, hidden }
    };
    let outcomes = rules.iter().zip(&sums).map(outcome).collect();
    // The patterns of exceptions follow those of the rules.
    let excepts = sums.iter().skip(rules.len()).map(|sum| sum.excepted.files());
    PathsChecked { outcomes, ignored_files: ignored_numbers.into_iter().zip(excepts).collect() }
}

/// Inodes with several names. Few images have many.
fn linked_inodes(tree: &Tree) -> HashSet<SpanId> {
    let links = tree.all_spans().filter(|span| tree.span(*span).kind == SpanKind::HardLink);
    links.map(|span| tree.inode(span)).collect()
}

struct PathWalk<'a> {
    tree: &'a Tree,
    last: Option<LayerIndex>,
    layers: &'a Range<usize>,
    rules: &'a [PathRule],
    matcher: PathMatcher,
    linked: HashSet<SpanId>,
    /// For each linked inode, a bit per rule that has counted it.
    counted: HashMap<SpanId, Box<[u64]>>,
    /// By pattern.
    sums: Vec<PatternSum>,
    /// The groups of the open directories. Those of a directory end with it.
    groups: Vec<Group>,
    /// The number of the next group.
    next_group: u64,
    /// Memory for the next file: most match on their own, and each would allocate.
    covering: Covering,
}

/// What a pattern has found.
#[derive(Debug, Clone, Default)]
struct PatternSum {
    is_matched: bool,
    files: u64,
    size_bytes: u64,
    hidden: Option<(NodeId, LayerIndex)>,
    /// What it excepts from rules.
    excepted: Excepted,
    /// The largest matches with the number of each group: largest first, equal ones in the order of the walk.
    places: Vec<(u64, PathPlace)>,
}

impl PatternSum {
    /// Adds a match, and drops the smallest if there are too many.
    fn keep_place(&mut self, number: u64, place: PathPlace) {
        let key = |(number, place): &(u64, PathPlace)| (Reverse(place.size_bytes), *number);
        let new = (number, place);
        let at = self.places.partition_point(|kept| key(kept) < key(&new));
        if at < PLACES {
            self.places.truncate(PLACES - 1);
            self.places.insert(at, new);
        }
    }
}

/// Matches of a rule below one directory.
struct Group {
    /// In the order of the walk.
    number: u64,
    rule: u32,
    node: NodeId,
    kind: GroupKind,
    /// The last file.
    only: NodeId,
    /// Whether the rule counts the directory itself.
    counts_empty: bool,
    files: u64,
    /// Files that do not count.
    excepted: u64,
    size_bytes: u64,
    layer: LayerIndex,
}

/// What matches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GroupKind {
    /// A directory, with everything below it.
    Directory,
    /// Files of a directory, one by one.
    Files,
}

/// The patterns that cover a path, sorted, and the groups that it belongs to, by rule.
#[derive(Default)]
struct Covering {
    patterns: Vec<u32>,
    groups: Vec<(u32, usize)>,
}

/// The last exceptions that cover a path.
#[derive(Clone, Copy)]
struct LastExceptions {
    /// In `ignore:` or among the rules.
    any: Option<u32>,
    /// Among the rules.
    listed: Option<u32>,
}

impl LastExceptions {
    /// The last exception from a rule of this demand. A path in `ignore:` is accepted, so it is there for a rule that requires it.
    const fn of(self, demand: PathDemand) -> Option<u32> {
        match demand {
            PathDemand::Require => self.listed,
            PathDemand::Forbid | PathDemand::HighestBytes(_) | PathDemand::Except => self.any,
        }
    }
}

/// A directory on the way down.
struct OpenDirectory {
    children: Vec<NodeId>,
    frame: MatchFrame,
    covering: Rc<Covering>,
    /// The groups of files that match themselves, by rule.
    own: HashMap<u32, usize>,
    /// The groups before those of this directory.
    groups_before: usize,
    node: NodeId,
}

/// A path in the finished file system and in all layers.
struct PathSight {
    is_directory: bool,
    last: ReachSight,
    all: ReachSight,
}

/// The part of a path that a rule can see.
struct ReachSight {
    /// The layer of the path, in any layer; `None` if it is not there.
    layer: Option<LayerIndex>,
    /// What rules count of it; `None` if it is not there, or in other layers.
    seen: Option<SeenPath>,
}

impl PathSight {
    const fn at(&self, reach: PathReach) -> &ReachSight {
        match reach {
            PathReach::Final => &self.last,
            PathReach::AllLayers => &self.all,
        }
    }
}

/// What a rule counts of a path.
#[derive(Clone, Copy)]
struct SeenPath {
    layer: LayerIndex,
    size_bytes: u64,
    inode: Option<SpanId>,
}

impl PathWalk<'_> {
    fn run(&mut self) {
        let root = OpenDirectory {
            children: self.children(NodeId::ROOT),
            frame: self.matcher.root(),
            covering: Rc::default(),
            own: HashMap::new(),
            groups_before: 0,
            node: NodeId::ROOT,
        };
        // A stack, not a recursion: an image may be thousands of levels deep.
        let mut open = vec![root];
        while let Some(directory) = open.last_mut() {
            let below = match directory.children.pop() {
                None => {
                    let groups_before = directory.groups_before;
                    open.pop();
                    self.end_groups(groups_before);
                    continue;
                }
                Some(node) => self.visit(directory, node),
            };
            open.extend(below);
        }
    }

    /// Last first, so that they are popped in order.
    fn children(&self, directory: NodeId) -> Vec<NodeId> {
        let mut children: Vec<NodeId> = self.tree.children(directory).collect();
        children.reverse();
        children
    }

    /// Visits a path, and returns it if it has paths below.
    fn visit(&mut self, above: &mut OpenDirectory, node: NodeId) -> Option<OpenDirectory> {
        let tree = self.tree;
        let (frame, matched) = match tree.children(node).next() {
            Some(_) => {
                let (frame, matched) = self.matcher.descend(&above.frame, tree.name(node));
                (Some(frame), matched)
            }
            None => (None, self.matcher.matched(&above.frame, tree.name(node))),
        };
        let mut groups_before = self.groups.len();
        let mut covering = Rc::clone(&above.covering);
        if !matched.is_empty() || !covering.patterns.is_empty() {
            let sight = self.sight(node);
            let mut own = std::mem::take(&mut self.covering);
            let is_covered = !matched.is_empty() && self.cover(above, node, &matched, &sight, &mut own);
            if !sight.is_directory {
                // The groups of files are of the directory above.
                groups_before = self.groups.len();
                self.count(node, if is_covered { &own } else { &covering }, &sight);
            } else if is_covered {
                covering = Rc::new(std::mem::take(&mut own));
            }
            self.covering = own;
        }
        let Some(frame) = frame.filter(|frame| !frame.is_at_end() || !covering.patterns.is_empty()) else {
            self.end_groups(groups_before);
            return None;
        };
        let children = self.children(node);
        Some(OpenDirectory { children, frame, covering, own: HashMap::new(), groups_before, node })
    }

    /// Keeps the matches of the last groups, if they are among the largest.
    fn end_groups(&mut self, before: usize) {
        for group in self.groups.drain(before..) {
            // With all its content excepted, a directory is no match. An empty one is.
            let is_match = group.files > 0 || (group.excepted == 0 && group.counts_empty);
            if let Some(sum) = self.sums.get_mut(group.rule as usize).filter(|_| is_match) {
                let node = match group.kind {
                    GroupKind::Files if group.files == 1 => group.only,
                    GroupKind::Files | GroupKind::Directory => group.node,
                };
                let Group { files, size_bytes, layer, .. } = group;
                sum.keep_place(group.number, PathPlace { node, files, size_bytes, layer });
            }
        }
    }

    /// Writes the patterns that cover `node` and its groups into `covering`. `false` if they are those of the directory above.
    fn cover(
        &mut self,
        above: &mut OpenDirectory,
        node: NodeId,
        matched: &[u32],
        sight: &PathSight,
        covering: &mut Covering,
    ) -> bool {
        let is_directory = sight.is_directory;
        let Covering { patterns, groups } = covering;
        patterns.clear();
        let inherited = &above.covering.patterns;
        patterns.extend(matched.iter().copied().filter(|pattern| {
            (is_directory || self.matcher.kinds(*pattern) == MatchedKinds::All)
                && inherited.binary_search(pattern).is_err()
        }));
        let new = patterns.len();
        if new == 0 {
            return false;
        }
        patterns.extend(inherited);
        let exceptions = self.last_exceptions(patterns);
        groups.clear();
        groups.extend(&above.covering.groups);
        for pattern in patterns.iter().copied().take(new) {
            let Some(rule) = self.rules.get(pattern as usize) else { continue };
            let ReachSight { layer: Some(layer), seen } = sight.at(rule.reach) else { continue };
            if let Some(sum) = self.sums.get_mut(pattern as usize) {
                sum.is_matched = true;
            }
            if rule.demand == PathDemand::Except {
                continue;
            }
            if let Some(exception) = exceptions.of(rule.demand).filter(|exception| *exception > pattern) {
                if let Some(sum) = self.sums.get_mut(exception as usize) {
                    sum.excepted.add_directory();
                }
                continue;
            }
            // Files that match themselves share the group of their directory.
            let shared = if is_directory { None } else { above.own.get(&pattern).copied() };
            let group = shared.unwrap_or(self.groups.len());
            if shared.is_none() {
                self.groups.push(Group {
                    number: self.next_group,
                    rule: pattern,
                    node: if is_directory { node } else { above.node },
                    kind: if is_directory { GroupKind::Directory } else { GroupKind::Files },
                    only: node,
                    counts_empty: is_directory && seen.is_some(),
                    files: 0,
                    excepted: 0,
                    size_bytes: 0,
                    layer: *layer,
                });
                self.next_group += 1;
                if !is_directory {
                    above.own.insert(pattern, group);
                }
            }
            groups.push((pattern, group));
        }
        patterns.sort_unstable();
        true
    }

    /// Adds a file to the sums of the patterns that cover it.
    fn count(&mut self, node: NodeId, covering: &Covering, sight: &PathSight) {
        let exceptions = self.last_exceptions(&covering.patterns);
        let rules = self.rules;
        for (pattern, group) in covering.groups.iter().copied() {
            let Some(rule) = rules.get(pattern as usize) else { continue };
            let ReachSight { layer: Some(_), seen } = sight.at(rule.reach) else { continue };
            let seen = seen.filter(|_| exceptions.of(rule.demand).is_none_or(|last| last < pattern));
            let Some(group) = self.groups.get_mut(group) else { continue };
            let Some(seen) = seen else {
                group.excepted = group.excepted.saturating_add(1);
                continue;
            };
            if group.files == 0 {
                group.layer = seen.layer;
            }
            let is_counted =
                seen.inode.is_some_and(|inode| !counts_first(&mut self.counted, rules.len(), pattern, inode));
            let size_bytes = if is_counted { 0 } else { seen.size_bytes };
            group.files = group.files.saturating_add(1);
            group.size_bytes = group.size_bytes.saturating_add(size_bytes);
            group.only = node;
            if let Some(sum) = self.sums.get_mut(pattern as usize) {
                sum.files = sum.files.saturating_add(1);
                sum.size_bytes = sum.size_bytes.saturating_add(size_bytes);
            }
        }
        self.note(node, &covering.patterns, exceptions, sight);
    }

    /// Notes files that an exception takes from a rule, and deleted files that a rule does not see.
    fn note(&mut self, node: NodeId, covered: &[u32], exceptions: LastExceptions, sight: &PathSight) {
        let rules = self.rules;
        let last_exception = exceptions.any;
        let counts = |pattern: &u32| match rules.get(*pattern as usize) {
            Some(rule) => {
                let is_excepted = exceptions.of(rule.demand).is_some_and(|exception| exception > *pattern);
                rule.demand != PathDemand::Except && is_excepted && sight.at(rule.reach).seen.is_some()
            }
            None => false,
        };
        if let Some(exception) = last_exception
            && covered.iter().take_while(|pattern| **pattern < exception).any(counts)
            && let Some(sum) = self.sums.get_mut(exception as usize)
        {
            sum.excepted.add_file();
        }
        if sight.last.layer.is_some() {
            return;
        }
        for pattern in
            covered.iter().copied().filter(|pattern| last_exception.is_none_or(|exception| exception < *pattern))
        {
            let Some(rule) = rules.get(pattern as usize) else { continue };
            if (rule.demand, rule.reach) != (PathDemand::Forbid, PathReach::Final) {
                continue;
            }
            let stored = sight.all.seen.map(|seen| (node, seen.layer));
            if let Some(sum) = self.sums.get_mut(pattern as usize).filter(|sum| sum.hidden.is_none()) {
                sum.hidden = stored;
            }
        }
    }

    /// The last of the patterns that are exceptions; they need not be sorted.
    fn last_exceptions(&self, covered: &[u32]) -> LastExceptions {
        let rules = self.rules.len();
        let is_ignored = |pattern: &u32| *pattern as usize >= rules;
        let is_except =
            |pattern: &u32| self.rules.get(*pattern as usize).is_some_and(|rule| rule.demand == PathDemand::Except);
        let listed = covered.iter().copied().filter(is_except).max();
        // The patterns of `ignore:` follow those of the rules.
        LastExceptions { any: covered.iter().copied().filter(is_ignored).max().or(listed), listed }
    }

    fn sight(&self, node: NodeId) -> PathSight {
        let tree = self.tree;
        let visible = self.last.and_then(|last| tree.visible(node, last));
        let is_directory = match visible {
            Some(span) => tree.span(span).kind.is_directory(),
            None => tree.spans(node).next().is_none_or(|span| tree.span(span).kind.is_directory()),
        };
        let layer = |span: SpanId| tree.span(span).from();
        let counts = |span: &SpanId| self.layers.contains(&layer(*span).get());
        let seen = visible.filter(counts).map(|span| {
            let inode = tree.inode(span);
            let size_bytes = if tree.span(inode).kind.is_file() { tree.span(inode).size } else { 0 };
            SeenPath { layer: layer(span), size_bytes, inode: Some(inode).filter(|inode| self.linked.contains(inode)) }
        });
        let last = ReachSight { layer: visible.map(layer), seen };
        let counted = || tree.spans(node).filter(counts);
        let sizes = counted().map(|span| tree.span(span)).filter(|span| span.kind.is_file()).map(|span| span.size);
        let size_bytes = sizes.fold(0, u64::saturating_add);
        let seen = counted().last().map(|span| SeenPath { layer: layer(span), size_bytes, inode: None });
        let all = ReachSight { layer: tree.spans(node).last().map(layer), seen };
        PathSight { is_directory, last, all }
    }
}

/// Notes that a rule counts a linked inode; `true` if it had not.
fn counts_first(counted: &mut HashMap<SpanId, Box<[u64]>>, rules: usize, rule: u32, inode: SpanId) -> bool {
    let counted = counted.entry(inode).or_insert_with(|| vec![0; rules.div_ceil(64)].into());
    let Some(word) = counted.get_mut(rule as usize / 64) else { return true };
    let (bit, before) = (1 << (rule % 64), *word);
    *word |= bit;
    before & bit == 0
}
