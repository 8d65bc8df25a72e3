//! The progress bar on standard error, on a terminal without `--quiet`.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use indicatif::{ProgressDrawTarget, ProgressStyle};

use super::opening::PullNotice;
use super::output::Notices;
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::image::Image;
use dive_model::layer::LayerIndex;
use dive_model::observer::Observer;

/// The bar: for transfers and unpacking, then for the layers.
#[derive(Debug)]
pub(super) struct ProgressBar {
    bar: indicatif::ProgressBar,
    layers: AtomicUsize,
    notices: Notices,
    pull: PullNotice,
    /// True once a line has explained a wait that no bar shows.
    preparation_announced: AtomicBool,
}

impl ProgressBar {
    pub(super) fn new(notices: Notices, pull: PullNotice) -> Self {
        let shown = notices != Notices::Quiet && io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = indicatif::ProgressBar::with_draw_target(None, target);
        Self { bar, layers: AtomicUsize::new(0), notices, pull, preparation_announced: AtomicBool::new(false) }
    }

    fn start_layers(&self, layers: usize, bytes: u64) {
        self.bar.reset();
        self.bar.set_style(style("{msg}  {wide_bar} {decimal_bytes}/{decimal_total_bytes}  {prefix} layers"));
        self.bar.set_message("reading");
        self.layers.store(layers, Ordering::Relaxed);
        self.bar.set_prefix(format!("0/{layers}"));
        self.bar.set_length(bytes);
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for ProgressBar {
    fn transferred(&self, progress: TransferProgress) {
        if let Some(notice) = self.pull.take_notice(progress) {
            self.bar.suspend(|| self.notices.note(&notice));
        }
        let message = progress.step.to_string();
        let is_first =
            progress.step == TransferStep::Prepare && !self.preparation_announced.swap(true, Ordering::Relaxed);
        if is_first && self.bar.is_hidden() {
            self.notices.note(&message);
        }
        if self.bar.length() != progress.total || self.bar.message() != message {
            let style_of = match progress.total {
                Some(_) => "{msg}  {wide_bar} {decimal_bytes}/{decimal_total_bytes}",
                None => "{msg}  {spinner} {decimal_bytes}",
            };
            self.bar.set_style(style(style_of));
            self.bar.set_message(message);
            progress.total.map_or_else(|| self.bar.unset_length(), |total| self.bar.set_length(total));
        }
        self.bar.set_position(progress.read);
    }

    fn found(&self, image: &Arc<Image>) {
        let bytes = image.stored_bytes();
        self.start_layers(image.layers.len(), bytes);
    }

    fn bytes_read(&self, count: u64) {
        self.bar.inc(count);
    }

    fn layer_read(&self, layer: LayerIndex, _size_bytes: u64) {
        let read = layer.get() + 1;
        self.bar.set_prefix(format!("{read}/{}", self.layers.load(Ordering::Relaxed)));
    }
}

/// Clears the bar, also after an error.
impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
