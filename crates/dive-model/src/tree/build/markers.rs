//! Whiteouts and opaque markers, which speak of the layers below.

use super::super::node::NONE;
use super::super::resolve::MAX_LINKS;
use super::super::span::{Cause, Marker, Span, SpanKind};
use super::super::{NodeId, SpanId};
use super::{Builder, OwnObstacle, Placed};
use crate::layer::path::components;
use crate::layer::{Chunk, Entry, EntryKind, MarkerKind, Names, Remarks};

/// Steps that markers may still take over links. No builder but one writes such markers, and each of them may lead over
/// [`MAX_LINKS`] links of many components.
#[derive(Debug, Default)]
pub(super) struct Steps(usize);

impl Steps {
    /// As many as one image has.
    pub(super) const ALL: Self = Self(1 << 22);

    fn take(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}

impl Builder {
    /// First pass: what a layer removes is what the layers below have, before any entry of its own.
    pub(super) fn apply_markers(&mut self, chunks: &[Chunk], from: u16, remarks: &mut Remarks) {
        for chunk in chunks {
            for entry in chunk.entries() {
                if let EntryKind::Marker(kind) = entry.kind {
                    self.apply_marker(kind, chunk.names(entry), from, remarks);
                }
            }
        }
    }

    fn apply_marker(&mut self, kind: MarkerKind, names: Names<'_>, from: u16, remarks: &mut Remarks) {
        let directory = self.find(names.directory);
        match kind {
            MarkerKind::Whiteout => match directory.and_then(|at| self.index.find(&self.tree, at, names.name)) {
                Some(node) if self.newest(node).is_some_and(Span::is_open) => {
                    self.close(node, from, Cause::Deleted, Cause::DeletedWithDirectory);
                }
                // Gone with a directory that this layer removes as well.
                Some(node) if self.newest(node).is_some_and(|span| span.to == from) => {}
                _ => {
                    remarks.add(|| {
                        let path = names.path();
                        let path = String::from_utf8_lossy(&path);
                        format!("a whiteout of {path:?}, which no layer below has: ignored")
                    });
                }
            },
            MarkerKind::Opaque => {
                for child in directory.map(|node| self.take_children(node)).unwrap_or_default() {
                    self.close(child, from, Cause::HiddenByOpaque, Cause::HiddenByOpaque);
                }
            }
            MarkerKind::Bookkeeping => {}
        }
    }

    /// Second pass, a marker: engines make the directory it stands in, and reports list it.
    pub(super) fn keep_marker(&mut self, kind: MarkerKind, source: Placed<'_>, remarks: &mut Remarks) {
        let Placed { entry, names, from, .. } = source;
        let directory = match self.descend(names.directory, from, OwnObstacle::Keep) {
            Ok(directory) => directory,
            Err(obstacle) => {
                self.apply_behind(obstacle, kind, names, from, remarks);
                self.nodes_to(names.directory)
            }
        };
        let node = if names.name.is_empty() {
            directory
        } else {
            self.index.find_or_make(&mut self.tree, directory, names.name)
        };
        let Entry { mode, uid, gid, size, .. } = *entry;
        let link = self.keep_link(names.link);
        self.tree.markers.push(Marker { node, kind, mode, uid, gid, size, link });
    }

