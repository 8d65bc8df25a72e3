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
        let mut here = (span.node(), version);
        let mut names = DirectoryNames { tree: self, layer, by_directory: HashMap::new() };
        let mut ahead: Vec<&[u8]> = Vec::new();
        let mut followed: Vec<SpanId> = Vec::new();
        loop {
            let inode = self.inode(here.1);
            let kind = self.span(inode).kind;
            if kind == SpanKind::Symlink {
                if followed.len() == MAX_LINKS {
                    return Err(too_many_links(&followed));
                }
                followed.push(inode);
                let target = self.link(inode);
                if target.is_empty() {
                    return Err(Unresolved::NoTarget);
                }
                // A trailing slash requires a directory, like a last component `.`.
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

/// Caches the names in visited directories. A hostile link may visit a directory of 100,000 names a thousand times.
struct DirectoryNames<'a> {
    tree: &'a Tree,
    layer: LayerIndex,
    by_directory: HashMap<NodeId, HashMap<&'a [u8], NodeId>>,
}

impl DirectoryNames<'_> {
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
