//! Findings of files: the claims of one kind in one layer, or of one kind that one layer stores and another one hides. One is
//! summed up at a time, since a hostile image has a million of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::boundary::OwnBoundary;
use super::claims::{AdviceClaims, Claim, WasteClaim};
use super::finding::{
    AdviceGroup, AdviceItem, AttributeChanges, FileFinding, Finding, FindingRank, FindingState, Twin,
};
use super::kind::AdviceKind;
use super::largest::LargestFindings;
use super::rewritten::{RewrittenFiles, attribute_changes};
use crate::analysis::{DirectorySums, Removals};
use crate::image::ImagePart;
use crate::layer::LayerIndex;
use crate::tree::{Nesting, NodeId, PathOrder, Tree};
use crate::units::Total;

/// What the claims of a finding have in common. The hiding layer comes first: see [`Removals::go_to`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct FindingKey {
    hidden_by: Option<LayerIndex>,
    layer: LayerIndex,
    kind: AdviceKind,
    state: FindingState,
    /// True for visible files of the base that the layer stores again: another instruction than that of new files is to be changed.
    is_from_base: bool,
    /// See [`Finding::doubled_by`].
    doubled_by: Option<LayerIndex>,
}

impl FindingKey {
    /// The part of the image whose instruction is to be changed: see [`Finding::caused_by`].
    fn part(self, own: OwnBoundary) -> ImagePart {
        let stores_again = self.hidden_by.filter(|_| self.kind.is_of_files_stored_again());
        own.part_of(stores_again.or(self.doubled_by).unwrap_or(self.layer))
    }
}

/// Collects findings from claims.
pub(super) struct FileFindings<'a> {
    pub(super) tree: &'a Tree,
    pub(super) claims: &'a AdviceClaims,
    pub(super) own: OwnBoundary,
    /// For each layer, whether a COPY or ADD made it.
    pub(super) copies: &'a [bool],
    /// True if all files at a node are of a kind, or all of them are gone in the layer that hides some.
    pub(super) is_whole: &'a dyn Fn(AdviceKind, Option<LayerIndex>, NodeId) -> bool,
    /// The bytes in the stored layer that unpacked bytes take.
    pub(super) stored_bytes: &'a dyn Fn(LayerIndex, u64) -> Option<u64>,
}

/// A claim of either list.
#[derive(Clone, Copy)]
enum AnyClaim<'a> {
    Visible(&'a Claim),
    Waste(&'a WasteClaim),
}

impl AnyClaim<'_> {
    const fn item(self) -> AdviceItem {
        let (kind, node, size_bytes) = match self {
            Self::Visible(claim) => (claim.kind, claim.node, claim.size_bytes),
            Self::Waste(claim) => (claim.kind, claim.file.node, claim.file.size_bytes),
        };
        AdviceItem { kind, node: Some(node), size_bytes }
    }

    /// The layer that stores the file.
    const fn layer(self) -> LayerIndex {
        match self {
            Self::Visible(claim) => claim.layer,
            Self::Waste(claim) => claim.file.layer,
        }
    }

    /// `doubled_by` tells the own layer that brings the twin of a file of a base layer.
    fn key(
        self,
        rewritten: &RewrittenFiles,
        doubled_by: impl Fn(LayerIndex, NodeId) -> Option<LayerIndex>,
        state: FindingState,
    ) -> FindingKey {
        match self {
            Self::Visible(Claim { kind, node, twin, layer, .. }) => {
                let layer = rewritten.brought_by(*node, *layer);
                let is_from_base = rewritten.is_from_base(*node, layer);
                let doubled_by = twin.and_then(|twin| doubled_by(layer, twin));
                FindingKey { hidden_by: None, layer, kind: *kind, state, is_from_base, doubled_by }
            }
            Self::Waste(WasteClaim { kind, file, .. }) => {
                // Following the advice on an earlier `chown -R` takes its copy away: the layer that brings the file is to be changed.
                // A later one may delete databases that it did not write.
                let is_of_packages = *kind == AdviceKind::PackageDatabases;
                let brought_by = rewritten.brought_by(file.node, file.layer);
                let is_from_base = !is_of_packages && rewritten.is_from_base(file.node, brought_by);
                let layer = if is_of_packages { file.layer } else { brought_by };
                let hidden_by = Some(file.hidden_by);
                FindingKey { hidden_by, layer, kind: *kind, state, is_from_base, doubled_by: None }
            }
        }
    }
}

