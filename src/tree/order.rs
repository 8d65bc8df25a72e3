//! Where paths stand among each other, without writing them out: a path may have 16 KiB, and an image a million of them.

use std::convert::Infallible;

use super::{NodeId, Tree};

/// The byte order of the paths of some nodes.
#[derive(Debug)]
pub struct PathOrder {
    /// By [`NodeId::index`].
    ranks: Vec<u32>,
}

impl PathOrder {
    /// Orders the paths of `nodes`. Takes five bytes a node of the tree while it does, and time that grows with `nodes` and
    /// with what stands in the directories above them.
    #[must_use]
    pub fn of(tree: &Tree, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        let mut passed = vec![false; tree.node_count()];
        for node in nodes {
            let mut next = Some(node);
            while let Some(node) = next.filter(|node| !std::mem::replace(&mut passed[node.index()], true)) {
                next = tree.parent(node);
            }
        }
        let mut ranks = vec![0; tree.node_count()];
        let mut rank = 0;
        let walked: Result<(), Infallible> = tree.walk(
            |node| passed[node.index()],
            |_, node| {
                rank += 1;
                ranks[node.index()] = rank;
                Ok(())
            },
        );
        let Ok(()) = walked;
        Self { ranks }
    }

    /// What a node sorts by: of two that were asked for, the one whose path comes first has the lower rank.
    #[must_use]
    pub fn rank(&self, node: NodeId) -> u32 {
        self.ranks.get(node.index()).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_the_bytes_of_whole_paths() {
        let paths = ["b/c", "b", "b-c", "a/x/y", "a/x", "b/c/d", "other"];
        let tree = Tree::of_files(&paths);
        let node = |path: &str| tree.find(path.as_bytes()).unwrap();
        let mut asked = ["b/c/d", "b-c", "a/x/y", "b/c", "b"];
        let order = PathOrder::of(&tree, asked.map(node));
        asked.sort_by_key(|path| order.rank(node(path)));
        assert_eq!(asked, ["a/x/y", "b", "b-c", "b/c", "b/c/d"]);
        assert_eq!(order.rank(node("other")), 0, "nobody asked for it");
    }
}
