//! What each layer did to one path, as a list to choose a version from.

use super::scroll::Scroll;
use crate::tree::history::Event;
use crate::tree::{NodeId, SpanId, Tree};

/// The history of a path.
#[derive(Debug)]
pub struct History {
    /// The path.
    pub node: NodeId,
    events: Vec<Event>,
    /// The selected event and what is seen.
    pub scroll: Scroll,
}

impl History {
    /// The history of `node`, the last event selected.
    #[must_use]
    pub fn new(tree: &Tree, node: NodeId) -> Self {
        let events = tree.history(node);
        let mut scroll = Scroll::default();
        scroll.set_count(events.len());
        scroll.select(usize::MAX);
        Self { node, events, scroll }
    }

    /// All events, oldest first.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The version that the selected event made, or removed.
    #[must_use]
    pub fn version(&self) -> Option<SpanId> {
        self.events.get(self.scroll.selected())?.version
    }
}
