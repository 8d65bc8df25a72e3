//! What a tree costs while it grows, charged to the image's budget before it is taken.

use super::{BuildError, Builder, MAX_NODES};
use crate::layer::{Names, Scan};
use crate::tree::Tree;
use crate::tree::node::Node;
use crate::tree::span::{Marker, Span};

/// What a node takes, with its place in the index and what analysing it takes, in bytes.
const NODE_COST: usize = 64;

/// What a span takes, likewise.
const SPAN_COST: usize = 80;

const MARKER_COST: usize = size_of::<Marker>();

/// How much of a path an error shows, in bytes.
const SHOWN: usize = 200;

impl Builder {
    /// What the tree takes, and what it takes to analyse and list it, in bytes.
    pub(super) const fn memory(&self) -> u64 {
        let Tree { nodes, spans, markers, text, .. } = &self.tree;
        (nodes.len() * NODE_COST + spans.len() * SPAN_COST + markers.len() * MARKER_COST + text.len()) as u64
    }

    /// Asks for more memory, for the entry of these names.
    #[cold]
    pub(super) fn grow(&mut self, names: Names<'_>) -> Result<(), BuildError> {
        if self.tree.nodes.len() > MAX_NODES || self.tree.spans.len() > MAX_NODES {
            return Err(BuildError::TooManyPaths);
        }
        let problem = self.lease.grow_to(self.memory()).err();
        problem.map_or(Ok(()), |problem| Err(BuildError::OverBudget { entry: start_of_path(names), problem }))
    }

    /// Asks for what the arenas grow by at once when a layer comes.
    pub(super) fn charge_coming(&mut self, scan: &Scan) -> Result<(), BuildError> {
        let coming = scan.entry_count * (size_of::<Node>() + size_of::<Span>() + 2) + scan.text_len;
        let needed = self.memory() + coming as u64;
        if needed <= self.lease.held() {
            return Ok(());
        }
        self.lease.grow_to(needed).map_err(|problem| {
            let first = scan.chunks.first().and_then(|chunk| chunk.entries().first().map(|entry| chunk.names(entry)));
            BuildError::OverBudget { entry: first.map_or_else(String::new, start_of_path), problem }
        })
    }
}

fn start_of_path(names: Names<'_>) -> String {
    let mut path = names.path();
    path.truncate(SHOWN);
    String::from_utf8_lossy(&path).into_owned()
}
