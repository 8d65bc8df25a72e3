//! Files that a later RUN stores again with the same content, as `chown -R` does: which layer brought them. A COPY that stores them
//! again brings them itself: its own instruction is to be changed. Nor does the base bring what an own layer stores again: its bytes
//! are in the own layer, and the base cannot change that.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};

use super::boundary::OwnBoundary;
use super::finding::AttributeChanges;
use crate::layer::LayerIndex;
use crate::tree::{Cause, NodeId, Tree};

/// For a path and a layer that stores it again, the layer that first had the content. Found in one pass: a hostile image has a
/// path in thousands of layers.
pub(super) struct RewrittenFiles {
    first: HashMap<(NodeId, LayerIndex), LayerIndex>,
    /// Paths that own layers store again from the base.
    from_base: HashSet<(NodeId, LayerIndex)>,
}

impl RewrittenFiles {
    pub(super) fn of(tree: &Tree, copies: &[bool], own: OwnBoundary) -> Self {
        let (mut first, mut from_base) = (HashMap::new(), HashSet::new());
        // The older span of a path precedes the newer one.
        for id in tree.all_spans() {
            let span = tree.span(id);
            let Some(before) = span.previous().map(|id| tree.span(id)) else { continue };
            let is_copied = copies.get(span.from().get()).copied().unwrap_or_default();
            // Also of hard links: the path still has the content.
            let is_file = tree.span(tree.inode(id)).kind.is_file();
            if is_file && !is_copied && before.end() == Some((span.from(), Cause::MetadataOnly)) {
                let (node, from) = (span.node(), before.from());
                if own.part_of(from) != own.part_of(span.from()) {
                    from_base.insert((node, span.from()));
                    continue;
                }
                let brought_by = first.get(&(node, from)).copied().unwrap_or(from);
                first.insert((node, span.from()), brought_by);
            }
        }
        Self { first, from_base }
    }

    /// The layer that brought the content that `layer` stores at `node`.
    pub(super) fn brought_by(&self, node: NodeId, layer: LayerIndex) -> LayerIndex {
        self.first.get(&(node, layer)).copied().unwrap_or(layer)
    }

    /// True if a path that an own layer [brought](Self::brought_by) has the content of the base.
    pub(super) fn is_from_base(&self, node: NodeId, brought_by: LayerIndex) -> bool {
        self.from_base.contains(&(node, brought_by))
    }
}

/// A layer that brings files, and one that stores them again.
pub(super) type LayerPair = (LayerIndex, Option<LayerIndex>);

/// What the second layer of each of these pairs changes. One pass: a hostile image has a path in thousands of layers.
pub(super) fn attribute_changes(
    tree: &Tree,
    rewritten: &RewrittenFiles,
    pairs: &BTreeSet<LayerPair>,
) -> BTreeMap<LayerPair, AttributeChanges> {
    let mut changes: BTreeMap<LayerPair, AttributeChanges> = BTreeMap::new();
    if pairs.is_empty() {
        return changes;
    }
    for after in tree.all_spans() {
        let Some(before) = tree.span(after).previous() else { continue };
        let Some((hidden_by, Cause::MetadataOnly)) = tree.span(before).end() else { continue };
        let (old, new) = (tree.span(tree.inode(before)), tree.span(tree.inode(after)));
        let node = tree.span(before).node();
        let brought_by = rewritten.brought_by(node, old.from());
        let pair = (brought_by, Some(hidden_by));
        if !new.kind.is_file() || new.size == 0 || !pairs.contains(&pair) {
            continue;
        }
        // The end of the chain of layers that store the content again. Nobody needs the attributes of what is deleted.
        let last = tree.spans(node).next().map(|id| tree.span(tree.inode(id)));
        let last = last.filter(|last| last.end().is_none() && rewritten.brought_by(node, last.from()) == brought_by);
        let changed = changes.entry(pair).or_default();
        if old.mode != new.mode {
            changed.modes.add(node);
            changed.mode = last.unwrap_or(new).mode & 0o7777;
        }
        if (old.uid, old.gid) != (new.uid, new.gid) {
            changed.owned.add(node);
            let Some(last) = last else { continue };
            changed.is_changed_again |= (last.uid, last.gid) != (new.uid, new.gid);
            if changed.owners.len() < 2 && !changed.owners.contains(&(last.uid, last.gid)) {
                changed.owners.push((last.uid, last.gid));
            }
        }
    }
    let mut owners: BTreeMap<LayerIndex, BTreeSet<(u32, u32)>> = BTreeMap::new();
    for ((layer, _), changed) in &changes {
        owners.entry(*layer).or_default().extend(&changed.owners);
    }
    for ((layer, _), changed) in &mut changes {
        changed.has_other_owners = owners.get(layer).is_some_and(|owners| owners.len() > 1);
    }
    changes
}
