//! An entry of an index that is not an image.

use std::fmt;

use crate::remark::{FirstFew, Quoted, Shown};

/// Something beside the images of a file: an attestation, a signature, an SBOM, a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherEntry {
    /// Its tag, if it has one.
    pub tag: Option<String>,
    /// The digest of its manifest.
    pub digest: String,
    /// A builder's statement about an image; else an OCI artifact.
    pub is_attestation: bool,
    /// The type that an artifact gives itself.
    pub artifact_type: Option<String>,
}

impl OtherEntry {
    /// `entries` in one line: the first few, and how many more there are. `None` if there are none.
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
