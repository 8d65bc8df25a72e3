//! Divides the bytes of an image: waste, advice, and the rest. An inode of a layer is in exactly one part: if no name of it is
//! visible, it is waste; if every visible name of it is of some kind, the first of these kinds in the table claims it; otherwise
//! it is in the rest. A hard link from outside keeps an inode of a cache alive: deleting the cache would free nothing.

use std::ops::Range;

use hashbrown::HashMap;

use super::kind::{AdviceKind, CountedBytes, KindSet};
use super::path_kinds::PathKinds;
use crate::analysis::Exact;
use crate::analysis::exact::ReclaimableFile;
use crate::layer::LayerIndex;
use crate::tree::{Cause, NodeId, PathOrder, SpanId, SpanKind, Tree};
use crate::units::Total;

/// A visible inode that a kind claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The kind.
    pub kind: AdviceKind,
    /// Node of a visible name.
    pub node: NodeId,
    /// Layer with the content.
    pub layer: LayerIndex,
    /// Bytes that following the advice saves.
    pub size_bytes: u64,
}

/// A reclaimable inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WasteClaim {
    /// The kind, by its cause.
    pub kind: AdviceKind,
    /// The kind that it would have had if it were visible.
    pub label: Option<AdviceKind>,
    /// The file.
    pub file: ReclaimableFile,
}

/// What is claimed, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimScope {
    /// The kinds that claim.
    pub kinds: KindSet,
    /// The first of the image's own layers. Floors apply to the base and to the others apart.
    pub own_from: usize,
    /// For each layer, whether a COPY or ADD made it.
    pub copies: Vec<bool>,
}

/// All claims of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdviceClaims {
    /// Visible inodes, in no particular order.
    pub visible: Vec<Claim>,
    /// All reclaimable inodes, in the order of [`Exact::files`].
    pub waste: Vec<WasteClaim>,
}

/// The parts of the bytes of some layers. The last three add up to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Partition {
    /// Bytes of all regular files, each inode once.
    pub total_bytes: u64,
    /// Reclaimable bytes.
    pub waste_bytes: u64,
    /// Visible bytes that a kind claims.
    pub advice_bytes: u64,
    /// All others.
    pub rest_bytes: u64,
}

impl AdviceClaims {
    /// Claims the inodes of `tree`.
    #[must_use]
    pub fn of(tree: &Tree, exact: &Exact, scope: &ClaimScope) -> Self {
        Self::by_paths(tree, exact, scope, &PathKinds::of(tree))
    }

    /// Like [`Self::of`], with the known kinds of all paths.
    pub(super) fn by_paths(tree: &Tree, exact: &Exact, scope: &ClaimScope, paths: &PathKinds) -> Self {
        let counts = |counted: CountedBytes| {
            let all = AdviceKind::ALL.iter().copied();
            scope.kinds.and(all.filter(|kind| kind.row().counts == counted).collect())
        };
        let claiming = counts(CountedBytes::Visible).minus(paths.vetoed);
        let mut visible = visible_claims(tree, paths, claiming);
        let is_base = |claim: &Claim| claim.layer.get() < scope.own_from;
        let mut sums: HashMap<(AdviceKind, bool), Total> = HashMap::new();
        for claim in &visible {
            *sums.entry((claim.kind, is_base(claim))).or_default() += claim.size_bytes;
        }
        visible.retain(|claim| {
            let sum = sums.get(&(claim.kind, is_base(claim))).copied().unwrap_or_default();
            sum.get() >= claim.kind.row().floor_bytes
        });
        let waste = exact.files.iter().map(|file| {
            let label = paths.of_node(file.node).and(claiming).first();
            WasteClaim { kind: scope.waste_kind(paths, file), label, file: *file }
        });
        let waste = waste.filter(|claim| scope.kinds.contains(claim.kind)).collect();
        Self { visible, waste }
    }

