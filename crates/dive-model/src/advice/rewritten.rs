//! Files that a later RUN stores again with the same content, as `chown -R` does: which layer brought them. A COPY that stores them
//! again brings them itself: its own instruction is to be changed. Nor does the base bring what an own layer stores again: its bytes
//! are in the own layer, and the base cannot change that.

use hashbrown::{HashMap, HashSet};

use super::boundary::OwnBoundary;
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
        for span in tree.all_spans().map(|id| tree.span(id)) {
            let Some(before) = span.previous().map(|id| tree.span(id)) else { continue };
            let is_copied = copies.get(span.from().get()).copied().unwrap_or_default();
            if span.kind.is_file() && !is_copied && before.end() == Some((span.from(), Cause::MetadataOnly)) {
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
