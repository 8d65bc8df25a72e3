//! A temporary folder for the output of another program.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use tracing::debug;

use super::{ATTEMPTS, FilePurpose, MAX_NAMES};
use crate::dir::{Dir, DirLock, FileKind};

/// A private temporary folder, removed on drop. The other program locks no file in it, so the folder itself is locked. The next
/// [`Folder::create`] with the same purpose removes the folders of killed runs.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// `None` on a file system without locks: no folder is removed there.
    _lock: Option<DirLock>,
}

impl Folder {
    /// Creates a folder in `parent`, after removing the folders of killed runs.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn create(parent: &Path, purpose: FilePurpose) -> io::Result<Self> {
        let dir = Dir::open(parent)?;
        sweep(&dir, parent, purpose);
        // Until it is locked, the folder looks like one of a killed run. The lock on `parent` keeps other runs from sweeping.
        let parent_lock = dir.lock_shared();
        let mut attempt = 0;
        let (name, lock) = purpose.make(&mut |name| {
            attempt += 1;
            dir.make_child(name)?;
            let lock = dir.open_child(name).map(|child| child.lock_shared());
            match lock {
                Ok(lock) if lock.is_some() || parent_lock.is_some() || attempt == ATTEMPTS => Ok(lock),
                // Another run is sweeping and has locked it: try another name.
                _ => Err(io::ErrorKind::AlreadyExists.into()),
            }
        })?;
        Ok(Self { path: parent.join(as_path(&name)), _lock: lock })
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Ignore the error: the next run tries again.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Temporary names are ASCII.
fn as_path(name: &[u8]) -> &OsStr {
    OsStr::new(std::str::from_utf8(name).unwrap_or_default())
}

/// Removes folders of killed runs: those that belong to this user and that no process has locked.
fn sweep(dir: &Dir, parent: &Path, purpose: FilePurpose) {
    let names = dir.names(MAX_NAMES, &|name| purpose.is_name(name)).unwrap_or_default();
    if names.is_empty() {
        return;
    }
    let Some(_parent_lock) = dir.lock_exclusive() else { return };
    let is_left = |name: &[u8]| match dir.kind_of_own(name) {
        // The lock is held until the folder is removed.
        Ok(Some(FileKind::Directory)) => dir.open_child(name).ok()?.lock_exclusive(),
        _ => None,
    };
    let remove = |name: &&Vec<u8>| {
        is_left(name).is_some_and(|_lock| std::fs::remove_dir_all(parent.join(as_path(name))).is_ok())
    };
    let removed = names.iter().filter(remove).count();
    debug!("found {} directories left by killed runs, removed {removed}", names.len());
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_unlocked_folders_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let living = Folder::create(parent.path(), FilePurpose::Build).unwrap();
        std::fs::write(living.path().join("image-id"), "sha256:1d").unwrap();
        let left = parent.path().join(".dive-1-2.build");
        std::fs::create_dir_all(left.join("more")).unwrap();
        std::fs::write(left.join("image-id"), "sha256:1d").unwrap();
        for other in [".dive-1-2", ".dive-x-2.build", ".dive-1-2.spool"] {
            std::fs::create_dir(parent.path().join(other)).unwrap();
        }
        std::fs::write(parent.path().join(".dive-1-3.build"), "a file").unwrap();
        std::os::unix::fs::symlink("/", parent.path().join(".dive-1-4.build")).unwrap();
        let other = Folder::create(parent.path(), FilePurpose::Build).unwrap();
        assert!(!left.exists() && living.path().join("image-id").exists());
        drop(other);
        drop(living);
        assert_eq!(
            names(parent.path()),
            [".dive-1-2", ".dive-1-2.spool", ".dive-1-3.build", ".dive-1-4.build", ".dive-x-2.build"]
        );
    }

    #[test]
    fn concurrent_runs_keep_each_others_folders() {
        let parent = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..100 {
                        let folder = Folder::create(parent.path(), FilePurpose::Build).unwrap();
                        std::fs::write(folder.path().join("image-id"), number.to_string()).unwrap();
                        assert!(folder.path().join("image-id").exists());
                    }
                });
            }
        });
        assert_eq!(names(parent.path()), [""; 0]);
    }
}
