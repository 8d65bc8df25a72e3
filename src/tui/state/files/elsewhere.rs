//! A match of the filter in a layer that the comparison does not show.

use dive_model::layer::LayerIndex;
use dive_model::tree::NodeId;

/// A match of the filter that the comparison does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchElsewhere {
    /// The path.
    pub node: NodeId,
    /// Number of matches in all layers.
    pub count: usize,
    /// The layer that added the path.
    pub added: LayerIndex,
    /// The layer that removed it after that.
    pub removed: Option<LayerIndex>,
}
