//! Computes dive's numbers like dive 0.13.1, so that existing `.dive-ci` files keep their results.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::stack::Stack;
use crate::layer::{LayerIndex, MarkerKind};
use crate::tree::{Listing, NodeId, SpanKind, Tree, WalkOrder};
use crate::units::Total;

/// dive's numbers of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Classic {
    /// Size of each layer in bytes, base first: the sum of the sizes in its tar headers.
    pub layer_sizes: Vec<u64>,
    /// Efficiency, 0 to 1: the sum over all paths of the smallest size, divided by the sum of all sizes. 1 if all sizes
    /// are 0.
    pub efficiency: f64,
    /// Bytes of all paths in two or more layers: the sum over [`Classic::inefficient_files`].
    pub wasted_bytes: u64,
    /// [`Classic::wasted_bytes`] divided by the bytes of all layers except the first; 0 if those are 0. May exceed 1.
    pub user_wasted_percent: f64,
    /// Paths in two or more layers, largest first. Among equal sizes, the path whose second occurrence is later in
    /// dive's walk over the layers comes first.
    pub inefficient_files: Vec<InefficientFile>,
}

/// A path in two or more layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InefficientFile {
    /// Node of the path: see [`Tree::path`].
    pub node: NodeId,
    /// Number of layers in which the path is a leaf. A whiteout counts for the path it removes.
    pub count: u64,
    /// Sum of its sizes in these layers, in bytes.
    pub size_bytes: u64,
}

impl Classic {
    /// Bytes of all layers: dive's size of the image.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.layer_sizes.iter().copied().sum::<Total>().get()
    }

    /// Bytes of all layers except the first: the base of `user_wasted_percent`.
    #[must_use]
    pub fn user_size_bytes(&self) -> u64 {
        self.layer_sizes.iter().copied().skip(1).sum::<Total>().get()
    }
}

impl Classic {
    /// Computes dive's numbers in linear time. dive ignores opaque markers and files that replace directories, so spans
    /// cannot give its numbers: the leaves of each layer are stacked as dive does it.
    #[must_use]
    pub fn of(tree: &Tree) -> Self {
        Self::without(tree, &HashSet::new())
    }

    /// dive's numbers as they would be if no layer had the paths in `left_out`. The sizes of the layers stay.
    #[must_use]
    pub fn without(tree: &Tree, left_out: &HashSet<NodeId>) -> Self {
        let counts = |node: NodeId| left_out.is_empty() || !left_out.contains(&node);
        let mut leaves = Leaves::new(tree);
        let mut stack = tree.has_whiteouts().then(|| Stack::new(tree));
        let mut sums = LeafSums::new(tree.node_count());
        for layer in tree.layers() {
            leaves.mark(layer);
            // Whiteouts first: in dive's walk, `.wh.NAME` precedes NAME of the same layer.
            if let Some(stack) = &mut stack {
                let whiteouts: HashSet<NodeId> = tree.layer_whiteouts(layer).map(|marker| marker.node).collect();
                let removed = stack.removed_by(whiteouts.iter().copied().collect());
                for node in whiteouts.into_iter().filter(|node| counts(*node)) {
                    let size = removed.get(&node).copied().unwrap_or_default();
                    sums.add(Leaf { node, size, layer, listing: Listing::Whiteout });
                }
            }
            leaves.visit(layer, |node, size| {
                if counts(node) {
                    sums.add(Leaf { node, size, layer, listing: Listing::Entry });
                }
            });
            if let Some(stack) = &mut stack {
                stack.apply(layer, &leaves.directories);
            }
        }
        let layer_sizes: Vec<u64> = tree.layers().map(|layer| tree.layer_size_bytes(layer)).collect();
        sums.finish(tree, layer_sizes)
    }
}

/// Finds the leaves of each layer: paths without anything below them. Whiteouts are leaves, too, but
/// [`Stack::removed_by`] computes their sizes.
struct Leaves<'a> {
    tree: &'a Tree,
    /// For each node, the last layer with something below it, from 1. 0 is none.
    below: Vec<u16>,
    /// For each node, the last layer that listed it, from 1.
    listed: Vec<u16>,
    /// Directories with something below them in the marked layer.
    directories: Vec<NodeId>,
}

/// The number of a layer, from 1: 0 means none.
fn layer_number(layer: LayerIndex) -> u16 {
    u16::try_from(layer.get().saturating_add(1)).unwrap_or(u16::MAX)
}

impl<'a> Leaves<'a> {
    fn new(tree: &'a Tree) -> Self {
        let count = tree.node_count();
        Self { tree, below: vec![0; count], listed: vec![0; count], directories: Vec::new() }
    }

