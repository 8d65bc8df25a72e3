//! What changed between any two states of the image.

use super::{NodeId, SpanId, SpanKind, Tree};
use crate::layer::LayerIndex;

/// What happened to a path between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is the same, and so is all below it.
    Unmodified,
    /// It is there only afterwards.
    Added,
    /// It was there only before.
    Removed,
    /// It is something else, or something below it changed.
    Modified,
}

/// The change of every node between two states.
#[derive(Debug)]
pub struct Changes(Vec<Option<Change>>);

impl Changes {
    /// What happened from `base` to `target`, which may stand in any order. No base is the empty state below the base
    /// layer.
    #[must_use]
    pub fn between(tree: &Tree, base: Option<LayerIndex>, target: LayerIndex) -> Self {
        let mut changes: Vec<_> = tree.nodes().map(|node| tree.own_change(node, base, target)).collect();
        // Children stand behind their parents, so one walk backwards carries every change up to the root.
        for node in tree.nodes().rev() {
            let differs = changes[node.index()].is_some_and(|change| change != Change::Unmodified);
            if let Some(parent) = tree.parent(node).filter(|_| differs) {
                let above = &mut changes[parent.index()];
                if *above == Some(Change::Unmodified) {
                    *above = Some(Change::Modified);
                }
            }
        }
        Self(changes)
    }

    /// What happened to a node; none if neither state has it.
    #[must_use]
    pub fn of(&self, node: NodeId) -> Option<Change> {
        self.0.get(node.index()).copied().flatten()
    }
}

impl Tree {
    fn own_change(&self, node: NodeId, base: Option<LayerIndex>, target: LayerIndex) -> Option<Change> {
        let before = base.and_then(|base| self.visible(node, base));
        match (before, self.visible(node, target)) {
            (None, None) => None,
            (None, Some(_)) => Some(Change::Added),
            (Some(_), None) => Some(Change::Removed),
            (Some(before), Some(after)) if before == after || self.alike(before, after) => Some(Change::Unmodified),
            (Some(_), Some(_)) => Some(Change::Modified),
        }
    }

    /// Whether two spans look the same to `lstat`, `readlink`, `cat` and `getfattr`, but for times. An implicit
    /// directory has no attributes of its own to differ in.
    fn alike(&self, left: SpanId, right: SpanId) -> bool {
        let (left, right) = (self.inode(left), self.inode(right));
        let (a, b) = (self.span(left), self.span(right));
        if a.kind.is_directory() && b.kind.is_directory() && a.kind != b.kind {
            let named = if a.kind == SpanKind::Directory { a } else { b };
            let implicit = if a.kind == SpanKind::Directory { b } else { a };
            return (named.mode, named.uid, named.gid) == (implicit.mode, implicit.uid, implicit.gid);
        }
        let extras = |id| {
            let extra = self.extra(id);
            (extra.device, extra.xattrs)
        };
        (a.kind, a.mode, a.uid, a.gid) == (b.kind, b.mode, b.uid, b.gid)
            && extras(left) == extras(right)
            && (!a.kind.is_file() || self.same_content(left, right))
            && (a.kind != SpanKind::Symlink || self.link(left) == self.link(right))
    }
}
