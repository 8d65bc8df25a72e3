//! The children of a directory in the order of the screen, made when the way to a visible row leads through it and kept
//! until it is no longer true.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use super::node_set::NodeSet;
use super::sizes::HiddenBytes;
use super::visible::{Fold, VisibleNodes};
use dive_model::tree::{Comparison, NodeId, Tree};

/// How siblings are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By the bytes of their names.
    #[default]
    Name,
    /// Largest first, directories with all they hold; of one size by name.
    Size,
}

/// What decides where a node stands among its siblings.
#[derive(Clone, Copy)]
pub(super) struct Sorting<'a> {
    pub(super) tree: &'a Tree,
    pub(super) comparison: &'a Comparison,
    pub(super) hidden: &'a HiddenBytes,
    pub(super) order: Order,
}

/// What lists are made from.
#[derive(Clone, Copy)]
pub(super) struct ListSource<'a> {
    pub(super) sorting: Sorting<'a>,
    pub(super) visible: &'a VisibleNodes,
    pub(super) collapsed: &'a NodeSet,
}

/// The shown children of one directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Siblings {
    pub(super) nodes: Vec<NodeId>,
    /// How many rows each and those before it take, with what is below them.
    ends: Vec<u32>,
}

impl Siblings {
    /// How many rows the siblings before the one at `position` take.
    pub(super) fn rows_before(&self, position: usize) -> usize {
        position.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }

    /// Which sibling takes the row, counted from the first of them all.
    pub(super) fn at_row(&self, row: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= row)
    }

    /// Where a shown child stands.
    pub(super) fn position(&self, node: NodeId, sorting: Sorting<'_>) -> Option<usize> {
        self.nodes.binary_search_by(|other| sorting.compare(*other, node)).ok()
    }
}

impl Sorting<'_> {
    /// How two children of one directory are ordered.
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
                // One number for each: the size, largest first, and then the place by name.
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
            end += 1 + if self.collapsed.contains(*node) { 0 } else { self.visible.below(*node) };
            end
        });
        let ends = ends.collect();
        Siblings { nodes, ends }
    }
}

/// The lists made so far.
#[derive(Debug, Default)]
pub(super) struct ChildLists {
    /// All children that any layer has, by name: true for good.
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

    /// Nothing is shown as it was.
    pub(super) fn invalidate(&mut self) {
        self.visible.clear();
    }

    /// A child takes so many rows more or fewer.
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
    // Names of one directory are often numbered: where they begin to differ, eight bytes decide nearly always, and they
    // are compared without going to where the names lie.
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
