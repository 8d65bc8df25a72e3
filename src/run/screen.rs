//! The explorer: what the screen needs of the command line, and what it leaves behind.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::anyhow;
use tracing::{info, warn};

use super::opening::{Opening, Watch, remarks};
use crate::config::{Config, Surroundings};
use crate::tui::state::{Opened, Settings};
use crate::tui::{self, Feed, ScreenError};
use dive_model::blob::TransferProgress;
use dive_model::image::Image;
use dive_model::layer::{LayerIndex, Progress};
use dive_model::remark::Remark;
use dive_sources::ContainerEngine;

/// Shows the image until its user leaves.
pub(super) fn show(plan: Opening, config: &Config, around: &Surroundings) -> anyhow::Result<()> {
    let settings = Settings::new(config, around);
    let shown = tui::run(settings, move |feed| {
        let watcher = Watcher { feed, lost: Mutex::default() };
        let read = plan.open(&watcher).map_err(|error| watcher.explained(&error))?;
        let (image, loaded) = (read.image, read.loaded);
        // The screen shows them; the log has them, too.
        remarks(&image, &loaded).for_each(|remark| warn!("{remark}"));
        let start = Instant::now();
        let opened = Opened::new(image, loaded);
        info!("analysed in {:.1?}", start.elapsed());
        feed.opened(opened);
        anyhow::Ok(())
    });
    shown.map_err(|error| match error {
        ScreenError::Image(error) => anyhow!(error),
        error @ (ScreenError::Terminal(_) | ScreenError::Threads(_) | ScreenError::Broken) => error.into(),
    })
}

/// Tells the screen how opening goes.
struct Watcher<'a> {
    feed: &'a Feed,
    lost: Mutex<Vec<Remark>>,
}

impl Watcher<'_> {
    /// The error, with what was odd before it: there is no other place to say so once the screen is gone.
    fn explained(&self, error: &anyhow::Error) -> anyhow::Error {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.is_empty() {
            return anyhow!("{error:#}");
        }
        let lost: Vec<_> = lost.iter().map(Remark::to_string).collect();
        anyhow!("{error:#} (before that: {})", lost.join("; "))
    }
}

impl Watch for Watcher<'_> {
    fn pulling(&self, engine: ContainerEngine, name: &str) {
        // The screen shows the pull itself.
        info!("{} has no image {name:?}; pulling it", engine.command());
    }

    fn spooled(&self, progress: TransferProgress) {
        self.feed.spooled(progress);
    }

    fn found(&self, image: &Arc<Image>) {
        self.feed.image(Arc::clone(image));
    }

    fn lost(&self, remarks: &[Remark]) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(remarks);
    }
}

impl Progress for Watcher<'_> {
    fn bytes(&self, count: u64) {
        self.feed.bytes(count);
    }

    fn layer(&self, layer: LayerIndex, size_bytes: u64) {
        self.feed.layer(layer, size_bytes);
    }
}
