//! Opens another image of the file in place of the one shown, which returns if that fails.

use super::scroll::TextScroll;
use super::{Focus, Overlay, ScreenState, Stage};
use crate::tui::worker::JobId;

impl ScreenState {
    /// Waits for another image. Returns the jobs of the closed overlays.
    pub(in crate::tui) fn reopen(&mut self) -> Vec<JobId> {
        let jobs = self.overlays.iter().flat_map(Overlay::jobs).collect();
        self.overlays.clear();
        self.prompt = None;
        self.pending_filter = None;
        self.closed_waste = None;
        self.closed_advised = None;
        self.focus = Focus::Layers;
        self.layer_details = TextScroll::default();
        self.image_details = TextScroll::default();
        self.inefficient_file = None;
        self.stage_before = Some(std::mem::replace(&mut self.stage, Stage::Finding(None)));
        jobs
    }

    /// True if an image can be shown in place of one that cannot be opened.
    pub(in crate::tui) fn has_image_before(&self) -> bool {
        self.stage_before.is_some()
    }

    /// Returns to the image before, with the reason.
    pub(in crate::tui) fn not_reopened(&mut self, why: &str) {
        if let Some(stage) = self.stage_before.take() {
            self.stage = stage;
            self.message = Some(why.to_owned());
        }
    }
}
