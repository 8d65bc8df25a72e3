//! Opens the images of a run. They share the layers that were scanned before, and the delays that registries asked for.

use std::sync::Arc;

use anyhow::{anyhow, bail};

use super::requested::{BuiltService, MOST_IMAGES, RequestedImage};
#[cfg(feature = "tui")]
use super::rules::RunRules;
use crate::run::access::{Mode, Subject};
use crate::run::explore::prepare;
use crate::run::gate::Gate;
use crate::run::invocation::Invocation;
use crate::run::opening::{OpenSource, Opening};
#[cfg(feature = "tui")]
use crate::run::opening::{OpeningError, ReadImage};
use crate::run::report_output::ReportArgs;
#[cfg(feature = "tui")]
use crate::run::screen::explain;
use dive_model::cache::Cache;
use dive_model::image::{ImageName, ImageSelector, Selection};
use dive_sources::{BusyHosts, PathReference, Reference};

/// Limit of the reason that is kept for an image that cannot be read, in characters.
const LONGEST_REASON: usize = 2_000;

/// Opens the images of a run.
#[derive(Debug)]
pub(super) struct ImageReader {
    mode: Mode,
    /// Scanned layers, if the user has no cache.
    layers: Cache,
    /// Registries that asked for a delay.
    busy_hosts: BusyHosts,
    invocation: Arc<Invocation>,
    report: Arc<ReportArgs>,
}

impl ImageReader {
    pub(super) fn new(mode: Mode, invocation: Arc<Invocation>, report: Arc<ReportArgs>) -> Self {
        Self { mode, layers: Cache::in_memory(), busy_hosts: BusyHosts::shared(), invocation, report }
    }

    /// An image to open, with the options of the run.
    pub(super) fn opening(&self, image: &RequestedImage, gate: Option<&Gate>) -> anyhow::Result<Opening> {
        // A flag says more than a file.
        let platform = self.invocation.opening.platform.clone().or_else(|| image.platform.clone());
        let open =
            |argument| Opening::for_platform(Subject::Named(argument), &self.invocation, self.mode, platform.clone());
        let mut opening = open(&image.argument)?;
        // A project may put any variable of the environment into the name of an image, and so into a request to any host.
        let is_unasked = image.is_of_project() && self.invocation.config.pull.value.is_none();
        if image.is_never_pulled || is_unasked {
            opening.never_pull();
        }
        if let Some(BuiltService { service, older }) = &image.built {
            if matches!(opening.reference(), Reference::Registry { .. }) {
                bail!("the service {service} builds this image, so no registry has it; leave out --source registry");
            }
            if let Reference::Engine { engine, name, .. } = opening.reference() {
                let lacks = |name: &str| {
                    dive_sources::is_present(*engine, name, opening.access()).is_ok_and(|is_present| !is_present)
                };
                let command = engine.command();
                if lacks(name) {
                    if lacks(&older.name) {
                        bail!(
                            "{command} has no such image; the service {service} builds it: run `{command} compose \
                             build {service}` first"
                        );
                    }
                    // Docker Compose 1 built it.
                    opening = open(&older.argument)?;
                    opening.never_pull();
                }
            }
        }
        prepare(&mut opening, gate, &self.report, &self.invocation.config)?;
        opening.reuse_layers(&self.layers);
        opening.share_delays(&self.busy_hosts);
        Ok(opening)
    }
}

/// An image of the list to open, with what its rules need.
#[cfg(feature = "tui")]
#[derive(Debug)]
pub(super) struct RuledOpening {
    pub(super) opening: Opening,
    /// Why the rules cannot be checked.
    no_verdict: Option<String>,
}

#[cfg(feature = "tui")]
impl ImageReader {
    /// An image to open, with what its rules need.
    pub(super) fn ruled_opening(&self, image: &RequestedImage, rules: &RunRules) -> anyhow::Result<RuledOpening> {
        let gate = rules.gate(image);
        match self.opening(image, gate) {
            Ok(opening) => Ok(RuledOpening { opening, no_verdict: None }),
            Err(error) if gate.is_some_and(names_base) => {
                Ok(RuledOpening { opening: self.opening(image, None)?, no_verdict: Some(no_verdict(&error)) })
            }
            Err(error) => Err(error),
        }
    }

