//! Applies layers to a tree (OCI image-spec, layer.md; where it is silent, like overlayfs).
//!
//! Whiteouts and opaque markers close spans of lower layers, wherever they are in the tar. Then the entries open new
//! spans, in the order of the tar. A span closes only once, and closed children leave the list of open ones, so the
//! cost is linear in the number of entries, whiteouts included.

mod cost;
mod markers;
mod own_links;

use std::borrow::Cow;
use std::io;

use markers::Removed;
use own_links::{Dangling, Resolution, ResolvedEntry, Steps};

use super::arena::LayerRecord;
use super::contents::Contents;
use super::index::{Descent, Index};
use super::node::{NONE, Node, UNLISTED};
use super::span::{Cause, OPEN, Span, SpanKind};
use super::{NodeId, SpanId, Tree};
use crate::budget::{Budget, Lease, OverBudget};
use crate::layer::Remarks;
use crate::layer::content::{Bodies, ContentPolicy};
use crate::layer::path::components;
use crate::layer::{Chunk, ContentOptions, Entry, EntryKind, EntryNames, HashPolicy, LayerIndex, Scan, entry};
use crate::remark::Quoted;

/// Maximum number of nodes or spans: several times the largest known image. A node takes up to 100 bytes of memory, and
/// a hostile layer of a few MB can ask for any number.
const MAX_NODES: usize = 1 << 24;

/// Maximum number of directories without an entry of their own. One path of 16 KiB can imply 8000, so a few KB of
/// compressed layer could ask for [`MAX_NODES`].
const MAX_IMPLICIT: usize = 1 << 20;

/// An image whose layers cannot be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// More layers than [`LayerIndex::MAX_COUNT`].
    #[error("the image has more than {} layers (dive's limit)", LayerIndex::MAX_COUNT)]
    TooManyLayers,
    /// Too many directories without an entry.
    #[error("more than {MAX_IMPLICIT} directories of the image have no entry of their own (dive's limit)")]
    TooManyImplicit,
    /// The tree needs more than the image's memory budget.
    #[error("entry {}: {problem}", Quoted(entry))]
    OverBudget {
        /// Path of the entry that exceeded the budget.
        entry: String,
        /// The exceeded limit.
        problem: OverBudget,
    },
    /// Too many paths or entries.
    #[error("the image has more than {MAX_NODES} paths or entries (dive's limit)")]
    TooManyPaths,
}

/// Builds a [`Tree`] from scanned layers.
#[derive(Debug)]
pub struct Builder {
    tree: Tree,
    index: Index,
    contents: Contents,
    last_directory: Descent,
    /// Charges the tree's memory to the budget.
    lease: Lease,
    /// Number of directories without an entry so far.
    implicit: usize,
    /// Remaining steps for following links.
    steps: Steps,
    /// Spans that opaque markers of the current layer closed.
    hidden_by_opaque: Vec<SpanId>,
    scratch: Vec<u8>,
}

/// State of the second pass over a layer.
struct EntryPass {
    from: u16,
    first_marker: u32,
    /// Number of extras of lower layers.
    extras_before: u32,
    /// Markers that removed nothing, by their number in the layer.
    empty_whiteouts: std::iter::Peekable<std::vec::IntoIter<usize>>,
    dangling: Vec<Dangling>,
}

/// An entry with its names and layer.
#[derive(Clone, Copy)]
struct EntrySource<'a> {
    entry: &'a Entry,
    names: EntryNames<'a>,
    from: u16,
    /// Number of extras of lower layers.
    extras_before: u32,
}

