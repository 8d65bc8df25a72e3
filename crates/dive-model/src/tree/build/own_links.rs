//! Resolves paths that lead through links of the same layer.
//!
//! Engines unpack each layer into an empty folder and follow the links in it: with `a -> b` earlier in the same tar,
//! `a/n` is written to `b/n`. Links of lower layers are not in that folder, so a directory replaces them. This code
//! runs only if an entry that is not a directory blocks a path. It also resolves targets of hard links, through the
//! same links, and at the end of the layer for links before their target.

use super::super::span::{Cause, SpanKind};
use super::super::{NodeId, SpanId};
use super::{Builder, OwnObstacle};
use crate::layer::path::{self, components};
use crate::layer::{EntryNames, Remarks};
use crate::remark::Quoted;

/// Maximum number of links to follow for one path, as in containerd. Linux, and so Docker and Podman, stop at 40.
const MAX_LINKS: usize = 255;

/// Components of link targets that each path may use without counting. Real paths use a few.
const FREE_STEPS: usize = 64;

/// Further components for all paths of an image together: a hostile path may lead through [`MAX_LINKS`] links of many
/// components each.
#[derive(Debug, Default)]
pub(super) struct Steps(usize);

impl Steps {
    /// The steps of one image.
    pub(super) const ALL: Self = Self(1 << 22);

    pub(super) fn take(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}

/// The node of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResolvedEntry {
    pub(super) node: NodeId,
    pub(super) resolution: Resolution,
}

/// How the node was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolution {
    /// By the path in the tar.
    Literal,
    ThroughLinks,
}

impl Builder {
    /// The directory of an entry whose path `obstacle`, an entry of the same layer, blocks.
    pub(super) fn directory_through_links(
        &mut self,
        obstacle: NodeId,
        names: EntryNames<'_>,
        from: u16,
        remarks: &mut Remarks,
    ) -> (NodeId, Resolution) {
        let mut steps = std::mem::take(&mut self.steps);
        let real = self.own_link(obstacle, from).and_then(|_| self.real_path(names.directory, from, &mut steps));
        self.steps = steps;
        remarks.add(|| {
            let (path, obstacle) = (names.path(), self.tree.path(obstacle));
            let (path, obstacle) = (Quoted::lossy(&path), Quoted::lossy(&obstacle[1..]));
            match &real {
                Some(real) => {
                    let slash = if real.is_empty() { "" } else { "/" };
                    let (real, name) = (String::from_utf8_lossy(real), String::from_utf8_lossy(names.name));
                    let real = Quoted(format!("{real}{slash}{name}"));
                    format!(
                        "{path} is below {obstacle}, a link of the same layer; dive puts it at {real}, as containerd does"
                    )
                }
                None => format!(
                    "{path} is below {obstacle}, which is not a directory in this layer; dive puts a directory there, \
                     but engines refuse the layer"
                ),
            }
        });
        let resolution = if real.is_some() { Resolution::ThroughLinks } else { Resolution::Literal };
        let directory = real.as_deref().unwrap_or(names.directory);
        match self.descend(directory, from, OwnObstacle::Replace) {
            Ok(node) | Err(node) => (node, resolution),
        }
    }

    /// Records the path in the tar of a span that was found through links.
    pub(super) fn record_listed_path(&mut self, id: SpanId, names: EntryNames<'_>) {
        let directory = self.make_nodes(names.directory);
        let node = self.index.find_or_create(&mut self.tree, directory, names.name);
        self.tree.listed_elsewhere.push((id, node));
    }

    /// The node at `path`, following links of the layer `from`.
    pub(super) fn find_through_links(&mut self, path: &[u8], from: u16) -> Option<NodeId> {
        let (directory, name) = path::split(path);
        let mut steps = std::mem::take(&mut self.steps);
        let real = self.real_path(directory, from, &mut steps);
        self.steps = steps;
        let directory = real.filter(|real| real != directory).and_then(|real| self.find(&real))?;
        self.index.find(&self.tree, directory, name)
    }

