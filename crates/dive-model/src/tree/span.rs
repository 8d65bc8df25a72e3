//! Spans: what a path is from one layer up to another, as one tar entry says it.
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
//! A vertical cut at layer L meets the spans that L shows: at most one for each node, because spans of a node never overlap.
//! Two cuts meet the same span where nothing changed. The bytes of a span that ended are reclaimable unless another name of
//! its inode is still visible; its cause says how it ended. A node points to its newest span, and each span to the one before
//! it on the same node: s4, s3, s1.

use super::node::NONE;
use super::{NodeId, Tree};
use crate::layer::{Extra, LayerIndex, MarkerKind, PathKind};

/// A span of one [`Tree`].
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

    /// As an index into a list with one place for each of [`Tree::all_spans`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a path is during a span.
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
    /// A directory that no entry of its layer names, but that entries stand in.
    ImplicitDirectory,
    /// A named pipe.
    Fifo,
}

impl SpanKind {
    /// Whether it is an inode with bytes.
    #[must_use]
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::SparseFile)
    }

    /// Whether it can hold children.
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

/// How a span ended before the last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A later entry put other bytes at the same path.
    Overwritten,
    /// A later entry put the same bytes at the same path: `chmod`, `chown`, `touch`.
    MetadataOnly,
    /// A whiteout removed the path itself.
    Deleted,
    /// A whiteout removed a directory above it.
    DeletedWithDirectory,
    /// An opaque marker emptied a directory above it.
    HiddenByOpaque,
    /// Something that is not a regular file took its place, or the place of a directory above it.
    Replaced,
}

impl Cause {
    /// All causes, in the order reports show them.
    pub const ALL: [Self; 6] = [
        Self::Overwritten,
        Self::MetadataOnly,
        Self::Deleted,
        Self::DeletedWithDirectory,
        Self::HiddenByOpaque,
        Self::Replaced,
    ];

    /// The cause as reports name it: `metadata-only`.
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

/// [`Span::to`] of a span that no layer ended.
pub(super) const OPEN: u16 = u16::MAX;

/// What a path is from one layer up to, not including, another. 56 bytes: an image has as many as entries.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Size in bytes as the header gives it; only a file's counts.
    pub size: u64,
    /// Where the body stands in the uncompressed layer, in bytes.
    pub body: u64,
    pub(super) node: u32,
    pub(super) previous: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Where the link target's length and bytes stand in the tree's text.
    pub(super) link: u32,
    /// The span whose inode this is: itself, but for hard links.
    pub(super) inode: u32,
    /// Of an inode with bytes: the first one known to have the same bytes, itself if none.
    pub(super) content: u32,
    pub(super) extra: u32,
    pub(super) from: u16,
    pub(super) to: u16,
    /// File type and permission bits as `lstat` gives them.
    pub mode: u16,
    /// What the path is.
    pub kind: SpanKind,
    /// How it ended.
    pub(super) cause: Option<Cause>,
}

impl Span {
    /// The node whose span it is.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        NodeId::new(self.node)
    }

    /// The layer that opened it.
    #[must_use]
    pub const fn from(&self) -> LayerIndex {
        LayerIndex::from_merged(self.from)
    }

    /// The layer that ended it and how; none if the final file system shows it.
    #[must_use]
    pub fn end(&self) -> Option<(LayerIndex, Cause)> {
        self.cause.filter(|_| self.to != OPEN).map(|cause| (LayerIndex::from_merged(self.to), cause))
    }

    /// Whether the file system as of `layer` shows it.
    #[must_use]
    pub fn is_visible_at(&self, layer: LayerIndex) -> bool {
        let layer = layer.get();
        usize::from(self.from) <= layer && layer < usize::from(self.to)
    }

    pub(super) const fn is_open(&self) -> bool {
        self.to == OPEN
    }

    /// The span of the same node before this one.
    pub(super) fn previous(&self) -> Option<SpanId> {
        SpanId::from_link(self.previous)
    }
}

/// An entry that puts nothing at its path: a whiteout, an opaque marker, AUFS bookkeeping.
#[derive(Debug, Clone, Copy)]
pub struct Marker {
    /// A whiteout's node is the one it removes; that of the others the directory they stand in.
    pub node: NodeId,
    /// Which of them it is.
    pub kind: MarkerKind,
    /// File type and permission bits of the marker's own header.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes: markers should have none, but may.
    pub size: u64,
    pub(super) link: u32,
}

impl Tree {
    /// A span by its id.
    #[must_use]
    pub fn span(&self, id: SpanId) -> &Span {
        &self.spans[id.index()]
    }

    /// The span at a [`SpanId::index`].
    #[must_use]
    pub fn span_at(&self, index: usize) -> Option<&Span> {
        self.spans.get(index)
    }

    /// The span whose inode `id` names: itself, but for hard links.
    #[must_use]
    pub fn inode(&self, id: SpanId) -> SpanId {
        SpanId(self.span(id).inode)
    }

    /// All spans, oldest layer first.
    pub fn all_spans(&self) -> impl DoubleEndedIterator<Item = SpanId> + ExactSizeIterator + use<> {
        (0..self.spans.len() as u32).map(SpanId)
    }

    /// What a node is as of `layer`, if it is there.
    #[must_use]
    pub fn visible(&self, node: NodeId, layer: LayerIndex) -> Option<SpanId> {
        self.spans(node).find(|span| self.span(*span).is_visible_at(layer))
    }

    /// Where a link points to, as its header has it. Headers that are no links may have one too.
    #[must_use]
    pub fn link(&self, id: SpanId) -> &[u8] {
        self.link_text(self.span(id).link)
    }

    /// The link target in a marker's header, which means nothing; Docker leaves some there.
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

    /// What few spans have: device numbers, attributes, stored size.
    #[must_use]
    pub fn extra(&self, id: SpanId) -> Extra {
        let index = self.span(id).extra as usize;
        index.checked_sub(1).and_then(|index| self.extras.get(index)).copied().unwrap_or_default()
    }

    /// Whether two spans, seen through their inodes, hold the same bytes. Contents of different paths are only compared
    /// where a hard link brought them to one path.
    #[must_use]
    pub fn same_content(&self, left: SpanId, right: SpanId) -> bool {
        let (left, right) = (self.inode(left), self.inode(right));
        let (a, b) = (self.span(left), self.span(right));
        a.size == b.size && (a.size == 0 || left == right || a.content == b.content)
    }
}
