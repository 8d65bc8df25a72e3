//! The findings that stay single. A layer pair has a finding of its own, and a small hostile image has a million of these pairs, so
//! only the largest findings are listed; the others are summed by kind.

use std::collections::{BTreeMap, BinaryHeap};

use super::finding::{Finding, FindingRank, FindingState};
use super::kind::AdviceKind;

/// Findings of files that stay single, and as many of the others. The largest of each kind always stays.
const MAX_SINGLE: usize = 500;

/// Chooses the findings that stay single.
#[derive(Debug, Default)]
pub(super) struct LargestFindings {
    /// The first [`MAX_SINGLE`] ranks; the last of them on top.
    first: BinaryHeap<FindingRank>,
    of_kinds: BTreeMap<(FindingState, bool, AdviceKind), FindingRank>,
}

impl LargestFindings {
    /// Counts a finding.
    pub(super) fn add(&mut self, rank: FindingRank) {
        let of_kind = self.of_kinds.entry(rank.sum_key()).or_insert(rank);
        *of_kind = rank.min(*of_kind);
        self.first.push(rank);
        if self.first.len() > MAX_SINGLE {
            self.first.pop();
        }
    }

    /// The ranks of the findings that stay single, sorted.
    pub(super) fn ranks(self) -> Vec<FindingRank> {
        let mut ranks: Vec<FindingRank> = self.first.into_iter().chain(self.of_kinds.into_values()).collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }
}

/// Paths of a sum of findings that count no bytes.
const LISTED: usize = 10;

/// The largest of some findings that count no bytes, and sums of the others.
pub(super) fn summed(findings: Vec<Finding>) -> Vec<Finding> {
    let mut largest = LargestFindings::default();
    for finding in &findings {
        largest.add(finding.rank());
    }
    let singles = largest.ranks();
    let (mut listed, mut sums) = (Vec::new(), BTreeMap::new());
    for finding in findings {
        if singles.binary_search(&finding.rank()).is_ok() {
            listed.push(finding);
            continue;
        }
        let sum = sums.entry(finding.rank().sum_key()).or_insert_with(|| Finding {
            part: finding.part,
            state: finding.state,
            ..Finding::of_configuration(finding.kind, None, finding.kind.row().instead.to_owned())
        });
        sum.summed = sum.summed.saturating_add(1);
        sum.files = sum.files.saturating_add(finding.files);
        let room = LISTED.saturating_sub(sum.groups.len());
        sum.groups.extend(finding.groups.into_iter().take(room));
    }
    listed.extend(sums.into_values());
    listed
}
