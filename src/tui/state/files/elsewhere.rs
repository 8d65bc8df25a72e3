//! A match of the filter in a layer that the comparison does not show.

use dive_model::layer::LayerIndex;
use dive_model::tree::NodeId;
use dive_model::tree::history::LayerAction;

/// A match of the filter that the comparison does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchElsewhere {
    /// The path.
    pub node: NodeId,
    /// Number of matches in all layers.
    pub count: usize,
    /// The first layer with a version that the filter accepts.
    pub layer: LayerIndex,
    /// What that layer did to the path.
    pub action: LayerAction,
    /// The layer that removed it after that.
    pub removed: Option<LayerIndex>,
}