/// What claims add up to.
#[derive(Debug, Default)]
struct ClaimSums {
    directories: DirectorySums,
    labels: BTreeMap<AdviceKind, Total>,
    files: u64,
    size_bytes: Total,
    /// All files, if there are at most [`FEW`].
    few: Vec<AdviceGroup>,
}

/// Files of a finding that are named one by one, if their directory has other files, too.
const FEW: usize = 8;

/// The sum of the findings of a kind that are not listed.
#[derive(Debug)]
struct SummedFindings {
    sums: ClaimSums,
    findings: u64,
    /// `None` if it is unknown for one of them.
    stored_bytes: Option<Total>,
}

impl<'a> FileFindings<'a> {
    /// The largest findings, and sums of the others.
    pub(super) fn find(&self, state_of: &mut dyn FnMut(AdviceItem) -> FindingState) -> Vec<FileFinding> {
        let count = self.claims.visible.len().saturating_add(self.claims.waste.len());
        let claims = (0..count as u32).filter_map(|at| Some((self.claim(at)?, at)));
        let rewritten = RewrittenFiles::of(self.tree, self.copies, self.own);
        let doubled_by = |layer, twin| {
            let is_of_base = |layer| self.own.part_of(layer) == ImagePart::Base;
            let stored_in = self.tree.span(self.tree.inode(self.tree.visible(twin, self.tree.last_layer()?)?)).from();
            let brought_by = rewritten.brought_by(twin, stored_in);
            let is_own = !is_of_base(brought_by) && !rewritten.is_from_base(twin, brought_by);
            (is_of_base(layer) && is_own).then_some(brought_by)
        };
        let mut keys: Vec<(FindingKey, u32)> =
            claims.map(|(claim, at)| (claim.key(&rewritten, doubled_by, state_of(claim.item())), at)).collect();
        keys.sort_unstable();
        let chunks =
            || keys.chunk_by(|(one, _), (other, _)| one == other).filter_map(|chunk| Some((chunk.first()?.0, chunk)));
        let mut largest = LargestFindings::default();
        chunks().for_each(|(key, chunk)| largest.add(self.rank(key, chunk)));
        let singles = largest.ranks();
        let is_single = |key, chunk| singles.binary_search(&self.rank(key, chunk)).is_ok();
        let with_twin = self.claims.visible.iter().filter(|claim| claim.twin.is_some());
        let order = PathOrder::of(self.tree, with_twin.map(|claim| claim.node));
        let of_attributes =
            chunks().filter(|(key, chunk)| key.kind == AdviceKind::RewrittenMetadata && is_single(*key, chunk));
        let pairs = of_attributes.map(|(key, _)| (key.layer, key.hidden_by)).collect();
        let changes = attribute_changes(self.tree, &rewritten, &pairs);
        drop(rewritten);
        let (nesting, mut removals) = (Nesting::of(self.tree), Removals::of(self.tree));
        let mut found = Vec::new();
        let mut others: BTreeMap<(FindingState, bool, AdviceKind), SummedFindings> = BTreeMap::new();
        for (key, chunk) in chunks() {
            if !is_single(key, chunk) {
                self.add_to_sums(key, chunk, &mut others);
                continue;
            }
            if let Some(layer) = key.hidden_by {
                removals.go_to(self.tree, layer);
            }
            let mut finding = self.single(key, chunk, &removals, &nesting, &order);
            finding.changes = changes.get(&(key.layer, key.hidden_by)).cloned().unwrap_or_default();
            found.push(finding);
        }
        found.extend(others.into_iter().map(|((state, is_base, kind), others)| {
            let SummedFindings { sums, findings, stored_bytes } = others;
            let part = if is_base { ImagePart::Base } else { ImagePart::Ours };
            let finding = sums.finding(self.tree, &nesting, kind, part, state);
            let finding = Finding { summed: findings, stored_bytes: stored_bytes.map(Total::get), ..finding };
            FileFinding { finding, changes: AttributeChanges::default(), twins: Vec::new(), is_from_base: false }
        }));
        found
    }

