//! Groups reclaimable files for people, by the layer that holds them, the layer that hides them, the cause and the directory.

use std::cmp::Reverse;

use super::directories::{DirectorySums, Removals};
use super::exact::{Exact, ReclaimableFile};
use crate::layer::LayerIndex;
use crate::tree::{Cause, Nesting, NodeId, Tree};

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
        // Two layers and a cause at a time: a hostile image has a million of them, with one file each.
        let mut files: Vec<&ReclaimableFile> = exact.files.iter().collect();
        files.sort_unstable_by_key(|file| (file.hidden_by, file.layer, file.cause, file.node));
        let (nesting, mut removals) = (Nesting::of(tree), Removals::of(tree));
        let mut groups = Vec::new();
        let of_pair = |file: &ReclaimableFile| (file.hidden_by, file.layer, file.cause);
        for files in files.chunk_by(|one, other| of_pair(one) == of_pair(other)) {
            let Some(ReclaimableFile { node, size_bytes, layer, hidden_by, cause }) = files.first().copied().copied()
            else {
                continue;
            };
            let group = |place, files, size_bytes| Self { place, layer, hidden_by, cause, files, size_bytes };
            if files.len() == 1 {
                groups.push(group(node, 1, size_bytes));
                continue;
            }
            removals.go_to(tree, hidden_by);
            let mut sums = DirectorySums::default();
            for file in files {
                sums.add_reclaimable(tree, &removals, file);
            }
            let divided = sums.divide(tree, &nesting).into_iter();
            groups.extend(divided.map(|sum| group(sum.place, sum.files, sum.size_bytes)));
        }
        // Node ids follow the order of the layers, and so do equal groups.
        groups.sort_unstable_by_key(|group| {
            (Reverse(group.size_bytes), group.layer, group.hidden_by, group.cause, group.place)
        });
        groups
    }

    /// For each of these groups, the indices of its files in [`Exact::files`]. `groups` are all those of the image.
    #[must_use]
    pub fn files_of(groups: &[Self], tree: &Tree, exact: &Exact) -> Vec<Vec<usize>> {
        // The group of a file is the innermost one around it. A directory precedes what is below it, and the group of a file alone
        // precedes the file.
        let nesting = Nesting::of(tree);
        let of_groups = groups.iter().enumerate().map(|(at, group)| {
            ((group.hidden_by, group.layer, group.cause), nesting.position(group.place), GroupedItem::Group(at))
        });
        let of_files = exact.files.iter().enumerate().map(|(at, file)| {
            ((file.hidden_by, file.layer, file.cause), nesting.position(file.node), GroupedItem::File(at))
        });
        let mut members: Vec<_> = of_groups.chain(of_files).collect();
        members.sort_unstable();
        let mut files = vec![Vec::new(); groups.len()];
        // Groups around the current position, the outermost first.
        let mut around: Vec<(usize, NodeId)> = Vec::new();
        for chunk in members.chunk_by(|(one, ..), (other, ..)| one == other) {
            around.clear();
            for (.., member) in chunk {
                let place = match member {
                    GroupedItem::Group(at) => groups.get(*at).map(|group| group.place),
                    GroupedItem::File(at) => exact.files.get(*at).map(|file| file.node),
                };
                let Some(place) = place else { continue };
                while around.pop_if(|(_, outer)| !nesting.contains(*outer, place)).is_some() {}
                match member {
                    GroupedItem::Group(at) => around.push((*at, place)),
                    GroupedItem::File(at) => {
                        if let Some(files) = around.last().and_then(|(group, _)| files.get_mut(*group)) {
                            files.push(*at);
                        }
                    }
                }
            }
        }
        for of_group in &mut files {
            of_group.sort_unstable();
        }
        files
    }
}

/// A group or a file, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum GroupedItem {
    Group(usize),
    File(usize),
}
