//! Divides the bytes of an image: waste, advice, and the rest. An inode of a layer is in exactly one part: if no name of it is
//! visible, it is waste; if every visible name of it is of some kind, the first of these kinds in the table claims it; otherwise
//! it is in the rest. Symbols of a program are claimed without the rest of it. A hard link from outside keeps an inode of a cache
//! alive: deleting the cache would free nothing.

use std::collections::HashSet;
use std::ops::Range;

use hashbrown::HashMap;

use super::attributes::SETUID;
use super::below::Below;
use super::boundary::OwnBoundary;
use super::file_kinds::FileKinds;
use super::kind::{AdviceKind, CountedBytes};
use super::kind_set::KindSet;
use super::linked_caches;
use super::path_kinds::PathKinds;
use super::rewritten::RewrittenFiles;
use super::start_command::MentionedNames;
use super::twins::is_weights;
use crate::analysis::Exact;
use crate::analysis::exact::ReclaimableFile;
use crate::image::ContainerPlaces;
use crate::layer::LayerIndex;
use crate::layer::content::ContentFact;
use crate::tree::{Cause, NodeId, PathOrder, SpanId, SpanKind, Tree};
use crate::units::Total;

/// A visible inode that a kind claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The kind.
    pub kind: AdviceKind,
    /// Node of a visible name.
    pub node: NodeId,
    /// Another file that makes it superfluous, such as the one that it is a copy of.
    pub twin: Option<NodeId>,
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
    /// For each layer, whether a RUN made it.
    pub runs: Vec<bool>,
    /// Archives that were unpacked or installed.
    pub kept_archives: HashSet<NodeId>,
    /// Paths of the configuration.
    pub places: ContainerPlaces,
    /// The command that containers start.
    pub start_command: Vec<String>,
}

/// All claims of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdviceClaims {
    /// Visible inodes, in no particular order.
    pub visible: Vec<Claim>,
    /// Reclaimable inodes, in the order of [`Exact::files`]: all but lists of dependencies that are copied before an installation.
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
        let visible = AdviceKind::ALL.iter().copied().filter(|kind| kind.row().counts == CountedBytes::Visible);
        let claiming =
            scope.kinds.and(visible.collect()).minus(paths.vetoed).minus(linked_caches::needed_kinds(tree, paths));
        let mentioned = MentionedNames::of(&scope.start_command, &scope.places);
        let (files, linked) = (FileKinds::of(tree, scope, &mentioned), visible_names(tree));
        let mut files = VisibleFiles { tree, paths, files, linked, claiming };
        files.add_copies(&scope.places, &mentioned);
        let mut visible = files.claims();
        visible.retain(|claim| claim.kind != AdviceKind::DataInImage || claim.size_bytes >= MIN_DATA);
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
        let runs = scope.runs_below();
        let is_for_cache = |claim: &WasteClaim| ClaimScope::is_copied_for_cache(&runs, tree, claim);
        let waste = waste.filter(|claim| scope.kinds.contains(claim.kind) && !is_for_cache(claim));
        let waste = waste.collect();
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

/// Bytes of the smallest model or data set. A cache of models also has settings and tokenizers, whose blobs have no names.
const MIN_DATA: u64 = 64 << 10;

/// Visible inodes and their kinds.
struct VisibleFiles<'a> {
    tree: &'a Tree,
    paths: &'a PathKinds,
    files: FileKinds,
    /// The visible names of inodes with several names.
    linked: HashMap<SpanId, Vec<NodeId>>,
    claiming: KindSet,
}

