//! Shows the images of a run in a list. A worker reads them one after another; another one opens the image that the user chooses.
//!
//! Trees in memory: that of the image that the worker reads, that of the image on the screen, and, if the user leaves an image
//! before it is read, that of this one too. No image is read by two threads at once, because a pipe cannot be: the reader hands it
//! over. An image that was opened is not read again for its row.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::anyhow;
use tracing::warn;

use super::held_source::{HeldSource, is_read_once};
use super::reading::{ImageReader, check_has_all_images, images_of, numbered, reason, untagged};
use super::requested::{RequestedImage, RequestedImages};
use super::rules::RunRules;
use crate::cli::{CiArgs, ManyArgs};
use crate::run::access::{self, Mode};
use crate::run::invocation::Invocation;
use crate::run::opening::{BaseLookup, Opening, ReadImage, remarks};
use crate::run::report_output::{ReportArgs, ReportOutput};
use crate::run::screen::{ScreenObserver, screen_error};
use crate::tui::state::ScreenSettings;
use crate::tui::state::images::{ImageList, ListedId};
use crate::tui::{self, Feed, Keyboard, ListEvent, ListFeed, OpenRequest, RowProgress};
use dive_model::Opened;
use dive_model::image::{ImageName, ImageSelector, Selection};
use dive_model::observer::Observer;

/// Shows the images until the user quits.
pub(super) fn show(
    requested: RequestedImages,
    many: &ManyArgs,
    ci: &CiArgs,
    invocation: &Arc<Invocation>,
    report: Arc<ReportArgs>,
) -> anyhow::Result<()> {
    let RequestedImages { images, repeated, mut warnings, .. } = requested;
    let mut rules = rules(&images, ci, invocation, &mut warnings)?;
    // The screen hides prompts.
    let pulled = images.iter().filter(|image| !image.is_never_pulled);
    let asked = pulled.map(|image| (image.argument.as_os_str(), image.platform.as_ref()));
    let invocation = match access::ask_to_pull_missing(asked, invocation)? {
        Some(pull) => Arc::new(invocation.with_pull(pull)),
        None => Arc::clone(invocation),
    };
    let mut settings = ScreenSettings::new(&invocation.config, &invocation.environment);
    settings.warn(warnings);
    let keyboard = Keyboard::of(&invocation.environment);
    let mut list = ImageList::new(images.iter().map(RequestedImage::name), repeated);
    if let Some(over_all) = rules.take_over_all() {
        list = list.with_verdicts().with_rules_over_all(over_all);
    }
    let reader = ImageReader::new(Mode::Plain, Arc::clone(&invocation), report);
    let reading = Arc::new(ListReading::new(reader, rules, invocation, images, many.all_images));
    let opened = Arc::clone(&reading);
    let read = move |feed: &ListFeed| reading.read_all(feed);
    let open = move |feed: &Feed, request: &OpenRequest| opened.open(feed, request);
    tui::run_list(settings, keyboard, list, read, open).map_err(screen_error)
}

/// The rules that the rows are checked against. Images open despite a mistake in a rules file, unless the command line asks for rules.
fn rules(
    images: &[RequestedImage],
    ci: &CiArgs,
    invocation: &Invocation,
    warnings: &mut Vec<String>,
) -> anyhow::Result<RunRules> {
    let environment = &invocation.environment;
    // The screen lists the warnings.
    let output = ReportOutput::quiet(None, None, environment);
    match RunRules::for_screen(images, ci, &invocation.config, &output) {
        Ok(rules) => {
            warnings.extend(rules.warnings());
            Ok(rules)
        }
        Err(error) if ci.sets_rules() => Err(error),
        Err(error) => {
            warnings.push(format!("no rules are checked: {error:#}"));
            Ok(RunRules::default())
        }
    }
}

/// Chosen images that are read at once: the one on the screen, and one that the user left, which may hang.
const MOST_OPENINGS: usize = 2;

