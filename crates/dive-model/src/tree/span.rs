//! Spans: the content of a path from one layer up to another, as given by one tar entry.
//!
//! ```text
//! layer       0       1       2       3
//!             add     chmod b rm b    add b, c
//!
//! node a      s0------------------------------>   s0: 0..OPEN
//! node a/b    s1------s3------        s4------>   s1: 0..1 metadata-only, s3: 1..2 deleted, s4: 3..OPEN
//! node a/c    s2----------------------s5------>   s2: 0..3 overwritten, s5: 3..OPEN
//! ```
//!
//! A vertical cut at layer L meets the spans visible in L: at most one per node, because spans of a node never overlap.
//! Where nothing changed, two cuts meet the same span. The bytes of an ended span are reclaimable unless another name
//! of its inode is visible; its cause says why it ended. A node points to its newest span, and each span to the
//! previous one: s4, s3, s1.

use super::node::NONE;
use super::{NodeId, Tree};
use crate::layer::{Extra, LayerIndex, MarkerKind, PathKind};

/// Id of a span in a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(u32);

impl SpanId {
    pub(super) const fn new(index: u32) -> Self {
        Self(index)
    }

    pub(super) const fn raw(self) -> u32 {
        self.0
    }

    pub(super) fn from_link(link: u32) -> Option<Self> {
        (link != NONE).then_some(Self(link))
    }

    /// Index into a list with one element for each of [`Tree::all_spans`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Type of a path during a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// A regular file.
    File,
    /// A regular file with holes.
    SparseFile,
    /// Another name of an inode: see [`Tree::inode`].
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A directory.
    Directory,
    /// A directory without an entry that is a parent of entries.
    ImplicitDirectory,
    /// A named pipe.
    Fifo,
}

impl SpanKind {
    /// True for regular files, sparse ones included. Only these have content.
    #[must_use]
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::SparseFile)
    }

    /// True for directories.
    #[must_use]
    pub const fn is_directory(self) -> bool {
        matches!(self, Self::Directory | Self::ImplicitDirectory)
    }
}

impl From<PathKind> for SpanKind {
    fn from(kind: PathKind) -> Self {
        match kind {
            PathKind::File => Self::File,
            PathKind::SparseFile => Self::SparseFile,
            PathKind::HardLink => Self::HardLink,
            PathKind::Symlink => Self::Symlink,
            PathKind::CharDevice => Self::CharDevice,
            PathKind::BlockDevice => Self::BlockDevice,
            PathKind::Directory => Self::Directory,
            PathKind::Fifo => Self::Fifo,
        }
    }
}

/// Why a span ended before the last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A later entry has the same path and other content.
    Overwritten,
    /// A later entry has the same path and content: `chmod`, `chown`, `touch`.
    MetadataOnly,
    /// A whiteout removed the path itself.
    Deleted,
    /// A whiteout removed a parent directory.
    DeletedWithDirectory,
    /// An opaque marker hid the content of a parent directory.
    HiddenByOpaque,
    /// An entry of another type replaced the path or a parent directory.
    Replaced,
}

impl Cause {
    /// All causes, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Overwritten,
        Self::MetadataOnly,
        Self::Deleted,
        Self::DeletedWithDirectory,
        Self::HiddenByOpaque,
        Self::Replaced,
    ];

    /// Name in reports, such as `metadata-only`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overwritten => "overwritten",
            Self::MetadataOnly => "metadata-only",
            Self::Deleted => "deleted",
            Self::DeletedWithDirectory => "deleted-with-directory",
            Self::HiddenByOpaque => "hidden-by-opaque",
            Self::Replaced => "replaced",
        }
    }
}

/// [`Span::to`] of a span visible in the last layer.
pub(super) const OPEN: u16 = u16::MAX;

/// Content of a path from layer `from` up to, not including, layer `to`. 56 bytes: an image has one for each entry.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Size in the header, in bytes. Only sizes of files count.
    pub size: u64,
    /// Offset of the body in the uncompressed layer, in bytes.
    pub body: u64,
    pub(super) node: u32,
    pub(super) previous: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Offset of the link target in [`Tree::text`]: length in 2 bytes, then the target.
    pub(super) link: u32,
    /// Span of the inode: the target for hard links, otherwise this span.
    pub(super) inode: u32,
    /// For files, the first span known to have the same content, or this span.
    pub(super) content: u32,
    pub(super) extra: u32,
    pub(super) from: u16,
    pub(super) to: u16,
    /// File type and permission bits, as `lstat` returns them.
    pub mode: u16,
    /// Type of the path.
    pub kind: SpanKind,
    /// Why the span ended.
    pub(super) cause: Option<Cause>,
}

