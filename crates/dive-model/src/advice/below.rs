//! Everything below some directories, in one pass over the nodes: a hostile image may ask about a million deep paths.

use crate::tree::{NodeId, Tree};

/// The nodes below some directories, these included.
pub(super) struct Below {
    /// By [`NodeId::index`].
    is_below: Vec<bool>,
}

/// Directories that packages of a distribution write: what is in them is the distribution's.
pub(super) const OF_PACKAGES: [&[u8]; 6] = [b"usr/bin", b"usr/sbin", b"usr/lib", b"usr/libexec", b"bin", b"sbin"];

/// Directories beside `/usr` that packages of a distribution write.
const BESIDE_USR: [&[u8]; 9] =
    [b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"etc", b"var/lib", b"var/cache", b"var/backups"];

/// Directories of `/usr` that other programs write.
const NOT_OF_PACKAGES: [&[u8]; 2] = [b"local", b"src"];

/// Names of directories with packages of a language.
const FOLDERS_OF_PACKAGES: [&[u8]; 5] = [b"site-packages", b"dist-packages", b"node_modules", b"gems", b"pkgs"];

impl Below {
    /// Everything below these directories and below each directory with one of these names.
    pub(super) fn of(tree: &Tree, directories: &[&[u8]], names: &[&[u8]]) -> Self {
        Self::of_nodes(tree, directories.iter().filter_map(|path| tree.find(path)), names)
    }

    /// Like [`Self::of`].
    pub(super) fn of_nodes(tree: &Tree, directories: impl IntoIterator<Item = NodeId>, names: &[&[u8]]) -> Self {
        let mut below = Self { is_below: vec![false; tree.node_count()] };
        directories.into_iter().for_each(|directory| below.set(directory));
        // Parents precede their children.
        for node in tree.nodes() {
            if tree.parent(node).is_some_and(|parent| below.contains(parent)) || names.contains(&tree.name(node)) {
                below.set(node);
            }
        }
        below
    }

    /// Where packages of a distribution or a language have their files.
    pub(super) fn packages(tree: &Tree) -> Self {
        let usr = tree.find(b"usr").into_iter().flat_map(|usr| tree.children(usr));
        let usr = usr.filter(|node| !NOT_OF_PACKAGES.contains(&tree.name(*node)));
        Self::of_nodes(tree, BESIDE_USR.iter().filter_map(|path| tree.find(path)).chain(usr), &FOLDERS_OF_PACKAGES)
    }

    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.is_below.get(node.index()).copied().unwrap_or_default()
    }

    fn set(&mut self, node: NodeId) {
        if let Some(own) = self.is_below.get_mut(node.index()) {
            *own = true;
        }
    }
}
