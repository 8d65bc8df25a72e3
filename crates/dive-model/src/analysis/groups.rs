//! Groups reclaimable files for people, by the layer that holds them, the layer that hides them, the cause and the directory.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::exact::{Exact, ReclaimableFile};
use crate::layer::LayerIndex;
use crate::tree::{Cause, NodeId, Tree};

/// A directory is a separate group if it holds at least one `SHARE`th of the bytes of its layers and cause; otherwise its files
/// count in its parent. So two layers and a cause with at least `SHARE` bytes have at most `SHARE` groups, plus one for the
/// rest.
const SHARE: u64 = 10;

/// Reclaimable files of one directory with the same layer, hiding layer and cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WasteGroup {
    /// The directory that holds the files, or the file if it is the only one. Groups further inside are not counted.
    pub place: NodeId,
    /// The layer that holds the bytes.
    pub layer: LayerIndex,
    /// The layer that hid them.
    pub hidden_by: LayerIndex,
    /// How the layer hid them.
    pub cause: Cause,
    /// Number of inodes.
    pub files: u64,
    /// Total size in bytes.
    pub size_bytes: u64,
}

impl WasteGroup {
    /// Groups all reclaimable files, largest group first. Each file is in one group, so the sizes add up to
    /// [`Exact::reclaimable_bytes`].
    ///
    /// A directory that was removed as a whole is not divided.
    #[must_use]
    pub fn of(tree: &Tree, exact: &Exact) -> Vec<Self> {
        let mut by_cause: BTreeMap<(LayerIndex, LayerIndex, Cause), DirectorySums> = BTreeMap::new();
        for file in &exact.files {
            by_cause.entry((file.layer, file.hidden_by, file.cause)).or_default().add_reclaimable(tree, file);
        }
        let mut groups = Vec::new();
        for ((layer, hidden_by, cause), files) in by_cause {
            let group = |(place, files, size_bytes)| Self { place, layer, hidden_by, cause, files, size_bytes };
            groups.extend(files.divide(tree).map(group));
        }
        // Node ids follow the order of the layers, and so do equal groups.
        groups.sort_unstable_by_key(|group| {
            (Reverse(group.size_bytes), group.layer, group.hidden_by, group.cause, group.place)
        });
        groups
    }
}

/// Files by directory.
#[derive(Debug, Default)]
pub(crate) struct DirectorySums {
    places: BTreeMap<NodeId, Sum>,
    size_bytes: u64,
    /// For each directory that holds a file, the outermost directory that was removed with it.
    removed: HashMap<NodeId, NodeId>,
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    files: u64,
    size_bytes: u64,
    /// The file if it is the only one, else the innermost directory with all of them.
    place: NodeId,
}

impl DirectorySums {
    /// Adds a file.
    pub(crate) fn add(&mut self, tree: &Tree, file: NodeId, size_bytes: u64) {
        self.size_bytes = self.size_bytes.saturating_add(size_bytes);
        self.add_at(tree.parent(file).unwrap_or(NodeId::ROOT), Sum { files: 1, size_bytes, place: file });
    }

    /// Adds a reclaimable file, at the outermost directory that was removed with it.
    pub(crate) fn add_reclaimable(&mut self, tree: &Tree, file: &ReclaimableFile) {
        self.size_bytes = self.size_bytes.saturating_add(file.size_bytes);
        let parent = tree.parent(file.node).unwrap_or(NodeId::ROOT);
        let directory = match file.cause {
            Cause::Overwritten | Cause::MetadataOnly | Cause::Deleted => parent,
            Cause::DeletedWithDirectory | Cause::HiddenByOpaque | Cause::Replaced => {
                *self.removed.entry(parent).or_insert_with(|| outermost_removed(tree, parent, file.hidden_by))
            }
        };
        self.add_at(directory, Sum { files: 1, size_bytes: file.size_bytes, place: file.node });
    }

    fn add_at(&mut self, directory: NodeId, sum: Sum) {
        match self.places.entry(directory) {
            Entry::Vacant(slot) => {
                slot.insert(sum);
            }
            Entry::Occupied(slot) => {
                let known = slot.into_mut();
                known.files = known.files.saturating_add(sum.files);
                known.size_bytes = known.size_bytes.saturating_add(sum.size_bytes);
                known.place = directory;
            }
        }
    }

    /// Directories with a large enough share, or their only file, without the groups inside them: place, files, bytes.
    pub(crate) fn divide(mut self, tree: &Tree) -> impl Iterator<Item = (NodeId, u64, u64)> + use<> {
        let least = self.size_bytes / SHARE;
        let mut divided = Vec::new();
        // A node's id is greater than its parent's, so no other directory is below the last one.
        while let Some((place, sum)) = self.places.pop_last() {
            match tree.parent(place) {
                Some(parent) if sum.size_bytes < least => self.add_at(parent, sum),
                _ => divided.push(sum),
            }
        }
        divided.into_iter().map(|sum| (sum.place, sum.files, sum.size_bytes))
    }
}

/// The outermost directory that `layer` removed along with `directory`; `directory` itself if it is still there.
fn outermost_removed(tree: &Tree, directory: NodeId, layer: LayerIndex) -> NodeId {
    let was_removed = |node: &NodeId| {
        let mut ends = tree.spans(*node).filter_map(|span| tree.span(span).end());
        ends.any(|(by, cause)| by == layer && !matches!(cause, Cause::Overwritten | Cause::MetadataOnly))
    };
    let lineage = std::iter::successors(Some(directory), |node| tree.parent(*node));
    lineage.take_while(was_removed).last().unwrap_or(directory)
}
