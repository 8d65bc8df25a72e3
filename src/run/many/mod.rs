//! `dive IMAGE IMAGE`, `--from`, `--compose` and `--all-images`: a report on each image, as that many runs would print it, then one
//! table. On a terminal, outside CI mode, the screen lists the images instead.
//!
//! Images are read one after another, in the order named: only one tree is in memory, and the images of a list or a project that
//! have layers in common usually stand together.
//!
//! ```text
//! list         the file of `--from`
//! file_budget  the limits of work and output for the images of one file
//! requested    the images that the command line names
//! reading      opens them
//! rules        the rules of the run
//! screen       shows them in a list, on a terminal
//! held_source  a source of that list that stays open
//! interrupt    a signal in the middle of a run
//! ```

mod file_budget;
#[cfg(feature = "tui")]
mod held_source;
mod interrupt;
mod list;
mod reading;
mod requested;
mod rules;
#[cfg(feature = "tui")]
mod screen;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use anyhow::bail;

use super::access::Mode;
#[cfg(feature = "tui")]
use super::explore::shows_screen;
use super::explore::{opened, report_on};
use super::gate::Gate;
use super::invocation::Invocation;
use super::opening::{
    OpenSource, Opening, OpeningError, ReadImage, open_headless, remarks, with_progress, with_progress_alone,
};
use super::outcome::Outcome;
use super::output::say;
use super::report_output::{ReportArgs, ReportOutput};
use crate::ci::{RuleOutcome, RunFigures, Status};
use crate::cli::{CiArgs, ManyArgs};
use crate::many::{ImageSet, MemberFigures, MemberVerdict};
use crate::report::many as report;
use dive_model::image::ImageName;
use file_budget::FileBudget;
use reading::{ImageReader, check_has_all_images, images_of, named_reason, numbered, untagged};
use requested::{RequestedImage, RequestedImages};
use rules::RunRules;

/// True if the command line names several images, or images in another way than one argument.
pub(super) fn are_named(images: &[OsString], many: &ManyArgs) -> bool {
    images.len() > 1 || many.are_given()
}

/// Explores the images: shows them in a list, or reports on all of them.
pub(super) fn explore(
    arguments: &[OsString],
    many: &ManyArgs,
    invocation: Invocation,
    ci: &CiArgs,
    report: ReportArgs,
) -> anyhow::Result<Outcome> {
    let (invocation, report) = (Arc::new(invocation), Arc::new(report));
    refuse_options_of_one(&invocation, &report)?;
    let mut output = ReportOutput::new(&report, &invocation)?;
    let mut requested = RequestedImages::of(arguments, many, &invocation)?;
    let ci_mode = ci.ci.unwrap_or(invocation.config.ci.value);
    // Before any image, so that a mistake in the rules is reported at once.
    let rules =
        if ci_mode { RunRules::load(&requested.images, ci, &invocation.config, &output)? } else { RunRules::default() };
    let bases = report.base.as_deref().into_iter().chain(rules.bases().map(OsStr::new));
    output.refuse_overwriting(ci, &invocation.config, requested.take_files(bases, &invocation))?;
    if rules.renew_baseline() {
        // An image that fails would replace its own baseline, and pass the next time.
        bail!(
            "--summary cannot replace the baseline of several images; write another file, and rename it when all have passed"
        );
    }
    let mode = if ci_mode { Mode::Ci } else { Mode::Plain };
    #[cfg(feature = "tui")]
    if !ci_mode && !output.has_document() && shows_screen(&invocation.environment) {
        return screen::show(requested, many, ci, &invocation, report).map(|()| Outcome::Passed);
    }
    if !ci_mode && ci.sets_rules() {
        invocation.notices.note("dive checks rules only in CI mode; add --ci");
    }
    let documents = output.open_lines()?;
    interrupt::finish_on_signal(&documents);
    let mut run = Run {
        mode,
        all_images: many.all_images,
        reader: ImageReader::new(mode, Arc::clone(&invocation), Arc::clone(&report)),
        set: ImageSet::default(),
        rules,
        output,
        invocation: &invocation,
        report: &report,
    };
    let read = requested.images.iter().try_for_each(|image| run.explore(image));
    // What is finished is written even if the rest cannot be.
    let finished = documents.finish();
    read?;
    finished?;
    run.conclude(&requested.repeated)
}

/// Refuses options that are about one image.
fn refuse_options_of_one(invocation: &Invocation, report: &ReportArgs) -> anyhow::Result<()> {
    if invocation.opening.selected.is_some() {
        bail!(
            "--image works with one file; for several images, write docker-archive:FILE:TAG or oci:FOLDER:TAG, or use --all-images instead"
        );
    }
    if report.dockerfile.is_some() {
        bail!("--dockerfile works with one image; run dive on that image alone");
    }
    Ok(())
}

/// A run over several images.
struct Run<'a> {
    mode: Mode,
    all_images: bool,
    reader: ImageReader,
    set: ImageSet,
    /// Empty outside CI mode.
    rules: RunRules,
    output: ReportOutput<'a>,
    invocation: &'a Invocation,
    report: &'a ReportArgs,
}

