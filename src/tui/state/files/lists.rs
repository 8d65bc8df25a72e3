//! The visible children of a directory in display order. A list is built when a lookup passes through its directory,
//! and cached until it changes.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use super::folds::Folds;
use super::sizes::HiddenBytes;
use super::visible::{Fold, VisibleNodes};
use dive_model::tree::{Comparison, NodeId, Tree};

/// Sort order of siblings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By name, in byte order.
    #[default]
    Name,
    /// Largest first, directories by their total; equal sizes by name.
    Size,
}

/// The inputs of the sort order.
#[derive(Clone, Copy)]
pub(super) struct Sorting<'a> {
    pub(super) tree: &'a Tree,
    pub(super) comparison: &'a Comparison,
    pub(super) hidden: &'a HiddenBytes,
    pub(super) order: Order,
}

/// The inputs of a list.
#[derive(Clone, Copy)]
pub(super) struct ListSource<'a> {
    pub(super) sorting: Sorting<'a>,
    pub(super) visible: &'a VisibleNodes,
    pub(super) folds: &'a Folds,
}

/// The visible children of one directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Siblings {
    pub(super) nodes: Vec<NodeId>,
    /// Prefix sums of rows: for each child, the rows of it and its predecessors, with their descendants.
    ends: Vec<u32>,
    /// Prefix sums of the matches of the filter, as above. Empty without matches.
    match_ends: Vec<u32>,
}

impl Siblings {
    /// Rows of the siblings before the one at `position`, with their descendants.
    pub(super) fn rows_before(&self, position: usize) -> usize {
        position.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }

    /// Matches of the filter among the siblings before the one at `position`, with their descendants.
    pub(super) fn matches_before(&self, position: usize) -> usize {
        let end = position.checked_sub(1).and_then(|before| self.match_ends.get(before));
        end.map_or(0, |end| *end as usize)
    }

    /// The sibling that contains `row`, counted from the first sibling.
    pub(super) fn at_row(&self, row: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= row)
    }

    /// Position of a child in the list. `None` if it is not visible.
    pub(super) fn position(&self, node: NodeId, sorting: Sorting<'_>) -> Option<usize> {
        self.nodes.binary_search_by(|other| sorting.compare(*other, node)).ok()
    }
}

impl Sorting<'_> {
    fn compare(&self, left: NodeId, right: NodeId) -> Ordering {
        let by_name = || self.tree.name(left).cmp(self.tree.name(right));
        match self.order {
            Order::Name => by_name(),
            Order::Size => {
                let size = |node| Reverse(self.hidden.visible_bytes(self.comparison, node));
                size(left).cmp(&size(right)).then_with(by_name)
            }
        }
    }
}

impl ListSource<'_> {
    fn siblings(&self, by_name: &[NodeId]) -> Siblings {
        let visible = by_name.iter().copied().filter(|node| self.visible.is_visible(*node));
        let nodes: Vec<NodeId> = match self.sorting.order {
            Order::Name => visible.collect(),
            Order::Size => {
                // Sort plain integers: the inverted size in the high bits, the position by name in the low ones.
                let visible: Vec<NodeId> = visible.collect();
                let size = |node| u128::from(!self.sorting.hidden.visible_bytes(self.sorting.comparison, node));
                let keys = visible.iter().enumerate().map(|(position, node)| size(*node) << 64 | position as u128);
                let mut keys: Vec<u128> = keys.collect();
                keys.sort_unstable();
                keys.into_iter().map(|key| visible[key as u64 as usize]).collect()
            }
        };
        let mut end = 0;
        let ends = nodes.iter().map(|node| {
            end += 1 + if self.folds.contain(self.sorting.comparison, *node) { 0 } else { self.visible.below(*node) };
            end
        });
        let ends = ends.collect();
        let mut match_ends = Vec::new();
        if self.visible.match_count() > 0 {
            let mut end = 0;
            match_ends.extend(nodes.iter().map(|node| {
                end += self.visible.matches_within(*node);
                end
            }));
        }
        Siblings { nodes, ends, match_ends }
    }
}

/// The cached lists.
#[derive(Debug, Default)]
pub(super) struct ChildLists {
    /// All children of a directory in any layer, by name. Never changes.
    by_name: HashMap<NodeId, Box<[NodeId]>>,
    visible: HashMap<NodeId, Arc<Siblings>>,
}

impl ChildLists {
    pub(super) fn of(&mut self, directory: NodeId, source: ListSource<'_>) -> Arc<Siblings> {
        let siblings = self.visible.entry(directory).or_insert_with(|| {
            let by_name = self.by_name.entry(directory).or_insert_with(|| by_name(source.sorting.tree, directory));
            Arc::new(source.siblings(by_name))
        });
        Arc::clone(siblings)
    }

    /// Discards all lists after visibility or order changed.
    pub(super) fn invalidate(&mut self) {
        self.visible.clear();
    }

    /// Adds `count` rows to a child that was expanded, or removes them from one that was collapsed.
    pub(super) fn refold(&mut self, directory: NodeId, child: NodeId, fold: Fold, count: u32, sorting: Sorting<'_>) {
        let Some(siblings) = self.visible.get_mut(&directory) else { return };
        let Some(position) = siblings.position(child, sorting) else { return };
        for end in &mut Arc::make_mut(siblings).ends[position..] {
            *end = if fold == Fold::Expanded { *end + count } else { *end - count };
        }
    }
}

fn by_name(tree: &Tree, directory: NodeId) -> Box<[NodeId]> {
    let mut children: Vec<NodeId> = tree.children(directory).collect();
    // Names in one directory often share a prefix. The eight bytes after it nearly always decide, and comparing them as
    // an integer avoids a memory access per name.
    let first = children.first().map_or(&b""[..], |node| tree.name(*node));
    let same = children.iter().fold(first.len(), |same, node| {
        let name = tree.name(*node);
        let same = same.min(name.len());
        first.iter().zip(name).take(same).position(|(a, b)| a != b).unwrap_or(same)
    });
    let key = |node: NodeId| {
        let rest = &tree.name(node)[same..];
        let mut key = [0; 8];
        let len = rest.len().min(key.len());
        key[..len].copy_from_slice(&rest[..len]);
        u64::from_be_bytes(key)
    };
    let mut keyed: Vec<(u64, NodeId)> = children.iter().map(|node| (key(*node), *node)).collect();
    keyed.sort_unstable_by(|(a, left), (b, right)| a.cmp(b).then_with(|| tree.name(*left).cmp(tree.name(*right))));
    children.clear();
    children.extend(keyed.into_iter().map(|(_, node)| node));
    children.into_boxed_slice()
}
