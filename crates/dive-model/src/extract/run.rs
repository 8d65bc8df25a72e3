//! Runs an extraction: directories first, then files by layer, then symbolic links, then permissions of directories.
//!
//! An error of one item is reported and the others continue. An error that would affect all others ends the run.

use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::contents::{CopyError, LayerBlobs, LayerReader, copy_all, piece};
use super::monitor::{Cancelled, Monitor};
use super::pending::{NameState, Pending, place_link};
use super::plan::{ItemIndex, ItemKind, Plan};
use super::report::{End, ExtractError, Progress, Reason, Report};
use super::survey::{Conflicts, DirectoryWalk, ItemState, open_or_make, survey};
use crate::dir::{FileKind, set_mode};
use crate::unfinished::{self, FilePurpose};

/// Options of an extraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What to do with existing files.
    pub on_conflict: OnConflict,
    /// What to do with setuid, setgid and sticky bits.
    pub special_bits: SpecialBits,
}

/// What to do with existing files. Directories are never replaced by files, nor files by directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// Write nothing and return [`ExtractError::Exists`].
    #[default]
    Fail,
    /// Leave out items that exist.
    Skip,
    /// Replace existing files once the new one is complete. A symbolic link is replaced, not followed.
    Overwrite,
}

/// What to do with setuid, setgid and sticky bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpecialBits {
    /// Clear them: files of an image must not run with their owner's rights.
    #[default]
    Strip,
    /// Keep them.
    Keep,
}

/// Setuid, setgid and sticky bits.
const SPECIAL: u16 = 0o7000;
const STICKY: u16 = 0o1000;

/// Permissions of the owner of a new directory, in any case: read, write, search.
const OWNER_ALL: u16 = 0o700;

/// Writes the items of `plan` below `folder`, which is created if only it is missing.
///
/// `progress` is called at least once per item. `cancel` is polled as often; setting it ends the run with
/// [`End::Cancelled`].
///
/// # Errors
/// The folder cannot be used, files exist under [`OnConflict::Fail`], or nothing more can be written. Errors of single
/// items are in [`Report::skipped`].
pub fn run(
    plan: &Plan,
    layers: &LayerBlobs,
    folder: &Path,
    options: Options,
    cancel: &AtomicBool,
    progress: &dyn Fn(Progress),
) -> Result<Report, ExtractError> {
    let monitor = Monitor::new(cancel, progress, plan.len() as u64);
    let mut walk = DirectoryWalk::new(plan, open_or_make(folder)?);
    let states = survey(plan, &mut walk);
    if options.on_conflict == OnConflict::Fail {
        let existing = Conflicts::of(plan, &states).existing;
        if let Some(first) = existing.first.into_iter().next() {
            return Err(ExtractError::Exists { folder: folder.to_owned(), first, count: existing.count });
        }
    }
    let mut extractor = Extractor { plan, options, monitor, walk, states, made: Vec::new(), report: Report::default() };
    let outcome = extractor.write_all(layers);
    extractor.set_modes_of_directories();
    let mut report = extractor.report;
    match outcome {
        Ok(()) => Ok(report),
        Err(Abort::Cancelled) => {
            report.end = End::Cancelled;
            Ok(report)
        }
        Err(Abort::Broken { item, problem }) => Err(ExtractError::Stopped {
            folder: folder.to_owned(),
            path: plan.path(item),
            problem,
            report: Box::new(report),
        }),
    }
}

/// Why a run ended early.
enum Abort {
    Cancelled,
    Broken { item: ItemIndex, problem: io::Error },
}

impl From<Cancelled> for Abort {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

struct Extractor<'a> {
    plan: &'a Plan,
    options: Options,
    monitor: Monitor<'a>,
    walk: DirectoryWalk<'a>,
    /// State of each item. A failed item becomes [`ItemState::LeftOut`].
    states: Vec<ItemState>,
    /// Directories that this run created.
    made: Vec<ItemIndex>,
    report: Report,
}

