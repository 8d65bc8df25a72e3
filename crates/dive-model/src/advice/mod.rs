//! Advice: what to write instead, measured in the image. A [`kind`] of advice claims files by their paths; [`claims`] divides
//! all bytes so that none counts twice; a [`Finding`] says which instruction stores them and what to write instead.
//!
//! docs/advice.md explains every kind.

mod attributes;
pub mod claims;
mod configuration;
mod finding;
mod instruction;
pub mod kind;
mod needed;
mod packages;
mod path_kinds;
mod patterns;
mod proof;
mod remedy;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use claims::{AdviceClaims, Claim, ClaimScope, Partition, WasteClaim};
pub use finding::{AdviceGroup, Finding};
pub use kind::{AdviceKind, AdviceLevel, AdviceRow, CountedBytes, KindSet, UnknownAdvice};
pub use patterns::PACKAGE_DATABASES;

use std::cmp::Reverse;
use std::ops::Range;

use crate::analysis::Exact;
use crate::image::{Image, ImagePart};
use crate::layer::LayerIndex;
use crate::tree::Tree;
use finding::FindingSums;
use path_kinds::PathKinds;
use remedy::Remedies;

/// All advice for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The findings: those of the image's own layers first, then by bytes.
    pub findings: Vec<Finding>,
    /// The claims that they sum.
    pub claims: AdviceClaims,
    /// The boundary between the base and the image's own layers.
    pub own: OwnBoundary,
}

/// The first of the image's own layers, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnBoundary {
    /// The base is known, or guessed from the history.
    Base(usize),
    /// The base is unknown, but layer 0 installs a distribution: it has a database of packages.
    Distribution,
    /// All layers count as the image's own.
    None,
}

impl OwnBoundary {
    fn of(image: &Image, tree: &Tree) -> Self {
        match image.base.as_ref().and_then(crate::image::Base::layers) {
            Some(layers) => Self::Base(layers),
            None if has_distribution(tree, LayerIndex::BASE) => Self::Distribution,
            None => Self::None,
        }
    }

    /// Number of layers that are not the image's own.
    #[must_use]
    pub const fn layers(self) -> usize {
        match self {
            Self::Base(layers) => layers,
            Self::Distribution => 1,
            Self::None => 0,
        }
    }

    fn part_of(self, layer: LayerIndex) -> ImagePart {
        if layer.get() < self.layers() { ImagePart::Base } else { ImagePart::Ours }
    }
}

/// Databases of packages that come with a distribution.
const DISTRIBUTIONS: [&[u8]; 8] = [
    b"var/lib/dpkg/status",
    b"lib/apk/db/installed",
    b"usr/lib/apk/db/installed",
    b"var/lib/rpm/rpmdb.sqlite",
    b"var/lib/rpm/Packages",
    b"usr/lib/sysimage/rpm/rpmdb.sqlite",
    b"usr/lib/sysimage/rpm/Packages.db",
    b"var/lib/pacman/local",
];

/// True if `layer` shows a database of packages.
fn has_distribution(tree: &Tree, layer: LayerIndex) -> bool {
    DISTRIBUTIONS.iter().any(|path| {
        let node = tree.find(path);
        node.is_some_and(|node| tree.visible(node, layer).is_some())
    })
}

impl Advice {
    /// Finds advice of these kinds. `unpacked_bytes` has the uncompressed size of each layer.
    #[must_use]
    pub fn of(image: &Image, tree: &Tree, exact: &Exact, unpacked_bytes: &[Option<u64>], kinds: KindSet) -> Self {
        let own = OwnBoundary::of(image, tree);
        let copies = tree.layers().map(|layer| remedy::instruction_of(image, layer).copies()).collect();
        let kinds = kinds.minus(needed::by_start_command(image));
        let scope = ClaimScope { kinds, own_from: own.layers(), copies };
        let paths = PathKinds::of(tree);
        let claims = AdviceClaims::by_paths(tree, exact, &scope, &paths);
        let remedies = Remedies::new(image, tree, &paths);
        let sums = FindingSums::of(tree, &claims);
        let mut findings: Vec<Finding> = sums
            .into_iter()
            .map(|(key, sums)| {
                let attributes = sums.attributes;
                let mut finding = sums.finding(tree, key, own.part_of(key.layer));
                let unpacked = unpacked_bytes.get(key.layer.get()).copied().flatten();
                finding.stored_bytes = stored_bytes(image, key.layer, unpacked, finding.size_bytes);
                finding.remedy = remedies.of(&finding, attributes);
                finding
            })
            .collect();
        findings.extend(configuration::findings(image, tree, own, kinds));
        findings.extend(attributes::findings(image, tree, own, kinds));
        findings.sort_by_key(|finding| {
            let Finding { kind, part, layer, hidden_by, size_bytes, .. } = finding;
            (*part == ImagePart::Base, Reverse(*size_bytes), Reverse(kind.row().level), *kind, *layer, *hidden_by)
        });
        Self { findings, claims, own }
    }

    /// The findings in the image's own layers, most bytes first.
    pub fn ours(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.part == ImagePart::Ours)
    }

    /// The findings in layers of the base, most bytes first.
    pub fn of_base(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.part == ImagePart::Base)
    }

    /// Divides the bytes of the base and of the image's own layers.
    #[must_use]
    pub fn partitions(&self, tree: &Tree, exact: &Exact) -> (Partition, Partition) {
        let end = self.own.layers();
        let of = |range: Range<usize>| self.claims.partition(tree, exact, &range);
        (of(0..end), of(end..tree.layer_count()))
    }
}

/// The share of the stored layer that `bytes` of its unpacked size take, if all of it is compressed alike.
fn stored_bytes(image: &Image, layer: LayerIndex, unpacked: Option<u64>, bytes: u64) -> Option<u64> {
    let stored = image.layers.get(layer.get())?.size?;
    let unpacked = unpacked.filter(|unpacked| *unpacked > 0)?;
    let share = u128::from(bytes).saturating_mul(u128::from(stored)).checked_div(u128::from(unpacked))?;
    // Sparse files are larger than their layer.
    Some(u64::try_from(share).unwrap_or(u64::MAX).min(stored))
}
