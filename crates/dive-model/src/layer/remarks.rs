//! Remarks on a layer. Only the first 100 are kept, the rest are counted.

use serde::{Deserialize, Serialize};

/// Maximum number of remarks to keep for a layer.
const MAX_REMARKS: usize = 100;

/// Remarks on a layer: which entry is odd, and how it was handled.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Remarks {
    /// The first remarks.
    pub kept: Vec<String>,
    /// Number of further remarks.
    pub more: u64,
}

impl Remarks {
    /// Adds a remark, or counts it at the limit, so that a hostile image cannot fill the memory with remarks.
    pub fn add(&mut self, text: impl FnOnce() -> String) {
        if self.kept.len() < MAX_REMARKS {
            self.kept.push(text());
        } else {
            self.more += 1;
        }
    }
}
