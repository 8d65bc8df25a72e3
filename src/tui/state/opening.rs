//! The stages of opening an image: the one of the command line, one of the list, or another one of the same file, in place of
//! the one shown.

use std::sync::Arc;

use super::images::{ImageList, ListedId, RowReason};
use super::layers::LayerList;
use super::scroll::TextScroll;
use super::{Explorer, Focus, LayerTotals, Overlay, Reading, ScreenState, Stage};
use crate::tui::worker::JobId;
use dive_model::Opened;
use dive_model::image::{Image, Selection};

impl ScreenState {
    /// Shows a list of images to choose from.
    pub fn show_list(&mut self, list: ImageList) {
        self.list = Some(list);
        self.stage = Stage::Choosing;
    }

    /// Waits for an image of the list.
    pub(in crate::tui) fn open_listed(&mut self, id: ListedId) {
        if let Some(list) = &mut self.list {
            list.opened = Some(id);
        }
        self.stage = Stage::Finding(None);
    }

    /// The image of the list that is open or being opened.
    #[must_use]
    pub fn listed(&self) -> Option<ListedId> {
        self.list.as_ref().filter(|_| !self.is_choosing()).and_then(|list| list.opened)
    }

    /// Closes the image and returns to the list. Returns the jobs of the image.
    pub(in crate::tui) fn back_to_list(&mut self) -> Vec<JobId> {
        let mut jobs = self.leave_image();
        jobs.push(JobId::Advise);
        self.stage = Stage::Choosing;
        self.stage_before = None;
        self.selection = Selection::default();
        jobs
    }

    /// Returns to the list from an image that could not be opened, with the reason.
    pub(in crate::tui) fn not_opened(&mut self, reason: String) -> Vec<JobId> {
        let jobs = self.back_to_list();
        if let Some(list) = &mut self.list
            && let Some(id) = list.opened
        {
            let name = list.image(id).map_or_else(String::new, |image| image.name.clone());
            list.unread(id, reason.clone());
            self.overlays.push(Overlay::Reason(RowReason::unread(name, reason)));
        }
        jobs
    }

    /// Waits for another image of the file. Returns the jobs of the closed overlays.
    pub(in crate::tui) fn reopen(&mut self) -> Vec<JobId> {
        let jobs = self.leave_image();
        self.stage_before = Some(std::mem::replace(&mut self.stage, Stage::Finding(None)));
        jobs
    }

    /// Closes everything that belongs to the image shown. Returns the jobs of the closed overlays.
    fn leave_image(&mut self) -> Vec<JobId> {
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

    /// Starts reading: the image was found.
    pub(in crate::tui) fn image_found(&mut self, image: Arc<Image>) {
        let total = image.stored_bytes();
        let layers = LayerList::new(&image, self.settings.mode);
        let sizes = vec![None; image.layers.len()];
        self.stage = Stage::Reading(Reading { image, layers, sizes, total, read: 0 });
    }

    /// Opens the image for exploring: it was read completely.
    pub(in crate::tui) fn image_opened(&mut self, opened: Arc<Opened>, totals: LayerTotals) {
        let before = std::mem::replace(&mut self.stage, Stage::Finding(None));
        let layers = match before {
            Stage::Reading(reading) => reading.layers,
            _ => LayerList::new(&opened.image, self.settings.mode),
        };
        let all = opened.image.layers.len();
        match opened.damaged_layers.as_slice() {
            [] => {}
            [layer] => self.message = Some(format!("Layer {layer} is damaged (marked !): see Layer Details")),
            damaged => {
                let count = damaged.len();
                self.message = Some(format!("{count} of {all} layers are damaged (marked !): see Layer Details"));
            }
        }
        let mut explorer = Explorer::new(opened, totals, layers, &self.settings);
        if let Some(Stage::Open(before)) = self.stage_before.take() {
            explorer.look_like(&before);
        }
        self.stage = Stage::Open(Box::new(explorer));
    }
}
