//! The arena: lists of nodes, spans, markers and names. Ids are indices into these lists. Only `build` adds to them.

use super::content_hashes::ContentHashes;
use super::inspected::InspectedContents;
use super::node::{Node, NodeId};
use super::span::{Marker, Span, SpanId};
use crate::layer::{Extra, LayerIndex, MarkerKind};

/// The merged tree of an image.
#[derive(Debug, Default)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) spans: Vec<Span>,
    pub(super) markers: Vec<Marker>,
    /// Spans that are hard links. Few images have many, and every computation of sizes needs them.
    pub(super) hard_links: Vec<SpanId>,
    /// Spans with another path in the tar, sorted by id. Few images have any.
    pub(super) listed_elsewhere: Vec<(SpanId, NodeId)>,
    pub(super) layers: Vec<LayerRecord>,
    /// Names of nodes, and link targets.
    pub(super) text: Vec<u8>,
    pub(super) extras: Vec<Extra>,
    /// Hashes of the contents of compressed layers.
    pub(super) content_hashes: ContentHashes,
    /// For advice.
    pub(super) inspected: InspectedContents,
}

/// Spans, markers and size of one layer.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerRecord {
    pub(super) spans: std::ops::Range<u32>,
    pub(super) markers: std::ops::Range<u32>,
    pub(super) size_bytes: u64,
}

impl Tree {
    /// Number of layers.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.layers.len()
    }

    /// All layers, base first.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = LayerIndex> + ExactSizeIterator + use<> {
        (0..self.layers.len() as u16).map(LayerIndex::from_merged)
    }

    /// The last layer, whose file system a container starts with; `None` if there are no layers.
    #[must_use]
    pub fn last_layer(&self) -> Option<LayerIndex> {
        self.layers().next_back()
    }

    /// Sum of all header sizes of a layer, in bytes: dive's size of the layer.
    #[must_use]
    pub fn layer_size_bytes(&self, layer: LayerIndex) -> u64 {
        self.layers.get(layer.get()).map_or(0, |record| record.size_bytes)
    }

    /// Spans that a layer opened, in the order of its tar. Implicit directories precede the entry that needs them.
    pub fn layer_spans(&self, layer: LayerIndex) -> impl DoubleEndedIterator<Item = SpanId> + use<> {
        self.layers.get(layer.get()).map(|record| record.spans.clone()).unwrap_or_default().map(SpanId::new)
    }

    /// The node of a span's path in the tar. It differs from the span's node if the path leads through a link of the
    /// same layer.
    #[must_use]
    pub fn listed_node(&self, id: SpanId) -> NodeId {
        let own = || self.span(id).node();
        if self.listed_elsewhere.is_empty() {
            return own();
        }
        let found = self.listed_elsewhere.binary_search_by_key(&id, |(id, _)| *id);
        found.map_or_else(|_| own(), |at| self.listed_elsewhere[at].1)
    }

    /// Whiteouts, opaque markers and bookkeeping entries of a layer, in the order of its tar.
    #[must_use]
    pub fn layer_markers(&self, layer: LayerIndex) -> &[Marker] {
        let range = self.layers.get(layer.get()).map(|record| record.markers.clone()).unwrap_or_default();
        self.markers.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// Whiteouts of a layer, duplicates included.
    #[must_use]
    pub fn layer_whiteouts(&self, layer: LayerIndex) -> impl DoubleEndedIterator<Item = &Marker> {
        self.layer_markers(layer).iter().filter(|marker| marker.kind == MarkerKind::Whiteout)
    }

    /// True if any layer has a whiteout.
    #[must_use]
    pub fn has_whiteouts(&self) -> bool {
        self.markers.iter().any(|marker| marker.kind == MarkerKind::Whiteout)
    }

    /// Number of nodes, including the root.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The node with this [`NodeId::index`]; `None` if out of range.
    #[must_use]
    pub fn node_at(&self, index: usize) -> Option<NodeId> {
        u32::try_from(index).ok().filter(|_| index < self.nodes.len()).map(NodeId::new)
    }

    /// All nodes, parents before their children.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..self.nodes.len() as u32).map(NodeId::new)
    }
}
