//! A source of the list that stays open: a file with many images, or a pipe, which cannot be read again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file_budget::FileBudget;
use super::reading::RuledOpening;
use super::requested::RequestedImage;
use crate::run::opening::{OpenSource, ReadImage, remarks};
use crate::run::screen::explain;
use dive_model::observer::Observer;
use dive_sources::Reference;

/// A source that stays open.
#[derive(Debug)]
pub(super) struct HeldSource {
    pub(super) image: Arc<RequestedImage>,
    pub(super) opening: RuledOpening,
    pub(super) source: OpenSource,
    budget: Mutex<FileBudget>,
}

impl HeldSource {
    /// Opens a source for one image.
    pub(super) fn open(
        image: &Arc<RequestedImage>,
        opening: RuledOpening,
        progress: &dyn Observer,
    ) -> anyhow::Result<Self> {
        let source = opening.opening.source(progress).map_err(|error| explain(&error))?;
        let budget = Mutex::new(budget(1, &source, &opening));
        Ok(Self { image: Arc::clone(image), opening, source, budget })
    }

    /// The source with the budget for this number of images.
    pub(super) fn with_images(self, images: usize) -> Self {
        Self { budget: Mutex::new(budget(images, &self.source, &self.opening)), ..self }
    }

    /// Refuses the next image if those before it have spent the budget.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.budget().check(self.source.work())
    }

    /// Charges an image that was read, or could not be, and what the log says about it.
    pub(super) fn count(&self, read: &anyhow::Result<(ReadImage, Option<String>)>) {
        let mut budget = self.budget();
        match read {
            Ok((read, _)) => {
                budget.count_image(read);
                let logged = remarks(&read.image, &read.loaded).map(|remark| remark.to_string().len() as u64);
                budget.count_output(logged.fold(0, u64::saturating_add));
            }
            Err(_) => budget.count_unread(),
        }
    }

    fn budget(&self) -> MutexGuard<'_, FileBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn budget(images: usize, source: &OpenSource, opening: &RuledOpening) -> FileBudget {
    FileBudget::new(images, source.stored_bytes(), opening.opening.access().limits)
}

/// True for standard input and pipes, which cannot be read again.
pub(super) fn is_read_once(reference: &Reference) -> bool {
    match reference {
        Reference::Stdin => true,
        Reference::Path(path) => path.path.metadata().is_ok_and(|file| !file.is_file() && !file.is_dir()),
        _ => false,
    }
}
