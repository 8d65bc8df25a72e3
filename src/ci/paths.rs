//! Checks the rules about paths, all of them in one walk over the tree.

use std::cmp::Reverse;
use std::ops::Range;
use std::rc::Rc;

use hashbrown::HashSet;

use super::path_match::{MatchFrame, PathMatcher};
use crate::config::{Ignore, Ignored, MatchedKinds, PathDemand, PathGlob, PathReach, PathRule};
use dive_model::Opened;
use dive_model::layer::LayerIndex;
use dive_model::tree::{NodeId, SpanId, SpanKind, Tree};
use dive_model::units::Bytes;

/// Number of places that are kept of each rule.
const PLACES: usize = 5;

/// The results of all rules about paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PathsChecked {
    /// One per rule, in the order of the file.
    pub outcomes: Vec<PathOutcome>,
    /// For each exception in `ignore:`, the files that it excepts from rules.
    pub ignored_files: Vec<u64>,
}

/// The result of a rule about paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathOutcome {
    /// The rule.
    pub rule: PathRule,
    /// Whether the image keeps it.
    pub status: PathStatus,
    /// The largest matches, largest first.
    pub places: Vec<PathPlace>,
    /// A deleted path that the rule would find with `anywhere: true`.
    pub hidden: Option<(NodeId, LayerIndex)>,
}

/// Whether an image keeps a rule about paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathStatus {
    /// It keeps it.
    Kept,
    /// It keeps it, but the pattern matches nothing, which may be a mistake.
    Unmatched,
    /// It breaks it.
    Broken,
}

/// Matching paths with a common place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathPlace {
    /// The matching directory, the directory of matching files, or the file if it is the only one.
    pub node: NodeId,
    /// Number of files and links.
    pub files: u64,
    /// Their size in bytes.
    pub size_bytes: u64,
    /// The layer that has the directory, or the first of the files.
    pub layer: LayerIndex,
}

impl PathsChecked {
    /// The rules that the image breaks.
    pub(crate) fn broken(&self) -> impl Iterator<Item = &PathOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.status == PathStatus::Broken)
    }
}