    /// A marker in a directory that its own layer replaced by something else, as Kaniko 1.9 wrote them
    /// (GoogleContainerTools/kaniko#2308). Engines that take the layer leave the replacement alone. Where it is a link, the
    /// marker applies to the directory that it leads to; links of other layers are not followed, as in all paths.
    fn apply_behind(&mut self, obstacle: NodeId, kind: MarkerKind, names: Names<'_>, from: u16, remarks: &mut Remarks) {
        if kind == MarkerKind::Bookkeeping {
            return;
        }
        let is_link = self.own_link(obstacle, from).is_some();
        remarks.add(|| {
            let (path, obstacle) = (names.path(), self.tree.path(obstacle));
            let (path, obstacle) = (String::from_utf8_lossy(&path), String::from_utf8_lossy(&obstacle[1..]));
            let marker = if kind == MarkerKind::Whiteout { "whiteout" } else { "opaque marker" };
            let outcome = if is_link {
                "a link of the same layer: the link stays and is followed"
            } else {
                "a file of the same layer: ignored"
            };
            format!("the {marker} of {path:?} is below {obstacle:?}, {outcome}")
        });
        let mut steps = std::mem::take(&mut self.marker_steps);
        let directory = self.follow_own_links(names.directory, from, &mut steps);
        let (mut removed, own, below) = match (directory, kind) {
            (None, _) => (Vec::new(), Cause::Deleted, Cause::Deleted),
            (Some(directory), MarkerKind::Whiteout) => {
                let node = self.index.find(&self.tree, directory, names.name);
                (node.into_iter().collect(), Cause::Deleted, Cause::DeletedWithDirectory)
            }
            (Some(directory), _) => {
                (self.listed_children(directory, &mut steps), Cause::HiddenByOpaque, Cause::HiddenByOpaque)
            }
        };
        removed.retain(|node| self.is_from_below(*node, from, &mut steps));
        self.marker_steps = steps;
        for node in removed {
            self.close(node, from, own, below);
        }
    }

    /// The directory at `path`, over links of the layer `from`; `None` if it is missing or takes too many steps.
    fn follow_own_links(&self, path: &[u8], from: u16, steps: &mut Steps) -> Option<NodeId> {
        let mut ahead: Vec<&[u8]> = components(path).collect();
        ahead.reverse();
        let mut node = NodeId::ROOT;
        let mut links = 0;
        while let Some(name) = ahead.pop() {
            steps.take()?;
            if name == b"." {
                continue;
            }
            if name == b".." {
                node = self.tree.parent(node).unwrap_or(NodeId::ROOT);
                continue;
            }
            let next = self.index.find(&self.tree, node, name)?;
            if self.is_open_directory(next) {
                node = next;
                continue;
            }
            let target = self.own_link(next, from).filter(|_| links < MAX_LINKS)?;
            links += 1;
            if target.first() == Some(&b'/') {
                node = NodeId::ROOT;
            }
            let start = ahead.len();
            ahead.extend(components(target));
            ahead[start..].reverse();
        }
        Some(node)
    }

    /// Where a symbolic link that the layer `from` put at a node leads.
    fn own_link(&self, node: NodeId, from: u16) -> Option<&[u8]> {
        let span = self.newest(node).filter(|span| span.is_open() && span.from == from)?;
        // A hard link may be another name of one.
        let inode = SpanId::new(span.inode);
        (self.tree.span(inode).kind == SpanKind::Symlink).then(|| self.tree.link(inode))
    }

    /// Whether a node and all below it are what the layers below `from` put there. Of anything else, no engine that takes
    /// such a layer removes a part.
    fn is_from_below(&self, node: NodeId, from: u16, steps: &mut Steps) -> bool {
        let mut ahead = vec![node];
        while let Some(node) = ahead.pop() {
            let Some(span) = self.newest(node).filter(|span| span.is_open()) else { continue };
            if span.from == from || steps.take().is_none() {
                return false;
            }
            ahead.append(&mut self.listed_children(node, steps));
        }
        true
    }

    /// What may be open in a directory; not all of it if that takes too many steps.
    fn listed_children(&self, directory: NodeId, steps: &mut Steps) -> Vec<NodeId> {
        let mut children = Vec::new();
        let mut next = self.tree.nodes[directory.index()].first_child;
        while next != NONE && steps.take().is_some() {
            children.push(NodeId::new(next));
            next = self.tree.nodes[next as usize].next_sibling;
        }
        children
    }

    /// The node at `path`, made without putting anything there.
    fn nodes_to(&mut self, path: &[u8]) -> NodeId {
        components(path).fold(NodeId::ROOT, |node, name| {
            let nodes = self.tree.nodes.len();
            let node = self.index.find_or_make(&mut self.tree, node, name);
            // They cost as much as directories do.
            self.implicit += usize::from(self.tree.nodes.len() > nodes);
            node
        })
    }
}
