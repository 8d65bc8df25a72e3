//! Remarks on a layer. Only the first 100 are kept, the rest are counted.

use serde::{Deserialize, Serialize};

use crate::tarfile::{Member, MemberKind, PathKind};

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

/// A remark if Docker and Podman refuse `member` although its meaning is clear.
pub(super) fn engine_refusal(member: &Member<'_>) -> Option<String> {
    let has_no_target = member.kind == MemberKind::Path(PathKind::Symlink) && member.link.is_empty();
    let refused_type = member.refused_type.map(|typeflag| format!("its type {typeflag:?}"));
    refused_type.or_else(|| has_no_target.then(|| "its empty link target".to_owned()))
}
