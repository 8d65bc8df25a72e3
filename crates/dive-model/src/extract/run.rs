//! Carries a plan out: directories, then files layer by layer, then symbolic links, and last the directories' permissions.
//! Whatever fails for one item is reported and the rest goes on; only what would fail for all others too ends the run.

use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::clock::{Cancelled, Clock};
use super::contents::{Halt, LayerReader, Layers, piece, pour};
use super::pending::{Pending, Place, put};
use super::plan::{ItemIndex, ItemKind, Plan};
use super::report::{End, ExtractError, Progress, Reason, Report};
use super::survey::{Conflicts, Fate, Walk, open_or_make, survey};
use crate::dir::{Found, set_mode};
use crate::unfinished::{self, Purpose};

/// How a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What becomes of what is there.
    pub on_conflict: OnConflict,
    /// What becomes of setuid, setgid and sticky bits.
    pub special_bits: SpecialBits,
}

/// What to do where something is there already. A directory is never replaced by something else, nor the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// Write nothing at all: [`ExtractError::Exists`].
    #[default]
    Fail,
    /// Leave out what is there.
    Skip,
    /// Put the image's in its place. What is there goes only when what replaces it is whole; a symbolic link is replaced,
    /// never written through.
    Overwrite,
}

/// What to do with the setuid, setgid and sticky bits of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpecialBits {
    /// Leave them out: a file of an image is nothing to run with its owner's rights.
    #[default]
    Strip,
    /// Write them.
    Keep,
}

/// Setuid, setgid, sticky.
const SPECIAL: u16 = 0o7000;
const STICKY: u16 = 0o1000;

/// What the owner of a directory that was made may always do: read, write, search.
const OWNER: u16 = 0o700;

/// Writes what `plan` says below `folder`, which is made if only it is missing. `progress` is called often, at least once
/// for each item; `cancel` is looked at as often, and ends the work without an error: [`End::Cancelled`].
///
/// # Errors
/// When the folder cannot be used, when something is there under [`OnConflict::Fail`], or when nothing more can be
/// written. What concerns one item only is in [`Report::skipped`].
pub fn run(
    plan: &Plan,
    layers: &Layers,
    folder: &Path,
    options: Options,
    cancel: &AtomicBool,
    progress: &dyn Fn(Progress),
) -> Result<Report, ExtractError> {
    let clock = Clock::new(cancel, progress, plan.len() as u64);
    let mut walk = Walk::new(plan, open_or_make(folder)?);
    let fates = survey(plan, &mut walk);
    if options.on_conflict == OnConflict::Fail {
        let existing = Conflicts::of(plan, &fates).existing;
        if let Some(first) = existing.first.into_iter().next() {
            return Err(ExtractError::Exists { folder: folder.to_owned(), first, count: existing.count });
        }
    }
    let mut extraction = Extraction { plan, options, clock, walk, fates, made: Vec::new(), report: Report::default() };
    let outcome = extraction.write_all(layers);
    extraction.set_modes_of_directories();
    let mut report = extraction.report;
    match outcome {
        Ok(()) => Ok(report),
        Err(Stop::Cancelled) => {
            report.end = End::Cancelled;
            Ok(report)
        }
        Err(Stop::Broken { item, problem }) => Err(ExtractError::Stopped {
            folder: folder.to_owned(),
            path: plan.path(item),
            problem,
            report: Box::new(report),
        }),
    }
}

/// What ends a run early.
enum Stop {
    Cancelled,
    Broken { item: ItemIndex, problem: io::Error },
}

impl From<Cancelled> for Stop {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

struct Extraction<'a> {
    plan: &'a Plan,
    options: Options,
    clock: Clock<'a>,
    walk: Walk<'a>,
    /// Of each item; [`Fate::LeftOut`] also once it failed.
    fates: Vec<Fate>,
    /// Directories that were not there before.
    made: Vec<ItemIndex>,
    report: Report,
}