    /// Reads an image of the list, and says why its rules cannot be checked, if so. The image opens even if
    /// dive cannot open the base that the rules name.
    pub(super) fn read_ruled(
        &self,
        image: &RequestedImage,
        rules: &RunRules,
        RuledOpening { opening, no_verdict: obstacle }: &RuledOpening,
        read: impl Fn(&Opening) -> Result<ReadImage, OpeningError>,
    ) -> anyhow::Result<(ReadImage, Option<String>)> {
        let error = match read(opening) {
            Ok(read) => return Ok((read, obstacle.clone())),
            Err(error) => explain(&error),
        };
        if obstacle.is_some() || !rules.gate(image).is_some_and(names_base) {
            return Err(error);
        }
        // Of two errors, that of the image itself counts.
        let read = read(&self.opening(image, None)?).map_err(|error| explain(&error))?;
        Ok((read, Some(no_verdict(&error))))
    }
}

#[cfg(feature = "tui")]
const fn names_base(gate: &Gate) -> bool {
    gate.base.is_some()
}

#[cfg(feature = "tui")]
fn no_verdict(error: &anyhow::Error) -> String {
    format!("no verdict: {error:#}")
}

/// Refuses `--all-images` for a name that is not that of a whole archive or layout.
pub(super) fn check_has_all_images(opening: &Opening) -> anyhow::Result<()> {
    match opening.reference() {
        Reference::Stdin | Reference::Path(PathReference { tag: None, .. }) => Ok(()),
        Reference::Path(_) => bail!("the tag chooses one image; leave it out, or leave out --all-images"),
        _ => bail!("--all-images needs an archive or a layout; name a file or a directory, or leave out --all-images"),
    }
}

/// All images of an archive or a layout. Empty if they cannot be listed: opening one says more.
pub(super) fn images_of(source: &OpenSource) -> anyhow::Result<Vec<ImageName>> {
    match source.images() {
        Ok(listed) if listed.len() <= MOST_IMAGES => Ok(listed),
        Ok(listed) => {
            let (found, most) = (listed.len(), MOST_IMAGES);
            Err(anyhow!("it has {found} images, more than {most} (dive's limit)"))
        }
        Err(_) => Ok(Vec::new()),
    }
}

/// The image of a file with this number.
pub(super) fn numbered(number: usize) -> Selection {
    Selection { image: Some(ImageSelector::Index(number)), platform: None }
}

/// The name of an image that has no tag.
pub(super) fn untagged(file: &RequestedImage, number: usize) -> String {
    format!("{} image {number}", file.name())
}

/// Why an image cannot be read, with the line that names it.
#[cfg(feature = "tui")]
pub(super) fn reason(image: &RequestedImage, error: &anyhow::Error) -> String {
    after_origin(image, shortened(error))
}

/// Why an image cannot be read, with its name and the line that names it.
pub(super) fn named_reason(image: &RequestedImage, name: &str, error: &anyhow::Error) -> String {
    let (reason, prefix) = (shortened(error), format!("{name}: "));
    // Many errors begin with the name.
    after_origin(image, if reason.starts_with(&prefix) { reason } else { prefix + &reason })
}

fn after_origin(image: &RequestedImage, reason: String) -> String {
    match &image.origin {
        Some(origin) => format!("{origin}: {reason}"),
        None => reason,
    }
}

/// The error with its causes. Errors that list the images of a file, kept for each of thousands of them, would fill the memory.
fn shortened(error: &anyhow::Error) -> String {
    let mut text = format!("{error:#}");
    if let Some((end, _)) = text.char_indices().nth(LONGEST_REASON) {
        text.truncate(end);
        text.push('…');
    }
    text
}
