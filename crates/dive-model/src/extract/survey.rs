//! What is on disk where a plan is to be written: looked at before anything is made, so that there is somebody to ask, and
//! so that what turns up later is known to be nobody's old file.

use std::io;
use std::path::Path;

use super::plan::{ItemIndex, ItemKind, Plan};
use super::report::{ExtractError, Reason};
use crate::dir::{Dir, Found};

/// Paths that a list shows; more are counted.
const MOST_LISTED: usize = 100;

/// What stands in the way of a [`Plan`]. Directories that are there do not: what is extracted joins what they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// What can be overwritten or skipped: [`super::OnConflict`].
    pub existing: Listed,
    /// What is left out in any case: a directory stands where a file should be, or something else where a directory
    /// should be.
    pub obstacles: Listed,
}

/// Paths below the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The first ones.
    pub first: Vec<Vec<u8>>,
    /// How many there are.
    pub count: u64,
}

impl Listed {
    fn add(&mut self, path: impl FnOnce() -> Vec<u8>) {
        self.count += 1;
        if self.first.len() < MOST_LISTED {
            self.first.push(path());
        }
    }
}

impl Conflicts {
    /// Whether nothing is in the way.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.existing.count == 0 && self.obstacles.count == 0
    }

    pub(super) fn of(plan: &Plan, fates: &[Fate]) -> Self {
        let mut conflicts = Self::default();
        for (item, fate) in (0..).zip(fates) {
            match fate {
                Fate::Exists => conflicts.existing.add(|| plan.path(item)),
                Fate::LeftOut(Reason::Obstacle(_)) => conflicts.obstacles.add(|| plan.path(item)),
                Fate::New | Fate::Merge | Fate::LeftOut(_) => {}
            }
        }
        conflicts
    }
}

/// What stands where `plan` would be written below `folder`. Nothing is written or made.
///
/// # Errors
/// When the folder is none or cannot be opened. One that is not there holds nothing.
pub fn conflicts(plan: &Plan, folder: &Path) -> Result<Conflicts, ExtractError> {
    let dir = match open(folder) {
        Ok(dir) => dir,
        Err(ExtractError::Folder { problem, .. }) if problem.kind() == io::ErrorKind::NotFound => {
            return Ok(Conflicts::default());
        }
        Err(error) => return Err(error),
    };
    Ok(Conflicts::of(plan, &survey(plan, &mut Walk::new(plan, dir))))
}

/// Opens the folder that was asked for.
pub(super) fn open(folder: &Path) -> Result<Dir, ExtractError> {
    Dir::open(folder).map_err(|problem| match problem.kind() {
        io::ErrorKind::NotADirectory => ExtractError::NotAFolder { folder: folder.to_owned() },
        _ => ExtractError::Folder { folder: folder.to_owned(), problem },
    })
}

/// Opens the folder that was asked for, and makes it if only it is missing: who mistypes a path gets no tree of folders.
pub(super) fn open_or_make(folder: &Path) -> Result<Dir, ExtractError> {
    match open(folder) {
        Err(ExtractError::Folder { problem, .. }) if problem.kind() == io::ErrorKind::NotFound => {}
        answer => return answer,
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ExtractError::NoParent { folder: folder.to_owned() })
        }
        // Somebody was faster, or it is a link to nowhere: opening tells.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(ExtractError::Folder { folder: folder.to_owned(), problem: error })
        }
        _ => open(folder),
    }
}

/// What awaits an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing is there.
    New,
    /// It is a directory, and one is there.
    Merge,
    /// It is no directory, and neither is what is there.
    Exists,
    /// It cannot be written.
    LeftOut(Reason),
}

/// The fate of every item of `plan`.
pub(super) fn survey(plan: &Plan, walk: &mut Walk<'_>) -> Vec<Fate> {
    let mut fates: Vec<Fate> = Vec::with_capacity(plan.len());
    for (index, item) in plan.items() {
        let above = item.parent.map_or(&Fate::Merge, |parent| &fates[parent as usize]);
        let fate = match (&item.kind, above) {
            (ItemKind::LeftOut(reason), _) => Fate::LeftOut(reason.clone()),
            (_, Fate::New) => Fate::New,
            (kind, Fate::Merge) => {
                let found = walk.enter(item.parent).and_then(|dir| dir.look(plan.name(index)));
                match (found, kind) {
                    (Ok(None), _) => Fate::New,
                    (Ok(Some(Found::Directory)), ItemKind::Directory) => Fate::Merge,
                    (Ok(Some(found)), ItemKind::Directory) => Fate::LeftOut(Reason::Obstacle(found)),
                    (Ok(Some(Found::Directory)), _) => Fate::LeftOut(Reason::Obstacle(Found::Directory)),
                    (Ok(Some(_)), _) => Fate::Exists,
                    (Err(error), _) => Fate::LeftOut(Reason::Unwritable(error.to_string())),
                }
            }
            (_, Fate::Exists | Fate::LeftOut(_)) => Fate::LeftOut(Reason::NoDirectory),
        };
        fates.push(fate);
    }
    fates
}

/// Directories of the way down that stay open; the innermost does in any case. Paths can be thousands of names deep, and
/// a process may have a few hundred files open.
const MOST_OPEN: usize = 64;

/// Goes from directory to directory of a plan on disk, name by name from the folder down, so that no link on the way is
/// followed. What the last way and the next have in common is not opened again: items come mostly in the order of
/// directories.
pub(super) struct Walk<'p> {
    plan: &'p Plan,
    folder: Dir,
    /// The way to the last directory, outermost first.
    way: Vec<(ItemIndex, Option<Dir>)>,
    /// The way to the next one, innermost first.
    next: Vec<ItemIndex>,
}

impl<'p> Walk<'p> {
    pub(super) const fn new(plan: &'p Plan, folder: Dir) -> Self {
        Self { plan, folder, way: Vec::new(), next: Vec::new() }
    }

    /// The directory of an item, which must be on disk; without an item the folder itself.
    pub(super) fn enter(&mut self, directory: Option<ItemIndex>) -> io::Result<Dir> {
        let Some(directory) = directory else { return Ok(self.folder.clone()) };
        if let Some((last, Some(dir))) = self.way.last()
            && *last == directory
        {
            return Ok(dir.clone());
        }
        self.next.clear();
        self.next.extend(self.plan.lineage(directory));
        let common = self.way.iter().zip(self.next.iter().rev()).take_while(|((old, _), new)| old == *new).count();
        self.way.truncate(common);
        let open = self.way.iter().rposition(|(_, dir)| dir.is_some());
        let (done, mut dir) = match open {
            Some(level) => (level + 1, self.way[level].1.clone().unwrap_or_else(|| self.folder.clone())),
            None => (0, self.folder.clone()),
        };
        for (level, item) in self.next.iter().rev().enumerate().skip(done) {
            dir = dir.open_child(self.plan.name(*item))?;
            // The one before was the innermost until now.
            if let Some((_, before)) = self.way.get_mut(level.wrapping_sub(1)).filter(|_| level > MOST_OPEN) {
                *before = None;
            }
            self.way.truncate(level);
            self.way.push((*item, Some(dir.clone())));
        }
        Ok(dir)
    }
}
