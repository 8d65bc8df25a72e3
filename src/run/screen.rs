//! Runs the screen: its options from the command line, and the messages after it.

use std::sync::Arc;

use anyhow::anyhow;
use tracing::{info, warn};

use super::opening::{BaseLookup, Opening, OpeningError, PullNotice, remarks};
use crate::config::Config;
use crate::tui::state::ScreenSettings;
use crate::tui::{self, Feed, Keyboard, ScreenError};
use dive_model::Opened;
use dive_model::blob::TransferProgress;
use dive_model::image::Image;
use dive_model::layer::LayerIndex;
use dive_model::observer::Observer;
use dive_model::remark::Remark;
use dive_sources::Environment;

/// Shows the image until the user quits.
pub(super) fn show(opening: Opening, config: &Config, environment: &Environment) -> anyhow::Result<()> {
    let settings = ScreenSettings::new(config, environment);
    let shown = tui::run(settings, Keyboard::of(environment), move |feed, selection| {
        let observer = ScreenObserver::new(feed, &opening);
        let read = opening.open_selected(selection, BaseLookup::Later, &observer).map_err(|error| explain(&error))?;
        // The screen shows them; the log gets them too.
        remarks(&read.image, &read.loaded).for_each(|remark| warn!("{remark}"));
        let opened = Arc::new(Opened::new(read.image, read.loaded));
        feed.opened(Arc::clone(&opened));
        // Nobody waits for it: it may take seconds, and the image is on the screen.
        if let Some(base) = opening.find_base(&opened.image) {
            feed.base_found(&opened, base);
        }
        anyhow::Ok(())
    });
    shown.map_err(screen_error)
}

/// The error of a screen.
pub(super) fn screen_error(error: ScreenError) -> anyhow::Error {
    match error {
        ScreenError::Image(error) => anyhow!(error),
        error @ (ScreenError::Terminal(_) | ScreenError::Threads(_) | ScreenError::ThreadPanicked) => error.into(),
    }
}

/// The error with the remarks before it, which cannot be printed after the screen has closed.
pub(super) fn explain(OpeningError { error, remarks }: &OpeningError) -> anyhow::Error {
    if remarks.is_empty() {
        return anyhow!("{error:#}");
    }
    let remarks: Vec<_> = remarks.iter().map(Remark::to_string).collect();
    anyhow!("{error:#} (before that: {})", remarks.join("; "))
}

/// Passes progress on to the screen.
pub(super) struct ScreenObserver<'a> {
    feed: &'a Feed,
    pull: PullNotice,
}

impl<'a> ScreenObserver<'a> {
    pub(super) fn new(feed: &'a Feed, opening: &Opening) -> Self {
        Self { feed, pull: opening.pull_notice() }
    }
}

impl Observer for ScreenObserver<'_> {
    fn transferred(&self, progress: TransferProgress) {
        // For the log: the screen shows the pull itself.
        if let Some(notice) = self.pull.take_notice(progress) {
            info!("{notice}");
        }
        self.feed.transferred(progress);
    }

    fn found(&self, image: &Arc<Image>) {
        self.feed.found(image);
    }

    fn bytes_read(&self, count: u64) {
        self.feed.bytes_read(count);
    }

    fn layer_read(&self, layer: LayerIndex, size_bytes: u64) {
        self.feed.layer_read(layer, size_bytes);
    }
}
