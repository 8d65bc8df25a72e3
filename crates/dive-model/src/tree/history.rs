//! The history of one path: its spans as a list of events, oldest first.

use super::span::Cause;
use super::{NodeId, SpanId, SpanKind, Tree};
use crate::layer::{LayerIndex, MarkerKind};

/// What a layer did to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LayerAction {
    /// Added the path.
    Added,
    /// Replaced the path by one of the same type with other content.
    Overwritten,
    /// Changed permissions, owners or extended attributes: `chmod`, `chown`.
    MetadataOnly,
    /// Listed the path again, without a change except maybe to its times.
    ListedAgain,
    /// Replaced the path by one of another type.
    Replaced,
    /// Removed the path by a whiteout.
    Deleted,
    /// Removed a parent directory by a whiteout.
    DeletedWithDirectory,
    /// Hid the content of a parent directory by an opaque marker.
    HiddenByOpaque,
    /// Replaced a parent directory by another type.
    ReplacedWithDirectory,
    /// Has a whiteout of the path, which no lower layer has.
    WhiteoutOfNothing,
}

impl LayerAction {
    /// Name on the screen and in reports, such as `metadata-only`.
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

    /// True if the path is absent afterwards.
    #[must_use]
    pub const fn removes(self) -> bool {
        matches!(self, Self::Deleted | Self::DeletedWithDirectory | Self::HiddenByOpaque | Self::ReplacedWithDirectory)
    }
}

/// One action of a layer on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryEvent {
    /// The layer.
    pub layer: LayerIndex,
    /// The action.
    pub action: LayerAction,
    /// The added version, or the removed one; `None` for a whiteout of nothing.
    pub version: Option<SpanId>,
}

/// Attributes of a version's inode, as `lstat` and `readlink` return them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Type. [`SpanKind::HardLink`] only for a hard link to a missing file.
    pub kind: SpanKind,
    /// Size of a file, in bytes; `None` for other types.
    pub size: Option<u64>,
    /// File type and permission bits.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Target of a symbolic link, as written; empty for other types.
    pub target: &'a [u8],
}

impl Tree {
    /// The actions of all layers on a path, oldest first. A layer with several actions has an event for each.
    #[must_use]
    pub fn history(&self, node: NodeId) -> Vec<HistoryEvent> {
        let mut versions: Vec<SpanId> = self.spans(node).collect();
        versions.reverse();
        let mut events = Vec::new();
        for (at, version) in versions.iter().copied().enumerate() {
            let before = at.checked_sub(1).and_then(|at| versions.get(at)).copied();
            let from = self.span(version).from();
            let taken = before.filter(|before| self.is_replaced_by(*before, Some(version)));
            let action = taken.map_or(LayerAction::Added, |before| self.action_between(before, version));
            events.push(HistoryEvent { layer: from, action, version: Some(version) });
            let after = versions.get(at + 1).copied();
            if let Some((layer, cause)) = self.span(version).end().filter(|_| !self.is_replaced_by(version, after)) {
                events.push(HistoryEvent { layer, action: removal(cause), version: Some(version) });
            }
        }
        self.push_empty_whiteouts(node, &mut events);
        events
    }

    /// Attributes of a version, as `lstat` and `readlink` return them.
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

    /// True if `version` ended because `after` replaced it.
    fn is_replaced_by(&self, version: SpanId, after: Option<SpanId>) -> bool {
        let takes_over = |(layer, cause)| {
            matches!(cause, Cause::Overwritten | Cause::MetadataOnly | Cause::Replaced)
                && after.is_some_and(|after| self.span(after).from() == layer)
        };
        self.span(version).end().is_some_and(takes_over)
    }

    /// The action that replaced `before` by `after`.
    fn action_between(&self, before: SpanId, after: SpanId) -> LayerAction {
        let (old, new) = (self.facts(before), self.facts(after));
        let same_kind = old.kind == new.kind
            || (old.kind.is_file() && new.kind.is_file())
            || (old.kind.is_directory() && new.kind.is_directory());
        if !same_kind {
            return LayerAction::Replaced;
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
            (true, true) => LayerAction::ListedAgain,
            (true, false) => LayerAction::MetadataOnly,
            (false, _) => LayerAction::Overwritten,
        }
    }

    fn push_empty_whiteouts(&self, node: NodeId, events: &mut Vec<HistoryEvent>) {
        for layer in self.layers() {
            let names_it = |marker: &super::Marker| marker.kind == MarkerKind::Whiteout && marker.node == node;
            let removed = events.iter().any(|event| event.layer == layer && event.action.removes());
            if !removed && self.layer_markers(layer).iter().any(names_it) {
                // Markers of a layer apply before its entries.
                let at = events.partition_point(|event| event.layer < layer);
                events.insert(at, HistoryEvent { layer, action: LayerAction::WhiteoutOfNothing, version: None });
            }
        }
    }
}

const fn removal(cause: Cause) -> LayerAction {
    match cause {
        Cause::Deleted => LayerAction::Deleted,
        Cause::DeletedWithDirectory => LayerAction::DeletedWithDirectory,
        Cause::HiddenByOpaque => LayerAction::HiddenByOpaque,
        // The path has no new span in that layer, so a parent directory was replaced.
        Cause::Replaced | Cause::Overwritten | Cause::MetadataOnly => LayerAction::ReplacedWithDirectory,
    }
}
