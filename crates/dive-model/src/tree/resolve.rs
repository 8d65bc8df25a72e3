//! Where a symbolic link leads inside the image: as the kernel would go in a chroot of the file system that one layer shows.

use std::collections::{HashMap, HashSet};

use super::{NodeId, SpanId, SpanKind, Tree};
use crate::escape::Escaped;
use crate::layer::LayerIndex;

/// Links that are followed on one way: Linux's `MAXSYMLINKS` (`path_resolution(7)`).
pub const MAX_LINKS: usize = 40;

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unresolved {
    /// The path that was asked for is not in that layer's file system.
    #[error("it is not there")]
    NotThere,
    /// A link leads to a path that is not there.
    #[error("it leads to {}, which is not there", Escaped(missing))]
    Dangling {
        /// The first path on the way that is not there.
        missing: Vec<u8>,
    },
    /// A link has no target, as no file system but only an archive can have it.
    #[error("it has no target")]
    NoTarget,
    /// The way leads through something as if it were a directory.
    #[error("it leads through {}, which is no directory", Escaped(path))]
    NotADirectory {
        /// What is no directory.
        path: Vec<u8>,
    },
    /// A link leads to itself, at once or over others.
    #[error("it leads back to itself")]
    Loop,
    /// More than [`MAX_LINKS`] links, none of them twice.
    #[error("it leads over more than {MAX_LINKS} links, more than Linux follows")]
    TooManyLinks,
}

impl Tree {
    /// What a node is as of `layer`, symbolic links followed.
    ///
    /// # Errors
    /// When a link leads nowhere.
    pub fn resolve(&self, node: NodeId, layer: LayerIndex) -> Result<(NodeId, SpanId), Unresolved> {
        let span = self.visible(node, layer).ok_or(Unresolved::NotThere)?;
        self.resolve_version(span, layer)
    }

    /// What a version leads to, symbolic links followed: as of `layer` if that shows the version, else as of the layer
    /// that brought it.
    ///
    /// # Errors
    /// When a link leads nowhere.
    pub fn resolve_version(&self, version: SpanId, layer: LayerIndex) -> Result<(NodeId, SpanId), Unresolved> {
        let span = self.span(version);
        let layer = if span.is_visible_at(layer) { layer } else { span.from() };
        let mut here = (span.node(), version);
        let mut names = Names { tree: self, layer, by_directory: HashMap::new() };
        let mut ahead: Vec<&[u8]> = Vec::new();
        let mut followed: Vec<SpanId> = Vec::new();
        loop {
            let inode = self.inode(here.1);
            let kind = self.span(inode).kind;
            if kind == SpanKind::Symlink {
                if followed.len() == MAX_LINKS {
                    return Err(endless(&followed));
                }
                followed.push(inode);
                let target = self.link(inode);
                if target.is_empty() {
                    return Err(Unresolved::NoTarget);
                }
                // What ends in a slash has to be a directory, as what `.` is asked of.
                ahead.extend(target.ends_with(b"/").then_some(&b"."[..]));
                ahead.extend(target.split(|byte| *byte == b'/').rev().filter(|name| !name.is_empty()));
                let start = if target.starts_with(b"/") { NodeId::ROOT } else { self.directory_of(here.0) };
                here = (start, self.visible(start, layer).ok_or(Unresolved::NotThere)?);
                continue;
            }
            let Some(name) = ahead.pop() else { return Ok(here) };
            if !kind.is_directory() {
                return Err(Unresolved::NotADirectory { path: self.path(here.0) });
            }
            here = match name {
                b"." => here,
                b".." => {
                    let above = self.directory_of(here.0);
                    (above, self.visible(above, layer).ok_or(Unresolved::NotThere)?)
                }
                name => names.find(here.0, name)?,
            };
        }
    }

    /// The directory a node stands in. That of the root is the root: `..` is held there.
    fn directory_of(&self, node: NodeId) -> NodeId {
        self.parent(node).unwrap_or(NodeId::ROOT)
    }
}

/// A way that is too long.
fn endless(followed: &[SpanId]) -> Unresolved {
    let different: HashSet<&SpanId> = followed.iter().collect();
    if different.len() < followed.len() { Unresolved::Loop } else { Unresolved::TooManyLinks }
}

/// What stands in the directories that were passed. A crafted link may pass one with 100,000 names a thousand times.
struct Names<'a> {
    tree: &'a Tree,
    layer: LayerIndex,
    by_directory: HashMap<NodeId, HashMap<&'a [u8], NodeId>>,
}

impl Names<'_> {
    fn find(&mut self, directory: NodeId, name: &[u8]) -> Result<(NodeId, SpanId), Unresolved> {
        let tree = self.tree;
        let names = self
            .by_directory
            .entry(directory)
            .or_insert_with(|| tree.children(directory).map(|child| (tree.name(child), child)).collect());
        let found = names.get(name).and_then(|node| Some((*node, tree.visible(*node, self.layer)?)));
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