    /// A finding that is listed.
    fn single(
        &self,
        key: FindingKey,
        chunk: &[(FindingKey, u32)],
        removals: &Removals,
        nesting: &Nesting,
        order: &PathOrder,
    ) -> FileFinding {
        let FindingKey { hidden_by, layer, kind, state, is_from_base, doubled_by } = key;
        let mut sums = ClaimSums::default();
        for claim in self.claims_of(chunk) {
            sums.add(self.tree, claim, Some(removals));
        }
        let few = std::mem::take(&mut sums.few);
        let mut finding = sums.finding(self.tree, nesting, kind, key.part(self.own), state);
        let is_whole = |node| (self.is_whole)(kind, hidden_by, node);
        name_files(self.tree, nesting, &mut finding, few, is_whole);
        let stored_bytes = self.stored_size_of(chunk);
        FileFinding {
            finding: Finding { layer: Some(layer), hidden_by, doubled_by, stored_bytes, ..finding },
            changes: AttributeChanges::default(),
            twins: largest_twins(self.claims_of(chunk), order),
            is_from_base,
        }
    }

    /// Adds a finding that is not listed.
    fn add_to_sums(
        &self,
        key: FindingKey,
        chunk: &[(FindingKey, u32)],
        others: &mut BTreeMap<(FindingState, bool, AdviceKind), SummedFindings>,
    ) {
        let of_kind = others.entry(self.rank(key, chunk).sum_key()).or_insert_with(|| SummedFindings {
            sums: ClaimSums::default(),
            findings: 0,
            stored_bytes: Some(Total::default()),
        });
        for claim in self.claims_of(chunk) {
            of_kind.sums.add(self.tree, claim, None);
        }
        of_kind.findings = of_kind.findings.saturating_add(1);
        let stored = self.stored_size_of(chunk);
        of_kind.stored_bytes = of_kind.stored_bytes.zip(stored).map(|(mut sum, more)| {
            sum += more;
            sum
        });
    }

    fn claims_of(&self, chunk: &[(FindingKey, u32)]) -> impl Iterator<Item = AnyClaim<'a>> {
        chunk.iter().filter_map(|(_, at)| self.claim(*at))
    }

    /// A claim by its number: those of visible files first.
    fn claim(&self, at: u32) -> Option<AnyClaim<'a>> {
        let at = at as usize;
        let AdviceClaims { visible, waste } = self.claims;
        match visible.get(at) {
            Some(claim) => Some(AnyClaim::Visible(claim)),
            None => waste.get(at.checked_sub(visible.len())?).map(AnyClaim::Waste),
        }
    }

    fn size_of(&self, chunk: &[(FindingKey, u32)]) -> u64 {
        self.claims_of(chunk).map(|claim| claim.item().size_bytes).sum::<Total>().get()
    }

    /// The stored bytes, by the layers that store the files; `None` if they are unknown for one of them.
    fn stored_size_of(&self, chunk: &[(FindingKey, u32)]) -> Option<u64> {
        let mut by_layer: BTreeMap<LayerIndex, Total> = BTreeMap::new();
        for claim in self.claims_of(chunk) {
            *by_layer.entry(claim.layer()).or_default() += claim.item().size_bytes;
        }
        let stored = by_layer.into_iter().map(|(layer, bytes)| (self.stored_bytes)(layer, bytes.get()));
        Some(stored.collect::<Option<Vec<u64>>>()?.into_iter().sum::<Total>().get())
    }

    /// The rank of the finding with these claims.
    fn rank(&self, key: FindingKey, chunk: &[(FindingKey, u32)]) -> FindingRank {
        let FindingKey { hidden_by, layer, kind, state, .. } = key;
        FindingRank::new(kind, key.part(self.own), state, self.size_of(chunk), (Some(layer), hidden_by))
    }
}