    /// The path of the directory `path` after following links of the layer `from`; the result need not exist. `None`
    /// for a loop, a file of that layer in the path, or too many steps.
    pub(super) fn real_path(&self, path: &[u8], from: u16, steps: &mut Steps) -> Option<Vec<u8>> {
        let mut ahead: Vec<&[u8]> = components(path).collect();
        ahead.reverse();
        // The resolved components, with their node if a layer has one.
        let mut real: Vec<(&[u8], Option<NodeId>)> = Vec::new();
        let (mut links, mut free) = (0, FREE_STEPS);
        while let Some(name) = ahead.pop() {
            if name == b"." {
                continue;
            }
            if name == b".." {
                real.pop();
                continue;
            }
            let above = real.last().map_or(Some(NodeId::ROOT), |(_, node)| *node);
            let node = above.and_then(|above| self.index.find(&self.tree, above, name));
            let Some(own) = node.filter(|node| self.is_own_obstacle(*node, from)) else {
                real.push((name, node));
                continue;
            };
            let target = self.own_link(own, from).filter(|_| links < MAX_LINKS)?;
            links += 1;
            if target.first() == Some(&b'/') {
                real.clear();
            }
            let start = ahead.len();
            for name in components(target) {
                match free.checked_sub(1) {
                    Some(left) => free = left,
                    None => steps.take()?,
                }
                ahead.push(name);
            }
            ahead[start..].reverse();
        }
        let names: Vec<&[u8]> = real.into_iter().map(|(name, _)| name).collect();
        Some(names.join(&b'/'))
    }

    /// True if the layer `from` has an entry at the node that is not a directory.
    pub(super) fn is_own_obstacle(&self, node: NodeId, from: u16) -> bool {
        self.newest(node).is_some_and(|span| span.is_open() && span.from == from && !span.kind.is_directory())
    }

    /// Target of the symbolic link that the layer `from` has at a node.
    pub(super) fn own_link(&self, node: NodeId, from: u16) -> Option<&[u8]> {
        let span = self.newest(node).filter(|span| span.is_open() && span.from == from)?;
        // A hard link to a symbolic link counts, too.
        let inode = SpanId::new(span.inode);
        (self.tree.span(inode).kind == SpanKind::Symlink).then(|| self.tree.link(inode))
    }

    /// The node at `path`. Creates missing nodes, without spans.
    pub(super) fn make_nodes(&mut self, path: &[u8]) -> NodeId {
        components(path).fold(NodeId::ROOT, |node, name| {
            let nodes = self.tree.nodes.len();
            let node = self.index.find_or_create(&mut self.tree, node, name);
            // These nodes count against the limit of implicit directories.
            self.implicit += usize::from(self.tree.nodes.len() > nodes);
            node
        })
    }
}

/// A hard link whose target did not exist at its entry.
pub(super) struct Dangling {
    pub(super) span: SpanId,
    pub(super) target: Vec<u8>,
    /// The file it replaced. Its cause is "overwritten" if the target turns out to be a file.
    pub(super) replaced: Option<SpanId>,
}

impl Builder {
    /// Resolves hard links before their target. No engine unpacks these, but the meaning is clear.
    pub(super) fn resolve_dangling(&mut self, dangling: Vec<Dangling>, from: u16, remarks: &mut Remarks) {
        for Dangling { span, target, replaced } in dangling {
            let node = self.find_target(&target, from);
            let inode = node.and_then(|node| self.linkable(node)).filter(|inode| *inode != span);
            if let Some(inode) = inode {
                self.tree.spans[span.index()].inode = inode.raw();
                if let Some(replaced) = replaced.filter(|_| self.tree.span(inode).kind.is_file()) {
                    self.tree.spans[replaced.index()].cause = Some(Cause::Overwritten);
                }
                // Its content is the target's, known only now. A link has no hash of its own.
                self.contents.opened(&self.tree, span, None);
            }
            remarks.add(|| {
                let name = self.tree.path(self.tree.span(span).node());
                let (name, target) = (Quoted::lossy(&name), Quoted::lossy(&target));
                match inode {
                    Some(_) => format!("hard link {name} precedes its target {target}; engines refuse that"),
                    None => {
                        format!("hard link {name} points to {target}, which is not a file; dive shows it as empty")
                    }
                }
            });
        }
    }

    pub(super) fn link_target(&mut self, link: &[u8], from: u16) -> Option<NodeId> {
        let mut target = std::mem::take(&mut self.scratch);
        target.clear();
        path::normalise(link, &mut target);
        let node = self.find_target(&target, from);
        self.scratch = target;
        node
    }

    /// The node of a hard link's normalised target.
    pub(super) fn find_target(&mut self, target: &[u8], from: u16) -> Option<NodeId> {
        let node = self.find(target);
        if node.is_some_and(|node| self.linkable(node).is_some()) {
            return node;
        }
        self.find_through_links(target, from).or(node)
    }

    /// The inode of a node's open span, if hard links to it are possible.
    pub(super) fn linkable(&self, node: NodeId) -> Option<SpanId> {
        let id = SpanId::from_link(self.tree.nodes[node.index()].newest)?;
        let span = self.tree.span(id);
        let inode = SpanId::new(span.inode);
        (span.is_open() && !span.kind.is_directory() && self.tree.span(inode).kind != SpanKind::HardLink)
            .then_some(inode)
    }
}
