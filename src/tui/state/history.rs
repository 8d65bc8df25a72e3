//! The history of a path: what each layer did to it. Each event selects a version to view or extract.

use super::scroll::Scroll;
use dive_model::layer::LayerIndex;
use dive_model::tree::history::HistoryEvent;
use dive_model::tree::{NodeId, SpanId, Tree};

/// The history of a path.
#[derive(Debug)]
pub struct History {
    /// The path.
    pub node: NodeId,
    events: Vec<HistoryEvent>,
    /// Selection and viewport of the list.
    pub scroll: Scroll,
}

/// The version of the same path before a version. `None` for the first one.
#[must_use]
pub fn version_before(tree: &Tree, version: SpanId) -> Option<SpanId> {
    // The newest one is first.
    let mut versions = tree.spans(tree.span(version).node());
    versions.find(|each| *each == version)?;
    versions.next()
}

impl History {
    /// Opens the history of `node`. Selects its last event up to `layer`.
    #[must_use]
    pub fn new(tree: &Tree, node: NodeId, layer: Option<LayerIndex>) -> Self {
        let events = tree.history(node);
        let mut scroll = Scroll::default();
        scroll.set_count(events.len());
        let up_to = events.iter().take_while(|event| layer.is_none_or(|layer| event.layer <= layer)).count();
        scroll.select(up_to.saturating_sub(1));
        Self { node, events, scroll }
    }

    /// All events, oldest first.
    #[must_use]
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events
    }

    /// The selected event.
    #[must_use]
    pub fn selected(&self) -> Option<&HistoryEvent> {
        self.events.get(self.scroll.selected())
    }

    /// The version that the selected event created or removed.
    #[must_use]
    pub fn version(&self) -> Option<SpanId> {
        self.selected()?.version
    }
}
