//! Advice: what to write instead, measured in the image. A [`kind`] of advice claims files by their paths; [`claims`] divides
//! all bytes so that none counts twice; a [`Finding`] says which instruction stores them and what to write instead.
//!
//! docs/advice.md explains every kind.

mod apt;
mod archives;
mod attributes;
mod below;
mod boundary;
mod build_caches;
pub mod claims;
mod configuration;
mod copied;
mod copied_context;
mod copied_directories;
mod docs;
mod file_findings;
mod file_kinds;
mod filled_again;
mod finding;
mod hidden;
mod indexes;
pub mod kind;
mod kind_set;
mod largest;
mod later_runs;
mod linked_caches;
mod linked_temporary;
mod mounts;
mod named_files;
mod named_paths;
mod option_lines;
mod owner_and_mode;
mod package_managers;
mod packages;
mod path_kinds;
mod patterns;
mod place;
mod proof;
mod random_names;
mod remedy;
mod removal;
mod rewritten;
mod settings;
mod shell_commands;
mod start_command;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod twin_remedies;
mod twins;
mod unused;
mod wheels;

pub use boundary::OwnBoundary;
pub use claims::{AdviceClaims, Claim, ClaimScope, Partition, WasteClaim};
pub use finding::{AdviceGroup, AdviceItem, Finding, FindingState};
pub use kind::{AdviceKind, AdviceLevel, AdviceRow, CountedBytes, UnknownAdvice};
pub use kind_set::KindSet;
pub use patterns::PACKAGE_DATABASES;

use std::ops::Range;

use crate::analysis::Exact;
use crate::escape::Escaped;
use crate::image::{Image, ImagePart, Keyword};
use crate::layer::LayerIndex;
use crate::tree::Tree;
use crate::units::Total;
use file_findings::FileFindings;
use finding::FileFinding;
use path_kinds::PathKinds;
use remedy::Remedies;

/// Findings that count less than these bytes, other than of level `fail`, are not reported to people one by one.
pub const REPORTED_BYTES: u64 = 4_000;

/// All advice for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The findings: those that count first, those of the image's own layers before the base's, then by bytes. Of many small ones,
    /// there is one sum for each kind, after the others.
    pub findings: Vec<Finding>,
    /// The claims that they sum.
    pub claims: AdviceClaims,
    /// The boundary between the base and the image's own layers.
    pub own: OwnBoundary,
}

/// What to advise on.
pub struct AdviceScope<'a> {
    /// The kinds.
    pub kinds: KindSet,
    /// The boundary of the image's own layers; `None` for the one that the image states, or that its layers let guess.
    pub own: Option<OwnBoundary>,
    /// Tells the items that the caller leaves out.
    pub state_of: &'a mut dyn FnMut(AdviceItem) -> FindingState,
}

impl Advice {
    /// Finds advice. `unpacked_bytes` has the uncompressed size of each layer.
    #[must_use]
    pub fn of(
        image: &Image,
        tree: &Tree,
        exact: &Exact,
        unpacked_bytes: &[Option<u64>],
        scope: AdviceScope<'_>,
    ) -> Self {
        let AdviceScope { kinds, own, state_of } = scope;
        let own = own.unwrap_or_else(|| OwnBoundary::of(image, tree));
        let copies = tree.layers().map(|layer| place::instruction_of(image, layer).copies()).collect();
        let runs = tree.layers().map(|layer| place::instruction_of(image, layer).keyword == Keyword::Run).collect();
        let kinds = kinds.minus(start_command::needed_kinds(image));
        let kept_archives = archives::kept(image, tree);
        let scope = ClaimScope {
            kinds,
            own_from: own.layers(),
            copies,
            runs,
            kept_archives,
            places: image.places.clone(),
            start_command: image.start_command.clone(),
        };
        let paths = PathKinds::of(tree);
        let claims = AdviceClaims::by_paths(tree, exact, &scope, &paths);
        let remedies = Remedies::new(image, tree, &paths, own);
        let unpacked = |layer: LayerIndex| unpacked_bytes.get(layer.get()).copied().flatten();
        let stored_bytes = |layer, bytes| stored_bytes(image, layer, unpacked(layer), bytes);
        let is_whole = |kind, hidden_by, node| remedies.is_whole(kind, hidden_by, node);
        let of_files = FileFindings {
            tree,
            claims: &claims,
            own,
            copies: &scope.copies,
            is_whole: &is_whole,
            stored_bytes: &stored_bytes,
        };
        let of_files = of_files.find(state_of);
        let with_remedy = |found: FileFinding| {
            let remedy = remedies.of(&found);
            Finding { remedy, ..found.finding }
        };
        let mut findings: Vec<Finding> = of_files.into_iter().map(with_remedy).collect();
        let of_instructions = configuration::findings(image, tree, own, kinds);
        let of_instructions = of_instructions.into_iter().chain(copied_context::findings(image, tree, own, kinds));
        let with_state = |finding: Finding| {
            let node = finding.groups.first().map(|group| group.place);
            let state = state_of(AdviceItem { kind: finding.kind, node, size_bytes: 0 });
            Finding { state, ..finding }
        };
        let mut without_bytes: Vec<Finding> = of_instructions.map(with_state).collect();
        without_bytes.extend(attributes::findings(image, tree, own, kinds, state_of));
        findings.extend(largest::summed(without_bytes));
        // Words of instructions may have control characters. A command has none, so its backslashes are not doubled.
        for finding in findings.iter_mut().filter(|finding| finding.remedy.contains(char::is_control)) {
            finding.remedy = Escaped(finding.remedy.as_bytes()).to_string();
        }
        findings.sort_by_key(Finding::rank);
        Self { findings, claims, own }
    }

    /// The findings that count.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state == FindingState::Open)
    }

    /// The findings of the image's own instructions to report to people, most bytes first.
    pub fn ours(&self) -> impl Iterator<Item = &Finding> {
        self.reported().filter(|finding| finding.part == ImagePart::Ours)
    }

    /// The findings of the base to report to people, most bytes first.
    pub fn of_base(&self) -> impl Iterator<Item = &Finding> {
        self.reported().filter(|finding| finding.part == ImagePart::Base)
    }

    /// The findings that count, and are too small to report to people one by one.
    pub fn small(&self, part: ImagePart) -> impl Iterator<Item = &Finding> {
        self.open().filter(move |finding| finding.part == part && is_small(finding))
    }

    fn reported(&self) -> impl Iterator<Item = &Finding> {
        self.open().filter(|finding| !is_small(finding))
    }

    /// The bytes of the findings that count and that these layers cause, of one kind or of all. A sum is in them if they have
    /// all layers of the base, or the first own one.
    #[must_use]
    pub fn bytes_in(&self, layers: &Range<usize>, kind: Option<AdviceKind>) -> u64 {
        let is_in = |finding: &Finding| match (finding.caused_by(), finding.part) {
            (Some(layer), _) => layers.contains(&layer.get()),
            (None, ImagePart::Base) => layers.start == 0 && layers.end >= self.own.layers(),
            (None, ImagePart::Ours) => layers.start <= self.own.layers() && layers.end > self.own.layers(),
        };
        let findings = self.open().filter(|finding| kind.is_none_or(|kind| kind == finding.kind) && is_in(finding));
        findings.map(|finding| finding.size_bytes).sum::<Total>().get()
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

/// True for a few bytes that need not be out of the image.
fn is_small(finding: &Finding) -> bool {
    let row = finding.kind.row();
    let counts = row.counts != CountedBytes::Nothing && row.level < AdviceLevel::Fail;
    counts && finding.size_bytes < REPORTED_BYTES
}
