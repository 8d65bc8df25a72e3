//! Random images and user actions: the rows must equal those of a slow, simple listing of the whole tree.

use std::collections::HashSet;

use dive::tui::state::Motion;
use dive::tui::state::files::{FileRow, FileTreePane, Filter, Fold, Folding, Order};
use dive_model::tree::testing::{Changes, NodeSizes};
use dive_model::tree::{Change, NodeId, Scope, Tree};
use proptest::prelude::*;
use proptest::sample::select;

use crate::build::layer;
use crate::model::random::images;

/// A user's action.
#[derive(Debug, Clone)]
enum Act {
    Compare(Option<usize>, usize),
    Toggle(Change),
    Sort,
    Fold,
    FoldAll,
    Filter(&'static str),
    Row(usize),
    Go(Motion),
    NextChange,
    PreviousMatch,
}

fn acts() -> impl Strategy<Value = Act> {
    // Some narrow the one before, as if typed letter by letter.
    let filters = vec!["a", "a-", "a-b", "a-b/", "a-b/a", "-b", "a/b", "^/a", "b$", ">0 <6", "b >=5", "a >=5", "", ""];
    let motions = vec![Motion::Up, Motion::PageDown, Motion::Left, Motion::Right];
    prop_oneof![
        2 => (prop::option::of(0..5_usize), 0..5_usize).prop_map(|(base, target)| Act::Compare(base, target)),
        2 => select(vec![Change::Added, Change::Removed, Change::Modified, Change::Unmodified]).prop_map(Act::Toggle),
        1 => Just(Act::Sort),
        3 => Just(Act::Fold),
        1 => Just(Act::FoldAll),
        2 => select(filters).prop_map(Act::Filter),
        4 => (0..12_usize).prop_map(Act::Row),
        2 => select(motions).prop_map(Act::Go),
        1 => Just(Act::NextChange),
        1 => Just(Act::PreviousMatch),
    ]
}

/// A row of the simple listing: depth, whether it is the last sibling, change, size, and whether it is expanded.
type Line = (NodeId, usize, bool, Change, u64, Option<bool>);

struct Naive<'a> {
    tree: &'a Tree,
    files: &'a FileTreePane,
    changes: Changes,
    after: NodeSizes,
    before: Option<NodeSizes>,
    lines: Vec<Line>,
}

impl<'a> Naive<'a> {
    fn list(tree: &'a Tree, files: &'a FileTreePane, collapsed: &HashSet<NodeId>) -> Vec<Line> {
        let Scope { base, target, .. } = files.comparison().scope();
        let mut naive = Self {
            tree,
            files,
            changes: Changes::between(tree, base, target),
            after: NodeSizes::at(tree, target),
            before: base.map(|base| NodeSizes::at(tree, base)),
            lines: Vec::new(),
        };
        naive.list_below(NodeId::ROOT, 0, collapsed);
        naive.lines
    }

    fn size(&self, node: NodeId) -> u64 {
        match &self.before {
            Some(before) if self.changes.of(node) == Some(Change::Removed) => before.of(node),
            _ => self.after.of(node),
        }
    }

    /// Size of the shown part: the directory's own bytes and those of its shown children.
    fn shown_size(&self, node: NodeId) -> u64 {
        let counts = |child: &NodeId| {
            let is_removed = |node| self.changes.of(node) == Some(Change::Removed);
            self.changes.of(*child).is_some() && (!is_removed(*child) || is_removed(node))
        };
        let counted: Vec<NodeId> = self.tree.children(node).filter(counts).collect();
        let own = self.size(node) - counted.iter().map(|child| self.size(*child)).sum::<u64>();
        own + counted.iter().filter(|child| self.is_shown(**child)).map(|child| self.shown_size(*child)).sum::<u64>()
    }

    fn is_let_in(&self, node: NodeId) -> bool {
        let Some(filter) = self.files.filter().map(Filter::text) else { return true };
        let mut is_in = true;
        for word in filter.split(' ') {
            let Scope { base, target, .. } = self.files.comparison().scope();
            let span = self.tree.visible(node, target).or_else(|| self.tree.visible(node, base?)).unwrap();
            let is_file = !self.tree.span(span).kind.is_directory();
            is_in &= match word {
                ">0" => is_file && self.size(node) > 0,
                "<6" => is_file && self.size(node) < 6,
                ">=5" => is_file && self.size(node) >= 5,
                word => regex::Regex::new(word).unwrap().is_match(str::from_utf8(&self.tree.path(node)).unwrap()),
            };
        }
        is_in
    }

    fn is_shown(&self, node: NodeId) -> bool {
        self.changes.of(node).is_some_and(|change| {
            self.files.kinds().contain(change) && self.is_let_in(node)
                || self.tree.children(node).any(|child| self.is_shown(child))
        })
    }

