//! The extraction dialog: writes files of the image to a folder.

use std::path::PathBuf;
use std::sync::Arc;

use super::OverlayId;
use super::scroll::TextScroll;
use dive_model::extract::{Conflicts, Plan, Progress, Report, SpecialBits};

/// The stage of an extraction.
#[derive(Debug)]
pub enum ExtractionStage {
    /// The user types the folder.
    Asking,
    /// A worker checks for existing files.
    Checking,
    /// Files exist; the user chooses to overwrite or to skip them.
    Conflict(Conflicts),
    /// A worker writes the files.
    Writing(Progress),
    /// The result, or the error that ended the extraction.
    Done(Result<Report, String>),
}

/// The state of the dialog.
#[derive(Debug)]
pub struct ExtractionDialog {
    /// Id that reports of workers carry.
    pub overlay_id: OverlayId,
    /// The path to extract, escaped for display.
    pub path: String,
    /// The version: `from layer 3`.
    pub version: String,
    /// Files to write.
    pub plan: Arc<Plan>,
    /// Whether a filter excludes files.
    pub extent: Extent,
    /// Destination folder.
    pub folder: PathBuf,
    /// Whether setuid, setgid and sticky bits are kept.
    pub special_bits: SpecialBits,
    /// Current stage.
    pub stage: ExtractionStage,
    /// Scroll position of the text.
    pub scroll: TextScroll,
}

/// Which files of a directory are extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All files.
    Whole,
    /// Only the files that match the filter.
    Filtered,
}

impl ExtractionDialog {
    /// Opens the dialog at the question for the folder.
    #[must_use]
    pub fn new(overlay_id: OverlayId, (path, version): (String, String), plan: Plan, extent: Extent) -> Self {
        Self {
            overlay_id,
            path,
            version,
            plan: Arc::new(plan),
            extent,
            folder: PathBuf::new(),
            special_bits: SpecialBits::Strip,
            stage: ExtractionStage::Asking,
            scroll: TextScroll::default(),
        }
    }

    /// Toggles between keeping and removing setuid, setgid and sticky bits.
    pub fn toggle_special_bits(&mut self) {
        self.special_bits = match self.special_bits {
            SpecialBits::Strip => SpecialBits::Keep,
            SpecialBits::Keep => SpecialBits::Strip,
        };
    }
}
