//! Changes between layers.

use super::{Span, SpanId, SpanKind, Tree};

/// Change of a path between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// The path and everything below it is the same.
    Unmodified,
    /// Only the later layer has the path.
    Added,
    /// Only the earlier layer has the path.
    Removed,
    /// The path or something below it differs.
    Modified,
}

impl Tree {
    /// True if two spans are the same to `lstat` (except times), `readlink`, `cat` and `getfattr`. An implicit
    /// directory has the attributes that engines give it.
    pub(super) fn are_equal(&self, left: SpanId, right: SpanId) -> bool {
        let (left, right) = (self.inode(left), self.inode(right));
        let (a, b) = (self.span(left), self.span(right));
        let kind = |span: &Span| if span.kind.is_directory() { SpanKind::Directory } else { span.kind };
        let extras = |id| {
            let extra = self.extra(id);
            (extra.device, extra.xattrs)
        };
        // Linux ignores the permissions of symbolic links.
        let mode = |span: &Span| if span.kind == SpanKind::Symlink { 0 } else { span.mode };
        (kind(a), mode(a), a.uid, a.gid) == (kind(b), mode(b), b.uid, b.gid)
            && extras(left) == extras(right)
            && (!a.kind.is_file() || self.same_content(left, right))
            && (a.kind != SpanKind::Symlink || self.link(left) == self.link(right))
    }
}

/// Number of paths that a layer changed, without directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeCounts {
    /// Paths that the layer below does not have.
    pub added: u64,
    /// Paths that differ from the layer below.
    pub modified: u64,
    /// Paths that only the layer below has.
    pub removed: u64,
}

impl Tree {
    /// Counts the changes of each layer in one pass over the spans.
    #[must_use]
    pub fn change_counts(&self) -> Vec<ChangeCounts> {
        let mut counts = vec![ChangeCounts::default(); self.layer_count()];
        for node in self.nodes() {
            // From newest to oldest. Spans that their own layer ended are never visible.
            let mut after: Option<SpanId> = None;
            for id in self.spans(node).filter(|id| self.span(*id).from != self.span(*id).to) {
                self.count_between(Some(id), after, &mut counts);
                after = Some(id);
            }
            self.count_between(None, after, &mut counts);
        }
        counts
    }

    /// Counts the changes between two successive spans of a node.
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
            if (is_file(old) || is_file(new)) && !self.are_equal(old, new) {
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