impl ClaimSums {
    /// Adds a claim. `removals` are those of the layer that hides the files; without, a hidden file counts in its own directory.
    fn add(&mut self, tree: &Tree, claim: AnyClaim<'_>, removals: Option<&Removals>) {
        let AdviceItem { node, size_bytes, .. } = claim.item();
        match (claim, removals) {
            (AnyClaim::Waste(claim), Some(removals)) => {
                self.directories.add_reclaimable(tree, removals, &claim.file);
            }
            _ => self.directories.add(tree, node.unwrap_or(NodeId::ROOT), size_bytes),
        }
        self.files = self.files.saturating_add(1);
        self.size_bytes += size_bytes;
        if self.files > FEW as u64 {
            self.few.clear();
        } else {
            self.few.push(AdviceGroup { place: node.unwrap_or(NodeId::ROOT), files: 1, size_bytes });
        }
        if let AnyClaim::Waste(WasteClaim { label: Some(label), .. }) = claim {
            *self.labels.entry(*label).or_default() += size_bytes;
        }
    }

    /// The finding without its layers and its remedy.
    fn finding(
        self,
        tree: &Tree,
        nesting: &Nesting,
        kind: AdviceKind,
        part: ImagePart,
        state: FindingState,
    ) -> Finding {
        let mut labels: Vec<_> = self.labels.into_iter().map(|(kind, sum)| (kind, sum.get())).collect();
        labels.sort_by_key(|(_, bytes)| Reverse(*bytes));
        let divided = self.directories.divide(tree, nesting).into_iter();
        let mut groups: Vec<AdviceGroup> =
            divided.map(|sum| AdviceGroup { place: sum.place, files: sum.files, size_bytes: sum.size_bytes }).collect();
        sort_groups(tree, &mut groups);
        Finding {
            part,
            size_bytes: self.size_bytes.get(),
            files: self.files,
            groups,
            labels,
            state,
            ..Finding::of_configuration(kind, None, String::new())
        }
    }
}

/// The few groups of a finding are ordered by path, not by their order in a layer.
fn sort_groups(tree: &Tree, groups: &mut [AdviceGroup]) {
    groups.sort_by_cached_key(|group| (Reverse(group.size_bytes), tree.path(group.place)));
}

/// Replaces directories that also have other files by the files of the finding, if these are few: the directory says nothing.
fn name_files(
    tree: &Tree,
    nesting: &Nesting,
    finding: &mut Finding,
    few: Vec<AdviceGroup>,
    is_whole: impl Fn(NodeId) -> bool,
) {
    if few.is_empty() {
        return;
    }
    let (shared, mut groups): (Vec<AdviceGroup>, Vec<AdviceGroup>) =
        finding.groups.iter().partition(|group| group.files > 1 && !is_whole(group.place));
    let is_in = |group: &AdviceGroup, file: &AdviceGroup| nesting.contains(group.place, file.place);
    let others: Vec<NodeId> = groups.iter().map(|group| group.place).collect();
    let is_named = |file: &AdviceGroup| {
        let is_grouped = others.iter().any(|place| *place == file.place || nesting.contains(*place, file.place));
        !is_grouped && shared.iter().any(|group| is_in(group, file))
    };
    groups.extend(few.into_iter().filter(is_named));
    sort_groups(tree, &mut groups);
    if groups.iter().map(|group| group.files).sum::<u64>() == finding.files {
        finding.groups = groups;
    }
}

/// The largest claimed files that others make superfluous, the first ones of equal ones.
fn largest_twins<'a>(claims: impl Iterator<Item = AnyClaim<'a>>, order: &PathOrder) -> Vec<Twin> {
    let twins = claims.filter_map(|claim| match claim {
        AnyClaim::Visible(Claim { node, twin: Some(twin), size_bytes, .. }) => {
            Some(Twin { node: *node, other: *twin, size_bytes: *size_bytes })
        }
        _ => None,
    });
    let mut largest: Vec<Twin> = twins.collect();
    largest.sort_by_key(|twin| (Reverse(twin.size_bytes), order.rank(twin.node)));
    largest.truncate(FEW);
    largest
}
