//! What is odd about a layer, in words: some of them, and a count of the rest. An image is not to fill the memory with them.

use serde::{Deserialize, Serialize};

/// Remarks on one layer that are kept word by word; more are counted.
const MAX_REMARKS: usize = 100;

/// What is odd about a layer: the entry concerned, and what was done.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Remarks {
    /// The first ones.
    pub kept: Vec<String>,
    /// How many more there are.
    pub more: u64,
}

impl Remarks {
    /// Adds a remark, or counts it when there are many already: an image is not to fill the memory with oddities.
    pub fn add(&mut self, text: impl FnOnce() -> String) {
        if self.kept.len() < MAX_REMARKS {
            self.kept.push(text());
        } else {
            self.more += 1;
        }
    }
}
