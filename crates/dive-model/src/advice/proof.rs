//! What must be there beside a path, where its name alone proves nothing: `.git` is a repository only with `HEAD` and `objects`.

use hashbrown::{HashMap, HashSet};

use crate::tree::{NodeId, Tree};

/// What must be there beside a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathProof {
    /// Nothing.
    None,
    /// The directory has all these children.
    Has(&'static [&'static str]),
    /// The parent directory has this child.
    Beside(&'static str),
    /// The path lies in a target directory of Cargo.
    CargoTarget,
    /// No program of the image loads its packages from archives, as Yarn's Plug'n'Play does.
    NodeModulesOfYarn,
    /// The parent directory has a file of the same name, but with one of these endings.
    SameStem(&'static [&'static str]),
}

/// Names of the file that tells Node.js where the packages are.
const PLUG_N_PLAY: [&[u8]; 2] = [b".pnp.cjs", b".pnp.js"];

/// Looks for proofs. Each directory is searched once for each name, since a hostile image may repeat the question a million
/// times.
#[derive(Debug)]
pub(super) struct ProofFinder<'a> {
    tree: &'a Tree,
    children: HashMap<(NodeId, &'static str), Option<NodeId>>,
    /// The visible and the other children of directories.
    names: HashMap<NodeId, HashSet<(&'a [u8], bool)>>,
    /// Whether a layer has a program of Plug'n'Play.
    plug_n_play: Option<bool>,
}

impl<'a> ProofFinder<'a> {
    pub(super) fn of(tree: &'a Tree) -> Self {
        Self { tree, children: HashMap::new(), names: HashMap::new(), plug_n_play: None }
    }

    /// True if what must be there beside `node` is there: in the finished file system if `node` is, else in any layer.
    pub(super) fn prove(&mut self, proof: PathProof, node: NodeId) -> bool {
        let tree = self.tree;
        let visible = self.is_visible(node);
        let Some(parent) = tree.parent(node) else { return false };
        match proof {
            PathProof::None => true,
            PathProof::Has(names) => names.iter().all(|name| self.has(node, name, visible)),
            PathProof::Beside(name) => self.has(parent, name, visible),
            PathProof::CargoTarget => {
                // Below `target` lies the profile, or the profile below a target triple.
                let mut above = tree.ancestors(parent).skip(1).take(2);
                self.has(parent, ".fingerprint", visible) || above.any(|node| self.has(node, "CACHEDIR.TAG", visible))
            }
            PathProof::NodeModulesOfYarn => {
                let has_any = || tree.nodes().any(|node| PLUG_N_PLAY.contains(&tree.name(node)));
                !*self.plug_n_play.get_or_insert_with(has_any)
            }
            PathProof::SameStem(endings) => {
                let name = tree.name(node);
                let dot = name.iter().rposition(|byte| *byte == b'.');
                let Some(start) = dot.and_then(|dot| name.get(..=dot)) else { return false };
                let names = self.names.entry(parent).or_insert_with(|| {
                    let children = tree.children(parent);
                    children.map(|child| (tree.name(child), is_visible(tree, child))).collect()
                });
                endings.iter().any(|ending| {
                    let other = [start, ending.as_bytes()].concat();
                    names.contains(&(&other[..], true)) || (!visible && names.contains(&(&other[..], false)))
                })
            }
        }
    }

    /// True if the node is in the finished file system.
    pub(super) fn is_visible(&self, node: NodeId) -> bool {
        is_visible(self.tree, node)
    }

    fn has(&mut self, directory: NodeId, name: &'static str, must_be_visible: bool) -> bool {
        let find = || self.tree.child(directory, name.as_bytes());
        let child = *self.children.entry((directory, name)).or_insert_with(find);
        child.is_some_and(|child| !must_be_visible || is_visible(self.tree, child))
    }
}

fn is_visible(tree: &Tree, node: NodeId) -> bool {
    tree.spans(node).next().is_some_and(|newest| tree.span(newest).end().is_none())
}
