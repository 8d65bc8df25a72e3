//! `dive IMAGE IMAGE`, `--from`, `--compose` and `--all-images`: a report on each image, as that many runs would print it, then one
//! table.
//!
//! Images are read one after another, in the order named: only one tree is in memory, and the images of a list or a project that
//! have layers in common usually stand together.
//!
//! ```text
//! list        the file of `--from`
//! requested   the images that the command line names
//! interrupt   a signal in the middle of a run
//! ```

mod interrupt;
mod list;
mod requested;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use super::access::{Mode, Subject};
use super::explore::{opened, prepare, report_on};
use super::gate::Gate;
use super::invocation::Invocation;
use super::opening::{OpenSource, Opening, ReadImage, open_headless, remarks, with_progress};
use super::outcome::Outcome;
use super::output::say;
use super::report_output::{ReportArgs, ReportOutput};
use crate::ci::{self, Rule, RuleOutcome, Rules, RunFigures, Status};
use crate::cli::{CiArgs, ManyArgs};
use crate::config::{Origin, Setting};
use crate::many::{ImageSet, MemberVerdict};
use crate::report::many as report;
use dive_model::cache::Cache;
use dive_model::image::{ImageName, ImageSelector, Selection};
use dive_sources::{BusyHosts, PathReference, Reference};
use requested::{BuiltService, RequestedImage, RequestedImages};

/// Limit of the reason that is kept for an image that cannot be read, in characters.
const LONGEST_REASON: usize = 2_000;

/// True if the command line names several images, or images in another way than one argument.
pub(super) fn are_named(images: &[OsString], many: &ManyArgs) -> bool {
    images.len() > 1 || many.are_given()
}

/// Explores the images and reports on all of them.
pub(super) fn explore(
    arguments: &[OsString],
    many: &ManyArgs,
    invocation: &Invocation,
    ci: &CiArgs,
    report: &ReportArgs,
) -> anyhow::Result<Outcome> {
    refuse_options_of_one(invocation, report)?;
    let mut output = ReportOutput::new(report, invocation)?;
    let mut requested = RequestedImages::of(arguments, many, invocation)?;
    let ci_mode = ci.ci.unwrap_or(invocation.config.ci.value);
    let (mut gates, mut over_all) = (HashMap::new(), None);
    if ci_mode {
        // Before any image, so that a mistake in the rules is reported at once.
        let mut gate = Gate::load(ci, &invocation.config, &output)?;
        over_all = Some(gate.split_over_all());
        gates.insert(None, gate);
        for file in requested.images.iter().filter_map(|image| image.rules_file.as_ref()) {
            if let Entry::Vacant(gate) = gates.entry(Some(file.clone())) {
                let named = Setting::by_flag(Some(file.clone()), "--from");
                let mut read = Gate::of_file(&named, ci, &invocation.config, &output)?;
                refuse_over_all(&read.split_over_all(), file)?;
                gate.insert(read);
            }
        }
    }
    output.refuse_overwriting(ci, &invocation.config, requested.take_files(invocation))?;
    if gates.values().any(Gate::renews_baseline) {
        // An image that fails would replace its own baseline, and pass the next time.
        bail!(
            "--summary would replace the baseline of several images; choose another file, and replace it when all have passed"
        );
    }
    let documents = output.open_lines()?;
    interrupt::finish_on_signal(&documents);
    let mut run = Run {
        mode: if ci_mode { Mode::Ci } else { Mode::Plain },
        all_images: many.all_images,
        layers: Cache::in_memory(),
        busy_hosts: BusyHosts::shared(),
        set: ImageSet::default(),
        gates,
        over_all,
        output,
        invocation,
        report,
    };
    if !ci_mode && ci.sets_rules() {
        invocation.notices.note("dive checks rules only in CI mode; add --ci");
    }
    let read = requested.images.iter().try_for_each(|image| run.explore(image));
    // What is finished is written even if the rest cannot be.
    documents.finish()?;
    read?;
    run.conclude(&requested.repeated)
}

/// Refuses options that are about one image.
fn refuse_options_of_one(invocation: &Invocation, report: &ReportArgs) -> anyhow::Result<()> {
    if invocation.opening.selected.is_some() {
        bail!(
            "--image chooses an image of one file; with several images, name each as FILE:TAG with a source (oci:FOLDER:TAG), or add --all-images without --image"
        );
    }
    if report.dockerfile.is_some() {
        bail!("--dockerfile is the Dockerfile of one image; explore that image alone");
    }
    Ok(())
}

/// Refuses a rule over all images in the rules file of one.
fn refuse_over_all(rules: &Rules, file: &Path) -> anyhow::Result<()> {
    let own = |rule: &Rule| matches!(rules.origin(*rule), Origin::File { path, .. } if path == file);
    match rules.over_all().filter(own) {
        Some(rule) => bail!(
            "{}: {rule} is about all images, and this file is for one; set it in the rules file of the run",
            rules.origin(rule)
        ),
        None => Ok(()),
    }
}

/// A run over several images.
struct Run<'a> {
    mode: Mode,
    all_images: bool,
    /// Scanned layers, if the user has no cache.
    layers: Cache,
    /// Registries that asked for a delay.
    busy_hosts: BusyHosts,
    set: ImageSet,
    /// The rules, by rules file; `None` for that of the working directory. Empty outside CI mode.
    gates: HashMap<Option<PathBuf>, Gate>,
    /// The rules over all images, in CI mode.
    over_all: Option<Rules>,
    output: ReportOutput<'a>,
    invocation: &'a Invocation,
    report: &'a ReportArgs,
}