    fn list_below(&mut self, directory: NodeId, depth: usize, collapsed: &HashSet<NodeId>) {
        let mut children: Vec<NodeId> = self.tree.children(directory).filter(|child| self.is_shown(*child)).collect();
        children.sort_by_key(|child| self.tree.name(*child));
        if self.files.order() == Order::Size {
            children.sort_by_key(|child| std::cmp::Reverse(self.shown_size(*child)));
        }
        let last = children.last().copied();
        for child in children {
            let holds = self.tree.children(child).any(|below| self.is_shown(below));
            let is_expanded = !collapsed.contains(&child);
            let change = self.changes.of(child).unwrap();
            let fold = holds.then_some(is_expanded);
            self.lines.push((child, depth, Some(child) == last, change, self.shown_size(child), fold));
            if is_expanded {
                self.list_below(child, depth + 1, collapsed);
            }
        }
    }
}

/// The collapsed directories, in the whole tree and in the result of the filter.
#[derive(Default)]
struct Folds {
    own: HashSet<NodeId>,
    of_filter: Option<HashSet<NodeId>>,
}

impl Folds {
    const fn current(&mut self) -> &mut HashSet<NodeId> {
        match &mut self.of_filter {
            Some(of_filter) => of_filter,
            None => &mut self.own,
        }
    }

    /// Applies an action; `rows` and `selected` are those before it.
    fn follow(&mut self, tree: &Tree, act: &Act, rows: &[FileRow], selected: Option<NodeId>, files: &FileTreePane) {
        let row = rows.iter().find(|row| Some(row.node) == selected);
        match act {
            Act::Filter("") => self.of_filter = None,
            Act::Filter(_) => self.of_filter = Some(HashSet::new()),
            Act::FoldAll => {
                let any_expanded = rows.iter().any(|row| row.fold == Fold::Expanded);
                *self.current() = if any_expanded { tree.nodes().collect() } else { HashSet::new() };
            }
            Act::Fold => match row {
                Some(FileRow { node, fold: Fold::Expanded, .. }) => drop(self.current().insert(*node)),
                Some(FileRow { node, fold: Fold::Collapsed, .. }) => drop(self.current().remove(node)),
                _ => {}
            },
            Act::Go(Motion::Right) => {
                if let Some(row) = row.filter(|row| row.fold == Fold::Collapsed) {
                    self.current().remove(&row.node);
                }
            }
            // Jumps expand the parents of the selected row.
            Act::NextChange | Act::PreviousMatch => {
                let mut above = files.selected().and_then(|node| tree.parent(node));
                while let Some(node) = above {
                    self.current().remove(&node);
                    above = tree.parent(node);
                }
            }
            _ => {}
        }
    }
}

fn act(files: &mut FileTreePane, tree: &Tree, act: &Act) {
    let count = tree.layer_count();
    match act {
        Act::Compare(base, target) => {
            files.compare(tree, Scope::states(base.map(|base| layer(base % count)), layer(target % count)));
        }
        Act::Toggle(change) => files.toggle_kind(tree, *change),
        Act::Sort => files.toggle_order(tree),
        Act::Fold => files.toggle_collapse(tree),
        Act::FoldAll => files.toggle_collapse_all(tree),
        Act::Filter(text) => files.set_filter(tree, Filter::parse(text).unwrap()),
        Act::Row(row) => files.select_row(tree, *row),
        Act::Go(motion) => files.go(tree, *motion),
        Act::NextChange => {
            files.next_change(tree);
        }
        Act::PreviousMatch => {
            files.previous_match(tree);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_equal_those_of_a_simple_listing(random in images(), acts in prop::collection::vec(acts(), 1..25)) {
        let opened = random.build().open();
        let tree = opened.tree();
        let mut files = FileTreePane::new(tree, Scope::states(None, layer(0)), Folding::Expanded);
        files.set_height(3);
        let mut folds = Folds::default();
        for step in acts {
            let (before, selected) = (files.rows(tree, 0, usize::MAX), files.selected());
            act(&mut files, tree, &step);
            folds.follow(tree, &step, &before, selected, &files);
            let rows = files.rows(tree, 0, usize::MAX);
            let lines: Vec<Line> = rows
                .iter()
                .map(|row| {
                    let fold = (row.fold != Fold::Leaf).then_some(row.fold == Fold::Expanded);
                    (row.node, row.depth(), *row.last.last().unwrap(), row.change, row.size_bytes, fold)
                })
                .collect();
            prop_assert_eq!(&lines, &Naive::list(tree, &files, folds.current()), "after {:?}", step);
            prop_assert_eq!(files.row_count(), rows.len());
            for (at, row) in rows.iter().enumerate() {
                prop_assert_eq!(files.row_of(tree, row.node), Some(at));
                prop_assert_eq!(files.node_at(tree, at), Some(row.node));
                prop_assert_eq!(&files.rows(tree, at, 2)[..], &rows[at..rows.len().min(at + 2)]);
            }
            // The cursor is on a row, and the row is on the screen.
            let (row, first) = (files.selected_row(), files.first_row());
            prop_assert_eq!(files.selected(), rows.get(row).map(|row| row.node));
            prop_assert!(first <= row && row < first + 3 && first <= rows.len().saturating_sub(3));
        }
    }
}
