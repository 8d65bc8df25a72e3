//! Follows symbolic links inside the image, like the kernel in a chroot of one layer's file system.

use std::collections::{HashMap, HashSet};

use super::{NodeId, SpanId, SpanKind, Tree};
use crate::escape::Escaped;
use crate::layer::LayerIndex;

/// Maximum number of links to follow for one path: Linux's `MAXSYMLINKS` (`path_resolution(7)`).
pub const MAX_LINKS: usize = 40;

/// A path that cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unresolved {
    /// The layer does not show the path.
    #[error("it does not exist")]
    NotThere,
    /// A link points to a missing path.
    #[error("it leads to {}, which does not exist", Escaped(missing))]
    Dangling {
        /// The first missing path.
        missing: Vec<u8>,
    },
    /// A link has an empty target, which is possible only in archives.
    #[error("it has no target")]
    NoTarget,
    /// The path leads through an entry that is not a directory.
    #[error("it leads through {}, which is not a directory", Escaped(path))]
    NotADirectory {
        /// Path of that entry.
        path: Vec<u8>,
    },
    /// Links form a loop.
    #[error("it leads back to itself")]
    Loop,
    /// More than [`MAX_LINKS`] different links.
    #[error("it leads through more than {MAX_LINKS} links (the limit on Linux)")]
    TooManyLinks,
}

impl Tree {
    /// Resolves a node in `layer`, following symbolic links.
    ///
    /// # Errors
    /// A link cannot be resolved.
    pub fn resolve(&self, node: NodeId, layer: LayerIndex) -> Result<(NodeId, SpanId), Unresolved> {
        let span = self.visible(node, layer).ok_or(Unresolved::NotThere)?;
        self.resolve_version(span, layer)
    }

    /// Resolves a version, following symbolic links: in `layer` if the version is visible there, otherwise in the layer
    /// that added it.
    ///
    /// # Errors
    /// A link cannot be resolved.
    pub fn resolve_version(&self, version: SpanId, layer: LayerIndex) -> Result<(NodeId, SpanId), Unresolved> {
        let span = self.span(version);
        let layer = if span.is_visible_at(layer) { layer } else { span.from() };
        LinkWalker::new(self, layer, usize::MAX).walk((span.node(), version))
    }

    /// Parent directory. The parent of the root is the root, as for `..`.
    fn directory_of(&self, node: NodeId) -> NodeId {
        self.parent(node).unwrap_or(NodeId::ROOT)
    }
}

/// The error for following more than [`MAX_LINKS`] links.
fn too_many_links(followed: &[SpanId]) -> Unresolved {
    let different: HashSet<&SpanId> = followed.iter().collect();
    if different.len() < followed.len() { Unresolved::Loop } else { Unresolved::TooManyLinks }
}

/// Follows links in one layer, up to a number of steps in all. Caches the names in visited directories: a hostile link may visit a
/// directory of 100,000 names a thousand times, and an image may have a million such links.
pub(crate) struct LinkWalker<'a> {
    tree: &'a Tree,
    layer: LayerIndex,
    names: HashMap<NodeId, HashMap<&'a [u8], NodeId>>,
    /// Steps left. Each component of a target is one, and each name of a visited directory.
    steps: usize,
    /// What the last walk passed through, links included.
    passed: Vec<NodeId>,
}

impl<'a> LinkWalker<'a> {
    pub(crate) fn new(tree: &'a Tree, layer: LayerIndex, steps: usize) -> Self {
        Self { tree, layer, names: HashMap::new(), steps, passed: Vec::new() }
    }

    /// True if a walk ended because no step was left.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.steps == 0
    }

    /// Resolves a node; `None` if a link cannot be resolved, or no step is left.
    pub(crate) fn resolve(&mut self, node: NodeId) -> Option<(NodeId, SpanId)> {
        let span = self.tree.visible(node, self.layer)?;
        self.walk((node, span)).ok().filter(|_| !self.is_exhausted())
    }

    /// What the last walk passed through: links, directories and the target.
    pub(crate) fn passed(&self) -> &[NodeId] {
        &self.passed
    }

    fn take_steps(&mut self, count: usize) -> Result<(), Unresolved> {
        self.steps = self.steps.saturating_sub(count);
        if self.is_exhausted() { Err(Unresolved::TooManyLinks) } else { Ok(()) }
    }

    /// Follows the links from a name on.
    fn walk(&mut self, start: (NodeId, SpanId)) -> Result<(NodeId, SpanId), Unresolved> {
        let (tree, layer) = (self.tree, self.layer);
        let mut here = start;
        let mut ahead: Vec<&[u8]> = Vec::new();
        let mut followed: Vec<SpanId> = Vec::new();
        self.passed.clear();
        loop {
            self.passed.push(here.0);
            let inode = tree.inode(here.1);
            let kind = tree.span(inode).kind;
            if kind == SpanKind::Symlink {
                if followed.len() == MAX_LINKS {
                    return Err(too_many_links(&followed));
                }
                followed.push(inode);
                let target = tree.link(inode);
                if target.is_empty() {
                    return Err(Unresolved::NoTarget);
                }
                let before = ahead.len();
                // A trailing slash requires a directory, like a last component `.`.
                ahead.extend(target.ends_with(b"/").then_some(&b"."[..]));
                ahead.extend(target.split(|byte| *byte == b'/').rev().filter(|name| !name.is_empty()));
                self.take_steps(ahead.len() - before)?;
                let start = if target.starts_with(b"/") { NodeId::ROOT } else { tree.directory_of(here.0) };
                here = (start, tree.visible(start, layer).ok_or(Unresolved::NotThere)?);
                continue;
            }
            let Some(name) = ahead.pop() else { return Ok(here) };
            if !kind.is_directory() {
                return Err(Unresolved::NotADirectory { path: tree.path(here.0) });
            }
            here = match name {
                b"." => here,
                b".." => {
                    let above = tree.directory_of(here.0);
                    (above, tree.visible(above, layer).ok_or(Unresolved::NotThere)?)
                }
                name => self.find(here.0, name)?,
            };
        }
    }

    fn find(&mut self, directory: NodeId, name: &[u8]) -> Result<(NodeId, SpanId), Unresolved> {
        let (tree, layer) = (self.tree, self.layer);
        let mut visited = 0;
        let names = self.names.entry(directory).or_insert_with(|| {
            let names: HashMap<_, _> = tree.children(directory).map(|child| (tree.name(child), child)).collect();
            visited = names.len();
            names
        });
        let found = names.get(name).and_then(|node| Some((*node, tree.visible(*node, layer)?)));
        self.take_steps(visited)?;
        found.ok_or_else(|| {
            let mut missing = tree.path(directory);
            if directory != NodeId::ROOT {
                missing.push(b'/');
            }
            missing.extend_from_slice(name);
            Unresolved::Dangling { missing }
        })
    }
}
