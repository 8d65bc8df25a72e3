//! dive's numbers, computed as dive 0.13.1 does, so that existing `.dive-ci` files keep their verdicts.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::stack::Stack;
use crate::layer::{LayerIndex, MarkerKind};
use crate::tree::{Listing, NodeId, SpanKind, Tree, WalkOrder};

/// dive's numbers of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Classic {
    /// Size of each layer in bytes: the sum of its tar headers' sizes, base layer first.
    pub layer_sizes: Vec<u64>,
    /// Sum of the minima over the sum of the sums, 0 to 1; 1 when nothing has a size.
    pub efficiency: f64,
    /// Bytes in paths that two or more layers hold: the sum over [`Classic::inefficient_files`].
    pub wasted_bytes: u64,
    /// [`Classic::wasted_bytes`] over the bytes of all layers but the first, 0 when those are none. May exceed 1.
    pub user_wasted_percent: f64,
    /// The paths that two or more layers hold: largest first. Of equal sizes, the path that became inefficient last comes
    /// first: the one whose second occurrence stands later in dive's walk over the layers.
    pub inefficient_files: Vec<InefficientFile>,
}

/// A path that more than one layer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InefficientFile {
    /// Whose path it is: [`Tree::path`] writes it out.
    pub node: NodeId,
    /// In how many layers it is a leaf (a whiteout counts under the path it removes).
    pub count: u64,
    /// Its sizes over all those layers, in bytes.
    pub size_bytes: u64,
}

impl Classic {
    /// Bytes of all layers: what dive calls the image's size.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.layer_sizes.iter().fold(0, |sum, size| sum.saturating_add(*size))
    }

    /// Bytes of all layers but the first, which `user_wasted_percent` is measured against.
    #[must_use]
    pub fn user_size_bytes(&self) -> u64 {
        self.layer_sizes.iter().skip(1).fold(0, |sum, size| sum.saturating_add(*size))
    }
}

impl Classic {
    /// Computes dive's numbers. They know nothing of opaque markers or of a directory that a file replaced, so the
    /// spans, which do, cannot answer: the layers' leaves are stacked the way dive stacks them, in linear time.
    #[must_use]
    pub fn of(tree: &Tree) -> Self {
        let mut leaves = Leaves::new(tree);
        let mut stack = tree.has_whiteouts().then(|| Stack::new(tree));
        let mut tally = Tally::new(tree.node_count());
        for layer in tree.layers() {
            leaves.mark(layer);
            // Whiteouts first: in dive's walk `.wh.NAME` precedes NAME, so a layer that has both meets them in this order.
            if let Some(stack) = &mut stack {
                let whiteouts: HashSet<NodeId> = tree.layer_whiteouts(layer).map(|marker| marker.node).collect();
                let removed = stack.removed_by(whiteouts.iter().copied().collect());
                for node in whiteouts {
                    let size = removed.get(&node).copied().unwrap_or_default();
                    tally.add(Leaf { node, size, layer, listing: Listing::Whiteout });
                }
            }
            leaves.visit(layer, |node, size| tally.add(Leaf { node, size, layer, listing: Listing::Entry }));
            if let Some(stack) = &mut stack {
                stack.apply(layer, &leaves.directories);
            }
        }
        let layer_sizes: Vec<u64> = tree.layers().map(|layer| tree.layer_size_bytes(layer)).collect();
        tally.finish(tree, layer_sizes)
    }
}

/// Finds the leaves of one layer after the other: the paths with nothing below them in it. Whiteouts are leaves as well,
/// but what they weigh others know.
struct Leaves<'a> {
    tree: &'a Tree,
    /// Per node: the last layer, counted from 1, that has something below it; and the last one that listed it.
    below: Vec<u16>,
    listed: Vec<u16>,
    /// The directories that the marked layer has something below.
    directories: Vec<NodeId>,
}

/// Layers counted from 1, so that 0 is none.
fn count(layer: LayerIndex) -> u16 {
    u16::try_from(layer.get() + 1).unwrap_or(u16::MAX)
}

impl<'a> Leaves<'a> {
    fn new(tree: &'a Tree) -> Self {
        let count = tree.node_count();
        Self { tree, below: vec![0; count], listed: vec![0; count], directories: Vec::new() }
    }

    /// Notes for every directory whether the layer has something below it.
    fn mark(&mut self, layer: LayerIndex) {
        let tree = self.tree;
        self.directories.clear();
        for id in tree.layer_spans(layer) {
            let span = tree.span(id);
            if span.kind != SpanKind::ImplicitDirectory {
                self.mark_above(tree.listed_node(id), layer);
            }
        }
        for marker in tree.layer_markers(layer) {
            self.mark_above(marker.node, layer);
        }
    }

    fn mark_above(&mut self, node: NodeId, layer: LayerIndex) {
        let mut above = self.tree.parent(node);
        while let Some(node) = above {
            if std::mem::replace(&mut self.below[node.index()], count(layer)) == count(layer) {
                return;
            }
            self.directories.push(node);
            above = self.tree.parent(node);
        }
    }

