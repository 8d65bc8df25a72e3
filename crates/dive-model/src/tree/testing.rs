//! Support for tests: small trees, and a straightforward implementation of [`Comparison`](super::Comparison).

use super::size::CountedNames;
use super::{Builder, Change, NodeId, Tree};
use crate::layer::LayerIndex;

#[allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "only tests call it, with paths that they write down"
)]
impl Tree {
    /// A tree of one layer with empty files at `paths`. Paths with others below them become directories.
    #[must_use]
    pub fn of_files(paths: &[&str]) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        for path in paths {
            let above = paths.iter().any(|other| other.starts_with(&format!("{path}/")));
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(if above { tar::EntryType::Directory } else { tar::EntryType::Regular });
            header.set_size(0);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, std::io::empty()).unwrap();
        }
        let bytes = tar.into_inner().unwrap();
        let scan = crate::layer::scan::scan(&bytes[..], crate::remark::OnDamage::Fail, &|| false).unwrap();
        let mut builder = Builder::new();
        builder.apply(scan).unwrap();
        builder.finish(&crate::layer::content::PlainLayers::default()).unwrap()
    }
}

/// Change of every node between two layers.
#[derive(Debug)]
pub struct Changes(Vec<Option<Change>>);

impl Changes {
    /// Compares `base` with `target`, in any order. `None` is the empty file system below the base layer.
    #[must_use]
    pub fn between(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) -> Self {
        let mut changes: Vec<_> = tree.nodes().map(|node| tree.own_change(node, base, target)).collect();
        // Children follow their parents, so one backward pass propagates all changes to the root.
        for node in tree.nodes().rev() {
            let differs = changes[node.index()].is_some_and(|change| change != Change::Unmodified);
            if let Some(parent) = tree.parent(node).filter(|_| differs) {
                let above = &mut changes[parent.index()];
                if *above == Some(Change::Unmodified) {
                    *above = Some(Change::Modified);
                }
            }
        }
        Self(changes)
    }

    /// Change of a node; `None` if neither layer shows it.
    #[must_use]
    pub fn of(&self, node: NodeId) -> Option<Change> {
        self.0.get(node.index()).copied().flatten()
    }
}

impl Tree {
    fn own_change(&self, node: NodeId, base: Option<LayerIndex>, target: LayerIndex) -> Option<Change> {
        let before = base.and_then(|base| self.visible(node, base));
        match (before, self.visible(node, target)) {
            (None, None) => None,
            (None, Some(_)) => Some(Change::Added),
            (Some(_), None) => Some(Change::Removed),
            (Some(before), Some(after)) if before == after || self.are_equal(before, after) => Some(Change::Unmodified),
            (Some(_), Some(_)) => Some(Change::Modified),
        }
    }
}

/// Size of every node in one layer, with everything below it. Each inode counts once, at its oldest visible name.
#[derive(Debug)]
pub struct NodeSizes(Vec<u64>);

impl NodeSizes {
    /// Computes the sizes in `layer`.
    #[must_use]
    pub fn at(tree: &Tree, layer: LayerIndex) -> Self {
        let names = CountedNames::at(tree, layer);
        let own = |node| tree.visible(node, layer).map_or(0, |name| names.bytes_of(tree, name));
        let mut sizes: Vec<u64> = tree.nodes().map(own).collect();
        for node in tree.nodes().rev() {
            if let Some(parent) = tree.parent(node) {
                sizes[parent.index()] = sizes[parent.index()].saturating_add(sizes[node.index()]);
            }
        }
        Self(sizes)
    }

    /// Size of a node and everything below it, in bytes.
    #[must_use]
    pub fn of(&self, node: NodeId) -> u64 {
        self.0.get(node.index()).copied().unwrap_or_default()
    }
}