impl VisibleFiles<'_> {
    /// The kind of one name of an inode.
    fn kind_of(&self, inode: SpanId, node: NodeId) -> Option<AdviceKind> {
        self.paths.of_node(node).or(self.files.kinds(inode, node)).and(self.claiming).first()
    }

    /// The kind that claims an inode.
    fn kind(&self, inode: SpanId) -> Option<AdviceKind> {
        let kinds: Option<KindSet> = self.names(inode).map(|node| self.kind_of(inode, node)).collect();
        kinds.and_then(KindSet::first)
    }

    /// The visible names of an inode.
    fn names(&self, inode: SpanId) -> impl Iterator<Item = NodeId> {
        let linked = self.linked.get(&inode);
        let span = self.tree.span(inode);
        let only = linked.is_none() && span.end().is_none();
        linked.into_iter().flatten().copied().chain(only.then(|| span.node()))
    }

    /// Adds the kind of copies: of those that nothing else claims, the one that the lowest layer brings stays. A package may need its copy, and
    /// so may a program in a root of its own; a volume may hide its copy; and containers may start one.
    fn add_copies(&mut self, places: &ContainerPlaces, mentioned: &MentionedNames<'_>) {
        let tree = self.tree;
        let kinds: KindSet = [AdviceKind::ModelWeightsTwice, AdviceKind::DuplicateContent].into_iter().collect();
        if tree.copies().len() == 0 || self.claiming.and(kinds) == KindSet::default() {
            return;
        }
        let kept = [Below::packages(tree), Below::toolchains(tree)];
        let apart = [Below::inner_roots(tree), Below::volumes(tree, places)];
        let order = PathOrder::of(tree, tree.copies().flatten().flat_map(|inode| self.names(inode)));
        // A later `chown -R` stores all of them in one layer. A COPY of the same content brings nothing new.
        let brought = RewrittenFiles::of(tree, &[], OwnBoundary::None);
        for group in tree.copies() {
            let name = |inode: SpanId| self.names(inode).min_by_key(|node| order.rank(*node));
            let is_free = |inode: &SpanId| {
                let is_apart = self.names(*inode).any(|node| apart.iter().any(|below| below.contains(node)));
                // Following the other finding deletes this name, and maybe the target of a link.
                !is_apart
                    && self.names(*inode).all(|node| self.kind_of(*inode, node).is_none_or(AdviceKind::leaves_the_file))
            };
            let free = group.filter(is_free);
            let mut free: Vec<(SpanId, NodeId)> = free.filter_map(|inode| Some((inode, name(inode)?))).collect();
            let brought_by = |inode: SpanId| brought.brought_by(tree.span(inode).node(), tree.span(inode).from());
            free.sort_unstable_by_key(|(inode, name)| (brought_by(*inode), order.rank(*name)));
            let Some(((_, stays), others)) = free.split_first() else { continue };
            for (inode, name) in others {
                let is_setuid = tree.span(*inode).mode & SETUID != 0;
                let is_kept =
                    |node: NodeId| kept.iter().any(|below| below.contains(node)) || mentioned.contain(tree.name(node));
                if is_setuid || self.names(*inode).any(is_kept) {
                    continue;
                }
                if is_weights(tree.name(*name)) {
                    self.files.add_content(*inode, AdviceKind::ModelWeightsTwice, Some(*stays));
                }
                self.files.add_content(*inode, AdviceKind::DuplicateContent, Some(*stays));
            }
        }
    }

    /// The claim of an inode by one of its names.
    fn claim(&self, inode: SpanId, kind: AdviceKind, node: NodeId) -> Claim {
        let span = self.tree.span(inode);
        let size_bytes = match self.tree.content_fact(inode) {
            Some(ContentFact::Symbols(bytes)) if kind == AdviceKind::UnstrippedBinary => bytes.min(span.size),
            _ => span.size,
        };
        Claim { kind, node, twin: self.files.twin(inode, node), layer: span.from(), size_bytes }
    }

    fn claims(&self) -> Vec<Claim> {
        let tree = self.tree;
        let mut claims = Vec::new();
        // Which of several names a claim shows must not depend on their order in the layer.
        let mut several: Vec<(SpanId, AdviceKind)> = Vec::new();
        for inode in tree.all_spans() {
            let span = tree.span(inode);
            if !span.kind.is_file() || span.size == 0 {
                continue;
            }
            if self.linked.contains_key(&inode) {
                several.extend(self.kind(inode).map(|kind| (inode, kind)));
            } else if span.end().is_none()
                && let Some(kind) = self.kind_of(inode, span.node())
            {
                claims.push(self.claim(inode, kind, span.node()));
            }
        }
        let order = PathOrder::of(tree, several.iter().flat_map(|(inode, _)| self.names(*inode)));
        for (inode, kind) in several {
            let of_kind = self.names(inode).filter(|node| self.kind_of(inode, *node) == Some(kind));
            let first = of_kind.min_by_key(|node| order.rank(*node));
            claims.extend(first.map(|node| self.claim(inode, kind, node)));
        }
        claims
    }
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
    // An inode with no visible name is waste.
    names
}

