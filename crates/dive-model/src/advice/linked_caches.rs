//! Caches that programs run from: packages in the store of pnpm (its global virtual store) or in the cache of uv
//! (`--link-mode symlink`), of which the program has only symbolic links.

use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::path_kinds::PathKinds;
use crate::tree::{SpanKind, Tree};

/// The kinds of caches that programs are linked to.
const CACHES: [AdviceKind; 2] = [AdviceKind::NodeCache, AdviceKind::PythonCache];

/// Parts of the targets that lead into such a cache. A link is followed only if it has one.
const HINTS: [&[u8]; 4] = [b"store", b"cache", b"uv", b"yarn"];

/// Maximum number of links that are followed: each needs a walk.
const MAX_FOLLOWED: usize = 10_000;

/// The kinds of caches into which a visible symbolic link from outside leads.
pub(super) fn needed_kinds(tree: &Tree, paths: &PathKinds) -> KindSet {
    let caches: KindSet = CACHES.into_iter().collect();
    let Some(last) = tree.last_layer().filter(|_| paths.contain(caches)) else { return KindSet::default() };
    let mut needed = KindSet::default();
    let mut followed = 0_usize;
    for id in tree.all_spans() {
        let span = tree.span(id);
        if span.end().is_some() || span.kind != SpanKind::Symlink {
            continue;
        }
        let (node, target) = (span.node(), tree.link(id));
        let has_hint = HINTS.iter().any(|hint| target.windows(hint.len()).any(|part| part == *hint));
        if !has_hint || paths.of_node(node).and(caches) == caches {
            continue;
        }
        followed = followed.saturating_add(1);
        if followed > MAX_FOLLOWED {
            // No finding is better than a false one.
            return caches;
        }
        if let Ok((target, _)) = tree.resolve(node, last) {
            needed = needed.or(paths.of_node(target).minus(paths.of_node(node)).and(caches));
        }
    }
    needed
}
