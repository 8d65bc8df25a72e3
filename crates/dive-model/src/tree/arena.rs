//! The arena itself: the lists that nodes, spans, markers and names lie in. Indexes into them are the ids that everything else
//! hands around. Only `build` adds to them.

use super::node::{Node, NodeId};
use super::span::{Marker, Span, SpanId};
use crate::layer::{Extra, LayerIndex, MarkerKind};

/// The merged tree of an image.
#[derive(Debug, Default)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) spans: Vec<Span>,
    pub(super) markers: Vec<Marker>,
    /// The spans that are hard links: few, and every question of size begins with them.
    pub(super) hard_links: Vec<SpanId>,
    /// Spans of which the tar has another path, by their ids: few images have any.
    pub(super) listed_elsewhere: Vec<(SpanId, NodeId)>,
    pub(super) layers: Vec<LayerRecord>,
    /// Names of nodes and link targets.
    pub(super) text: Vec<u8>,
    pub(super) extras: Vec<Extra>,
}

/// What one layer brought.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerRecord {
    pub(super) spans: std::ops::Range<u32>,
    pub(super) markers: std::ops::Range<u32>,
    pub(super) size_bytes: u64,
}

impl Tree {
    /// How many layers were merged.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.layers.len()
    }

    /// All layers, base first.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = LayerIndex> + ExactSizeIterator + use<> {
        (0..self.layers.len() as u16).map(LayerIndex::from_merged)
    }

    /// The last layer: the state a container starts from. None if there are no layers.
    #[must_use]
    pub fn last_layer(&self) -> Option<LayerIndex> {
        self.layers().next_back()
    }

    /// The sum of all header sizes of a layer, in bytes: dive's size of it.
    #[must_use]
    pub fn layer_size_bytes(&self, layer: LayerIndex) -> u64 {
        self.layers.get(layer.get()).map_or(0, |record| record.size_bytes)
    }

    /// The spans that a layer opened, in the order of its tar, implicit directories before what needed them.
    pub fn layer_spans(&self, layer: LayerIndex) -> impl DoubleEndedIterator<Item = SpanId> + use<> {
        self.layers.get(layer.get()).map(|record| record.spans.clone()).unwrap_or_default().map(SpanId::new)
    }

    /// The node of the path that a layer's tar has for a span. It is another than the span's own where that path leads over
    /// a link of the same layer.
    #[must_use]
    pub fn listed_node(&self, id: SpanId) -> NodeId {
        let own = || self.span(id).node();
        if self.listed_elsewhere.is_empty() {
            return own();
        }
        let found = self.listed_elsewhere.binary_search_by_key(&id, |(id, _)| *id);
        found.map_or_else(|_| own(), |at| self.listed_elsewhere[at].1)
    }

    /// The whiteouts, opaque markers and bookkeeping entries of a layer, in the order of its tar.
    #[must_use]
    pub fn layer_markers(&self, layer: LayerIndex) -> &[Marker] {
        let range = self.layers.get(layer.get()).map(|record| record.markers.clone()).unwrap_or_default();
        self.markers.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// The whiteouts among them, as many of one path as the layer has.
    #[must_use]
    pub fn layer_whiteouts(&self, layer: LayerIndex) -> impl DoubleEndedIterator<Item = &Marker> {
        self.layer_markers(layer).iter().filter(|marker| marker.kind == MarkerKind::Whiteout)
    }

    /// Whether any layer has a whiteout.
    #[must_use]
    pub fn has_whiteouts(&self) -> bool {
        self.markers.iter().any(|marker| marker.kind == MarkerKind::Whiteout)
    }

    /// How many nodes there are, the root among them.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The node at a [`NodeId::index`].
    #[must_use]
    pub fn node_at(&self, index: usize) -> Option<NodeId> {
        u32::try_from(index).ok().filter(|_| index < self.nodes.len()).map(NodeId::new)
    }

    /// All nodes, parents before their children.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..self.nodes.len() as u32).map(NodeId::new)
    }
}