impl Extractor<'_> {
    fn write_all(&mut self, layers: &LayerBlobs) -> Result<(), Abort> {
        self.sweep(None);
        for (item, _) in self.plan.items() {
            self.monitor.check()?;
            self.begin(item)?;
        }
        self.write_files(layers)?;
        // Links last: then no link of the image can be in the path of a file, even on file systems that treat different
        // names as equal.
        for (item, planned) in self.plan.items() {
            if let (ItemKind::Symlink(target), Some(name)) = (&planned.kind, self.name_state(item)) {
                self.monitor.check()?;
                self.write_symlink(item, self.plan.text(*target), name)?;
            }
        }
        Ok(())
    }

    /// Creates a directory, or leaves out an item.
    fn begin(&mut self, item: ItemIndex) -> Result<(), Abort> {
        let planned = self.plan.item(item);
        let above = planned.parent.map(|parent| &self.states[parent as usize]);
        match &self.states[item as usize] {
            ItemState::LeftOut(reason) => {
                let reason = reason.clone();
                self.leave_out(item, reason);
            }
            _ if matches!(above, Some(ItemState::LeftOut(_))) => self.leave_out(item, Reason::NoDirectory),
            ItemState::Exists if self.options.on_conflict != OnConflict::Overwrite => {
                self.leave_out(item, Reason::AlreadyThere);
            }
            ItemState::Merge => {
                self.sweep(Some(item));
                self.monitor.item();
            }
            ItemState::New if planned.kind == ItemKind::Directory => return self.make_directory(item),
            ItemState::New | ItemState::Exists => {}
        }
        Ok(())
    }

    /// Removes temporary files of killed extractions from an existing directory.
    fn sweep(&mut self, directory: Option<ItemIndex>) {
        // Ignore the error: the items of the directory will report it.
        if let Ok(dir) = self.walk.enter(directory) {
            unfinished::sweep(&dir, FilePurpose::Extraction);
        }
    }

    fn make_directory(&mut self, item: ItemIndex) -> Result<(), Abort> {
        let name = self.plan.name(item);
        let made = self.walk.enter(self.plan.item(item).parent).and_then(|dir| match dir.make_child(name) {
            // Another process was faster, or the file system treats two names as equal.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match dir.kind_of(name)? {
                Some(FileKind::Directory) => Ok(false),
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
                self.monitor.item();
                Ok(())
            }
            Err(error) => self.failed(item, error),
        }
    }

    /// Writes all files. Reads each layer once, in the order of its bytes.
    fn write_files(&mut self, layers: &LayerBlobs) -> Result<(), Abort> {
        let plan = self.plan;
        let mut names: Vec<(u32, ItemIndex)> = plan
            .items()
            .filter(|(item, _)| self.name_state(*item).is_some())
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
            let mut reader = layers.reader(layer_of(&of_layer[0]), &self.monitor)?;
            let contents = of_layer.chunk_by(|left, right| left.0 == right.0);
            let end = reader.start_after(to_read, contents.map(|names| plan.content(names[0].0)));
            to_read = end;
            readers.push((reader, of_layer, end));
        }
        self.monitor.expect_bytes(to_read);
        for (mut reader, of_layer, end) in readers {
            for of_content in of_layer.chunk_by(|left, right| left.0 == right.0) {
                self.monitor.check()?;
                self.write_content(&mut reader, of_content)?;
            }
            self.monitor.read_to(end)?;
        }
        Ok(())
    }

    /// Writes one content under all its names: the first possible name becomes the file, the others hard links.
    fn write_content(&mut self, reader: &mut LayerReader, names: &[(u32, ItemIndex)]) -> Result<(), Abort> {
        let body = self.plan.content(names[0].0);
        let mut ahead = names.iter().map(|(_, item)| *item);
        let (first, mut pending) = loop {
            let Some(item) = ahead.next() else { return Ok(()) };
            match self.start(item) {
                Ok(pending) => break (item, pending),
                Err(error) => self.failed(item, error)?,
            }
        };
        let copied = if body.len == 0 { Ok(()) } else { reader.copy(body, pending.file(), &self.monitor) };
        match copied.and_then(|()| self.finish(first, pending, body.len).map_err(CopyError::Target)) {
            Ok(mut file) => {
                for item in ahead {
                    self.monitor.check()?;
                    self.write_hard_link(first, item, &mut file, body.len)?;
                }
                Ok(())
            }
            Err(CopyError::Source(reason)) => {
                for item in std::iter::once(first).chain(ahead) {
                    self.leave_out(item, reason.clone());
                }
                Ok(())
            }
            // The other names depend on this file, so each is reported as unwritable.
            Err(CopyError::Target(error)) => {
                for item in ahead {
                    self.leave_out(item, Reason::Unwritable(error.to_string()));
                }
                self.failed(first, error)
            }
            Err(CopyError::Cancelled) => Err(Abort::Cancelled),
        }
    }

    /// Adds a hard link to the file of `first`. Copies the file if the file system does not support the link.
    fn write_hard_link(&mut self, first: ItemIndex, item: ItemIndex, file: &mut File, len: u64) -> Result<(), Abort> {
        let plan = self.plan;
        let linked = self.walk.enter(plan.item(first).parent).and_then(|from| {
            let to = self.walk.enter(plan.item(item).parent)?;
            place_link(&to, plan.name(item), self.target(item), &mut |name| from.link(plan.name(first), &to, name))
        });
        match linked {
            Ok(()) => {
                self.report.hard_links += 1;
                self.monitor.item();
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
            .map_err(CopyError::Target)
            .and_then(|()| copy_all(file, pending.file(), &mut piece(), &mut |_| self.monitor.check()));
        match copied.and_then(|()| self.finish(item, pending, len).map_err(CopyError::Target)) {
            Ok(_) => Ok(()),
            Err(CopyError::Source(reason)) => {
                self.leave_out(item, reason);
                Ok(())
            }
            Err(CopyError::Target(error)) => self.failed(item, error),
            Err(CopyError::Cancelled) => Err(Abort::Cancelled),
        }
    }

    fn write_symlink(&mut self, item: ItemIndex, text: &[u8], target: NameState) -> Result<(), Abort> {
        let name = self.plan.name(item);
        let dir = self.walk.enter(self.plan.item(item).parent);
        match dir.and_then(|dir| place_link(&dir, name, target, &mut |name| dir.symlink(name, text))) {
            Ok(()) => {
                self.report.symlinks += 1;
                self.monitor.item();
                Ok(())
            }
            Err(error) => self.failed(item, error),
        }
    }
}

impl Extractor<'_> {
    fn start(&mut self, item: ItemIndex) -> io::Result<Pending> {
        let dir = self.walk.enter(self.plan.item(item).parent)?;
        Pending::start(&dir, self.plan.name(item), self.target(item))
    }

    /// Gives a complete file its permissions and name.
    fn finish(&mut self, item: ItemIndex, mut pending: Pending, len: u64) -> io::Result<File> {
        // Permissions before the name: others must not be able to read the file even for a moment.
        let mode = self.mode(item);
        let set = set_mode(pending.file(), mode);
        let file = pending.finish()?;
        self.report.modes_not_set += u64::from(set.is_err());
        self.count_stripped(item);
        self.report.files += 1;
        self.report.bytes += len;
        self.monitor.item();
        Ok(file)
    }

    /// Sets the modes of new directories, even after an error. Until then only the owner can enter them.
    fn set_modes_of_directories(&mut self) {
        for item in std::mem::take(&mut self.made) {
            let mode = self.mode(item) | OWNER_ALL;
            self.count_stripped(item);
            if mode != OWNER_ALL {
                let set = self.walk.enter(Some(item)).and_then(|dir| dir.set_own_mode(mode));
                self.report.modes_not_set += u64::from(set.is_err());
            }
        }
    }

    fn mode(&self, item: ItemIndex) -> u16 {
        match self.options.special_bits {
            SpecialBits::Strip => {
                let mode = self.plan.item(item).mode;
                // In a writable directory without its sticky bit, others could replace files: clear their write bits,
                // too.
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

    /// State of the name of an item to write; `None` for other items.
    fn name_state(&self, item: ItemIndex) -> Option<NameState> {
        match self.states[item as usize] {
            ItemState::New | ItemState::Exists => Some(self.target(item)),
            ItemState::Merge | ItemState::LeftOut(_) => None,
        }
    }

    fn target(&self, item: ItemIndex) -> NameState {
        if self.states[item as usize] == ItemState::Exists { NameState::Taken } else { NameState::Free }
    }

    /// Leaves out a failed item. Returns an error if no other item could be written, either.
    fn failed(&mut self, item: ItemIndex, problem: io::Error) -> Result<(), Abort> {
        let planned = self.plan.item(item);
        match problem.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem => {
                return Err(Abort::Broken { item, problem });
            }
            // The folder is not writable. For symbolic links, this error can also mean that the file system does not
            // support them.
            io::ErrorKind::PermissionDenied
                if planned.parent.is_none() && !matches!(planned.kind, ItemKind::Symlink(_)) =>
            {
                return Err(Abort::Broken { item, problem });
            }
            io::ErrorKind::AlreadyExists => self.leave_out(item, Reason::Appeared),
            _ => self.leave_out(item, Reason::Unwritable(problem.to_string())),
        }
        Ok(())
    }

    fn leave_out(&mut self, item: ItemIndex, reason: Reason) {
        self.states[item as usize] = ItemState::LeftOut(reason.clone());
        self.report.skipped.add(|| self.plan.path(item), reason);
        self.monitor.item();
    }
}
