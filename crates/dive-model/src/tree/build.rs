//! Applying layers (OCI image-spec, layer.md; where it is silent, what the layer folders of overlayfs hold). A layer's
//! whiteouts and opaque markers close spans of the layers below, wherever they stand in its tar; then its entries open
//! new ones in their order. A span closes once and no list is walked twice over what is closed already, so the cost is
//! linear in entries, whiteouts included.

mod cost;
mod markers;
mod own_links;

use std::borrow::Cow;
use std::io;

use markers::Removed;
use own_links::{Dangling, Place, Steps, Way};

use super::arena::LayerRecord;
use super::contents::Contents;
use super::index::{Descent, Index};
use super::node::{NONE, Node, UNLISTED};
use super::span::{Cause, OPEN, Span, SpanKind};
use super::{NodeId, SpanId, Tree};
use crate::budget::{Budget, Lease, OverBudget};
use crate::layer::Remarks;
use crate::layer::content::Bodies;
use crate::layer::path::components;
use crate::layer::{Chunk, Entry, EntryKind, LayerIndex, Names, Scan, entry};
use crate::remark::Quoted;

/// The most nodes a tree takes: several times the largest image known. Each takes up to 100 bytes of memory, and a
/// crafted layer of a few MB can ask for any number.
const MAX_NODES: usize = 1 << 24;

/// The most directories that are made because entries stand in them. One path of 16 KiB can imply 8,000, so that a few KB
/// of compressed layer would ask for all of [`MAX_NODES`].
const MAX_IMPLICIT: usize = 1 << 20;

/// An image that cannot be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// More layers than [`LayerIndex::MAX_COUNT`].
    #[error("the image has more than {} layers; no engine makes or takes that many", LayerIndex::MAX_COUNT)]
    TooManyLayers,
    /// More directories without an entry than an image may have.
    #[error("the image implies more than {MAX_IMPLICIT} directories that no entry names; no real image does")]
    TooManyImplicit,
    /// The image asks for more memory than it may have.
    #[error("entry {}: {problem}", Quoted(entry))]
    OverBudget {
        /// The path of the entry that asked.
        entry: String,
        /// What it asked for.
        problem: OverBudget,
    },
    /// More paths than an image may have.
    #[error("the image has more than {MAX_NODES} paths or entries; no real image has that many")]
    TooManyPaths,
}

/// A tree that layers are being applied to.
#[derive(Debug)]
pub struct Builder {
    tree: Tree,
    index: Index,
    contents: Contents,
    last_directory: Descent,
    /// For what the tree takes in memory.
    lease: Lease,
    /// Directories made so far because entries stand in them.
    implicit: usize,
    /// Steps that are left over links.
    steps: Steps,
    /// What opaque markers of the layer that is being applied closed.
    hidden_by_opaque: Vec<SpanId>,
    scratch: Vec<u8>,
}

/// What a pass over the entries of a layer knows and collects.
struct EntryPass {
    from: u16,
    first_marker: u32,
    /// Extras of the layers before.
    extras_before: u32,
    /// Which markers removed nothing.
    of_nothing: std::iter::Peekable<std::vec::IntoIter<usize>>,
    dangling: Vec<Dangling>,
}

/// An entry, and what it takes to understand it.
#[derive(Clone, Copy)]
struct Placed<'a> {
    entry: &'a Entry,
    names: Names<'a>,
    from: u16,
    /// Extras of the layers before.
    extras_before: u32,
}

