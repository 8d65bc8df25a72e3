//! Charges the growing tree to the image's memory budget, before memory is allocated.

use super::{BuildError, Builder, MAX_NODES};
use crate::layer::{EntryNames, Scan};
use crate::tree::Tree;
use crate::tree::node::Node;
use crate::tree::span::{Marker, Span};

/// Bytes per node, with its index entry and its share of the analysis.
const NODE_COST: usize = 64;

/// Bytes per span, likewise.
const SPAN_COST: usize = 80;

const MARKER_COST: usize = size_of::<Marker>();

/// Bytes of a path to show in an error.
const SHOWN_LEN: usize = 200;

impl Builder {
    /// Memory of the tree, its analysis and its listing, in bytes.
    pub(super) const fn memory(&self) -> u64 {
        let Tree { nodes, spans, markers, text, .. } = &self.tree;
        let arenas = nodes.len() * NODE_COST + spans.len() * SPAN_COST + markers.len() * MARKER_COST + text.len();
        (arenas + self.contents.memory()) as u64
    }

    /// Charges the tree's current memory. `names` is the entry to report.
    #[cold]
    pub(super) fn grow(&mut self, names: EntryNames<'_>) -> Result<(), BuildError> {
        if self.tree.nodes.len() > MAX_NODES || self.tree.spans.len() > MAX_NODES {
            return Err(BuildError::TooManyPaths);
        }
        let problem = self.lease.grow_to(self.memory()).err();
        problem.map_or(Ok(()), |problem| Err(BuildError::OverBudget { entry: start_of_path(names), problem }))
    }

    /// Charges the memory that [`Builder::reserve`] will reserve for a layer.
    pub(super) fn charge_layer(&mut self, scan: &Scan) -> Result<(), BuildError> {
        let coming = scan.entry_count * (size_of::<Node>() + size_of::<Span>() + 2) + scan.text_len;
        let needed = self.memory() + coming as u64;
        if needed <= self.lease.bytes() {
            return Ok(());
        }
        self.lease.grow_to(needed).map_err(|problem| {
            let first = scan.chunks.first().and_then(|chunk| chunk.entries().first().map(|entry| chunk.names(entry)));
            BuildError::OverBudget { entry: first.map_or_else(String::new, start_of_path), problem }
        })
    }
}

fn start_of_path(names: EntryNames<'_>) -> String {
    let mut path = names.path();
    path.truncate(SHOWN_LEN);
    String::from_utf8_lossy(&path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, Limits};
    use crate::layer::scan::scan;
    use crate::remark::OnDamage;
    use crate::units::Bytes;

    /// A layer of 10,000 files of `size` bytes each.
    fn layer(size: usize) -> Scan {
        let mut tar = tar::Builder::new(Vec::new());
        for at in 0..10_000 {
            let mut header = tar::Header::new_ustar();
            header.set_size(size as u64);
            tar.append_data(&mut header, format!("f{at}"), &vec![0; size][..]).unwrap();
        }
        scan(&tar.into_inner().unwrap()[..], OnDamage::Fail, &|| false).unwrap()
    }

    /// Two files of the same size at one path are compared. The memory for that is charged when they are found.
    #[test]
    fn the_memory_of_a_comparison_is_charged() {
        let limits = Limits { memory: Some(Bytes(4 << 20)), ..Limits::default() };
        let apply = |second: usize| {
            let mut builder = Builder::within(&Budget::new(limits, 0));
            builder.apply(layer(1)).unwrap();
            builder.apply(layer(second)).map(drop)
        };
        apply(2).unwrap();
        assert!(matches!(apply(1), Err(BuildError::OverBudget { .. })));
    }
}
