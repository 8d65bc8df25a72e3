//! Caches that programs run from: packages in the store of pnpm (its global virtual store) or in the cache of uv
//! (`--link-mode symlink`), and outputs of Bazel, of which the program has only symbolic links.

use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::path_kinds::PathKinds;
use crate::tree::{LinkWalker, SpanKind, Tree};

/// The kinds of caches that programs are linked to.
const CACHES: [AdviceKind; 3] = [AdviceKind::NodeCache, AdviceKind::PythonCache, AdviceKind::BuildCache];

/// Parts of the targets that lead into such a cache. A link is followed only if it has one.
const HINTS: [&[u8]; 4] = [b"store", b"cache", b"uv", b"yarn"];

/// Maximum number of steps to follow links, about 50 ns each.
pub(super) const MAX_STEPS: usize = 1_000_000;

/// Longest target of a link on Linux. No program follows a longer one.
pub(super) const MAX_TARGET: usize = 4095;

/// The kinds of caches into which a visible symbolic link from outside leads.
pub(super) fn needed_kinds(tree: &Tree, paths: &PathKinds) -> KindSet {
    let caches: KindSet = CACHES.into_iter().collect();
    let Some(last) = tree.last_layer().filter(|_| paths.contain(caches)) else { return KindSet::default() };
    let mut needed = KindSet::default();
    let mut walker = LinkWalker::new(tree, last, MAX_STEPS);
    for id in tree.all_spans() {
        let span = tree.span(id);
        if span.end().is_some() || span.kind != SpanKind::Symlink {
            continue;
        }
        let (node, target) = (span.node(), tree.link(id));
        if target.len() > MAX_TARGET || paths.of_node(node).and(caches) == caches {
            continue;
        }
        if !HINTS.iter().any(|hint| target.windows(hint.len()).any(|part| part == *hint)) {
            continue;
        }
        if let Some((target, _)) = walker.resolve(node) {
            needed = needed.or(paths.of_node(target).minus(paths.of_node(node)).and(caches));
        }
        if walker.is_exhausted() {
            // No finding is better than a false one.
            return caches;
        }
    }
    needed
}
