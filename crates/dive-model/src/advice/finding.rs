//! Findings: files of one kind in one layer, with the groups of their paths and what to write instead.

use std::cmp::Reverse;

use super::kind::{AdviceKind, AdviceLevel};
use crate::image::ImagePart;
use crate::layer::LayerIndex;
use crate::tree::NodeId;

/// Files of one kind in one layer, and what to write instead; or the sum of small findings of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: AdviceKind,
    /// Whose instruction [causes](Self::caused_by) it.
    pub part: ImagePart,
    /// The layer that brings the files; `None` if the finding is about the configuration, or a sum.
    pub layer: Option<LayerIndex>,
    /// For waste, the layer that hides them.
    pub hidden_by: Option<LayerIndex>,
    /// For files of the base, the own layer whose files make them superfluous.
    pub doubled_by: Option<LayerIndex>,
    /// Bytes of the files, unpacked.
    pub size_bytes: u64,
    /// Estimated bytes in the stored layer, by the ratio of the whole layer; `None` if the layer was not read, or if the kind counts no
    /// bytes.
    pub stored_bytes: Option<u64>,
    /// Number of inodes; for a kind that counts no bytes, of paths.
    pub files: u64,
    /// Where the files are, largest first.
    pub groups: Vec<AdviceGroup>,
    /// For waste, the bytes that would have been of some kind, largest first.
    pub labels: Vec<(AdviceKind, u64)>,
    /// What to write instead, with the image's own names. It has no control character, and commands between backticks: escaping it
    /// again would change what they do.
    pub remedy: String,
    /// Whether the caller leaves it out.
    pub state: FindingState,
    /// Number of small findings that it sums; 0 for a single finding.
    pub summed: u64,
}

impl Finding {
    /// The number of findings that it stands for.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.summed.max(1)
    }

    /// The layer whose instruction is to be changed: of files that are stored again, the one that stores them again; of files of the
    /// base that own files make superfluous, the one of the own files. `None` if the finding is about the configuration, or a sum.
    #[must_use]
    pub fn caused_by(&self) -> Option<LayerIndex> {
        self.hidden_by.filter(|_| self.kind.is_of_files_stored_again()).or(self.doubled_by).or(self.layer)
    }

    /// Its place among all findings: those that count first, those of the image's own layers before the base's, sums last, then by
    /// bytes.
    pub(super) fn rank(&self) -> FindingRank {
        let Self { kind, part, layer, hidden_by, size_bytes, state, summed, .. } = *self;
        let place = (layer, hidden_by);
        FindingRank { is_sum: summed > 0, ..FindingRank::new(kind, part, state, size_bytes, place) }
    }
}

/// The order of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FindingRank {
    state: FindingState,
    is_base: bool,
    is_sum: bool,
    size_bytes: Reverse<u64>,
    level: Reverse<AdviceLevel>,
    kind: AdviceKind,
    layer: Option<LayerIndex>,
    hidden_by: Option<LayerIndex>,
}

impl FindingRank {
    pub(super) fn new(
        kind: AdviceKind,
        part: ImagePart,
        state: FindingState,
        size_bytes: u64,
        (layer, hidden_by): (Option<LayerIndex>, Option<LayerIndex>),
    ) -> Self {
        let (is_base, level) = (part == ImagePart::Base, Reverse(kind.row().level));
        Self { state, is_base, is_sum: false, size_bytes: Reverse(size_bytes), level, kind, layer, hidden_by }
    }

    /// What findings must have in common to be summed.
    pub(super) const fn sum_key(self) -> (FindingState, bool, AdviceKind) {
        (self.state, self.is_base, self.kind)
    }
}

/// Whether the caller leaves out a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum FindingState {
    /// It counts.
    #[default]
    Open,
    /// An exception of the caller covers all of it.
    Ignored,
}

/// A file of a finding, or a finding without files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdviceItem {
    /// The kind.
    pub kind: AdviceKind,
    /// The file; `None` if the finding is about an instruction or the configuration.
    pub node: Option<NodeId>,
    /// Its bytes.
    pub size_bytes: u64,
}

/// Files of a finding in one directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdviceGroup {
    /// The directory with the files, or the file if it is the only one. Groups further inside are not counted.
    pub place: NodeId,
    /// Number of inodes.
    pub files: u64,
    /// Total size in bytes.
    pub size_bytes: u64,
}

/// Maximum number of files that a sentence names.
const MAX_FIRST: usize = 4;

/// Some files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ChangedFiles {
    /// The first ones.
    pub(super) first: Vec<NodeId>,
    /// The number of all.
    pub(super) count: u64,
}

/// What the layer that hides files changes of them. Neither owner nor mode: only the times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AttributeChanges {
    /// The files that get another mode.
    pub(super) modes: ChangedFiles,
    /// The mode of the last of them in the finished file system.
    pub(super) mode: u16,
    /// The files that get another owner or group.
    pub(super) owned: ChangedFiles,
    /// The owners and groups of these files in the finished file system, at most two.
    pub(super) owners: Vec<(u32, u32)>,
    /// True if the files that the first layer brings get several owners: no option of one COPY sets them.
    pub(super) has_other_owners: bool,
    /// True if an even later layer changes an owner again.
    pub(super) is_changed_again: bool,
}

impl ChangedFiles {
    pub(super) fn add(&mut self, node: NodeId) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < MAX_FIRST {
            self.first.push(node);
        }
    }
}

impl AttributeChanges {
    /// True if no file gets another owner or mode.
    pub(super) const fn are_of_times(&self) -> bool {
        self.modes.count == 0 && self.owned.count == 0
    }
}

/// A file, and another one that makes it superfluous.
#[derive(Debug, Clone, Copy)]
pub(super) struct Twin {
    pub(super) node: NodeId,
    pub(super) other: NodeId,
    pub(super) size_bytes: u64,
}

/// A finding without its remedy, and what the remedy needs.
#[derive(Debug)]
pub(super) struct FileFinding {
    pub(super) finding: Finding,
    /// What a layer that hides files changes of them.
    pub(super) changes: AttributeChanges,
    /// The largest files that others make superfluous.
    pub(super) twins: Vec<Twin>,
    /// True if the layer stores files of the base again.
    pub(super) is_from_base: bool,
}
