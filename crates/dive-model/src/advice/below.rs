//! Everything below some directories, in one pass over the nodes: a hostile image may ask about a million deep paths.

use hashbrown::HashMap;

use crate::image::ContainerPlaces;
use crate::tree::{NodeId, Tree};

/// The nodes below some directories, these included.
pub(super) struct Below {
    /// By [`NodeId::index`].
    is_below: Vec<bool>,
}

/// Directories beside `/usr` that packages of a distribution write.
pub(super) const BESIDE_USR: [&[u8]; 5] = [b"bin", b"sbin", b"lib", b"lib32", b"lib64"];

/// Directories with settings and state of packages, and their backups.
const STATE_OF_PACKAGES: [&[u8]; 4] = [b"etc", b"var/lib", b"var/cache", b"var/backups"];

/// Directories of `/usr` that other programs write.
const NOT_OF_PACKAGES: [&[u8]; 2] = [b"local", b"src"];

/// Names of directories with compilers and interpreters, as their authors built them. Programs of the image need their libraries.
const TOOLCHAINS: [&[u8]; 13] = [
    b"go", b"rustup", b".rustup", b"rustlib", b"ghc", b"gcc", b"pyenv", b".pyenv", b"rbenv", b".rbenv", b"nvm",
    b".nvm", b".asdf",
];

/// Names of directories with packages of a language.
pub(super) const FOLDERS_OF_PACKAGES: [&[u8]; 5] =
    [b"site-packages", b"dist-packages", b"node_modules", b"gems", b"pkgs"];

/// Maximum number of volumes: each is looked up in large directories.
const MAX_VOLUMES: usize = 100;

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

    /// Where packages of a distribution have their programs: what is in these directories is the distribution's.
    pub(super) fn programs_of_packages(tree: &Tree) -> Self {
        Self::of_nodes(tree, programs_of_packages(tree), &[])
    }

    /// Where packages of a distribution or a language have their files. An environment of conda has packages only.
    pub(super) fn packages(tree: &Tree) -> Self {
        let conda = tree.nodes().filter(|node| tree.name(*node) == b"conda-meta");
        let conda = conda.filter_map(|node| tree.parent(node)).filter(|node| *node != NodeId::ROOT);
        let state = STATE_OF_PACKAGES.iter().filter_map(|path| tree.find(path));
        Self::of_nodes(tree, programs_of_packages(tree).chain(state).chain(conda), &FOLDERS_OF_PACKAGES)
    }

    /// Compilers and interpreters that no package of the distribution brings, and CUDA.
    pub(super) fn toolchains(tree: &Tree) -> Self {
        let cuda = tree.find(b"usr/local").into_iter().flat_map(|local| tree.children(local));
        let mut below = Self::of_nodes(tree, cuda.filter(|node| tree.name(*node).starts_with(b"cuda")), &TOOLCHAINS);
        // `go install` writes to `/go/bin`; the compiler has its own directory of this name.
        let is_of_path = |node: &NodeId| {
            let parent = tree.parent(*node).map(|parent| tree.name(parent));
            tree.name(*node) == b"bin" && parent == Some(b"go") && tree.child(*node, b"go").is_none()
        };
        let installed = Self::of_nodes(tree, tree.nodes().filter(is_of_path), &[]);
        for (is_below, is_installed) in below.is_below.iter_mut().zip(installed.is_below) {
            *is_below &= !is_installed;
        }
        below
    }

    /// Directories with a file system of their own, as for `chroot`: a path in them starts at another root.
    pub(super) fn inner_roots(tree: &Tree) -> Self {
        let of_usr = tree.nodes().filter(|node| tree.name(*node) == b"usr").filter_map(|usr| tree.parent(usr));
        let is_root = |node: &NodeId| {
            let has = |name: &&[u8]| tree.child(*node, name).is_some();
            *node != NodeId::ROOT && BESIDE_USR.iter().chain(&[&b"etc"[..]]).any(has)
        };
        Self::of_nodes(tree, of_usr.filter(is_root), &[])
    }

    /// The volumes of a configuration: other content may be there at run time.
    pub(super) fn volumes(tree: &Tree, places: &ContainerPlaces) -> Self {
        let volumes = places.volumes.iter().take(MAX_VOLUMES).filter_map(|path| tree.find(path.as_bytes()));
        Self::of_nodes(tree, volumes.filter(|node| *node != NodeId::ROOT), &[])
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

fn programs_of_packages(tree: &Tree) -> impl Iterator<Item = NodeId> {
    let usr = tree.find(b"usr").into_iter().flat_map(|usr| tree.children(usr));
    let usr = usr.filter(|node| !NOT_OF_PACKAGES.contains(&tree.name(*node)));
    BESIDE_USR.iter().filter_map(|path| tree.find(path)).chain(usr).chain(packaged_in_opt(tree))
}

/// Directories in `/opt` of packages of dpkg: the name of a list of files starts with theirs, as `google-chrome-stable.list` for
/// `/opt/google`.
fn packaged_in_opt(tree: &Tree) -> Vec<NodeId> {
    let of_opt: HashMap<&[u8], NodeId> =
        tree.find(b"opt").into_iter().flat_map(|opt| tree.children(opt)).map(|node| (tree.name(node), node)).collect();
    if of_opt.is_empty() {
        return Vec::new();
    }
    let lists = tree.find(b"var/lib/dpkg/info").into_iter().flat_map(|info| tree.children(info));
    let names = lists.filter_map(|list| tree.name(list).strip_suffix(b".list"));
    let starts = names.filter_map(|name| name.split(|byte| *byte == b'-' || *byte == b':').next());
    let mut packaged: Vec<NodeId> = starts.filter_map(|start| of_opt.get(start).copied()).collect();
    packaged.dedup();
    packaged
}
