//! Files by directory: the few directories that hold most of their bytes.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::exact::ReclaimableFile;
use crate::layer::LayerIndex;
use crate::tree::{Cause, Nesting, NodeId, Tree};

/// A directory is a separate group if it holds at least one `SHARE`th of the bytes; otherwise its files count in its parent. So at
/// least `SHARE` bytes have at most `SHARE` groups, plus one for the rest.
const SHARE: u64 = 10;

/// Files by directory.
#[derive(Debug, Default)]
pub(crate) struct DirectorySums {
    places: HashMap<NodeId, DirectorySum>,
    size_bytes: u64,
}

/// Files that are grouped together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DirectorySum {
    pub(crate) files: u64,
    pub(crate) size_bytes: u64,
    /// The file if it is the only one, else the innermost directory with all of them.
    pub(crate) place: NodeId,
}

impl DirectorySum {
    /// Adds files that are in the same directory.
    fn add(&mut self, other: Self, directory: NodeId) {
        self.files = self.files.saturating_add(other.files);
        self.size_bytes = self.size_bytes.saturating_add(other.size_bytes);
        self.place = directory;
    }
}

impl DirectorySums {
    /// Adds a file.
    pub(crate) fn add(&mut self, tree: &Tree, file: NodeId, size_bytes: u64) {
        self.add_at(tree.parent(file).unwrap_or(NodeId::ROOT), file, size_bytes);
    }

    /// Adds a reclaimable file, at the outermost directory that was removed with it. `removals` are those of the layer that hides it.
    pub(crate) fn add_reclaimable(&mut self, tree: &Tree, removals: &Removals, file: &ReclaimableFile) {
        let parent = tree.parent(file.node).unwrap_or(NodeId::ROOT);
        let directory = match file.cause {
            Cause::Overwritten | Cause::MetadataOnly | Cause::Deleted => parent,
            Cause::DeletedWithDirectory | Cause::HiddenByOpaque | Cause::Replaced => removals.outermost(parent),
        };
        self.add_at(directory, file.node, file.size_bytes);
    }

    fn add_at(&mut self, directory: NodeId, file: NodeId, size_bytes: u64) {
        self.size_bytes = self.size_bytes.saturating_add(size_bytes);
        let sum = DirectorySum { files: 1, size_bytes, place: file };
        match self.places.entry(directory) {
            Entry::Vacant(slot) => {
                slot.insert(sum);
            }
            Entry::Occupied(slot) => slot.into_mut().add(sum, directory),
        }
    }

    /// Directories with a large enough share, or their only file, without the groups inside them. The time does not grow with the
    /// depth of the directories, but for a few steps up from each.
    pub(crate) fn divide(self, tree: &Tree, nesting: &Nesting) -> Vec<DirectorySum> {
        let least = self.size_bytes / SHARE;
        let mut places: Vec<(NodeId, DirectorySum)> = self.places.into_iter().collect();
        places.sort_unstable_by_key(|(directory, _)| nesting.position(*directory));
        let mut divided = Vec::new();
        // Each of these directories is below the one before it, and the last one contains the next place. The others are complete.
        let mut open: Vec<(NodeId, DirectorySum)> = Vec::new();
        for (directory, sum) in places {
            while let Some((inner, small)) = open.pop_if(|(above, _)| !nesting.contains(*above, directory)) {
                if small.size_bytes >= least {
                    divided.push(small);
                    continue;
                }
                let mut lineage = tree.ancestors(inner).skip(1);
                let outer = open.last().map(|(outer, _)| *outer);
                let meets = lineage.find(|node| Some(*node) == outer || nesting.contains(*node, directory));
                match (meets, open.last_mut()) {
                    (Some(at), Some((outer, known))) if at == *outer => known.add(small, at),
                    (at, _) => open.push((at.unwrap_or(NodeId::ROOT), small)),
                }
            }
            match open.last_mut() {
                Some((above, known)) if *above == directory => known.add(sum, directory),
                _ => open.push((directory, sum)),
            }
        }
        while let Some((_, sum)) = open.pop() {
            match open.last_mut() {
                Some((outer, known)) if sum.size_bytes < least => known.add(sum, *outer),
                _ => divided.push(sum),
            }
        }
        divided
    }
}

