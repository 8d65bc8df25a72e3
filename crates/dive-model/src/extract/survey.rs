//! Looks up what exists on disk before anything is written, so that the user can be asked, and so that a file appearing
//! later is known to be new.

use std::io;
use std::path::Path;

use super::plan::{ItemIndex, ItemKind, Plan};
use super::report::{ExtractError, Reason};
use crate::dir::{Dir, FileKind};

/// Maximum number of paths to list.
const MAX_LISTED: usize = 100;

/// Existing files in the way of a [`Plan`]. Existing directories are no conflict: new files are added to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Files that can be overwritten or skipped: [`super::OnConflict`].
    pub existing: PathList,
    /// Items that will be left out: a directory exists in place of a file, or a file in place of a directory.
    pub obstacles: PathList,
}

/// A list of paths below the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathList {
    /// The first paths.
    pub first: Vec<Vec<u8>>,
    /// Number of all paths.
    pub count: u64,
}

impl PathList {
    fn add(&mut self, path: impl FnOnce() -> Vec<u8>) {
        self.count += 1;
        if self.first.len() < MAX_LISTED {
            self.first.push(path());
        }
    }
}

impl Conflicts {
    /// True if there are no conflicts.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.existing.count == 0 && self.obstacles.count == 0
    }

    pub(super) fn of(plan: &Plan, states: &[ItemState]) -> Self {
        let mut conflicts = Self::default();
        for (item, state) in (0..).zip(states) {
            match state {
                ItemState::Exists => conflicts.existing.add(|| plan.path(item)),
                ItemState::LeftOut(Reason::Obstacle(_)) => conflicts.obstacles.add(|| plan.path(item)),
                ItemState::New | ItemState::Merge | ItemState::LeftOut(_) => {}
            }
        }
        conflicts
    }
}

/// Finds the conflicts of `plan` with existing files below `folder`. Writes nothing.
///
/// # Errors
/// The path is not a folder, or cannot be opened. A missing folder has no conflicts.
pub fn conflicts(plan: &Plan, folder: &Path) -> Result<Conflicts, ExtractError> {
    let dir = match open(folder) {
        Ok(dir) => dir,
        Err(ExtractError::Folder { problem, .. }) if problem.kind() == io::ErrorKind::NotFound => {
            return Ok(Conflicts::default());
        }
        Err(error) => return Err(error),
    };
    Ok(Conflicts::of(plan, &survey(plan, &mut DirectoryWalk::new(plan, dir))))
}

pub(super) fn open(folder: &Path) -> Result<Dir, ExtractError> {
    Dir::open(folder).map_err(|problem| match problem.kind() {
        io::ErrorKind::NotADirectory => ExtractError::NotAFolder { folder: folder.to_owned() },
        _ => ExtractError::Folder { folder: folder.to_owned(), problem },
    })
}

/// Opens the folder, and creates it if its parent exists. A mistyped path must not create a chain of folders.
pub(super) fn open_or_make(folder: &Path) -> Result<Dir, ExtractError> {
    match open(folder) {
        Err(ExtractError::Folder { problem, .. }) if problem.kind() == io::ErrorKind::NotFound => {}
        answer => return answer,
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ExtractError::NoParent { folder: folder.to_owned() })
        }
        // Another process was faster, or it is a dangling link: opening it will show.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(ExtractError::Folder { folder: folder.to_owned(), problem: error })
        }
        _ => open(folder),
    }
}

/// State of an item's target on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ItemState {
    /// The name is free.
    New,
    /// The item is a directory, and a directory exists.
    Merge,
    /// The item is not a directory, and a file exists.
    Exists,
    /// The item cannot be written.
    LeftOut(Reason),
}

/// Looks up the state of each item of `plan`.
pub(super) fn survey(plan: &Plan, walk: &mut DirectoryWalk<'_>) -> Vec<ItemState> {
    let mut states: Vec<ItemState> = Vec::with_capacity(plan.len());
    for (index, item) in plan.items() {
        let above = item.parent.map_or(&ItemState::Merge, |parent| &states[parent as usize]);
        let state = match (&item.kind, above) {
            (ItemKind::LeftOut(reason), _) => ItemState::LeftOut(reason.clone()),
            (_, ItemState::New) => ItemState::New,
            (kind, ItemState::Merge) => {
                let found = walk.enter(item.parent).and_then(|dir| dir.kind_of(plan.name(index)));
                match (found, kind) {
                    (Ok(None), _) => ItemState::New,
                    (Ok(Some(FileKind::Directory)), ItemKind::Directory) => ItemState::Merge,
                    (Ok(Some(found)), ItemKind::Directory) => ItemState::LeftOut(Reason::Obstacle(found)),
                    (Ok(Some(FileKind::Directory)), _) => ItemState::LeftOut(Reason::Obstacle(FileKind::Directory)),
                    (Ok(Some(_)), _) => ItemState::Exists,
                    (Err(error), _) => ItemState::LeftOut(Reason::Unwritable(error.to_string())),
                }
            }
            (_, ItemState::Exists | ItemState::LeftOut(_)) => ItemState::LeftOut(Reason::NoDirectory),
        };
        states.push(state);
    }
    states
}

/// Maximum number of open parent directories, besides the innermost one. Paths can be thousands of names deep, and a
/// process can have a few hundred open files.
const MAX_OPEN: usize = 64;

/// Opens directories of a plan on disk, name by name from the folder, so that no link is followed. Directories shared
/// with the previous path stay open: most successive items are close to each other.
pub(super) struct DirectoryWalk<'p> {
    plan: &'p Plan,
    folder: Dir,
    /// The previous path, outermost first.
    current: Vec<(ItemIndex, Option<Dir>)>,
    /// The next path, innermost first.
    next: Vec<ItemIndex>,
}

impl<'p> DirectoryWalk<'p> {
    pub(super) const fn new(plan: &'p Plan, folder: Dir) -> Self {
        Self { plan, folder, current: Vec::new(), next: Vec::new() }
    }

    /// Opens the directory of an item, which must exist; `None` is the folder itself.
    pub(super) fn enter(&mut self, directory: Option<ItemIndex>) -> io::Result<Dir> {
        let Some(directory) = directory else { return Ok(self.folder.clone()) };
        if let Some((last, Some(dir))) = self.current.last()
            && *last == directory
        {
            return Ok(dir.clone());
        }
        self.next.clear();
        self.next.extend(self.plan.lineage(directory));
        let common = self.current.iter().zip(self.next.iter().rev()).take_while(|((old, _), new)| old == *new).count();
        self.current.truncate(common);
        let open = self.current.iter().rposition(|(_, dir)| dir.is_some());
        let (done, mut dir) = match open {
            Some(level) => (level + 1, self.current[level].1.clone().unwrap_or_else(|| self.folder.clone())),
            None => (0, self.folder.clone()),
        };
        for (level, item) in self.next.iter().rev().enumerate().skip(done) {
            dir = dir.open_child(self.plan.name(*item))?;
            // The parent is no longer the innermost directory.
            if let Some((_, before)) = self.current.get_mut(level.wrapping_sub(1)).filter(|_| level > MAX_OPEN) {
                *before = None;
            }
            self.current.truncate(level);
            self.current.push((*item, Some(dir.clone())));
        }
        Ok(dir)
    }
}
