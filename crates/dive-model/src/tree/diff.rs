//! What changed between any two states of the image.

use super::{Span, SpanId, SpanKind, Tree};

/// What happened to a path between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is the same, and so is all below it.
    Unmodified,
    /// It is there only afterwards.
    Added,
    /// It was there only before.
    Removed,
    /// It is something else, or something below it changed.
    Modified,
}

impl Tree {
    /// Whether two spans look the same to `lstat`, `readlink`, `cat` and `getfattr`, but for times. An implicit
    /// directory is one with the attributes that engines give it.
    pub(super) fn alike(&self, left: SpanId, right: SpanId) -> bool {
        let (left, right) = (self.inode(left), self.inode(right));
        let (a, b) = (self.span(left), self.span(right));
        let kind = |span: &Span| if span.kind.is_directory() { SpanKind::Directory } else { span.kind };
        let extras = |id| {
            let extra = self.extra(id);
            (extra.device, extra.xattrs)
        };
        // A symbolic link has no permissions of its own on Linux.
        let mode = |span: &Span| if span.kind == SpanKind::Symlink { 0 } else { span.mode };
        (kind(a), mode(a), a.uid, a.gid) == (kind(b), mode(b), b.uid, b.gid)
            && extras(left) == extras(right)
            && (!a.kind.is_file() || self.same_content(left, right))
            && (a.kind != SpanKind::Symlink || self.link(left) == self.link(right))
    }
}

/// How many paths, directories aside, one layer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeCounts {
    /// Paths that the layer below did not have.
    pub added: u64,
    /// Paths that are something else than in the layer below.
    pub modified: u64,
    /// Paths that only the layer below has.
    pub removed: u64,
}

impl Tree {
    /// What each layer changed, counted in one pass over the spans.
    #[must_use]
    pub fn change_counts(&self) -> Vec<ChangeCounts> {
        let mut counts = vec![ChangeCounts::default(); self.layer_count()];
        for node in self.nodes() {
            // From newest to oldest, without those that their own layer ended.
            let mut after: Option<SpanId> = None;
            for id in self.spans(node).filter(|id| self.span(*id).from != self.span(*id).to) {
                self.count_between(Some(id), after, &mut counts);
                after = Some(id);
            }
            self.count_between(None, after, &mut counts);
        }
        counts
    }

    /// Counts what happened between two spans of a node that follow each other.
    fn count_between(&self, before: Option<SpanId>, after: Option<SpanId>, counts: &mut [ChangeCounts]) {
        let is_file = |id: SpanId| !self.span(id).kind.is_directory();
        let mut count = |layer: u16, change: fn(&mut ChangeCounts) -> &mut u64| {
            if let Some(counts) = counts.get_mut(usize::from(layer)) {
                *change(counts) += 1;
            }
        };
        if let (Some(old), Some(new)) = (before, after)
            && self.span(old).to == self.span(new).from
        {
            if (is_file(old) || is_file(new)) && !self.alike(old, new) {
                count(self.span(new).from, |counts| &mut counts.modified);
            }
            return;
        }
        if let Some(old) = before.filter(|old| is_file(*old)) {
            count(self.span(old).to, |counts| &mut counts.removed);
        }
        if let Some(new) = after.filter(|new| is_file(*new)) {
            count(self.span(new).from, |counts| &mut counts.added);
        }
    }
}
