//! What tests need: small trees, and the plain way to compute what [`Comparison`](super::Comparison) computes in one pass.

use super::size::CountedNames;
use super::{Builder, Change, NodeId, Tree};
use crate::layer::LayerIndex;

#[allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "only tests call it, with paths that they write down"
)]
impl Tree {
    /// One layer with empty files at `paths`, for tests that need nodes to speak of. What stands above others is a
    /// directory.
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

/// The change of every node between two states.
#[derive(Debug)]
pub struct Changes(Vec<Option<Change>>);

impl Changes {
    /// What happened from `base` to `target`, which may stand in any order. No base is the empty state below the base
    /// layer.
    #[must_use]
    pub fn between(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) -> Self {
        let mut changes: Vec<_> = tree.nodes().map(|node| tree.own_change(node, base, target)).collect();
        // Children stand behind their parents, so one walk backwards carries every change up to the root.
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

    /// What happened to a node; none if neither state has it.
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
            (Some(before), Some(after)) if before == after || self.alike(before, after) => Some(Change::Unmodified),
            (Some(_), Some(_)) => Some(Change::Modified),
        }
    }
}

/// Bytes at and below every node, as of one layer: each inode once, at the oldest of its names that the layer shows.
#[derive(Debug)]
pub struct Sizes(Vec<u64>);

impl Sizes {
    /// Sums up what `layer` shows.
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

    /// Bytes at and below a node.
    #[must_use]
    pub fn of(&self, node: NodeId) -> u64 {
        self.0.get(node.index()).copied().unwrap_or_default()
    }
}