impl Span {
    /// Node of the span.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        NodeId::new(self.node)
    }

    /// Layer that opened the span.
    #[must_use]
    pub const fn from(&self) -> LayerIndex {
        LayerIndex::from_merged(self.from)
    }

    /// Layer that ended the span, and why; `None` if it is visible in the last layer.
    #[must_use]
    pub fn end(&self) -> Option<(LayerIndex, Cause)> {
        self.cause.filter(|_| self.to != OPEN).map(|cause| (LayerIndex::from_merged(self.to), cause))
    }

    /// True if the span is visible in `layer`.
    #[must_use]
    pub fn is_visible_at(&self, layer: LayerIndex) -> bool {
        let layer = layer.get();
        usize::from(self.from) <= layer && layer < usize::from(self.to)
    }

    pub(super) const fn is_open(&self) -> bool {
        self.to == OPEN
    }

    /// Previous span of the same node.
    pub(crate) fn previous(&self) -> Option<SpanId> {
        SpanId::from_link(self.previous)
    }
}

/// A whiteout, opaque marker or AUFS bookkeeping entry.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    /// Node that a whiteout removes, or directory of another marker.
    pub node: NodeId,
    /// Kind of the marker.
    pub kind: MarkerKind,
    /// File type and permission bits of the marker.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes. Markers should be empty but may not be.
    pub size: u64,
    pub(super) link: u32,
}

impl Tree {
    /// The span with this id.
    #[must_use]
    pub fn span(&self, id: SpanId) -> &Span {
        &self.spans[id.index()]
    }

    /// The span with this [`SpanId::index`]; `None` if out of range.
    #[must_use]
    pub fn span_at(&self, index: usize) -> Option<&Span> {
        self.spans.get(index)
    }

    /// Span of the inode of `id`: the target for hard links, otherwise `id`.
    #[must_use]
    pub fn inode(&self, id: SpanId) -> SpanId {
        SpanId(self.span(id).inode)
    }

    /// All spans, oldest layer first.
    pub fn all_spans(&self) -> impl DoubleEndedIterator<Item = SpanId> + ExactSizeIterator + use<> {
        (0..self.spans.len() as u32).map(SpanId)
    }

    /// The span of a node that is visible in `layer`.
    #[must_use]
    pub fn visible(&self, node: NodeId, layer: LayerIndex) -> Option<SpanId> {
        self.spans(node).find(|span| self.span(*span).is_visible_at(layer))
    }

    /// Link target as written in the header. Headers that are not links may have one.
    #[must_use]
    pub fn link(&self, id: SpanId) -> &[u8] {
        self.link_text(self.span(id).link)
    }

    /// Link target in a marker's header. It has no meaning; Docker writes some.
    #[must_use]
    pub fn marker_link(&self, marker: &Marker) -> &[u8] {
        self.link_text(marker.link)
    }

    fn link_text(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let Some((length, bytes)) = self.text.get(at..).and_then(|text| text.split_first_chunk::<2>()) else {
            return b"";
        };
        bytes.get(..u16::from_le_bytes(*length).into()).unwrap_or_default()
    }

    /// Rare attributes of a span: device numbers, extended attributes, stored size.
    #[must_use]
    pub fn extra(&self, id: SpanId) -> Extra {
        let index = self.span(id).extra as usize;
        index.checked_sub(1).and_then(|index| self.extras.get(index)).copied().unwrap_or_default()
    }

    /// True if the inodes of two spans have the same content. Contents are only compared where inodes meet at one path.
    #[must_use]
    pub fn same_content(&self, left: SpanId, right: SpanId) -> bool {
        let (left, right) = (self.inode(left), self.inode(right));
        let (a, b) = (self.span(left), self.span(right));
        a.size == b.size && (a.size == 0 || left == right || a.content == b.content)
    }
}