    /// Divides the bytes that the layers in `range` store.
    #[must_use]
    pub fn partition(&self, tree: &Tree, exact: &Exact, range: &Range<usize>) -> Partition {
        let is_in = |layer: LayerIndex| range.contains(&layer.get());
        let total_bytes = Exact::total_bytes_in(tree, range.clone());
        let waste = exact.files.iter().filter(|file| is_in(file.layer)).map(|file| file.size_bytes);
        let advice = self.visible.iter().filter(|claim| is_in(claim.layer)).map(|claim| claim.size_bytes);
        let (waste_bytes, advice_bytes) = (waste.sum::<Total>().get(), advice.sum::<Total>().get());
        let rest_bytes = total_bytes.saturating_sub(waste_bytes).saturating_sub(advice_bytes);
        Partition { total_bytes, waste_bytes, advice_bytes, rest_bytes }
    }
}

fn visible_claims(tree: &Tree, paths: &PathKinds, claiming: KindSet) -> Vec<Claim> {
    let linked = visible_names(tree);
    let kind_of = |node: NodeId| paths.of_node(node).and(claiming).first();
    let mut claims = Vec::new();
    // Which of several names a claim shows must not depend on their order in the layer.
    let mut several: Vec<(SpanId, AdviceKind)> = Vec::new();
    for inode in tree.all_spans() {
        let span = tree.span(inode);
        if !span.kind.is_file() || span.size == 0 {
            continue;
        }
        if let Some(names) = linked.get(&inode) {
            let kinds: Option<KindSet> = names.iter().map(|node| kind_of(*node)).collect();
            several.extend(kinds.and_then(KindSet::first).map(|kind| (inode, kind)));
        } else if span.end().is_none()
            && let Some(kind) = kind_of(span.node())
        {
            claims.push(Claim { kind, node: span.node(), layer: span.from(), size_bytes: span.size });
        }
    }
    let names = |inode: &SpanId| linked.get(inode).into_iter().flatten().copied();
    let order = PathOrder::of(tree, several.iter().flat_map(|(inode, _)| names(inode)));
    for (inode, kind) in several {
        let of_kind = names(&inode).filter(|node| kind_of(*node) == Some(kind));
        let span = tree.span(inode);
        claims.extend(of_kind.min_by_key(|node| order.rank(*node)).map(|node| Claim {
            kind,
            node,
            layer: span.from(),
            size_bytes: span.size,
        }));
    }
    claims
}

/// The visible names of inodes with several names.
fn visible_names(tree: &Tree) -> HashMap<SpanId, Vec<NodeId>> {
    let mut names: HashMap<SpanId, Vec<NodeId>> = HashMap::new();
    for name in tree.all_spans().filter(|id| tree.span(*id).kind == SpanKind::HardLink) {
        let inode = tree.inode(name);
        let known = names.entry(inode).or_insert_with(|| {
            let own = tree.span(inode);
            own.end().is_none().then(|| own.node()).into_iter().collect()
        });
        if tree.span(name).end().is_none() {
            known.push(tree.span(name).node());
        }
    }
    // Without any, an inode is waste.
    names
}

impl ClaimScope {
    /// The kind of a reclaimable file.
    fn waste_kind(&self, paths: &PathKinds, file: &ReclaimableFile) -> AdviceKind {
        let copies = self.copies.get(file.hidden_by.get()).copied().unwrap_or_default();
        match file.cause {
            Cause::Deleted | Cause::DeletedWithDirectory | Cause::HiddenByOpaque => AdviceKind::DeletedLater,
            Cause::MetadataOnly if copies => AdviceKind::CopiedAgain,
            Cause::MetadataOnly => AdviceKind::RewrittenMetadata,
            Cause::Overwritten if paths.of_node(file.node).contains(AdviceKind::PackageDatabases) => {
                AdviceKind::PackageDatabases
            }
            Cause::Overwritten | Cause::Replaced => AdviceKind::OverwrittenLater,
        }
    }
}