impl Extraction<'_> {
    fn write_all(&mut self, layers: &Layers) -> Result<(), Stop> {
        self.sweep(None);
        for (item, _) in self.plan.items() {
            self.clock.go_on()?;
            self.begin(item)?;
        }
        self.write_files(layers)?;
        // Last, so that no link of the image lies in the way of anything, even where names are taken for one another.
        for (item, planned) in self.plan.items() {
            if let (ItemKind::Symlink(target), Some(fate)) = (&planned.kind, self.goes_ahead(item)) {
                self.clock.go_on()?;
                self.write_symlink(item, self.plan.text(*target), fate)?;
            }
        }
        Ok(())
    }

    /// Makes a directory; leaves out what is not to be written.
    fn begin(&mut self, item: ItemIndex) -> Result<(), Stop> {
        let planned = self.plan.item(item);
        let above = planned.parent.map(|parent| &self.fates[parent as usize]);
        match &self.fates[item as usize] {
            Fate::LeftOut(reason) => {
                let reason = reason.clone();
                self.leave_out(item, reason);
            }
            _ if matches!(above, Some(Fate::LeftOut(_))) => self.leave_out(item, Reason::NoDirectory),
            Fate::Exists if self.options.on_conflict != OnConflict::Overwrite => {
                self.leave_out(item, Reason::AlreadyThere);
            }
            Fate::Merge => {
                self.sweep(Some(item));
                self.clock.item();
            }
            Fate::New if planned.kind == ItemKind::Directory => return self.make_directory(item),
            Fate::New | Fate::Exists => {}
        }
        Ok(())
    }

    /// Removes what killed extractions left in a directory that was there before.
    fn sweep(&mut self, directory: Option<ItemIndex>) {
        // A directory that cannot be entered is reported for what should be written there.
        if let Ok(dir) = self.walk.enter(directory) {
            unfinished::sweep(&dir, Purpose::Extraction);
        }
    }

    fn make_directory(&mut self, item: ItemIndex) -> Result<(), Stop> {
        let name = self.plan.name(item);
        let made = self.walk.enter(self.plan.item(item).parent).and_then(|dir| match dir.make_child(name) {
            // Somebody was faster, or the file system takes two names for one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match dir.look(name)? {
                Some(Found::Directory) => Ok(false),
                _ => Err(error),
            },
            outcome => outcome.map(|()| true),
        });
        match made {
            Ok(new) => {
                if new {
                    self.made.push(item);
                    self.report.directories += 1;
                }
                self.clock.item();
                Ok(())
            }
            Err(error) => self.failed(item, error),
        }
    }

    /// Writes all files, each layer once and in the order of its bytes.
    fn write_files(&mut self, layers: &Layers) -> Result<(), Stop> {
        let plan = self.plan;
        let mut names: Vec<(u32, ItemIndex)> = plan
            .items()
            .filter(|(item, _)| self.goes_ahead(*item).is_some())
            .filter_map(|(item, planned)| match planned.kind {
                ItemKind::File(content) => Some((content, item)),
                _ => None,
            })
            .collect();
        names.sort_unstable_by_key(|(content, item)| {
            let body = plan.content(*content);
            (body.layer, body.at, *content, *item)
        });
        let layer_of = |name: &(u32, ItemIndex)| plan.content(name.0).layer;
        let mut to_read = 0;
        let mut readers = Vec::new();
        for of_layer in names.chunk_by(|left, right| layer_of(left) == layer_of(right)) {
            let mut reader = layers.reader(layer_of(&of_layer[0]), &self.clock)?;
            let contents = of_layer.chunk_by(|left, right| left.0 == right.0);
            let end = reader.start_after(to_read, contents.map(|names| plan.content(names[0].0)));
            to_read = end;
            readers.push((reader, of_layer, end));
        }
        self.clock.expect_bytes(to_read);
        for (mut reader, of_layer, end) in readers {
            for of_content in of_layer.chunk_by(|left, right| left.0 == right.0) {
                self.clock.go_on()?;
                self.write_content(&mut reader, of_content)?;
            }
            self.clock.read_to(end)?;
        }
        Ok(())
    }

    /// Writes one content under all its names: the first that can be made becomes the file, the others links to it.
    fn write_content(&mut self, reader: &mut LayerReader, names: &[(u32, ItemIndex)]) -> Result<(), Stop> {
        let body = self.plan.content(names[0].0);
        let mut ahead = names.iter().map(|(_, item)| *item);
        let (first, mut pending) = loop {
            let Some(item) = ahead.next() else { return Ok(()) };
            match self.start(item) {
                Ok(pending) => break (item, pending),
                Err(error) => self.failed(item, error)?,
            }
        };
        let copied = if body.len == 0 { Ok(()) } else { reader.copy(body, pending.file(), &self.clock) };
        match copied.and_then(|()| self.finish(first, pending, body.len).map_err(Halt::Target)) {
            Ok(mut file) => {
                for item in ahead {
                    self.clock.go_on()?;
                    self.write_hard_link(first, item, &mut file, body.len)?;
                }
                Ok(())
            }
            Err(Halt::Source(reason)) => {
                for item in std::iter::once(first).chain(ahead) {
                    self.leave_out(item, reason.clone());
                }
                Ok(())
            }
            // What does not fit under one name may fit under none, or stand where the next is refused: each is told.
            Err(Halt::Target(error)) => {
                for item in ahead {
                    self.leave_out(item, Reason::Unwritable(error.to_string()));
                }
                self.failed(first, error)
            }
            Err(Halt::Cancelled) => Err(Stop::Cancelled),
        }
    }

    /// One more name of the file that `first` became; a copy where the file system has no hard links or none to spare.
    fn write_hard_link(&mut self, first: ItemIndex, item: ItemIndex, file: &mut File, len: u64) -> Result<(), Stop> {
        let plan = self.plan;
        let linked = self.walk.enter(plan.item(first).parent).and_then(|from| {
            let to = self.walk.enter(plan.item(item).parent)?;
            put(&to, plan.name(item), self.place(item), &mut |name| from.link(plan.name(first), &to, name))
        });
        match linked {
            Ok(()) => {
                self.report.hard_links += 1;
                self.clock.item();
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return self.failed(item, error),
            Err(_) => {}
        }
        let mut pending = match self.start(item) {
            Ok(pending) => pending,
            Err(error) => return self.failed(item, error),
        };
        let copied = file
            .rewind()
            .map_err(Halt::Target)
            .and_then(|()| pour(file, pending.file(), &mut piece(), &mut |_| self.clock.go_on()));
        match copied.and_then(|()| self.finish(item, pending, len).map_err(Halt::Target)) {
            Ok(_) => Ok(()),
            Err(Halt::Source(reason)) => {
                self.leave_out(item, reason);
                Ok(())
            }
            Err(Halt::Target(error)) => self.failed(item, error),
            Err(Halt::Cancelled) => Err(Stop::Cancelled),
        }
    }

    fn write_symlink(&mut self, item: ItemIndex, target: &[u8], place: Place) -> Result<(), Stop> {
        let name = self.plan.name(item);
        let dir = self.walk.enter(self.plan.item(item).parent);
        match dir.and_then(|dir| put(&dir, name, place, &mut |name| dir.symlink(name, target))) {
            Ok(()) => {
                self.report.symlinks += 1;
                self.clock.item();
                Ok(())
            }
            Err(error) => self.failed(item, error),
        }
    }
}

