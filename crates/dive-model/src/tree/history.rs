//! What each layer did to one path: the spans of a node told as events, oldest first.

use super::span::Cause;
use super::{NodeId, SpanId, SpanKind, Tree};
use crate::layer::{LayerIndex, MarkerKind};

/// What a layer did to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// It put something where nothing was.
    Added,
    /// It put something of the same type there, with other content.
    Overwritten,
    /// It put the same content there again with other permissions, owners or attributes: `chmod`, `chown`.
    MetadataOnly,
    /// It has an entry for the path, and nothing of it changed but, perhaps, its times.
    ListedAgain,
    /// It put something of another type there.
    Replaced,
    /// It has a whiteout of the path.
    Deleted,
    /// It has a whiteout of a directory above the path.
    DeletedWithDirectory,
    /// It has an opaque marker in a directory above the path.
    HiddenByOpaque,
    /// It put something that is no directory in the place of a directory above the path.
    ReplacedWithDirectory,
    /// It has a whiteout of the path, and no layer below had anything there.
    WhiteoutOfNothing,
}

impl Deed {
    /// The deed as the screen and reports name it: `metadata-only`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Overwritten => "overwritten",
            Self::MetadataOnly => "metadata-only",
            Self::ListedAgain => "listed-again",
            Self::Replaced => "replaced",
            Self::Deleted => "deleted",
            Self::DeletedWithDirectory => "deleted-with-directory",
            Self::HiddenByOpaque => "hidden-by-opaque",
            Self::ReplacedWithDirectory => "replaced-with-directory",
            Self::WhiteoutOfNothing => "whiteout-of-nothing",
        }
    }

    /// Whether the path is gone by it.
    #[must_use]
    pub const fn removes(self) -> bool {
        matches!(self, Self::Deleted | Self::DeletedWithDirectory | Self::HiddenByOpaque | Self::ReplacedWithDirectory)
    }
}

/// One thing that a layer did to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The layer that did it.
    pub layer: LayerIndex,
    /// What it did.
    pub deed: Deed,
    /// The version it made; of a removal, the one it removed. None for a whiteout of nothing.
    pub version: Option<SpanId>,
}

/// What `lstat` and `readlink` say of a version, seen through its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// What it is. Only a hard link to nothing is a [`SpanKind::HardLink`].
    pub kind: SpanKind,
    /// Bytes of a file, none of anything else.
    pub size: Option<u64>,
    /// File type and permission bits.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Where a symbolic link leads, as written; empty for anything else.
    pub target: &'a [u8],
}

impl Tree {
    /// What each layer did to a path, oldest first. A layer that did several things has an event for each.
    #[must_use]
    pub fn history(&self, node: NodeId) -> Vec<Event> {
        let mut versions: Vec<SpanId> = self.spans(node).collect();
        versions.reverse();
        let mut events = Vec::new();
        for (at, version) in versions.iter().copied().enumerate() {
            let before = at.checked_sub(1).and_then(|at| versions.get(at)).copied();
            let from = self.span(version).from();
            let taken = before.filter(|before| self.gives_way(*before, Some(version)));
            let deed = taken.map_or(Deed::Added, |before| self.deed_between(before, version));
            events.push(Event { layer: from, deed, version: Some(version) });
            let after = versions.get(at + 1).copied();
            if let Some((layer, cause)) = self.span(version).end().filter(|_| !self.gives_way(version, after)) {
                events.push(Event { layer, deed: removal(cause), version: Some(version) });
            }
        }
        self.push_empty_whiteouts(node, &mut events);
        events
    }

    /// What `lstat` and `readlink` say of a version.
    #[must_use]
    pub fn facts(&self, version: SpanId) -> Facts<'_> {
        let inode = self.inode(version);
        let span = self.span(inode);
        Facts {
            kind: span.kind,
            size: span.kind.is_file().then_some(span.size),
            mode: span.mode,
            uid: span.uid,
            gid: span.gid,
            target: if span.kind == SpanKind::Symlink { self.link(inode) } else { b"" },
        }
    }

    /// Whether a version ended because `after` took its place.
    fn gives_way(&self, version: SpanId, after: Option<SpanId>) -> bool {
        let takes_over = |(layer, cause)| {
            matches!(cause, Cause::Overwritten | Cause::MetadataOnly | Cause::Replaced)
                && after.is_some_and(|after| self.span(after).from() == layer)
        };
        self.span(version).end().is_some_and(takes_over)
    }

    /// What it was to put `after` in the place of `before`.
    fn deed_between(&self, before: SpanId, after: SpanId) -> Deed {
        let (old, new) = (self.facts(before), self.facts(after));
        let same_kind = old.kind == new.kind
            || (old.kind.is_file() && new.kind.is_file())
            || (old.kind.is_directory() && new.kind.is_directory());
        if !same_kind {
            return Deed::Replaced;
        }
        let device = |version| self.extra(self.inode(version)).device;
        let same = match new.kind {
            SpanKind::File | SpanKind::SparseFile => self.same_content(before, after),
            SpanKind::Symlink => old.target == new.target,
            SpanKind::CharDevice | SpanKind::BlockDevice => device(before) == device(after),
            _ => true,
        };
        let attributes = |version| self.extra(self.inode(version)).xattrs;
        let unchanged =
            (old.mode, old.uid, old.gid) == (new.mode, new.uid, new.gid) && attributes(before) == attributes(after);
        match (same, unchanged) {
            (true, true) => Deed::ListedAgain,
            (true, false) => Deed::MetadataOnly,
            (false, _) => Deed::Overwritten,
        }
    }

    fn push_empty_whiteouts(&self, node: NodeId, events: &mut Vec<Event>) {
        for layer in self.layers() {
            let names_it = |marker: &super::Marker| marker.kind == MarkerKind::Whiteout && marker.node == node;
            let removed = events.iter().any(|event| event.layer == layer && event.deed.removes());
            if !removed && self.layer_markers(layer).iter().any(names_it) {
                // A layer's markers come before its entries.
                let at = events.partition_point(|event| event.layer < layer);
                events.insert(at, Event { layer, deed: Deed::WhiteoutOfNothing, version: None });
            }
        }
    }
}

const fn removal(cause: Cause) -> Deed {
    match cause {
        Cause::Deleted => Deed::Deleted,
        Cause::DeletedWithDirectory => Deed::DeletedWithDirectory,
        Cause::HiddenByOpaque => Deed::HiddenByOpaque,
        // Nothing took the path itself, so it was a directory above it.
        Cause::Replaced | Cause::Overwritten | Cause::MetadataOnly => Deed::ReplacedWithDirectory,
    }
}