/// The directories that one layer removed, for one layer at a time.
#[derive(Debug)]
pub(crate) struct Removals {
    /// All removed directories, in the order of layers, parents first.
    removed: Vec<(LayerIndex, NodeId)>,
    /// The current layer.
    layer: Option<LayerIndex>,
    /// By [`NodeId::index`], the last layer so far that removed the node, and the outermost directory removed with it.
    outermost: Vec<Option<(LayerIndex, NodeId)>>,
}

impl Removals {
    pub(crate) fn of(tree: &Tree) -> Self {
        let directories = tree.all_spans().map(|id| tree.span(id)).filter(|span| span.kind.is_directory());
        let mut removed: Vec<(LayerIndex, NodeId)> = directories
            .filter_map(|span| match span.end()? {
                (_, Cause::Overwritten | Cause::MetadataOnly) => None,
                (layer, _) => Some((layer, span.node())),
            })
            .collect();
        removed.sort_unstable();
        let outermost = if removed.is_empty() { Vec::new() } else { vec![None; tree.node_count()] };
        Self { removed, layer: None, outermost }
    }

    /// Makes `layer` the current one. Takes time in proportion to the directories that it removed.
    pub(crate) fn go_to(&mut self, tree: &Tree, layer: LayerIndex) {
        if self.layer.replace(layer) == Some(layer) {
            return;
        }
        let from = self.removed.partition_point(|(by, _)| *by < layer);
        let of_layer = self.removed.get(from..).unwrap_or_default().iter().take_while(|(by, _)| *by == layer);
        for (_, node) in of_layer {
            let above = tree.parent(*node).and_then(|parent| self.outermost.get(parent.index()).copied().flatten());
            let outermost = above.filter(|(by, _)| *by == layer).map_or(*node, |(_, outermost)| outermost);
            if let Some(own) = self.outermost.get_mut(node.index()) {
                *own = Some((layer, outermost));
            }
        }
    }

    /// The outermost directory that the current layer removed along with `directory`; `directory` itself if it is still there.
    fn outermost(&self, directory: NodeId) -> NodeId {
        let known = self.outermost.get(directory.index()).copied().flatten();
        known.filter(|(by, _)| Some(*by) == self.layer).map_or(directory, |(_, outermost)| outermost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Each small directory counts in its parent, one step at a time.
    fn step_by_step(tree: &Tree, files: &[(NodeId, u64)]) -> Vec<(NodeId, u64, u64)> {
        let least = files.iter().map(|(_, size)| size).sum::<u64>() / SHARE;
        let mut places: BTreeMap<NodeId, Vec<(NodeId, u64)>> = BTreeMap::new();
        let mut named: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for (file, size) in files {
            let directory = tree.parent(*file).unwrap();
            places.entry(directory).or_default().push((*file, *size));
        }
        for (directory, files) in &places {
            named.insert(*directory, if let [(file, _)] = &files[..] { *file } else { *directory });
        }
        let mut divided = Vec::new();
        // Parents precede their children.
        while let Some((directory, files)) = places.pop_last() {
            let place = named[&directory];
            let size = files.iter().map(|(_, size)| size).sum::<u64>();
            match tree.parent(directory) {
                Some(parent) if size < least => {
                    let has_files = places.contains_key(&parent);
                    named.insert(parent, if has_files { parent } else { place });
                    places.entry(parent).or_default().extend(files);
                }
                _ => divided.push((place, files.len() as u64, size)),
            }
        }
        divided.sort_unstable();
        divided
    }

    #[test]
    fn directories_are_divided_as_by_single_steps() {
        let mut state = 1_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let paths: Vec<String> = (0..=random(30))
                .map(|at| {
                    let depth = random(5);
                    let directories: String = (0..depth).map(|_| ["a/", "b/", "c/"][random(3) as usize]).collect();
                    format!("{directories}f{at}")
                })
                .collect();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let tree = Tree::of_files(&paths);
            let files: Vec<(NodeId, u64)> =
                paths.iter().map(|path| (tree.find(path.as_bytes()).unwrap(), random(100))).collect();
            let mut sums = DirectorySums::default();
            for (file, size) in &files {
                sums.add(&tree, *file, *size);
            }
            let divided = sums.divide(&tree, &Nesting::of(&tree));
            let mut divided: Vec<_> = divided.iter().map(|sum| (sum.place, sum.files, sum.size_bytes)).collect();
            divided.sort_unstable();
            assert_eq!(divided, step_by_step(&tree, &files), "{paths:?}");
        }
    }
}