/// The images of the list, and who reads which.
#[derive(Debug)]
struct ListReading {
    reader: ImageReader,
    rules: RunRules,
    invocation: Arc<Invocation>,
    state: Mutex<ReadingState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ReadingState {
    targets: HashMap<ListedId, Target>,
    next_id: usize,
    /// The images that the worker has not begun.
    queue: VecDeque<ListedId>,
    /// The images that are being read.
    reading: HashSet<ListedId>,
    /// The images that were read, or could not be.
    done: HashSet<ListedId>,
    /// The number of chosen images that are being read.
    openings: usize,
    /// Counts the images that were chosen: only the last one is still wanted.
    chosen: u64,
    /// The chosen image, while another thread reads it.
    wanted: Option<ListedId>,
    /// The wanted image, or why it could not be read.
    handed_over: Option<Result<Arc<Opened>, String>>,
}

/// What a row of the list stands for.
#[derive(Debug, Clone)]
enum Target {
    /// An image of its own.
    Image(Arc<RequestedImage>),
    /// A file whose images are not listed yet.
    File(Arc<RequestedImage>),
    /// An image of an open source: one of many, or one from a pipe, which cannot be read again.
    Of(Arc<HeldSource>, Selection),
}

/// Whose turn it is to read a chosen image.
enum Turn {
    /// The caller's.
    Own,
    /// It was read meanwhile.
    HandedOver(Result<Arc<Opened>, String>),
    /// No one's: another image was chosen since.
    Outdated,
}

impl ListReading {
    fn new(
        reader: ImageReader,
        rules: RunRules,
        invocation: Arc<Invocation>,
        images: Vec<RequestedImage>,
        all_images: bool,
    ) -> Self {
        let mut state = ReadingState { next_id: images.len(), ..ReadingState::default() };
        for (at, image) in images.into_iter().enumerate() {
            let image = Arc::new(image);
            state.targets.insert(ListedId(at), if all_images { Target::File(image) } else { Target::Image(image) });
            state.queue.push_back(ListedId(at));
        }
        Self { reader, rules, invocation, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, ReadingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all images that are not read yet, in the order of the list.
    fn read_all(&self, feed: &ListFeed) {
        while let Some((id, target)) = self.next() {
            let progress = RowProgress::new(feed.clone(), id);
            let result = self.read(id, &target, &progress, feed).map(|read| read.map(Arc::new));
            if let Err(reason) = &result {
                feed.send(ListEvent::unread(id, reason.clone()));
            }
            // The images of a file are in the queue now.
            self.finish(id, result.transpose());
        }
    }

    /// The next image for the worker. One that the user chose is read without it.
    fn next(&self) -> Option<(ListedId, Target)> {
        let mut state = self.state();
        loop {
            let id = state.queue.pop_front()?;
            if state.done.contains(&id) || state.reading.contains(&id) {
                continue;
            }
            let target = state.targets.get(&id).cloned()?;
            state.reading.insert(id);
            return Some((id, target));
        }
    }

    /// Records the result of an image and wakes the thread that waits for it.
    fn finish(&self, id: ListedId, result: Option<Result<Arc<Opened>, String>>) {
        let mut state = self.state();
        state.reading.remove(&id);
        state.done.insert(id);
        if state.wanted.take_if(|wanted| *wanted == id).is_some() {
            state.handed_over = result;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Reads an image and reports its figures; of a file, lists its images. `None` for a file.
    fn read(
        &self,
        id: ListedId,
        target: &Target,
        progress: &RowProgress,
        feed: &ListFeed,
    ) -> Result<Option<Opened>, String> {
        let image = target.image();
        let why = |error: &anyhow::Error| reason(image, error);
        match target {
            Target::File(file) => self.list(id, file, progress, feed).map(|()| None).map_err(|error| why(&error)),
            Target::Image(image) => {
                let opening = self.reader.ruled_opening(image, &self.rules).map_err(|error| why(&error))?;
                if is_read_once(opening.opening.reference()) {
                    let held = HeldSource::open(image, opening, progress).map_err(|error| why(&error))?;
                    let target = Target::Of(Arc::new(held), Selection::default());
                    self.state().targets.insert(id, target.clone());
                    return self.read(id, &target, progress, feed);
                }
                let open = |opening: &Opening| opening.open(BaseLookup::First, progress);
                let (read, no_verdict) =
                    self.reader.read_ruled(image, &self.rules, &opening, open).map_err(|error| why(&error))?;
                Ok(Some(self.report_read(id, image, image.name(), read, no_verdict, feed)))
            }
            Target::Of(held, selection) => {
                held.check().map_err(|error| why(&error))?;
                let load = |opening: &Opening| opening.load(&held.source, selection, progress);
                let read = self.reader.read_ruled(image, &self.rules, &held.opening, load);
                held.count(&read);
                let (read, no_verdict) = read.map_err(|error| why(&error))?;
                let name = target.name(&read);
                Ok(Some(self.report_read(id, image, name, read, no_verdict, feed)))
            }
        }
    }

    /// Builds the numbers of an image that was read, and reports them.
    fn report_read(
        &self,
        id: ListedId,
        image: &RequestedImage,
        name: String,
        read: ReadImage,
        no_verdict: Option<String>,
        feed: &ListFeed,
    ) -> Opened {
        remarks(&read.image, &read.loaded).for_each(|remark| warn!("{name}: {remark}"));
        let opened = Opened::new(read.image, read.loaded);
        self.report(id, image, name, &opened, no_verdict, feed);
        opened
    }

    /// Checks an image that was read, and reports its figures.
    fn report(
        &self,
        id: ListedId,
        image: &RequestedImage,
        name: String,
        opened: &Opened,
        no_verdict: Option<String>,
        feed: &ListFeed,
    ) {
        let check = self.rules.check(image, &name, opened, &self.invocation.config, no_verdict);
        feed.send(ListEvent::read(id, name, opened, check));
    }

    /// Puts the images of a file in its place.
    fn list(
        &self,
        id: ListedId,
        file: &Arc<RequestedImage>,
        progress: &dyn Observer,
        feed: &ListFeed,
    ) -> anyhow::Result<()> {
        let opening = self.reader.ruled_opening(file, &self.rules)?;
        check_has_all_images(&opening.opening)?;
        let held = HeldSource::open(file, opening, progress)?;
        let name = |ImageName { index, tags, .. }: &ImageName| {
            (*index, tags.first().cloned().unwrap_or_else(|| untagged(file, *index)))
        };
        let mut names: Vec<(usize, String)> = images_of(&held.source)?.iter().map(name).collect();
        if names.is_empty() {
            // Opening the first one says why.
            names.push((0, file.name()));
        }
        let held = Arc::new(held.with_images(names.len()));
        let mut state = self.state();
        let mut listed = Vec::with_capacity(names.len());
        for (index, name) in names {
            let part = ListedId(state.next_id);
            state.next_id += 1;
            state.targets.insert(part, Target::Of(Arc::clone(&held), numbered(index)));
            listed.push((part, name));
        }
        for (part, _) in listed.iter().rev() {
            state.queue.push_front(*part);
        }
        // The user may have chosen the file.
        if let Some(first) = listed.first().and_then(|(first, _)| state.targets.get(first).cloned()) {
            state.targets.insert(id, first);
        }
        state.done.insert(id);
        drop(state);
        feed.send(ListEvent::listed(id, listed));
        Ok(())
    }

    /// Opens the image that the user chose.
    fn open(&self, feed: &Feed, request: &OpenRequest) -> anyhow::Result<()> {
        let id = request.listed.ok_or_else(|| anyhow!("no image is chosen"))?;
        match self.turn(id, &request.selection) {
            Turn::Outdated => Ok(()),
            Turn::HandedOver(Err(reason)) => Err(anyhow!(reason)),
            Turn::HandedOver(Ok(opened)) => {
                feed.opened(Arc::clone(&opened));
                let target = self.state().targets.get(&id).cloned();
                let Some(target) = target else { return Ok(()) };
                self.find_base(&target, &opened, feed);
                Ok(())
            }
            Turn::Own => {
                let read = self.read_chosen(id, &request.selection, feed);
                self.state().openings -= 1;
                if request.selection == Selection::default() {
                    let result =
                        read.as_ref().map(|(_, opened)| Arc::clone(opened)).map_err(|error| format!("{error:#}"));
                    self.finish(id, Some(result));
                } else {
                    self.changed.notify_all();
                }
                let (target, opened) = read?;
                self.find_base(&target, &opened, feed);
                Ok(())
            }
        }
    }

    /// Waits for the turn to read a chosen image.
    fn turn(&self, id: ListedId, selection: &Selection) -> Turn {
        let mut state = self.state();
        state.chosen += 1;
        let (chosen, is_own_image) = (state.chosen, *selection == Selection::default());
        (state.wanted, state.handed_over) = (None, None);
        self.changed.notify_all();
        loop {
            if state.chosen != chosen {
                return Turn::Outdated;
            }
            if let Some(result) = state.handed_over.take() {
                return Turn::HandedOver(result);
            }
            if is_own_image && state.reading.contains(&id) {
                state.wanted = Some(id);
            } else if state.openings < MOST_OPENINGS {
                state.openings += 1;
                if is_own_image {
                    state.reading.insert(id);
                }
                return Turn::Own;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads the chosen image for the screen, and for its row if that has no figures yet.
    fn read_chosen(&self, id: ListedId, selection: &Selection, feed: &Feed) -> anyhow::Result<(Target, Arc<Opened>)> {
        let list = feed.list();
        let (mut target, is_listed) = {
            let state = self.state();
            let target = state.targets.get(&id).cloned().ok_or_else(|| anyhow!("this image is not in the list"))?;
            (target, *selection == Selection::default() && !state.done.contains(&id))
        };
        let unread = |target: &Target, error: &anyhow::Error| {
            let reason = reason(target.image(), error);
            // The user may have left the image, and would not see the error.
            list.send(ListEvent::unread(id, reason.clone()));
            anyhow!(reason)
        };
        if is_listed {
            let progress = RowProgress::new(list.clone(), id);
            if let Target::File(file) = &target {
                self.list(id, file, &progress, &list).map_err(|error| unread(&target, &error))?;
                target = self.state().targets.get(&id).cloned().unwrap_or(target);
            } else if let Target::Image(image) = &target {
                let opening = self.reader.ruled_opening(image, &self.rules).map_err(|error| unread(&target, &error))?;
                if is_read_once(opening.opening.reference()) {
                    let held = HeldSource::open(image, opening, &progress).map_err(|error| unread(&target, &error))?;
                    target = Target::Of(Arc::new(held), Selection::default());
                    self.state().targets.insert(id, target.clone());
                }
            }
        }
        // The row counts the base, too.
        let lookup = if is_listed { BaseLookup::First } else { BaseLookup::Later };
        let (read, no_verdict) =
            self.load(&target, selection, lookup, feed).map_err(|error| unread(&target, &error))?;
        let name = target.name(&read);
        // The screen shows them; the log gets them too.
        remarks(&read.image, &read.loaded).for_each(|remark| warn!("{remark}"));
        let opened = Arc::new(Opened::new(read.image, read.loaded));
        feed.opened(Arc::clone(&opened));
        if is_listed {
            self.report(id, target.image(), name, &opened, no_verdict, &list);
        }
        Ok((target, opened))
    }

    /// Reads an image for the screen.
    fn load(
        &self,
        target: &Target,
        selection: &Selection,
        lookup: BaseLookup,
        feed: &Feed,
    ) -> anyhow::Result<(ReadImage, Option<String>)> {
        match target {
            Target::Image(image) | Target::File(image) => {
                let opening = self.reader.ruled_opening(image, &self.rules)?;
                let observer = ScreenObserver::new(feed, &opening.opening);
                let open = |opening: &Opening| opening.open_selected(selection, lookup, &observer);
                self.reader.read_ruled(image, &self.rules, &opening, open)
            }
            Target::Of(held, own) => {
                let observer = ScreenObserver::new(feed, &held.opening.opening);
                let image = selection.image.clone().or_else(|| own.image.clone());
                let selection = Selection { image, platform: selection.platform.clone() };
                let load = |opening: &Opening| opening.load(&held.source, &selection, &observer);
                // The user chose it, so it opens even beyond the budget.
                let read = self.reader.read_ruled(&held.image, &self.rules, &held.opening, load);
                held.count(&read);
                read
            }
        }
    }

    /// Looks for the base while the image is on the screen.
    fn find_base(&self, target: &Target, opened: &Opened, feed: &Feed) {
        let found = match target {
            Target::Image(image) | Target::File(image) => {
                self.reader.opening(image, None).ok().and_then(|opening| opening.find_base(&opened.image))
            }
            Target::Of(held, _) => held.opening.opening.find_base(&opened.image),
        };
        if let Some(base) = found {
            feed.base_found(opened, base);
        }
    }
}

impl Target {
    /// The image or file of the command line.
    fn image(&self) -> &RequestedImage {
        match self {
            Self::Image(image) | Self::File(image) => image,
            Self::Of(held, _) => &held.image,
        }
    }

    /// The name of an image that was read: of one of many in a file, its own.
    fn name(&self, read: &ReadImage) -> String {
        match self {
            Self::Of(_, Selection { image: Some(_), .. }) if !read.image.tags.is_empty() => read.image.name.clone(),
            Self::Of(held, Selection { image: Some(ImageSelector::Index(number)), .. }) => {
                untagged(&held.image, *number)
            }
            _ => self.image().name(),
        }
    }
}