/// Whether to replace an entry of the same layer that is not a directory but needed as one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OwnObstacle {
    Replace,
    Keep,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A tree with only its root, and no memory limit.
    #[must_use]
    pub fn new() -> Self {
        Self::within(&Budget::unlimited())
    }

    /// A tree with only its root. Charges its memory to `budget`.
    #[must_use]
    pub fn within(budget: &Budget) -> Self {
        let mut tree = Tree::default();
        tree.nodes.push(Node {
            parent: NONE,
            name_at: 0,
            name_len: 0,
            newest: NONE,
            first_child: NONE,
            next_sibling: NONE,
        });
        Self {
            tree,
            index: Index::default(),
            contents: Contents::default(),
            last_directory: Descent::default(),
            lease: budget.lease(),
            implicit: 0,
            steps: Steps::ALL,
            hidden_by_opaque: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Applies the next layer. Returns the remarks of the scan and of applying it.
    ///
    /// # Errors
    /// The image exceeds a limit. The builder cannot be used any more.
    pub fn apply(&mut self, scan: Scan) -> Result<Remarks, BuildError> {
        self.apply_cow(Cow::Owned(scan))
    }

    /// Like [`Builder::apply`], but can borrow a scan that several layers share.
    ///
    /// # Errors
    /// As [`Builder::apply`].
    pub(super) fn apply_cow(&mut self, scan: Cow<'_, Scan>) -> Result<Remarks, BuildError> {
        let layer = LayerIndex::new(self.tree.layers.len()).ok_or(BuildError::TooManyLayers)?;
        let from = layer.get() as u16;
        self.reserve(&scan)?;
        let size_bytes = scan.size_bytes;
        let mut remarks = scan.remarks.clone();
        let (first_span, first_marker) = (self.tree.spans.len() as u32, self.tree.markers.len() as u32);
        if layer == LayerIndex::BASE {
            self.open(NodeId::ROOT, implicit_directory(from));
        }
        // Apply all markers first: they affect lower layers only, and now only spans of lower layers are open.
        let empty_whiteouts = self.apply_markers(&scan.chunks, from);
        let mut pass = EntryPass {
            from,
            first_marker,
            extras_before: self.tree.extras.len() as u32,
            empty_whiteouts: empty_whiteouts.into_iter().peekable(),
            dangling: Vec::new(),
        };
        let (mut extras, facts) = match scan {
            Cow::Borrowed(scan) => {
                for chunk in &scan.chunks {
                    self.apply_chunk(chunk, &mut pass, &mut remarks)?;
                }
                (scan.extras.clone(), scan.facts.clone())
            }
            // Free each chunk once it is applied, so that scan and tree are not in memory together.
            Cow::Owned(Scan { chunks, extras, facts, mut lease, .. }) => {
                for chunk in chunks {
                    self.apply_chunk(&chunk, &mut pass, &mut remarks)?;
                    lease.shrink_by(chunk.memory() as u64);
                }
                (extras, facts)
            }
        };
        // The new spans already refer to these extras by `extras_before`. Append them before the next layer counts
        // them.
        self.tree.extras.append(&mut extras);
        // Only now is it known whether a missing target comes later in the layer.
        self.resolve_dangling(pass.dangling, from, &mut remarks);
        let spans = first_span..self.tree.spans.len() as u32;
        let markers = first_marker..self.tree.markers.len() as u32;
        self.correct_opaque_causes(markers.clone(), from);
        self.contents.end_layer(facts);
        self.tree.layers.push(LayerRecord { spans, markers, size_bytes });
        Ok(remarks)
    }

    /// Second pass, one chunk of entries.
    fn apply_chunk(&mut self, chunk: &Chunk, pass: &mut EntryPass, remarks: &mut Remarks) -> Result<(), BuildError> {
        let EntryPass { from, first_marker, extras_before, empty_whiteouts, dangling } = pass;
        for entry in chunk.entries() {
            let names = chunk.names(entry);
            if self.memory() > self.lease.bytes() {
                self.grow(names)?;
            }
            if self.implicit > MAX_IMPLICIT {
                return Err(BuildError::TooManyImplicit);
            }
            let source = EntrySource { entry, names, from: *from, extras_before: *extras_before };
            match entry.kind {
                EntryKind::Marker(kind) => {
                    let at = self.tree.markers.len() - *first_marker as usize;
                    let removed = empty_whiteouts.next_if_eq(&at).map_or(Removed::Something, |_| Removed::Nothing);
                    self.keep_marker(kind, removed, source, remarks);
                }
                EntryKind::Path(kind) => self.apply_entry(kind.into(), source, dangling, remarks),
            }
        }
        Ok(())
    }

    /// Returns the merged tree, after comparing contents of plain layers through `bodies`.
    ///
    /// # Errors
    /// A body cannot be read.
    pub fn finish(self, bodies: &dyn Bodies) -> io::Result<Tree> {
        self.finish_with(bodies, ContentOptions::default())
    }

    /// Like [`Builder::finish`], and learns more of contents.
    pub(super) fn finish_with(self, bodies: &dyn Bodies, options: ContentOptions) -> io::Result<Tree> {
        let Self { mut tree, mut contents, .. } = self;
        // Until now the lists held children that may be open; rebuild them with all children. Children follow their
        // parents in the arena, so this backward pass leaves the oldest child first.
        for node in &mut tree.nodes {
            (node.first_child, node.next_sibling) = (NONE, NONE);
        }
        for index in (1..tree.nodes.len()).rev() {
            let parent = tree.nodes[index].parent as usize;
            tree.nodes[index].next_sibling = tree.nodes[parent].first_child;
            tree.nodes[parent].first_child = index as u32;
        }
        tree.compare(&contents, bodies)?;
        if options.inspection == ContentPolicy::Inspect {
            let facts = contents.take_facts();
            tree.inspect(&contents, facts, bodies)?;
        }
        if options.hashes == HashPolicy::Keep {
            tree.content_hashes = contents.into_hashes();
        }
        Ok(tree)
    }

    /// Reserves one span and one node per entry. Growth by doubling would leave up to half of each arena empty.
    fn reserve(&mut self, scan: &Scan) -> Result<(), BuildError> {
        let text = self.tree.text.len() + scan.text_len + 2 * scan.entry_count;
        if u32::try_from(text).is_err() || scan.entry_count > MAX_NODES {
            return Err(BuildError::TooManyPaths);
        }
        self.charge_layer(scan)?;
        let tree = &mut self.tree;
        // Add a sixteenth for implicit directories, and so that many small layers do not each reallocate the arena.
        let coming = scan.entry_count + (scan.entry_count / 16).max(tree.spans.len() / 16);
        if tree.spans.capacity() - tree.spans.len() < scan.entry_count {
            tree.spans.reserve_exact(coming);
        }
        if tree.nodes.capacity() - tree.nodes.len() < scan.entry_count {
            tree.nodes.reserve_exact(coming);
        }
        // The tree needs at most the text of the scan, and two bytes of length per link.
        let text = scan.text_len + 2 * scan.entry_count;
        if tree.text.capacity() - tree.text.len() < text {
            tree.text.reserve_exact(text + (text / 16).max(tree.text.len() / 16));
        }
        self.index.reserve(tree, scan.entry_count);
        Ok(())
    }

    /// Second pass, one path.
    fn apply_entry(
        &mut self,
        kind: SpanKind,
        source: EntrySource<'_>,
        dangling: &mut Vec<Dangling>,
        remarks: &mut Remarks,
    ) {
        let EntrySource { entry, names, from, extras_before } = source;
        // Resolve the path before the link target: this may open missing directories, and so close the target.
        let ResolvedEntry { node, resolution } = self.resolve(names, from, remarks);
        let target = if kind == SpanKind::HardLink { Some(self.link_target(names.link, from)) } else { None };
        if target == Some(Some(node)) {
            remarks.add(|| format!("dive ignores the hard link from {} to itself", Quoted::lossy(&names.path())));
            return;
        }
        // Look up the inode before closing the old span: the target may be below the path that this link replaces.
        let inode = target.flatten().and_then(|target| self.linkable(target));
        let mut replaced = None;
        if let Some(span) = self.newest(node).filter(|span| span.is_open()) {
            let was = span.kind;
            if was.is_directory() && kind.is_directory() {
                // A directory over a directory has new attributes and keeps its children.
                self.close_node(node, from, Cause::Overwritten);
            } else {
                let was_file = self.tree.span(SpanId::new(span.inode)).kind.is_file();
                let is_file = kind.is_file() || inode.is_some_and(|inode| self.tree.span(inode).kind.is_file());
                let cause = if was_file && is_file { Cause::Overwritten } else { Cause::Replaced };
                replaced = SpanId::from_link(self.tree.nodes[node.index()].newest).filter(|_| was_file);
                self.close(node, from, cause, Cause::Replaced);
            }
        }
        let link = self.keep_link(names.link);
        let opened = Span {
            size: entry.size,
            body: entry.body,
            node: node.raw(),
            previous: NONE,
            uid: entry.uid,
            gid: entry.gid,
            link,
            inode: inode.map_or(NONE, SpanId::raw),
            content: NONE,
            extra: entry.extra.map_or(0, |extra| extra.get() + extras_before),
            from,
            to: OPEN,
            mode: entry.mode,
            kind,
            cause: None,
        };
        // Invariant: from here on, this is the only open span of the node.
        let id = self.open(node, opened);
        if resolution == Resolution::ThroughLinks {
            self.record_listed_path(id, names);
        }
        if kind == SpanKind::HardLink {
            self.tree.hard_links.push(id);
        }
        if kind == SpanKind::HardLink && inode.is_none() {
            // `link_target` left the normalised target in `scratch`.
            dangling.push(Dangling { span: id, target: self.scratch.clone(), replaced });
        }
        // Record contents last: this compares the new span's inode with those of older spans.
        self.contents.opened(&self.tree, id, entry.hash);
    }

    fn keep_link(&mut self, link: &[u8]) -> u32 {
        if link.is_empty() {
            return NONE;
        }
        let at = self.tree.text.len() as u32;
        let len = u16::try_from(link.len()).unwrap_or(u16::MAX);
        self.tree.text.extend_from_slice(&len.to_le_bytes());
        self.tree.text.extend_from_slice(&link[..len.into()]);
        at
    }

    /// The node at `path`, if a layer so far has one there.
    fn find(&self, path: &[u8]) -> Option<NodeId> {
        components(path).try_fold(NodeId::ROOT, |parent, name| self.index.find(&self.tree, parent, name))
    }

    /// The node of an entry. Creates it and missing parent directories.
    fn resolve(&mut self, names: EntryNames<'_>, from: u16, remarks: &mut Remarks) -> ResolvedEntry {
        let (directory, resolution) = match self.descend(names.directory, from, OwnObstacle::Keep) {
            Ok(directory) => (directory, Resolution::Literal),
            Err(obstacle) => self.directory_through_links(obstacle, names, from, remarks),
        };
        let is_root = names.name.is_empty();
        let node = if is_root { directory } else { self.index.find_or_create(&mut self.tree, directory, names.name) };
        ResolvedEntry { node, resolution }
    }

    /// The directory at `path`; creates missing directories and replaces other entries. Returns the blocking node as an
    /// error if `obstacle` says to keep entries of this layer.
    fn descend(&mut self, path: &[u8], from: u16, obstacle: OwnObstacle) -> Result<NodeId, NodeId> {
        let mut descent = std::mem::take(&mut self.last_directory);
        let mut end = if descent.path == path { path.len() } else { descent.back_to(path) };
        // The cached descent is unusable if the layer has closed one of its directories since.
        if descent.steps.last().is_some_and(|(_, node)| !self.is_open_directory(*node)) {
            descent.steps.clear();
            end = 0;
        }
        let mut node = descent.steps.last().map_or(NodeId::ROOT, |(_, node)| *node);
        for name in components(&path[end..]) {
            node = self.index.find_or_create(&mut self.tree, node, name);
            if !self.is_open_directory(node) {
                if let Some(span) = self.newest(node).filter(|span| span.is_open()) {
                    if obstacle == OwnObstacle::Keep && span.from == from {
                        // Keep the part of the descent that exists.
                        descent.path.clear();
                        descent.path.extend_from_slice(&path[..end]);
                        self.last_directory = descent;
                        return Err(node);
                    }
                    self.close(node, from, Cause::Replaced, Cause::Replaced);
                }
                self.open(node, implicit_directory(from));
                self.implicit += 1;
            }
            end += usize::from(end > 0) + name.len();
            descent.steps.push((end, node));
        }
        if descent.path != path {
            descent.path.clear();
            descent.path.extend_from_slice(path);
        }
        self.last_directory = descent;
        Ok(node)
    }

    fn newest(&self, node: NodeId) -> Option<&Span> {
        SpanId::from_link(self.tree.nodes[node.index()].newest).map(|id| self.tree.span(id))
    }

    fn is_open_directory(&self, node: NodeId) -> bool {
        self.newest(node).is_some_and(|span| span.is_open() && span.kind.is_directory())
    }

    fn open(&mut self, node: NodeId, mut span: Span) -> SpanId {
        let id = self.tree.spans.len() as u32;
        let record = &mut self.tree.nodes[node.index()];
        span.node = node.raw();
        span.previous = record.newest;
        if span.inode == NONE {
            span.inode = id;
        }
        span.content = id;
        record.newest = id;
        // Invariant: every open node is in its parent's list. `take_children` may have removed this one.
        if record.next_sibling == UNLISTED {
            let parent = record.parent as usize;
            let first = std::mem::replace(&mut self.tree.nodes[parent].first_child, node.raw());
            self.tree.nodes[node.index()].next_sibling = first;
        }
        self.tree.spans.push(span);
        SpanId::new(id)
    }

    /// Closes a node and everything below it.
    fn close(&mut self, node: NodeId, at: u16, own: Cause, below: Cause) {
        self.close_node(node, at, own);
        let mut open = self.take_children(node);
        while let Some(node) = open.pop() {
            self.close_node(node, at, below);
            open.append(&mut self.take_children(node));
        }
    }

    fn close_node(&mut self, node: NodeId, at: u16, cause: Cause) {
        if let Some(id) = SpanId::from_link(self.tree.nodes[node.index()].newest) {
            let span = &mut self.tree.spans[id.index()];
            if span.is_open() {
                span.to = at;
                span.cause = Some(cause);
                if cause == Cause::HiddenByOpaque {
                    self.hidden_by_opaque.push(id);
                }
            }
        }
    }

    /// Empties a directory's list of open children. Reopened children return to the list, so closed ones are never
    /// walked again.
    fn take_children(&mut self, node: NodeId) -> Vec<NodeId> {
        let mut next = std::mem::replace(&mut self.tree.nodes[node.index()].first_child, NONE);
        let mut children = Vec::new();
        while next != NONE {
            children.push(NodeId::new(next));
            next = std::mem::replace(&mut self.tree.nodes[next as usize].next_sibling, UNLISTED);
        }
        children
    }
}

fn implicit_directory(from: u16) -> Span {
    Span {
        size: 0,
        body: 0,
        node: NONE,
        previous: NONE,
        uid: 0,
        gid: 0,
        link: NONE,
        inode: NONE,
        content: NONE,
        extra: 0,
        from,
        to: OPEN,
        // All engines create missing directories with mode 0755.
        mode: entry::file_type::DIRECTORY | 0o755,
        kind: SpanKind::ImplicitDirectory,
        cause: None,
    }
}
