//! Visits paths in byte order without storing them: `a`, `a-b`, `a/x`. A walk through sorted directories would visit
//! `a`, `a/x`, `a-b`, since `-` sorts before `/`.

use super::{NodeId, Tree};

/// An item of the walk.
#[derive(Clone, Copy)]
enum WalkStep {
    /// A node.
    Node(NodeId),
    /// Everything below a node: all paths that start with its name and a slash.
    Below(NodeId),
}

impl Tree {
    /// Calls `visit` with the path and id of every node that `keep` accepts, in byte order of paths, without a leading
    /// slash. Skips nodes below rejected ones, and the root.
    ///
    /// # Errors
    /// The first error of `visit`, which ends the walk.
    pub fn walk<E>(
        &self,
        keep: impl Fn(NodeId) -> bool,
        mut visit: impl FnMut(&[u8], NodeId) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut path: Vec<u8> = Vec::new();
        // The open directories: length of the path with its slash, and remaining steps, last first.
        let mut open = vec![(0, self.steps(NodeId::ROOT, &keep))];
        while let Some((len, steps)) = open.last_mut() {
            path.truncate(*len);
            match steps.pop() {
                None => {
                    open.pop();
                }
                Some(WalkStep::Node(node)) => {
                    path.extend_from_slice(self.name(node));
                    visit(&path, node)?;
                }
                Some(WalkStep::Below(node)) => {
                    path.extend_from_slice(self.name(node));
                    path.push(b'/');
                    let steps = self.steps(node, &keep);
                    open.push((path.len(), steps));
                }
            }
        }
        Ok(())
    }

    fn steps(&self, directory: NodeId, keep: &impl Fn(NodeId) -> bool) -> Vec<WalkStep> {
        let mut steps = Vec::new();
        for child in self.children(directory).filter(|child| keep(*child)) {
            steps.push(WalkStep::Node(child));
            if self.children(child).next().is_some() {
                steps.push(WalkStep::Below(child));
            }
        }
        steps.sort_by(|left, right| self.key(*right).cmp(self.key(*left)));
        steps
    }

    /// Sort key of a step: the first bytes of its paths.
    fn key(&self, step: WalkStep) -> impl Iterator<Item = &u8> {
        let (node, slash): (_, &[u8]) = match step {
            WalkStep::Node(node) => (node, b""),
            WalkStep::Below(node) => (node, b"/"),
        };
        self.name(node).iter().chain(slash)
    }
}
