//! Sorts nodes by path without building the paths: a path may have 16 KiB, and an image a million of them.

use std::collections::HashMap;
use std::convert::Infallible;

use super::{NodeId, Tree};
use crate::layer::path::WHITEOUT_PREFIX;

/// Ranks of nodes in byte order of their paths.
#[derive(Debug)]
pub struct PathOrder {
    /// By [`NodeId::index`].
    ranks: Vec<u32>,
}

impl PathOrder {
    /// Ranks `nodes`. Needs five bytes per node of the tree, and time proportional to `nodes` and the entries of their
    /// parent directories.
    #[must_use]
    pub fn of(tree: &Tree, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        let mut needed = vec![false; tree.node_count()];
        for node in nodes {
            let mut next = Some(node);
            while let Some(node) = next.filter(|node| !std::mem::replace(&mut needed[node.index()], true)) {
                next = tree.parent(node);
            }
        }
        let mut ranks = vec![0; tree.node_count()];
        let mut rank = 0;
        let walked: Result<(), Infallible> = tree.walk(
            |node| needed[node.index()],
            |_, node| {
                rank += 1;
                ranks[node.index()] = rank;
                Ok(())
            },
        );
        let Ok(()) = walked;
        Self { ranks }
    }

    /// Sort key of one of the given nodes. The rank of other nodes has no meaning.
    #[must_use]
    pub fn rank(&self, node: NodeId) -> u32 {
        self.ranks.get(node.index()).copied().unwrap_or_default()
    }
}

/// How a layer lists a path: by an entry or a whiteout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listing {
    /// An entry at the path.
    Entry,
    /// A whiteout of the path: `.wh.NAME` in the same directory.
    Whiteout,
}

/// The order in which dive walks over one layer: siblings by the bytes of their listed names, and everything below a
/// directory before the directory's next sibling.
///
/// It differs from [`PathOrder`]: `a/x` precedes `a-b` here, because `a` precedes `a-b`.
#[derive(Debug)]
pub struct WalkOrder {
    /// By [`NodeId::index`].
    entries: Vec<u32>,
    whiteouts: HashMap<NodeId, u32>,
}

impl WalkOrder {
    /// Orders `listed` paths. Takes five bytes a node of the tree while it runs.
    #[must_use]
    pub fn of(tree: &Tree, listed: impl IntoIterator<Item = (NodeId, Listing)>) -> Self {
        let mut needed = vec![false; tree.node_count()];
        let mut whiteouts: HashMap<NodeId, u32> = HashMap::new();
        for (node, listing) in listed {
            let mut next = match listing {
                Listing::Entry => Some(node),
                Listing::Whiteout => {
                    whiteouts.insert(node, 0);
                    tree.parent(node)
                }
            };
            while let Some(node) = next.filter(|node| !std::mem::replace(&mut needed[node.index()], true)) {
                next = tree.parent(node);
            }
        }
        let mut order = Self { entries: vec![0; tree.node_count()], whiteouts };
        let mut rank = 0;
        // A stack, not a recursion: an image may be thousands of levels deep.
        let mut open = vec![(NodeId::ROOT, Listing::Entry)];
        while let Some((node, listing)) = open.pop() {
            rank += 1;
            match listing {
                Listing::Whiteout => {
                    order.whiteouts.insert(node, rank);
                }
                Listing::Entry => {
                    order.entries[node.index()] = rank;
                    let first = open.len();
                    for child in tree.children(node) {
                        if needed[child.index()] {
                            open.push((child, Listing::Entry));
                        }
                        if order.whiteouts.contains_key(&child) {
                            open.push((child, Listing::Whiteout));
                        }
                    }
                    // Reversed, since the last one is popped first.
                    open[first..]
                        .sort_unstable_by(|left, right| listed_name(tree, *right).cmp(listed_name(tree, *left)));
                }
            }
        }
        order
    }

    /// The sort key of a listed path: the lower of two comes first.
    #[must_use]
    pub fn rank(&self, node: NodeId, listing: Listing) -> u32 {
        let rank = match listing {
            Listing::Entry => self.entries.get(node.index()),
            Listing::Whiteout => self.whiteouts.get(&node),
        };
        rank.copied().unwrap_or_default()
    }
}

/// The name of a node in a layer's tar.
fn listed_name(tree: &Tree, (node, listing): (NodeId, Listing)) -> impl Iterator<Item = u8> {
    let prefix: &[u8] = match listing {
        Listing::Entry => b"",
        Listing::Whiteout => WHITEOUT_PREFIX.as_bytes(),
    };
    prefix.iter().chain(tree.name(node)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_sort_by_bytes_of_the_whole_path() {
        let paths = ["b/c", "b", "b-c", "a/x/y", "a/x", "b/c/d", "other"];
        let tree = Tree::of_files(&paths);
        let node = |path: &str| tree.find(path.as_bytes()).unwrap();
        let mut paths = ["b/c/d", "b-c", "a/x/y", "b/c", "b"];
        let order = PathOrder::of(&tree, paths.map(node));
        paths.sort_by_key(|path| order.rank(node(path)));
        assert_eq!(paths, ["a/x/y", "b", "b-c", "b/c", "b/c/d"]);
        assert_eq!(order.rank(node("other")), 0, "nobody asked for it");
    }

    #[test]
    fn dive_walks_depth_first_with_whiteouts_by_their_own_name() {
        use Listing::{Entry, Whiteout};
        let tree = Tree::of_files(&["b/c", "b", "b-c", "-first", "gone", "b/also-gone"]);
        let node = |path: &str| tree.find(path.as_bytes()).unwrap();
        let mut listed =
            [("gone", Whiteout), ("b-c", Entry), ("b/c", Entry), ("b/also-gone", Whiteout), ("-first", Entry)];
        let order = WalkOrder::of(&tree, listed.map(|(path, listing)| (node(path), listing)));
        listed.sort_by_key(|(path, listing)| order.rank(node(path), *listing));
        let expected =
            [("-first", Entry), ("gone", Whiteout), ("b/also-gone", Whiteout), ("b/c", Entry), ("b-c", Entry)];
        assert_eq!(listed, expected);
    }
}