impl Extraction<'_> {
    fn start(&mut self, item: ItemIndex) -> io::Result<Pending> {
        let dir = self.walk.enter(self.plan.item(item).parent)?;
        Pending::start(&dir, self.plan.name(item), self.place(item))
    }

    /// Gives a file that is written its permissions and its name.
    fn finish(&mut self, item: ItemIndex, mut pending: Pending, len: u64) -> io::Result<File> {
        // Permissions first: no moment when it stands under its name and others may read what they should not.
        let mode = self.mode(item);
        let set = set_mode(pending.file(), mode);
        let file = pending.finish()?;
        self.report.modes_not_set += u64::from(set.is_err());
        self.count_stripped(item);
        self.report.files += 1;
        self.report.bytes += len;
        self.clock.item();
        Ok(file)
    }

    /// Last, and in any case: until then only their owner could enter them. What others made is not touched.
    fn set_modes_of_directories(&mut self) {
        for item in std::mem::take(&mut self.made) {
            let mode = self.mode(item) | OWNER;
            self.count_stripped(item);
            if mode != OWNER {
                let set = self.walk.enter(Some(item)).and_then(|dir| dir.set_own_mode(mode));
                self.report.modes_not_set += u64::from(set.is_err());
            }
        }
    }

    fn mode(&self, item: ItemIndex) -> u16 {
        match self.options.special_bits {
            SpecialBits::Strip => {
                let mode = self.plan.item(item).mode;
                // Without its sticky bit, a directory that others may write to is one whose files they may replace.
                let written_by_others = if mode & STICKY == 0 { 0 } else { 0o022 };
                mode & !SPECIAL & !written_by_others
            }
            SpecialBits::Keep => self.plan.item(item).mode,
        }
    }

    fn count_stripped(&mut self, item: ItemIndex) {
        let has_lost = self.mode(item) != self.plan.item(item).mode;
        self.report.stripped += u64::from(has_lost);
    }

    /// Where an item that is to be written goes; none for those that are not.
    fn goes_ahead(&self, item: ItemIndex) -> Option<Place> {
        match self.fates[item as usize] {
            Fate::New | Fate::Exists => Some(self.place(item)),
            Fate::Merge | Fate::LeftOut(_) => None,
        }
    }

    fn place(&self, item: ItemIndex) -> Place {
        if self.fates[item as usize] == Fate::Exists { Place::Taken } else { Place::Free }
    }

    /// Leaves out what could not be written; an error if nothing else could either.
    fn failed(&mut self, item: ItemIndex, problem: io::Error) -> Result<(), Stop> {
        let planned = self.plan.item(item);
        match problem.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem => {
                return Err(Stop::Broken { item, problem });
            }
            // The folder itself may not be written to. A file system without symbolic links refuses them in the same words.
            io::ErrorKind::PermissionDenied
                if planned.parent.is_none() && !matches!(planned.kind, ItemKind::Symlink(_)) =>
            {
                return Err(Stop::Broken { item, problem });
            }
            io::ErrorKind::AlreadyExists => self.leave_out(item, Reason::Appeared),
            _ => self.leave_out(item, Reason::Unwritable(problem.to_string())),
        }
        Ok(())
    }

    fn leave_out(&mut self, item: ItemIndex, reason: Reason) {
        self.fates[item as usize] = Fate::LeftOut(reason.clone());
        self.report.skipped.add(|| self.plan.path(item), reason);
        self.clock.item();
    }
}