impl Run<'_> {
    /// Reads an image and reports on it. An image that cannot be read is a row of the table; an error is one that ends the run.
    fn explore(&mut self, image: &RequestedImage) -> anyhow::Result<()> {
        let opening = match self.reader.opening(image, self.gate(image)) {
            Ok(opening) => opening,
            Err(error) => {
                self.unread(image, image.name(), &error);
                return Ok(());
            }
        };
        if self.all_images {
            return self.explore_all_of(image, &opening);
        }
        match open_headless(&opening, self.invocation.notices) {
            Ok(read) => self.judge(image, image.name(), read),
            Err(error) => {
                self.unread(image, image.name(), &error);
                Ok(())
            }
        }
    }

    /// Reads all images of an archive or a layout, which is opened once.
    fn explore_all_of(&mut self, image: &RequestedImage, opening: &Opening) -> anyhow::Result<()> {
        let notices = self.invocation.notices;
        let source = check_has_all_images(opening)
            .and_then(|()| with_progress(opening, notices, |progress| opening.source(progress)));
        let source = match source {
            Ok(source) => source,
            Err(error) => {
                self.unread(image, image.name(), &error);
                return Ok(());
            }
        };
        let listed = match images_of(&source) {
            Ok(listed) => listed,
            Err(error) => {
                self.unread(image, image.name(), &error);
                return Ok(());
            }
        };
        if listed.is_empty() {
            match self.load(opening, &source, 0) {
                Ok(read) => self.judge(image, image.name(), read)?,
                Err(error) => self.unread(image, image.name(), &error),
            }
        }
        let mut budget = FileBudget::new(listed.len(), source.stored_bytes(), opening.access().limits);
        for ImageName { index, tags, .. } in listed {
            let untagged = || untagged(image, index);
            let written_before = self.output.written_bytes();
            if let Err(error) = budget.check(source.work()) {
                self.unread(image, image.name(), &error);
                return Ok(());
            }
            match self.load(opening, &source, index) {
                Ok(mut read) => {
                    if read.image.tags.is_empty() {
                        // Its documents and baselines need a name that no other image of the file has.
                        if let Some(image) = Arc::get_mut(&mut read.image) {
                            image.name = untagged();
                        }
                    }
                    budget.count_image(&read);
                    let name = read.image.name.clone();
                    self.judge(image, name, read)?;
                }
                Err(error) => {
                    budget.count_unread();
                    self.unread(image, tags.first().cloned().unwrap_or_else(untagged), &error);
                }
            }
            budget.count_output(self.output.written_bytes().saturating_sub(written_before));
        }
        Ok(())
    }

    /// Loads the image with this number.
    fn load(&self, opening: &Opening, source: &OpenSource, number: usize) -> anyhow::Result<ReadImage> {
        let notices = self.invocation.notices;
        let read = with_progress_alone(opening, notices, |progress| opening.load(source, &numbered(number), progress));
        let printed = match &read {
            Ok(read) => notices.warn_all(remarks(&read.image, &read.loaded)),
            Err(OpeningError { remarks, .. }) => notices.warn_all(remarks),
        };
        self.output.count(printed);
        read.map_err(|OpeningError { error, .. }| error)
    }

    fn gate(&self, image: &RequestedImage) -> Option<&Gate> {
        self.rules.gate(image)
    }

    /// Reports on an image that was read.
    fn judge(&mut self, requested: &RequestedImage, name: String, read: ReadImage) -> anyhow::Result<()> {
        let ReadImage { image, loaded, origin, .. } = read;
        let opened = match opened(image, loaded, self.mode, &self.invocation.config) {
            Ok(opened) => opened,
            Err(error) => {
                self.unread(requested, name, &error);
                return Ok(());
            }
        };
        let outcome = report_on(self.gate(requested), &name, &opened, &origin, self.report.rows, &self.output)?;
        let verdict = match outcome {
            Some(Outcome::RuleFailed) => MemberVerdict::Broken,
            Some(_) => MemberVerdict::Kept,
            None => MemberVerdict::Unchecked,
        };
        self.set.add(name, MemberFigures::of(&opened), verdict);
        Ok(())
    }

    /// Reports an image that cannot be read. The others are still read.
    fn unread(&mut self, requested: &RequestedImage, name: String, error: &anyhow::Error) {
        let reason = named_reason(requested, &name, error);
        say(&format!("dive: error: {reason}"));
        // The table has it again.
        self.output.count(reason.len().saturating_mul(2));
        self.set.add_unread(name, reason);
    }

    /// Prints the table, and returns the outcome of all images.
    fn conclude(&self, repeated: &[String]) -> anyhow::Result<Outcome> {
        if self.mode == Mode::Ci && self.set.unchecked() > 0 {
            self.output.note_unchecked();
        }
        let bases = self.set.bases();
        let figures = RunFigures {
            total_bytes: self.set.shared_bytes().unpacked,
            base_versions: bases.first().filter(|base| base.versions > 0).map(|base| (base.name, base.versions)),
        };
        let over_all = self.rules.check_over_all(figures);
        self.output.print(|_, out| report::render(&self.set, repeated, &over_all, out))?;
        let is_broken = |outcome: &RuleOutcome| outcome.status == Status::Fail;
        Ok(match (self.set.unread(), self.set.broken()) {
            (0, 0) if !over_all.iter().any(is_broken) => Outcome::Passed,
            (0, _) => Outcome::RuleFailed,
            (_, _) => Outcome::ImageUnread,
        })
    }
}
