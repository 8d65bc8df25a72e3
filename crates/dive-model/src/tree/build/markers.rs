//! Applies whiteouts and opaque markers.

use std::collections::HashSet;
use std::ops::Range;

use super::super::NodeId;
use super::super::node::NONE;
use super::super::span::{Cause, Marker, Span};
use super::own_links::Steps;
use super::{Builder, EntrySource, OwnObstacle};
use crate::layer::{Chunk, Entry, EntryKind, EntryNames, MarkerKind, Remarks};
use crate::remark::Quoted;

/// Whether a marker removed something from lower layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removed {
    Something,
    Nothing,
}

impl Builder {
    /// First pass: applies all markers of a layer to lower layers, before any of its entries. Returns the markers that
    /// are whiteouts of nothing, by their number in the layer.
    pub(super) fn apply_markers(&mut self, chunks: &[Chunk], from: u16) -> Vec<usize> {
        let mut empty_whiteouts = Vec::new();
        let entries = chunks.iter().flat_map(|chunk| chunk.entries().iter().map(move |entry| (chunk, entry)));
        let markers = entries.filter_map(|(chunk, entry)| match entry.kind {
            EntryKind::Marker(kind) => Some((kind, chunk.names(entry))),
            EntryKind::Path(_) => None,
        });
        for (at, (kind, names)) in markers.enumerate() {
            if self.apply_marker(kind, names, from) == Removed::Nothing {
                empty_whiteouts.push(at);
            }
        }
        empty_whiteouts
    }

    fn apply_marker(&mut self, kind: MarkerKind, names: EntryNames<'_>, from: u16) -> Removed {
        let directory = self.find(names.directory);
        match kind {
            MarkerKind::Whiteout => match directory.and_then(|at| self.index.find(&self.tree, at, names.name)) {
                Some(node) if self.newest(node).is_some_and(Span::is_open) => {
                    self.close(node, from, Cause::Deleted, Cause::DeletedWithDirectory);
                }
                // This layer already removed it together with its directory.
                Some(node) if self.newest(node).is_some_and(|span| span.to == from) => {}
                _ => return Removed::Nothing,
            },
            MarkerKind::Opaque => {
                for child in directory.map(|node| self.take_children(node)).unwrap_or_default() {
                    self.close(child, from, Cause::HiddenByOpaque, Cause::HiddenByOpaque);
                }
            }
            MarkerKind::Bookkeeping => {}
        }
        Removed::Something
    }

    /// Second pass, one marker. Engines create its directory, and reports list the marker.
    pub(super) fn keep_marker(
        &mut self,
        kind: MarkerKind,
        removed: Removed,
        source: EntrySource<'_>,
        remarks: &mut Remarks,
    ) {
        let EntrySource { entry, names, from, .. } = source;
        let directory = match self.descend(names.directory, from, OwnObstacle::Keep) {
            Ok(directory) => {
                if removed == Removed::Nothing {
                    remarks.add(|| {
                        let path = names.path();
                        let path = Quoted::lossy(&path);
                        format!("the whiteout of {path} has no effect: no layer below has that path")
                    });
                }
                directory
            }
            Err(obstacle) => {
                self.apply_below_replacement(obstacle, kind, names, from, remarks);
                self.make_nodes(names.directory)
            }
        };
        let node = if names.name.is_empty() {
            directory
        } else {
            self.index.find_or_create(&mut self.tree, directory, names.name)
        };
        let Entry { mode, uid, gid, size, .. } = *entry;
        let link = self.keep_link(names.link);
        self.tree.markers.push(Marker { node, kind, mode, uid, gid, size, link });
    }

    /// Applies a marker whose directory the same layer replaced by something else, as Kaniko 1.9 wrote them
    /// (GoogleContainerTools/kaniko#2308). Engines that accept the layer keep the replacement. If it is a link, the
    /// marker applies to the link's target; links of lower layers are not followed.
    fn apply_below_replacement(
        &mut self,
        obstacle: NodeId,
        kind: MarkerKind,
        names: EntryNames<'_>,
        from: u16,
        remarks: &mut Remarks,
    ) {
        if kind == MarkerKind::Bookkeeping {
            return;
        }
        let is_link = self.own_link(obstacle, from).is_some();
        remarks.add(|| {
            let (path, obstacle) = (names.path(), self.tree.path(obstacle));
            let (path, obstacle) = (Quoted::lossy(&path), Quoted::lossy(&obstacle[1..]));
            let marker = if kind == MarkerKind::Whiteout { "whiteout" } else { "opaque marker" };
            let outcome = if is_link {
                "a link of the same layer; dive keeps the link and follows it"
            } else {
                "a file of the same layer; dive ignores the marker"
            };
            format!("the {marker} of {path} is below {obstacle}, {outcome}")
        });
        let mut steps = std::mem::take(&mut self.steps);
        let directory = self.real_path(names.directory, from, &mut steps).and_then(|path| self.find(&path));
        let directory = directory.filter(|node| self.is_open_directory(*node));
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
        removed.retain(|node| self.is_from_lower_layers(*node, from, &mut steps));
        self.steps = steps;
        for node in removed {
            self.close(node, from, own, below);
        }
    }

    /// True if a node and everything below it come from layers below `from`. Engines that accept such a layer remove a node
    /// completely or not at all.
    fn is_from_lower_layers(&self, node: NodeId, from: u16, steps: &mut Steps) -> bool {
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

    /// Children of a directory that may be open, as many as the remaining steps allow.
    fn listed_children(&self, directory: NodeId, steps: &mut Steps) -> Vec<NodeId> {
        let mut children = Vec::new();
        let mut next = self.tree.nodes[directory.index()].first_child;
        while next != NONE && steps.take().is_some() {
            children.push(NodeId::new(next));
            next = self.tree.nodes[next as usize].next_sibling;
        }
        children
    }

    /// Corrects the cause of spans below opaque markers whose directory the same layer replaced by another entry: the
    /// replacement hid them. This is only known at the end of the layer.
    pub(super) fn correct_opaque_causes(&mut self, markers: Range<u32>, from: u16) {
        let markers = &self.tree.markers[markers.start as usize..markers.end as usize];
        let opaque = markers.iter().filter(|marker| marker.kind == MarkerKind::Opaque);
        let replaced: HashSet<NodeId> = opaque.filter_map(|marker| self.own_obstacle(marker.node, from)).collect();
        // Check only the spans that this layer hid: a search of all spans would be quadratic for images with thousands
        // of small layers.
        for id in std::mem::take(&mut self.hidden_by_opaque) {
            let mut above = self.tree.parent(self.tree.span(id).node()).filter(|_| !replaced.is_empty());
            while let Some(node) = above.filter(|_| self.steps.take().is_some()) {
                if replaced.contains(&node) {
                    self.tree.spans[id.index()].cause = Some(Cause::Replaced);
                    break;
                }
                above = self.tree.parent(node);
            }
        }
    }

    /// The innermost entry at or above `node` that `from` added and that is not a directory.
    fn own_obstacle(&self, node: NodeId, from: u16) -> Option<NodeId> {
        let mut lineage = self.tree.ancestors(node);
        lineage.find(|node| self.is_own_obstacle(*node, from))
    }
}
