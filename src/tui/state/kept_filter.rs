//! The filter that is active in the view on top, and the row for it.

use super::files::Filter;
use super::{Overlay, ScreenState, Stage};

impl ScreenState {
    /// The active filter of the list of images or of the file tree, whichever is on the screen.
    #[must_use]
    pub fn pane_filter(&self) -> Option<&Filter> {
        match (&self.stage, &self.list) {
            (Stage::Choosing, Some(list)) => Some(list.filter()).filter(|filter| !filter.is_empty()),
            _ => self.explorer()?.files.as_ref()?.filter(),
        }
    }

    /// True if the row above the footer shows a prompt or the active filter.
    #[must_use]
    pub fn shows_prompt(&self) -> bool {
        match &self.prompt {
            Some(_) => true,
            None => self.kept_filter().is_some(),
        }
    }

    /// The filter of the view on top, to show while no prompt is open.
    #[must_use]
    pub fn kept_filter(&self) -> Option<&Filter> {
        match self.overlays.last() {
            None => self.pane_filter(),
            Some(Overlay::Waste(waste)) => Some(waste.filter()).filter(|filter| !filter.is_empty()),
            Some(Overlay::Advised(advised)) => Some(advised.filter()).filter(|filter| !filter.is_empty()),
            Some(_) => None,
        }
    }
}
