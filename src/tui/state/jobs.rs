//! The jobs of an overlay, which end with it.

use super::Overlay;
use crate::tui::worker::JobId;

impl Overlay {
    /// The jobs that only this overlay needs.
    pub(in crate::tui) fn jobs(&self) -> Vec<JobId> {
        match self {
            Self::Viewer(viewer, _) => vec![JobId::Fetch(viewer.overlay_id()), JobId::Search(viewer.overlay_id())],
            Self::Extraction(extraction) => vec![JobId::Extract(extraction.overlay_id)],
            _ => Vec::new(),
        }
    }
}