impl Run<'_> {
    /// Reads an image and reports on it. An image that cannot be read is a row of the table; an error is one that ends the run.
    fn explore(&mut self, image: &RequestedImage) -> anyhow::Result<()> {
        let opening = match self.opening(image) {
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
        let source = match opening.reference() {
            Reference::Stdin | Reference::Path(PathReference { tag: None, .. }) => {
                with_progress(opening, notices, |progress| opening.source(progress))
            }
            Reference::Path(_) => Err(anyhow!("the tag chooses one image; leave it out, or leave out --all-images")),
            _ => Err(anyhow!("--all-images needs an archive or a layout; name a file or a directory")),
        };
        let source = match source {
            Ok(source) => source,
            Err(error) => {
                self.unread(image, image.name(), &error);
                return Ok(());
            }
        };
        let listed = match source.images() {
            Ok(listed) if listed.len() <= requested::MOST_IMAGES => listed,
            Ok(listed) => {
                let (found, most) = (listed.len(), requested::MOST_IMAGES);
                self.unread(image, image.name(), &anyhow!("it has {found} images, more than {most} (dive's limit)"));
                return Ok(());
            }
            // Opening an image says more.
            Err(_) => Vec::new(),
        };
        if listed.is_empty() {
            match self.load(opening, &source, 0) {
                Ok(read) => self.judge(image, image.name(), read)?,
                Err(error) => self.unread(image, image.name(), &error),
            }
        }
        for ImageName { index, tags, .. } in listed {
            let untagged = || format!("{} image {index}", image.name());
            match self.load(opening, &source, index) {
                Ok(read) => {
                    let name = if read.image.tags.is_empty() { untagged() } else { read.image.name.clone() };
                    self.judge(image, name, read)?;
                }
                Err(error) => self.unread(image, tags.first().cloned().unwrap_or_else(untagged), &error),
            }
        }
        Ok(())
    }

    /// Loads the image with this number.
    fn load(&self, opening: &Opening, source: &OpenSource, number: usize) -> anyhow::Result<ReadImage> {
        let notices = self.invocation.notices;
        let selection = Selection { image: Some(ImageSelector::Index(number)), platform: None };
        let read = with_progress(opening, notices, |progress| opening.load(source, &selection, progress))?;
        notices.warn_all(remarks(&read.image, &read.loaded));
        Ok(read)
    }

    fn opening(&self, image: &RequestedImage) -> anyhow::Result<Opening> {
        // A flag says more than a file.
        let platform = self.invocation.opening.platform.clone().or_else(|| image.platform.clone());
        let open =
            |argument| Opening::for_platform(Subject::Named(argument), self.invocation, self.mode, platform.clone());
        let mut opening = open(&image.argument)?;
        if let Some(BuiltService { service, older: Some(older) }) = &image.built {
            // No registry has it.
            opening.never_pull();
            if let Reference::Engine { engine, name, .. } = opening.reference() {
                let lacks = |name: &str| {
                    dive_sources::is_present(*engine, name, opening.access()).is_ok_and(|is_present| !is_present)
                };
                let command = engine.command();
                match (lacks(name), lacks(&older.name)) {
                    (false, _) => {}
                    // Docker Compose 1 built it.
                    (true, false) => {
                        opening = open(&older.argument)?;
                        opening.never_pull();
                    }
                    (true, true) => bail!(
                        "{command} has no image {name:?}; the service {service} builds it: run `{command} compose build \
                         {service}` first"
                    ),
                }
            }
        }
        prepare(&mut opening, self.gate(image), self.report, &self.invocation.config)?;
        opening.reuse_layers(&self.layers);
        opening.share_delays(&self.busy_hosts);
        Ok(opening)
    }

    fn gate(&self, image: &RequestedImage) -> Option<&Gate> {
        self.gates.get(&image.rules_file)
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
        self.set.add(name, &opened, verdict);
        Ok(())
    }

    /// Reports an image that cannot be read. The others are still read.
    fn unread(&mut self, requested: &RequestedImage, name: String, error: &anyhow::Error) {
        let mut reason = format!("{error:#}");
        // Errors that list the images of a file, kept for each of thousands of them, would fill the memory.
        if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
            reason.truncate(end);
            reason.push('…');
        }
        if let Some(origin) = &requested.origin {
            reason = format!("{origin}: {reason}");
        }
        say(&format!("dive: error: {reason}"));
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
            base_versions: bases.first().map(|base| (base.name, base.versions)),
        };
        let over_all = self.over_all.as_ref().map(|rules| ci::evaluate_over_all(rules, figures)).unwrap_or_default();
        self.output.print(|_, out| report::render(&self.set, repeated, &over_all, out))?;
        let is_broken = |outcome: &RuleOutcome| outcome.status == Status::Fail;
        Ok(match (self.set.unread(), self.set.broken()) {
            (0, 0) if !over_all.iter().any(is_broken) => Outcome::Passed,
            (0, _) => Outcome::RuleFailed,
            (_, _) => Outcome::ImageUnread,
        })
    }
}