/// Names of lists of dependencies.
const DEPENDENCY_LISTS: [&[u8]; 21] = [
    b"package.json",
    b"package-lock.json",
    b"npm-shrinkwrap.json",
    b".npmrc",
    b".yarnrc.yml",
    b"pnpm-lock.yaml",
    b"pnpm-workspace.yaml",
    b"bun.lockb",
    b"deno.json",
    b"pyproject.toml",
    b"Pipfile",
    b"setup.py",
    b"setup.cfg",
    b"constraints.txt",
    b"Gemfile",
    b"composer.json",
    b"go.mod",
    b"go.sum",
    b"Cargo.toml",
    b"pom.xml",
    b"gradle.properties",
];

/// Endings of lists of dependencies.
const DEPENDENCY_ENDINGS: [&[u8]; 5] = [b".lock", b".csproj", b".sln", b".gradle", b".gradle.kts"];

fn is_dependency_list(name: &[u8]) -> bool {
    let is_requirements = name.starts_with(b"requirements") && (name.ends_with(b".txt") || name.ends_with(b".in"));
    is_requirements
        || DEPENDENCY_LISTS.contains(&name)
        || DEPENDENCY_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

impl ClaimScope {
    /// True for a list of dependencies that is copied before an installation, and again with the sources: then the installation is
    /// cached, as it should be.
    fn is_copied_for_cache(runs_below: &[usize], tree: &Tree, claim: &WasteClaim) -> bool {
        let ReclaimableFile { node, layer, hidden_by, .. } = claim.file;
        let below = |layer: usize| runs_below.get(layer).copied().unwrap_or_default();
        let has_run_between = below(layer.get().saturating_add(1)) < below(hidden_by.get());
        claim.kind == AdviceKind::CopiedAgain && is_dependency_list(tree.name(node)) && has_run_between
    }

    /// For each layer, the number of RUNs below it: a million files may ask about ten thousand layers.
    fn runs_below(&self) -> Vec<usize> {
        let count = |runs: &mut usize, is_run: &bool| {
            let below = *runs;
            *runs = runs.saturating_add(usize::from(*is_run));
            Some(below)
        };
        self.runs.iter().scan(0, count).collect()
    }

    /// The kind of a reclaimable file.
    fn waste_kind(&self, paths: &PathKinds, file: &ReclaimableFile) -> AdviceKind {
        let copies = self.copies.get(file.hidden_by.get()).copied().unwrap_or_default();
        match file.cause {
            Cause::Deleted | Cause::DeletedWithDirectory | Cause::HiddenByOpaque => AdviceKind::DeletedLater,
            Cause::Overwritten | Cause::MetadataOnly
                if paths.of_node(file.node).contains(AdviceKind::PackageDatabases) =>
            {
                AdviceKind::PackageDatabases
            }
            Cause::MetadataOnly if copies => AdviceKind::CopiedAgain,
            Cause::MetadataOnly => AdviceKind::RewrittenMetadata,
            Cause::Overwritten | Cause::Replaced => AdviceKind::OverwrittenLater,
        }
    }
}
