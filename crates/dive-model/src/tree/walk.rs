//! Paths in byte order, without holding them all: `a`, `a-b`, `a/x`. That is not the order of a walk down sorted
//! directories (`a`, `a/x`, `a-b`), since `-` sorts before `/`.

use super::{NodeId, Tree};

/// What is still to be visited in a directory.
#[derive(Clone, Copy)]
enum Step {
    /// The node itself.
    Node(NodeId),
    /// What stands below it: all paths that start with its name and a slash.
    Below(NodeId),
}

impl Tree {
    /// Calls `visit` with every node that `keep` lets in, and its path without a leading slash, in byte order of paths.
    /// A node that `keep` leaves out takes all below it along. The root is not visited.
    ///
    /// # Errors
    /// The first error of `visit` ends the walk.
    pub fn walk<E>(
        &self,
        keep: impl Fn(NodeId) -> bool,
        mut visit: impl FnMut(&[u8], NodeId) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut path: Vec<u8> = Vec::new();
        // Each directory on the way down: how long its path is, slash included, and its steps, last first.
        let mut open = vec![(0, self.steps(NodeId::ROOT, &keep))];
        while let Some((len, steps)) = open.last_mut() {
            path.truncate(*len);
            match steps.pop() {
                None => {
                    open.pop();
                }
                Some(Step::Node(node)) => {
                    path.extend_from_slice(self.name(node));
                    visit(&path, node)?;
                }
                Some(Step::Below(node)) => {
                    path.extend_from_slice(self.name(node));
                    path.push(b'/');
                    let steps = self.steps(node, &keep);
                    open.push((path.len(), steps));
                }
            }
        }
        Ok(())
    }

    fn steps(&self, directory: NodeId, keep: &impl Fn(NodeId) -> bool) -> Vec<Step> {
        let mut steps = Vec::new();
        for child in self.children(directory).filter(|child| keep(*child)) {
            steps.push(Step::Node(child));
            if self.children(child).next().is_some() {
                steps.push(Step::Below(child));
            }
        }
        steps.sort_by(|left, right| self.key(*right).cmp(self.key(*left)));
        steps
    }

    /// What a step sorts by: the bytes its paths start with.
    fn key(&self, step: Step) -> impl Iterator<Item = &u8> {
        let (node, slash): (_, &[u8]) = match step {
            Step::Node(node) => (node, b""),
            Step::Below(node) => (node, b"/"),
        };
        self.name(node).iter().chain(slash)
    }
}
