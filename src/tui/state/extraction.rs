//! Writing files of the image to a folder, from the question where to, to what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::OverlayId;
use super::scroll::TextScroll;
use dive_model::extract::{Conflicts, Plan, Progress, Report, SpecialBits};

/// How far an extraction is.
#[derive(Debug)]
pub enum ExtractionStage {
    /// The folder is being typed.
    Asking,
    /// What stands in the way is looked for.
    Checking,
    /// Something stands in the way, and the user has to say what becomes of it.
    Conflict(Conflicts),
    /// Files are being written.
    Writing(Progress),
    /// All that is to be told.
    Done(Result<Report, String>),
}

/// An extraction.
#[derive(Debug)]
pub struct ExtractionDialog {
    /// By which it knows the answers of its threads.
    pub overlay_id: OverlayId,
    /// The path that was asked for, as it is fit to print.
    pub path: String,
    /// What is to be written.
    pub plan: Arc<Plan>,
    /// Whether a filter leaves out some of it.
    pub extent: Extent,
    /// Where to.
    pub folder: PathBuf,
    /// What becomes of setuid, setgid and sticky bits.
    pub special_bits: SpecialBits,
    /// How far it is.
    pub stage: ExtractionStage,
    /// What is seen of it.
    pub scroll: TextScroll,
}

/// What of a directory is extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// What the filtered tree shows of it.
    Filtered,
}

impl ExtractionDialog {
    /// An extraction whose folder is still to be asked for.
    #[must_use]
    pub fn new(overlay_id: OverlayId, path: String, plan: Plan, extent: Extent) -> Self {
        Self {
            overlay_id,
            path,
            plan: Arc::new(plan),
            extent,
            folder: PathBuf::new(),
            special_bits: SpecialBits::Strip,
            stage: ExtractionStage::Asking,
            scroll: TextScroll::default(),
        }
    }

    /// Keeps setuid, setgid and sticky bits, or no longer.
    pub fn toggle_special_bits(&mut self) {
        self.special_bits = match self.special_bits {
            SpecialBits::Strip => SpecialBits::Keep,
            SpecialBits::Keep => SpecialBits::Strip,
        };
    }
}