    /// Marks all directories with something below them in `layer`.
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
            if std::mem::replace(&mut self.below[node.index()], layer_number(layer)) == layer_number(layer) {
                return;
            }
            self.directories.push(node);
            above = self.tree.parent(node);
        }
    }

    /// Calls `leaf` with each leaf of the marked layer and its size. If a path has several entries, the last one
    /// counts.
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
        // dive has no path for the marker itself, but for its directory.
        for marker in tree.layer_markers(layer).iter().filter(|marker| marker.kind != MarkerKind::Whiteout) {
            if self.is_new_leaf(marker.node, layer) {
                leaf(marker.node, 0);
            }
        }
    }

    fn is_new_leaf(&mut self, node: NodeId, layer: LayerIndex) -> bool {
        let listed = std::mem::replace(&mut self.listed[node.index()], layer_number(layer)) == layer_number(layer);
        !listed && node != NodeId::ROOT && self.below[node.index()] != layer_number(layer)
    }
}

/// A path without anything below it in its layer.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    node: NodeId,
    /// In bytes.
    size: u64,
    layer: LayerIndex,
    listing: Listing,
}

/// Sums leaves by path. Few paths have more than one, so only those have a record in a map.
struct LeafSums {
    /// For each node, the size of its first leaf; [`LeafSums::LARGE`] if that needs more than 32 bits,
    /// [`LeafSums::UNSEEN`] if there is none.
    first: Vec<u32>,
    large: HashMap<NodeId, u64>,
    repeated: HashMap<NodeId, Repeated>,
    /// Sum of all sizes, and of the minimum of each path.
    sums: u128,
    minima: u128,
}

struct Repeated {
    /// At most two per layer. 64 bits would make each record of the map a third larger.
    count: u32,
    sum: Total,
    minimum: u64,
    /// Second occurrence of the path.
    second: (LayerIndex, Listing),
}

impl LeafSums {
    const UNSEEN: u32 = u32::MAX;
    const LARGE: u32 = u32::MAX - 1;

    fn new(nodes: usize) -> Self {
        let first = vec![Self::UNSEEN; nodes];
        Self { first, large: HashMap::new(), repeated: HashMap::new(), sums: 0, minima: 0 }
    }

    fn add(&mut self, Leaf { node, size, layer, listing }: Leaf) {
        self.sums = self.sums.saturating_add(size.into());
        let first = match self.first[node.index()] {
            Self::UNSEEN => return self.add_first(node, size),
            Self::LARGE => self.large.get(&node).copied().unwrap_or_default(),
            first => first.into(),
        };
        let repeated = self.repeated.entry(node).or_insert(Repeated {
            count: 1,
            sum: [first].into_iter().sum(),
            minimum: first,
            second: (layer, listing),
        });
        repeated.count = repeated.count.saturating_add(1);
        repeated.sum += size;
        if size < repeated.minimum {
            self.minima = self.minima.saturating_sub((repeated.minimum.saturating_sub(size)).into());
            repeated.minimum = size;
        }
    }

    fn add_first(&mut self, node: NodeId, size: u64) {
        self.minima = self.minima.saturating_add(size.into());
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
            let file = InefficientFile { node, count: repeated.count.into(), size_bytes: repeated.sum.get() };
            (file, layer, order.rank(node, listing))
        };
        let mut ranked: Vec<(InefficientFile, LayerIndex, u32)> = self.repeated.into_iter().map(ranked).collect();
        drop(order);
        // dive lists a path at its second occurrence, sorts by size, and prints from the end.
        ranked.sort_unstable_by_key(|(file, layer, rank)| (Reverse(file.size_bytes), Reverse(*layer), Reverse(*rank)));
        // A new vector: collecting in place would keep the capacity for the ranks.
        let mut inefficient_files = Vec::with_capacity(ranked.len());
        inefficient_files.extend(ranked.into_iter().map(|(file, ..)| file));
        let wasted_bytes = inefficient_files.iter().map(|file: &InefficientFile| file.size_bytes).sum::<Total>().get();
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
    fn sizes_at_and_beyond_32_bits_are_summed_correctly() {
        let edge = u64::from(u32::MAX);
        for size in [5 << 30, edge - 2, edge - 1, edge, edge + 1] {
            let mut sums = LeafSums::new(1);
            let leaf = |size| Leaf { node: NodeId::ROOT, size, layer: LayerIndex::BASE, listing: Listing::Entry };
            sums.add(leaf(size));
            assert_eq!((sums.sums, sums.minima, sums.repeated.len()), (size.into(), size.into(), 0));
            sums.add(leaf(7));
            let repeated = &sums.repeated[&NodeId::ROOT];
            assert_eq!((repeated.count, repeated.sum.get(), repeated.minimum), (2, size + 7, 7));
            assert_eq!((sums.sums, sums.minima), (u128::from(size) + 7, 7));
        }
    }
}
