//! All layers merged once into one tree: an arena of nodes (a name under a parent), each with a list of spans ("this tar
//! entry is what the path is from this layer up to that one"). What a layer shows, what changed between any two states,
//! what is wasted: all of it is a question about spans, and no layer is ever stacked twice.

pub mod build;
pub mod comparison;
mod contents;
pub mod diff;
pub mod history;
mod index;
pub mod load;
pub mod node;
pub mod order;
pub mod resolve;
pub mod size;
pub mod span;
pub mod walk;

pub use build::{BuildError, Builder};
pub use comparison::{Comparison, Scope, Transient};
pub use diff::{Change, ChangeCounts, Changes};
pub use history::{Deed, Event, Facts};
pub use load::{LoadError, Loaded, load};
pub use node::NodeId;
pub use order::{Listing, PathOrder, WalkOrder};
pub use resolve::Unresolved;
pub use span::{Cause, Marker, Span, SpanId, SpanKind};

use crate::layer::{Extra, LayerIndex, MarkerKind};
use node::Node;

/// The merged tree of an image.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    spans: Vec<Span>,
    markers: Vec<Marker>,
    /// The spans that are hard links: few, and every question of size begins with them.
    hard_links: Vec<SpanId>,
    layers: Vec<LayerRecord>,
    /// Names of nodes and link targets.
    text: Vec<u8>,
    extras: Vec<Extra>,
}

/// What one layer brought.
#[derive(Debug, Clone, Default)]
struct LayerRecord {
    spans: std::ops::Range<u32>,
    markers: std::ops::Range<u32>,
    size_bytes: u64,
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

#[cfg(any(test, feature = "testing"))]
#[allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "only tests call it, with paths that they write down"
)]
impl Tree {
    /// One layer with empty files at `paths`, for tests that need nodes to speak of. What stands above others is a
    /// directory.
    #[must_use]
    pub fn of_files(paths: &[&str]) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        for path in paths {
            let above = paths.iter().any(|other| other.starts_with(&format!("{path}/")));
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(if above { tar::EntryType::Directory } else { tar::EntryType::Regular });
            header.set_size(0);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, std::io::empty()).unwrap();
        }
        let bytes = tar.into_inner().unwrap();
        let scan = crate::layer::scan::scan(&bytes[..], crate::remark::OnDamage::Fail, &|| false).unwrap();
        let mut builder = Builder::new();
        builder.apply(scan).unwrap();
        builder.finish(&crate::layer::content::PlainLayers::default()).unwrap()
    }
}
