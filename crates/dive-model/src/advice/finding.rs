//! Findings: claims of one kind in one layer, with the groups of their paths and what to write instead.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::claims::{AdviceClaims, Claim};
use super::kind::AdviceKind;
use super::remedy::{ChangedAttributes, Twin};
use crate::analysis::DirectorySums;
use crate::analysis::exact::ReclaimableFile;
use crate::image::ImagePart;
use crate::layer::LayerIndex;
use crate::tree::{NodeId, PathOrder, Tree};
use crate::units::Total;

/// Files of one kind in one layer, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: AdviceKind,
    /// Whose layer it is.
    pub part: ImagePart,
    /// The layer with the files; `None` if the finding is about the configuration.
    pub layer: Option<LayerIndex>,
    /// For waste, the layer that hides them.
    pub hidden_by: Option<LayerIndex>,
    /// Bytes of the files, unpacked.
    pub size_bytes: u64,
    /// Estimated bytes in the stored layer, by the ratio of the whole layer; `None` if the layer was not read.
    pub stored_bytes: Option<u64>,
    /// Number of inodes.
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

/// What the claims of a finding have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FindingKey {
    pub(super) kind: AdviceKind,
    pub(super) layer: LayerIndex,
    pub(super) hidden_by: Option<LayerIndex>,
    pub(super) state: FindingState,
}

/// The claims of a finding.
#[derive(Debug, Default)]
pub(super) struct FindingSums {
    /// What a layer that hides files changed of them.
    pub(super) attributes: ChangedAttributes,
    /// The largest file that another one makes superfluous.
    pub(super) twin: Option<Twin>,
    directories: DirectorySums,
    labels: BTreeMap<AdviceKind, Total>,
    files: u64,
    size_bytes: Total,
}

impl FindingSums {
    /// Collects the claims by kind, layers and state.
    pub(super) fn of(
        tree: &Tree,
        claims: &AdviceClaims,
        state_of: &mut dyn FnMut(AdviceItem) -> FindingState,
    ) -> BTreeMap<FindingKey, Self> {
        let mut findings: BTreeMap<FindingKey, Self> = BTreeMap::new();
        let with_twin = claims.visible.iter().filter(|claim| claim.twin.is_some());
        let order = PathOrder::of(tree, with_twin.map(|claim| claim.node));
        for claim in &claims.visible {
            let state = state_of(AdviceItem { kind: claim.kind, node: Some(claim.node), size_bytes: claim.size_bytes });
            let key = FindingKey { kind: claim.kind, layer: claim.layer, hidden_by: None, state };
            let sums = findings.entry(key).or_default();
            sums.directories.add(tree, claim.node, claim.size_bytes);
            sums.count(claim.size_bytes);
            let Claim { node, twin, size_bytes, .. } = *claim;
            if let Some(twin) = twin {
                let is_first = |known: &Twin| {
                    (Reverse(size_bytes), order.rank(node)) < (Reverse(known.size_bytes), order.rank(known.node))
                };
                if sums.twin.as_ref().is_none_or(is_first) {
                    sums.twin = Some(Twin { node, other: twin, size_bytes });
                }
            }
        }
        for claim in &claims.waste {
            let ReclaimableFile { node, size_bytes, layer, hidden_by, .. } = claim.file;
            let state = state_of(AdviceItem { kind: claim.kind, node: Some(node), size_bytes });
            let key = FindingKey { kind: claim.kind, layer, hidden_by: Some(hidden_by), state };
            let sums = findings.entry(key).or_default();
            sums.directories.add_reclaimable(tree, &claim.file);
            sums.count(claim.file.size_bytes);
            if claim.kind == AdviceKind::RewrittenMetadata && changes_owner_or_mode(tree, &claim.file) {
                sums.attributes = ChangedAttributes::OwnerOrMode;
            }
            if let Some(label) = claim.label {
                *sums.labels.entry(label).or_default() += claim.file.size_bytes;
            }
        }
        findings
    }

    fn count(&mut self, size_bytes: u64) {
        self.files = self.files.saturating_add(1);
        self.size_bytes += size_bytes;
    }

    /// The finding without its remedy.
    pub(super) fn finding(self, tree: &Tree, key: FindingKey, part: ImagePart) -> Finding {
        let FindingKey { kind, layer, hidden_by, state } = key;
        let mut labels: Vec<_> = self.labels.into_iter().map(|(kind, sum)| (kind, sum.get())).collect();
        labels.sort_by_key(|(_, bytes)| Reverse(*bytes));
        let groups = self.directories.divide(tree);
        let mut groups: Vec<AdviceGroup> =
            groups.map(|(place, files, size_bytes)| AdviceGroup { place, files, size_bytes }).collect();
        // The few groups of a finding are ordered by path, not by their order in a layer.
        groups.sort_by_cached_key(|group| (Reverse(group.size_bytes), tree.path(group.place)));
        Finding {
            kind,
            part,
            layer: Some(layer),
            hidden_by,
            size_bytes: self.size_bytes.get(),
            stored_bytes: None,
            files: self.files,
            groups,
            labels,
            remedy: String::new(),
            state,
        }
    }
}

/// True if the layer that hides a file by the same content changes its owner or mode.
fn changes_owner_or_mode(tree: &Tree, file: &ReclaimableFile) -> bool {
    let ended = tree.spans(file.node).find(|id| tree.span(*id).end() == Some((file.hidden_by, file.cause)));
    let (Some(before), Some(after)) = (ended, tree.visible(file.node, file.hidden_by)) else { return false };
    let owner_and_mode = |id| {
        let inode = tree.span(tree.inode(id));
        (inode.mode, inode.uid, inode.gid)
    };
    owner_and_mode(before) != owner_and_mode(after)
}