    /// Calls `leaf` with each leaf of a marked layer and its size. The last of several entries of one path speaks for it.
    fn visit(&mut self, layer: LayerIndex, mut leaf: impl FnMut(NodeId, u64)) {
        let tree = self.tree;
        for id in tree.layer_spans(layer).rev() {
            let span = tree.span(id);
            if span.kind != SpanKind::ImplicitDirectory {
                let node = tree.listed_node(id);
                if self.is_new_leaf(node, layer) {
                    leaf(node, span.size);
                }
            }
        }
        // The marker is no path of dive's, but the directory it stands in is.
        for marker in tree.layer_markers(layer).iter().filter(|marker| marker.kind != MarkerKind::Whiteout) {
            if self.is_new_leaf(marker.node, layer) {
                leaf(marker.node, 0);
            }
        }
    }

    fn is_new_leaf(&mut self, node: NodeId, layer: LayerIndex) -> bool {
        let listed = std::mem::replace(&mut self.listed[node.index()], count(layer)) == count(layer);
        !listed && node != NodeId::ROOT && self.below[node.index()] != count(layer)
    }
}

/// A path with nothing below it in its layer.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    node: NodeId,
    /// In bytes.
    size: u64,
    layer: LayerIndex,
    listing: Listing,
}

/// Sums up leaves by path. Few paths have more than one, so only those get a record.
struct Tally {
    /// Per node: the size of its first leaf; [`Tally::LARGE`] if it takes more than 32 bits, [`Tally::UNSEEN`] without any.
    first: Vec<u32>,
    large: HashMap<NodeId, u64>,
    repeated: HashMap<NodeId, Repeated>,
    /// Over all paths: their sums, and their minima.
    sums: u128,
    minima: u128,
}

struct Repeated {
    /// At most two a layer. With 64 bits, a record of the map would take a third more.
    count: u32,
    sum: u64,
    minimum: u64,
    /// Where the path was met the second time.
    second: (LayerIndex, Listing),
}

impl Tally {
    const UNSEEN: u32 = u32::MAX;
    const LARGE: u32 = u32::MAX - 1;

    fn new(nodes: usize) -> Self {
        let first = vec![Self::UNSEEN; nodes];
        Self { first, large: HashMap::new(), repeated: HashMap::new(), sums: 0, minima: 0 }
    }

    fn add(&mut self, Leaf { node, size, layer, listing }: Leaf) {
        self.sums += u128::from(size);
        let first = match self.first[node.index()] {
            Self::UNSEEN => return self.add_first(node, size),
            Self::LARGE => self.large.get(&node).copied().unwrap_or_default(),
            first => first.into(),
        };
        let repeated = self.repeated.entry(node).or_insert(Repeated {
            count: 1,
            sum: first,
            minimum: first,
            second: (layer, listing),
        });
        repeated.count += 1;
        repeated.sum = repeated.sum.saturating_add(size);
        if size < repeated.minimum {
            self.minima -= u128::from(repeated.minimum - size);
            repeated.minimum = size;
        }
    }

    fn add_first(&mut self, node: NodeId, size: u64) {
        self.minima += u128::from(size);
        self.first[node.index()] = match u32::try_from(size) {
            Ok(size) if size < Self::LARGE => size,
            _ => {
                self.large.insert(node, size);
                Self::LARGE
            }
        };
    }

    fn finish(self, tree: &Tree, layer_sizes: Vec<u64>) -> Classic {
        let order = WalkOrder::of(tree, self.repeated.iter().map(|(node, repeated)| (*node, repeated.second.1)));
        let ranked = |(node, repeated): (NodeId, Repeated)| {
            let (layer, listing) = repeated.second;
            let file = InefficientFile { node, count: repeated.count.into(), size_bytes: repeated.sum };
            (file, layer, order.rank(node, listing))
        };
        let mut ranked: Vec<(InefficientFile, LayerIndex, u32)> = self.repeated.into_iter().map(ranked).collect();
        drop(order);
        // dive lists a path when it meets it for the second time, sorts by size, and prints from the end.
        ranked.sort_unstable_by_key(|(file, layer, rank)| (Reverse(file.size_bytes), Reverse(*layer), Reverse(*rank)));
        // Not collected in place, which would keep the room of the ranks.
        let mut inefficient_files = Vec::with_capacity(ranked.len());
        inefficient_files.extend(ranked.into_iter().map(|(file, ..)| file));
        let wasted_bytes =
            inefficient_files.iter().fold(0u64, |sum, file: &InefficientFile| sum.saturating_add(file.size_bytes));
        let efficiency = if self.sums == 0 { 1.0 } else { self.minima as f64 / self.sums as f64 };
        let mut classic =
            Classic { layer_sizes, efficiency, wasted_bytes, user_wasted_percent: 0.0, inefficient_files };
        let user = classic.user_size_bytes();
        if user > 0 {
            classic.user_wasted_percent = wasted_bytes as f64 / user as f64;
        }
        classic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_beyond_32_bits_and_those_that_stand_for_something_are_sizes_like_others() {
        let edge = u64::from(u32::MAX);
        for size in [5 << 30, edge - 2, edge - 1, edge, edge + 1] {
            let mut tally = Tally::new(1);
            let leaf = |size| Leaf { node: NodeId::ROOT, size, layer: LayerIndex::BASE, listing: Listing::Entry };
            tally.add(leaf(size));
            assert_eq!((tally.sums, tally.minima, tally.repeated.len()), (size.into(), size.into(), 0));
            tally.add(leaf(7));
            let repeated = &tally.repeated[&NodeId::ROOT];
            assert_eq!((repeated.count, repeated.sum, repeated.minimum), (2, size + 7, 7));
            assert_eq!((tally.sums, tally.minima), (u128::from(size) + 7, 7));
        }
    }
}
