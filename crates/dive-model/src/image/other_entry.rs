//! An entry of an index that is not an image.

use std::fmt;

use crate::remark::{FirstFew, Quoted, Shown};

/// An entry other than an image: an attestation, signature, SBOM or chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherEntry {
    /// Tag, if it has one.
    pub tag: Option<String>,
    /// Digest of the manifest.
    pub digest: String,
    /// True for an attestation of a builder, false for an OCI artifact.
    pub is_attestation: bool,
    /// Type of an artifact.
    pub artifact_type: Option<String>,
}

impl OtherEntry {
    /// Formats `entries` in one line: the first few, and the number of others. `None` if there are none.
    #[must_use]
    pub fn list(entries: &[Self]) -> Option<String> {
        (!entries.is_empty()).then(|| FirstFew { items: entries, separator: "; " }.to_string())
    }
}

/// `an attestation (sha256:...)`, `an OCI artifact of type "application/spdx+json" (v1.sbom)`
impl fmt::Display for OtherEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_attestation { "an attestation" } else { "an OCI artifact" })?;
        if let Some(artifact_type) = &self.artifact_type {
            write!(f, " of type {}", Quoted(artifact_type))?;
        }
        write!(f, " ({})", Shown(self.tag.as_ref().unwrap_or(&self.digest)))
    }
}