/// Checks `rules` on the files of `layers`. Paths in `ignores` are excepted from all rules.
pub(super) fn check(opened: &Opened, rules: &[PathRule], ignores: &[&Ignore], layers: &Range<usize>) -> PathsChecked {
    let ignored = ignores.iter().enumerate().filter_map(|(number, ignore)| match &ignore.what {
        Ignored::Path(glob) => Some((glob, number)),
        Ignored::Class(_) => None,
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
        counted: HashSet::new(),
        sums: vec![PatternSum::default(); rules.len() + ignored_numbers.len()],
        groups: Vec::new(),
    };
    walk.run();
    let PathWalk { sums, groups, .. } = walk;
    let mut places: Vec<Vec<PathPlace>> = vec![Vec::new(); rules.len()];
    // With all its content excepted, a directory is no match. An empty one is.
    let is_match = |group: &&Group| group.files > 0 || (group.excepted == 0 && group.counts_empty);
    for group in groups.iter().filter(is_match) {
        if let Some(places) = places.get_mut(group.rule as usize) {
            let node = match group.kind {
                GroupKind::Files if group.files == 1 => group.only,
                GroupKind::Files | GroupKind::Directory => group.node,
            };
            places.push(PathPlace { node, files: group.files, size_bytes: group.size_bytes, layer: group.layer });
        }
    }
    let outcome = |((rule, sum), mut places): ((&PathRule, &PatternSum), Vec<PathPlace>)| {
        let status = match rule.demand {
            PathDemand::HighestBytes(limit) if sum.size_bytes > 0 && Bytes(sum.size_bytes) >= limit => {
                PathStatus::Broken
            }
            PathDemand::Forbid | PathDemand::Require => {
                let is_kept = places.is_empty() == (rule.demand == PathDemand::Forbid);
                if is_kept { PathStatus::Kept } else { PathStatus::Broken }
            }
            PathDemand::HighestBytes(_) | PathDemand::Except if !sum.is_matched => PathStatus::Unmatched,
            PathDemand::HighestBytes(_) | PathDemand::Except => PathStatus::Kept,
        };
        // Stable: equal places stay in the order of the walk.
        places.sort_by_key(|place| Reverse(place.size_bytes));
        places.truncate(PLACES);
        PathOutcome { rule: rule.clone(), status, places, hidden: sum.hidden }
    };
    let outcomes = rules.iter().zip(&sums).zip(places).map(outcome).collect();
    let mut ignored_files = vec![0; ignores.len()];
    for (number, sum) in ignored_numbers.into_iter().zip(sums.iter().skip(rules.len())) {
        if let Some(files) = ignored_files.get_mut(number) {
            *files = sum.excepts;
        }
    }
    PathsChecked { outcomes, ignored_files }
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
    /// Linked inodes that a rule has counted.
    counted: HashSet<(u32, SpanId)>,
    /// By pattern.
    sums: Vec<PatternSum>,
    groups: Vec<Group>,
}

/// What a pattern has found.
#[derive(Debug, Clone, Copy, Default)]
struct PatternSum {
    is_matched: bool,
    size_bytes: u64,
    hidden: Option<(NodeId, LayerIndex)>,
    /// Files that it excepts from a rule.
    excepts: u64,
}

/// Matches of a rule below one directory.
struct Group {
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

/// The groups of a directory's files, by rule.
type GroupsByRule = Rc<[(u32, usize)]>;

/// A directory on the way down.
struct OpenDirectory {
    children: Vec<NodeId>,
    frame: MatchFrame,
    /// The patterns that cover it, sorted.
    covered: Rc<[u32]>,
    /// The groups that its files belong to, by rule.
    groups: GroupsByRule,
    /// The groups of files that match themselves.
    own: Vec<(u32, usize)>,
    node: NodeId,
}

/// What a rule sees of a path.
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
            covered: Rc::new([]),
            groups: Rc::new([]),
            own: Vec::new(),
            node: NodeId::ROOT,
        };
        // A stack, not a recursion: an image may be thousands of levels deep.
        let mut open = vec![root];
        while let Some(directory) = open.last_mut() {
            let below = match directory.children.pop() {
                None => {
                    open.pop();
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
        let (frame, matched) = self.matcher.step(&mut above.frame, tree.name(node));
        let has_children = tree.children(node).next().is_some();
        let (covered, groups) = if matched.is_empty() {
            (Rc::clone(&above.covered), Rc::clone(&above.groups))
        } else {
            self.cover(above, node, &matched)
        };
        if !covered.is_empty() {
            self.count(node, &covered, &groups);
        }
        if frame.is_at_end() && covered.is_empty() {
            return None;
        }
        has_children.then(|| OpenDirectory {
            children: self.children(node),
            frame,
            covered,
            groups,
            own: Vec::new(),
            node,
        })
    }

    /// The patterns that cover `node`, and its groups.
    fn cover(&mut self, above: &mut OpenDirectory, node: NodeId, matched: &[u32]) -> (Rc<[u32]>, GroupsByRule) {
        let is_directory = self.is_directory(node);
        let fits = |pattern: &u32| is_directory || self.matcher.kinds(*pattern) == MatchedKinds::All;
        let matched: Vec<u32> = matched.iter().copied().filter(fits).collect();
        let new: Vec<u32> = matched.into_iter().filter(|pattern| !above.covered.contains(pattern)).collect();
        let mut covered: Vec<u32> = above.covered.iter().copied().chain(new.iter().copied()).collect();
        covered.sort_unstable();
        let last_exception = self.last_exception(&covered);
        let mut groups = above.groups.to_vec();
        for pattern in new {
            let Some(rule) = self.rules.get(pattern as usize) else { continue };
            let Some(layer) = self.first_layer(node, rule.reach) else { continue };
            if let Some(sum) = self.sums.get_mut(pattern as usize) {
                sum.is_matched = true;
            }
            if rule.demand == PathDemand::Except || last_exception.is_some_and(|exception| exception > pattern) {
                continue;
            }
            // Files that match themselves share the group of their directory.
            let shared = if is_directory { None } else { above.own.iter().find(|(rule, _)| *rule == pattern) };
            let group = shared.map_or(self.groups.len(), |(_, group)| *group);
            if shared.is_none() {
                let place = if is_directory { node } else { above.node };
                let counts_empty = is_directory && self.seen(node, rule.reach).is_some();
                self.groups.push(Group {
                    rule: pattern,
                    node: place,
                    kind: if is_directory { GroupKind::Directory } else { GroupKind::Files },
                    only: node,
                    counts_empty,
                    files: 0,
                    excepted: 0,
                    size_bytes: 0,
                    layer,
                });
                if !is_directory {
                    above.own.push((pattern, group));
                }
            }
            groups.push((pattern, group));
        }
        (covered.into(), groups.into())
    }

    /// Adds a file to the sums of the patterns that cover it.
    fn count(&mut self, node: NodeId, covered: &[u32], groups: &[(u32, usize)]) {
        if self.is_directory(node) {
            return;
        }
        let last_exception = self.last_exception(covered);
        let rules = self.rules;
        for (pattern, group) in groups.iter().copied() {
            let Some(rule) = rules.get(pattern as usize) else { continue };
            if self.first_layer(node, rule.reach).is_none() {
                continue;
            }
            let seen = self.seen(node, rule.reach).filter(|_| last_exception.is_none_or(|last| last < pattern));
            let Some(group) = self.groups.get_mut(group) else { continue };
            let Some(seen) = seen else {
                group.excepted = group.excepted.saturating_add(1);
                continue;
            };
            if group.files == 0 {
                group.layer = seen.layer;
            }
            let is_counted = seen.inode.is_some_and(|inode| !self.counted.insert((pattern, inode)));
            let size_bytes = if is_counted { 0 } else { seen.size_bytes };
            group.files = group.files.saturating_add(1);
            group.size_bytes = group.size_bytes.saturating_add(size_bytes);
            group.only = node;
            if let Some(sum) = self.sums.get_mut(pattern as usize) {
                sum.size_bytes = sum.size_bytes.saturating_add(size_bytes);
            }
        }
        self.note(node, covered, last_exception);
    }

    /// Notes files that an exception of `ignore:` takes from a rule, and deleted files that a rule does not see.
    fn note(&mut self, node: NodeId, covered: &[u32], last_exception: Option<u32>) {
        let (rules, is_visible) = (self.rules, self.last.and_then(|last| self.tree.visible(node, last)).is_some());
        if let Some(exception) = last_exception.filter(|exception| *exception as usize >= rules.len())
            && covered
                .iter()
                .any(|pattern| rules.get(*pattern as usize).is_some_and(|rule| rule.demand != PathDemand::Except))
            && let Some(sum) = self.sums.get_mut(exception as usize)
        {
            sum.excepts = sum.excepts.saturating_add(1);
        }
        if is_visible {
            return;
        }
        for pattern in
            covered.iter().copied().filter(|pattern| last_exception.is_none_or(|exception| exception < *pattern))
        {
            let Some(rule) = rules.get(pattern as usize) else { continue };
            if (rule.demand, rule.reach) != (PathDemand::Forbid, PathReach::Final) {
                continue;
            }
            let stored = self.seen(node, PathReach::AllLayers).map(|seen| (node, seen.layer));
            if let Some(sum) = self.sums.get_mut(pattern as usize).filter(|sum| sum.hidden.is_none()) {
                sum.hidden = stored;
            }
        }
    }

    /// The last of the patterns that is an exception.
    fn last_exception(&self, covered: &[u32]) -> Option<u32> {
        let is_exception = |pattern: &u32| match self.rules.get(*pattern as usize) {
            Some(rule) => rule.demand == PathDemand::Except,
            // Patterns of `ignore:`.
            None => true,
        };
        covered.iter().copied().rev().find(is_exception)
    }

    fn is_directory(&self, node: NodeId) -> bool {
        let tree = self.tree;
        let visible = self.last.and_then(|last| tree.visible(node, last));
        match visible {
            Some(span) => tree.span(span).kind.is_directory(),
            None => tree.spans(node).next().is_none_or(|span| tree.span(span).kind.is_directory()),
        }
    }

    /// The layer of a path where a rule looks, in any layer; `None` if it is not there.
    fn first_layer(&self, node: NodeId, reach: PathReach) -> Option<LayerIndex> {
        let span = match reach {
            PathReach::Final => self.tree.visible(node, self.last?)?,
            PathReach::AllLayers => self.tree.spans(node).last()?,
        };
        Some(self.tree.span(span).from())
    }

    /// What a rule counts of a path; `None` if it is not there, or in other layers.
    fn seen(&self, node: NodeId, reach: PathReach) -> Option<SeenPath> {
        let tree = self.tree;
        let counts = |span: &SpanId| self.layers.contains(&tree.span(*span).from().get());
        match reach {
            PathReach::Final => {
                let span = tree.visible(node, self.last?).filter(counts)?;
                let inode = tree.inode(span);
                let size_bytes = if tree.span(inode).kind.is_file() { tree.span(inode).size } else { 0 };
                let inode = Some(inode).filter(|inode| self.linked.contains(inode));
                Some(SeenPath { layer: tree.span(span).from(), size_bytes, inode })
            }
            PathReach::AllLayers => {
                let spans = || tree.spans(node).filter(counts);
                let layer = tree.span(spans().last()?).from();
                let sizes =
                    spans().map(|span| tree.span(span)).filter(|span| span.kind.is_file()).map(|span| span.size);
                Some(SeenPath { layer, size_bytes: sizes.fold(0, u64::saturating_add), inode: None })
            }
        }
    }
}