/// What becomes of something that is no directory, was put there by the same layer, and is in the way to a directory.
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
    /// A tree with nothing but its root, which may take any memory.
    #[must_use]
    pub fn new() -> Self {
        Self::within(&Budget::unlimited())
    }

    /// A tree with nothing but its root, which charges `budget` for its memory.
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

    /// Applies the next layer. Gives back the scan's remarks with what is odd about it here.
    ///
    /// # Errors
    /// When the image is beyond what an engine could have made; the tree is of no use then.
    pub fn apply(&mut self, scan: Scan) -> Result<Remarks, BuildError> {
        self.apply_either(Cow::Owned(scan))
    }

    /// As [`Builder::apply`], where the scan may be of use for another layer, too.
    ///
    /// # Errors
    /// As [`Builder::apply`].
    pub(super) fn apply_either(&mut self, scan: Cow<'_, Scan>) -> Result<Remarks, BuildError> {
        let layer = LayerIndex::new(self.tree.layers.len()).ok_or(BuildError::TooManyLayers)?;
        let from = layer.get() as u16;
        self.make_room(&scan)?;
        let size_bytes = scan.size_bytes;
        let mut remarks = scan.remarks.clone();
        let (first_span, first_marker) = (self.tree.spans.len() as u32, self.tree.markers.len() as u32);
        if layer == LayerIndex::BASE {
            self.open(NodeId::ROOT, implicit_directory(from));
        }
        // Markers first, over the whole tar: they apply to lower layers only, and at this point only spans of lower layers
        // are open.
        let of_nothing = self.apply_markers(&scan.chunks, from);
        let mut pass = EntryPass {
            from,
            first_marker,
            extras_before: self.tree.extras.len() as u32,
            of_nothing: of_nothing.into_iter().peekable(),
            dangling: Vec::new(),
        };
        let mut extras = match scan {
            Cow::Borrowed(scan) => {
                for chunk in &scan.chunks {
                    self.apply_chunk(chunk, &mut pass, &mut remarks)?;
                }
                scan.extras.clone()
            }
            // Each chunk is freed when the tree has what was in it.
            Cow::Owned(Scan { chunks, extras, mut lease, .. }) => {
                for chunk in chunks {
                    self.apply_chunk(&chunk, &mut pass, &mut remarks)?;
                    lease.shrink_by(chunk.memory() as u64);
                }
                extras
            }
        };
        // Spans already point behind `extras_before`. The extras follow now, before the next layer counts them.
        self.tree.extras.append(&mut extras);
        // Only the end of the layer settles whether a target is missing or merely comes later.
        self.link_late(pass.dangling, from, &mut remarks);
        let spans = first_span..self.tree.spans.len() as u32;
        let markers = first_marker..self.tree.markers.len() as u32;
        self.settle_opaque_markers(markers.clone(), from);
        self.contents.end_layer();
        self.tree.layers.push(LayerRecord { spans, markers, size_bytes });
        Ok(remarks)
    }

    /// Second pass, a part of the tar.
    fn apply_chunk(&mut self, chunk: &Chunk, pass: &mut EntryPass, remarks: &mut Remarks) -> Result<(), BuildError> {
        let EntryPass { from, first_marker, extras_before, of_nothing, dangling } = pass;
        for entry in chunk.entries() {
            let names = chunk.names(entry);
            if self.memory() > self.lease.held() {
                self.grow(names)?;
            }
            if self.implicit > MAX_IMPLICIT {
                return Err(BuildError::TooManyImplicit);
            }
            let source = Placed { entry, names, from: *from, extras_before: *extras_before };
            match entry.kind {
                EntryKind::Marker(kind) => {
                    let at = self.tree.markers.len() - *first_marker as usize;
                    let removed = of_nothing.next_if_eq(&at).map_or(Removed::Something, |_| Removed::Nothing);
                    self.keep_marker(kind, removed, source, remarks);
                }
                EntryKind::Path(kind) => self.apply_entry(kind.into(), source, dangling, remarks),
            }
        }
        Ok(())
    }

    /// The merged tree. `bodies` compares what layers that lie plain hold twice.
    ///
    /// # Errors
    /// When a body cannot be read.
    pub fn finish(self, bodies: &dyn Bodies) -> io::Result<Tree> {
        let Self { mut tree, contents, .. } = self;
        // The lists held what may be open; from here on they hold all that ever was. Children come after their parents
        // in the arena, so walking it backwards leaves each list with its oldest node first.
        for node in &mut tree.nodes {
            (node.first_child, node.next_sibling) = (NONE, NONE);
        }
        for index in (1..tree.nodes.len()).rev() {
            let parent = tree.nodes[index].parent as usize;
            tree.nodes[index].next_sibling = tree.nodes[parent].first_child;
            tree.nodes[parent].first_child = index as u32;
        }
        tree.compare(&contents, bodies)?;
        Ok(tree)
    }

    /// Makes room for one span and one node an entry. Doubling would leave up to half of the arenas empty.
    fn make_room(&mut self, scan: &Scan) -> Result<(), BuildError> {
        let text = self.tree.text.len() + scan.text_len + 2 * scan.entry_count;
        if u32::try_from(text).is_err() || scan.entry_count > MAX_NODES {
            return Err(BuildError::TooManyPaths);
        }
        self.charge_coming(scan)?;
        let tree = &mut self.tree;
        // Room for the directories that entries imply, and enough that many small layers do not each move the arena.
        let coming = scan.entry_count + (scan.entry_count / 16).max(tree.spans.len() / 16);
        if tree.spans.capacity() - tree.spans.len() < scan.entry_count {
            tree.spans.reserve_exact(coming);
        }
        if tree.nodes.capacity() - tree.nodes.len() < scan.entry_count {
            tree.nodes.reserve_exact(coming);
        }
        // Of the text, the scan has at least what the tree takes, and a length for each link.
        let text = scan.text_len + 2 * scan.entry_count;
        if tree.text.capacity() - tree.text.len() < text {
            tree.text.reserve_exact(text + (text / 16).max(tree.text.len() / 16));
        }
        self.index.make_room(tree, scan.entry_count);
        Ok(())
    }

    /// Second pass, a path.
    fn apply_entry(&mut self, kind: SpanKind, source: Placed<'_>, dangling: &mut Vec<Dangling>, remarks: &mut Remarks) {
        let Placed { entry, names, from, extras_before } = source;
        // Opens missing directories, and so comes before the target is looked up: it may close the target.
        let Place { node, way } = self.place_of(names, from, remarks);
        let target = if kind == SpanKind::HardLink { Some(self.link_target(names.link, from)) } else { None };
        if target == Some(Some(node)) {
            remarks.add(|| format!("a hard link from {} to itself: ignored", Quoted::lossy(&names.path())));
            return;
        }
        // Before the old span closes: the target may be below the path that this link replaces.
        let inode = target.flatten().and_then(|target| self.linkable(target));
        let mut replaced = None;
        if let Some(span) = self.newest(node).filter(|span| span.is_open()) {
            let was = span.kind;
            if was.is_directory() && kind.is_directory() {
                // New attributes; the children stay.
                self.close_alone(node, from, Cause::Overwritten);
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
        // From here on the node has exactly one open span: this one.
        let id = self.open(node, opened);
        if way == Way::OverLinks {
            self.list_literally(id, names);
        }
        if kind == SpanKind::HardLink {
            self.tree.hard_links.push(id);
        }
        if kind == SpanKind::HardLink && inode.is_none() {
            // The target that was looked for above.
            dangling.push(Dangling { span: id, target: self.scratch.clone(), replaced });
        }
        // Last, because it compares the new span's inode with those of the spans before it.
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

    /// The node at `path`, if any layer so far had one there.
    fn find(&self, path: &[u8]) -> Option<NodeId> {
        components(path).try_fold(NodeId::ROOT, |parent, name| self.index.find(&self.tree, parent, name))
    }

    /// The node that an entry speaks of, made with the directories above it where they are not there.
    fn place_of(&mut self, names: Names<'_>, from: u16, remarks: &mut Remarks) -> Place {
        let (directory, way) = match self.descend(names.directory, from, OwnObstacle::Keep) {
            Ok(directory) => (directory, Way::Literal),
            Err(obstacle) => self.directory_behind(obstacle, names, from, remarks),
        };
        let is_root = names.name.is_empty();
        let node = if is_root { directory } else { self.index.find_or_make(&mut self.tree, directory, names.name) };
        Place { node, way }
    }

    /// The directory at `path`, made where it is missing or something else; or the node that is in the way.
    fn descend(&mut self, path: &[u8], from: u16, obstacle: OwnObstacle) -> Result<NodeId, NodeId> {
        let mut way = std::mem::take(&mut self.last_directory);
        let mut end = if way.path == path { path.len() } else { way.turn_to(path) };
        // What a layer closed on the way has to be opened again.
        if way.steps.last().is_some_and(|(_, node)| !self.is_open_directory(*node)) {
            way.steps.clear();
            end = 0;
        }
        let mut node = way.steps.last().map_or(NodeId::ROOT, |(_, node)| *node);
        for name in components(&path[end..]) {
            node = self.index.find_or_make(&mut self.tree, node, name);
            if !self.is_open_directory(node) {
                if let Some(span) = self.newest(node).filter(|span| span.is_open()) {
                    if obstacle == OwnObstacle::Keep && span.from == from {
                        // The steps lead this far.
                        way.path.clear();
                        way.path.extend_from_slice(&path[..end]);
                        self.last_directory = way;
                        return Err(node);
                    }
                    self.close(node, from, Cause::Replaced, Cause::Replaced);
                }
                self.open(node, implicit_directory(from));
                self.implicit += 1;
            }
            end += usize::from(end > 0) + name.len();
            way.steps.push((end, node));
        }
        if way.path != path {
            way.path.clear();
            way.path.extend_from_slice(path);
        }
        self.last_directory = way;
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
        // Every open node is in its parent's list; one that `take_children` removed returns here.
        if record.next_sibling == UNLISTED {
            let parent = record.parent as usize;
            let first = std::mem::replace(&mut self.tree.nodes[parent].first_child, node.raw());
            self.tree.nodes[node.index()].next_sibling = first;
        }
        self.tree.spans.push(span);
        SpanId::new(id)
    }

    /// Closes a node and all below it.
    fn close(&mut self, node: NodeId, at: u16, own: Cause, below: Cause) {
        self.close_alone(node, at, own);
        let mut open = self.take_children(node);
        while let Some(node) = open.pop() {
            self.close_alone(node, at, below);
            open.append(&mut self.take_children(node));
        }
    }

    fn close_alone(&mut self, node: NodeId, at: u16, cause: Cause) {
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

    /// Empties a directory's list of children that may be open. Each comes back when it opens again, so what was closed
    /// is never walked a second time.
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
        // What every engine gives a directory it has to make.
        mode: entry::file_type::DIRECTORY | 0o755,
        kind: SpanKind::ImplicitDirectory,
        cause: None,
    }
}
