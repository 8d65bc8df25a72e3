//! Computes the reclaimable bytes: the size of each inode without a name in the final file system, and what hid it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use crate::layer::LayerIndex;
pub use crate::tree::Cause;
use crate::tree::{NodeId, PathOrder, SpanId, SpanKind, Tree};
use crate::units::Total;

/// An inode without a name in the final file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReclaimableFile {
    /// Node of the name that was hidden last: see [`Tree::path`].
    pub node: NodeId,
    /// Size of the inode, in bytes.
    pub size_bytes: u64,
    /// Layer with the content.
    pub layer: LayerIndex,
    /// Layer that hid the last name.
    pub hidden_by: LayerIndex,
    /// How the layer hid it.
    pub cause: Cause,
}

/// The exact numbers of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact {
    /// Bytes of all regular files in all layers, each inode once.
    pub total_bytes: u64,
    /// Bytes of inodes visible in the final file system.
    pub visible_bytes: u64,
    /// Hidden inodes with content: largest first, then by path, then by layer.
    pub files: Vec<ReclaimableFile>,
}

impl Exact {
    /// Bytes that a rebuilt image can omit: total minus visible, and the sum over [`Exact::files`].
    #[must_use]
    pub const fn reclaimable_bytes(&self) -> u64 {
        self.total_bytes.saturating_sub(self.visible_bytes)
    }

    /// Visible bytes divided by total bytes, 0 to 1; 1 if there are none.
    #[must_use]
    pub fn efficiency(&self) -> f64 {
        if self.total_bytes == 0 { 1.0 } else { self.visible_bytes as f64 / self.total_bytes as f64 }
    }

    /// Reclaimable bytes hidden by `cause`. The sum over all causes is [`Exact::reclaimable_bytes`].
    #[must_use]
    pub fn bytes_by(&self, cause: Cause) -> u64 {
        self.files.iter().filter(|file| file.cause == cause).map(|file| file.size_bytes).sum::<Total>().get()
    }

    /// Bytes of all regular files that the layers in `range` store, each inode once: the part of [`Exact::total_bytes`] in
    /// these layers.
    #[must_use]
    pub fn total_bytes_in(tree: &Tree, range: Range<usize>) -> u64 {
        let spans =
            tree.layers().filter(|layer| range.contains(&layer.get())).flat_map(|layer| tree.layer_spans(layer));
        let files = spans.map(|id| tree.span(id)).filter(|span| span.kind.is_file());
        files.map(|span| span.size).sum::<Total>().get()
    }

    /// Reclaimable bytes in each of the first `layers` layers.
    #[must_use]
    pub fn bytes_by_layer(&self, layers: usize) -> Vec<u64> {
        let mut bytes = vec![Total::default(); layers];
        for file in &self.files {
            if let Some(sum) = bytes.get_mut(file.layer.get()) {
                *sum += file.size_bytes;
            }
        }
        bytes.into_iter().map(Total::get).collect()
    }
}

impl Exact {
    /// Computes the numbers from spans: an inode is visible while one of its names is open.
    #[must_use]
    pub fn of(tree: &Tree) -> Self {
        let last_names = last_names(tree);
        let (mut visible_bytes, mut hidden_bytes, mut files) = (0_u128, Total::default(), Vec::new());
        for inode in tree.all_spans() {
            let span = tree.span(inode);
            if !span.kind.is_file() || span.size == 0 {
                continue;
            }
            let name = last_names.get(&inode).copied().unwrap_or(inode);
            match tree.span(name).end() {
                None => visible_bytes = visible_bytes.saturating_add(u128::from(span.size)),
                Some((hidden_by, cause)) => {
                    hidden_bytes += span.size;
                    files.push(ReclaimableFile {
                        node: tree.span(name).node(),
                        size_bytes: span.size,
                        layer: span.from(),
                        hidden_by,
                        cause,
                    });
                }
            }
        }
        // A hostile image may claim sizes whose sum exceeds 64 bits. Then visible bytes are left out, never hidden ones.
        let most = u64::MAX.saturating_sub(hidden_bytes.get());
        let visible_bytes = u64::try_from(visible_bytes).map_or(most, |visible| visible.min(most));
        let total_bytes = visible_bytes.saturating_add(hidden_bytes.get());
        let mut exact = Self { total_bytes, visible_bytes, files };
        let order = PathOrder::of(tree, exact.files.iter().map(|file| file.node));
        exact.files.sort_unstable_by_key(|file| (Reverse(file.size_bytes), order.rank(file.node), file.layer));
        exact
    }
}

/// For inodes with several names, the name that was hidden last or is visible; the first one if several are equal.
fn last_names(tree: &Tree) -> HashMap<SpanId, SpanId> {
    let ends = |name: SpanId| tree.span(name).end().map_or(usize::MAX, |(layer, _)| layer.get());
    let mut last: HashMap<SpanId, SpanId> = HashMap::new();
    for name in tree.all_spans().filter(|id| tree.span(*id).kind == SpanKind::HardLink) {
        let inode = tree.inode(name);
        let known = last.entry(inode).or_insert(inode);
        if ends(name) > ends(*known) {
            *known = name;
        }
    }
    last
}
