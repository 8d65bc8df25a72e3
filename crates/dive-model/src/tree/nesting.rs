//! Answers whether a node is below another one without walking up the tree: a hostile image has a million files a thousand
//! directories deep.

use super::{NodeId, Tree};

/// Where nodes are in a walk that visits a directory before everything below it.
#[derive(Debug)]
pub(crate) struct Nesting {
    /// By [`NodeId::index`], the position of the node.
    position: Vec<u32>,
    /// By [`NodeId::index`], the position after the last node below it.
    end: Vec<u32>,
}

impl Nesting {
    pub(crate) fn of(tree: &Tree) -> Self {
        // First the number of nodes in each subtree. Children follow their parents.
        let mut end = vec![1_u32; tree.node_count()];
        for node in tree.nodes().rev() {
            if let Some(parent) = tree.parent(node) {
                end[parent.index()] += end[node.index()];
            }
        }
        // Each child takes the next positions that its parent has left.
        let mut position = vec![0_u32; tree.node_count()];
        let mut free = vec![1_u32; tree.node_count()];
        for node in tree.nodes() {
            let size = end[node.index()];
            if let Some(parent) = tree.parent(node) {
                position[node.index()] = free[parent.index()];
                free[parent.index()] += size;
            }
            free[node.index()] = position[node.index()] + 1;
            end[node.index()] = position[node.index()] + size;
        }
        Self { position, end }
    }

    /// The position of a node. Everything below a directory follows it, before its next sibling.
    pub(crate) fn position(&self, node: NodeId) -> u32 {
        self.position[node.index()]
    }

    /// True if `node` is `directory` or below it.
    pub(crate) fn contains(&self, directory: NodeId, node: NodeId) -> bool {
        (self.position[directory.index()]..self.end[directory.index()]).contains(&self.position(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_contains_itself_and_what_is_below_it() {
        let tree = Tree::of_files(&["a/x/1", "b/y", "a/x/2", "a/z"]);
        let nesting = Nesting::of(&tree);
        let lineage = |node| tree.ancestors(node);
        for (directory, node) in tree.nodes().flat_map(|one| tree.nodes().map(move |other| (one, other))) {
            assert_eq!(nesting.contains(directory, node), lineage(node).any(|above| above == directory));
        }
        let mut positions: Vec<u32> = tree.nodes().map(|node| nesting.position(node)).collect();
        positions.sort_unstable();
        assert_eq!(positions, (0..tree.node_count() as u32).collect::<Vec<_>>());
    }
}
