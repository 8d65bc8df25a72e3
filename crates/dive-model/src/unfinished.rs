//! Files that get their name when they are complete.
//!
//! Each is written under a temporary name in the same folder, then renamed. A killed program leaves the temporary file,
//! and the next run with the same purpose removes it.
//!
//! A temporary file is locked (`flock`) while its program runs; the kernel releases the lock however the program ends.
//! Only unlocked files are removed. A process id in the name would prove nothing: it may be reused, or belong to
//! another container or machine. On file systems without locks, nothing is removed.

mod folder;
mod unnamed;

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::debug;

use crate::dir::{Dir, FileKind};
pub use folder::Folder;
pub use unnamed::{temporary_remedy, unnamed};

/// The purpose of temporary files. Each purpose has its own names, so that a run removes only files of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePurpose {
    /// Files and links extracted from an image.
    Extraction,
    /// A JSON document.
    Document,
    /// A record of the cache.
    Record,
    /// A copy of a stream or a downloaded layer.
    Spool,
    /// The output folder of a builder.
    Build,
}

/// The permissions of a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Only the owner.
    Owner,
    /// As the umask allows.
    Umask,
}

/// Maximum number of temporary names to try, in case of collisions with other processes.
const ATTEMPTS: u32 = 1000;

impl FilePurpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Extraction | Self::Document | Self::Spool | Self::Build => ".dive-",
            Self::Record => ".new-",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Extraction | Self::Record => "",
            Self::Document => ".json",
            Self::Spool => ".spool",
            Self::Build => ".build",
        }
    }

    /// A new name, unique in this process.
    fn next_name(self) -> Vec<u8> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        format!("{}{process}-{number}{}", self.prefix(), self.suffix()).into_bytes()
    }

    /// True for the name of a temporary file of this purpose, of any process.
    pub(crate) fn is_name(self, name: &[u8]) -> bool {
        let is_number = |text: &str| !text.is_empty() && text.len() <= 20 && text.bytes().all(|c| c.is_ascii_digit());
        let name = std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix(self.prefix()));
        let numbers = name.and_then(|name| name.strip_suffix(self.suffix())).and_then(|name| name.split_once('-'));
        numbers.is_some_and(|(process, number)| is_number(process) && is_number(number))
    }

    /// Calls `make` with temporary names until one is free.
    fn make<T>(self, make: &mut dyn FnMut(&[u8]) -> io::Result<T>) -> io::Result<(Vec<u8>, T)> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let name = self.next_name();
            match make(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
                outcome => return outcome.map(|made| (name, made)),
            }
        }
    }
}

/// A file being written. Removed if dropped before it gets its name.
#[derive(Debug)]
pub struct Unfinished {
    // Declared first, so that the file is closed before its name is removed, as Windows requires.
    file: File,
    temporary: Temporary,
}

/// A name that is removed on drop.
#[derive(Debug)]
struct Temporary {
    dir: Dir,
    name: Vec<u8>,
    on_drop: OnDrop,
}

#[derive(Debug, PartialEq, Eq)]
enum OnDrop {
    Remove,
    Keep,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.on_drop == OnDrop::Remove {
            // Ignore the error: the one that caused the drop is reported.
            let _ = self.dir.remove(&self.name);
        }
    }
}

impl Unfinished {
    /// Creates an empty file in `dir`.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn create(dir: &Dir, purpose: FilePurpose, readers: Readers) -> io::Result<Self> {
        let (name, file) = purpose.make(&mut |name| {
            let file = match readers {
                Readers::Owner => dir.create(name)?,
                Readers::Umask => dir.create_shared(name)?,
            };
            // Before it is locked, the file looks like one of a killed run: another run may have locked or removed it.
            match file.try_lock() {
                Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::AlreadyExists.into()),
                _ if Dir::is_removed(&file) => Err(io::ErrorKind::AlreadyExists.into()),
                _ => Ok(file),
            }
        })?;
        Ok(Self { file, temporary: Temporary { dir: dir.clone(), name, on_drop: OnDrop::Remove } })
    }

    /// The open file.
    pub const fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the file its name, replacing an existing file.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn replace(self, name: &[u8]) -> io::Result<File> {
        self.finish(|dir, temporary| dir.rename(temporary, name))
    }

    /// Gives the file its name, which must be free.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if the name is taken, or another error of the file system.
    pub fn take_free(self, name: &[u8]) -> io::Result<File> {
        self.finish(|dir, temporary| dir.rename_to_free(temporary, name))
    }

    /// Removes the name of the file. Its content lasts until it is closed.
    #[cfg(unix)]
    fn unlink(self) -> io::Result<File> {
        self.finish(Dir::remove)
    }

    fn finish(self, rename: impl FnOnce(&Dir, &[u8]) -> io::Result<()>) -> io::Result<File> {
        let Self { file, mut temporary } = self;
        rename(&temporary.dir, &temporary.name)?;
        temporary.on_drop = OnDrop::Keep;
        Ok(file)
    }
}

/// Replaces `name` by a link, which `make` creates under a temporary name.
pub(crate) fn replace_by_link(
    dir: &Dir,
    purpose: FilePurpose,
    name: &[u8],
    make: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    // A symbolic link cannot be locked, so lock the directory.
    let _held = dir.lock_shared();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let (temporary, ()) = purpose.make(make)?;
        // Remove the temporary name even after success: a rename between two names of one file leaves both (POSIX
        // `rename`).
        let temporary = Temporary { dir: dir.clone(), name: temporary, on_drop: OnDrop::Remove };
        match dir.rename(&temporary.name, name) {
            // Another run had an exclusive lock before, and removed the link as abandoned: try again.
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < ATTEMPTS => {}
            outcome => return outcome,
        }
    }
}

/// Maximum number of names to check in a folder, which may have millions.
const MAX_NAMES: usize = 100_000;

/// Removes temporary files and links of killed runs from `dir`: those that belong to this user and that no process has
/// locked. Returns their number. Ignores errors.
pub fn sweep(dir: &Dir, purpose: FilePurpose) -> u64 {
    let names = dir.names(MAX_NAMES, &|name| purpose.is_name(name)).unwrap_or_default();
    if names.is_empty() {
        return 0;
    }
    let exclusive = dir.lock_exclusive();
    let is_left = |name: &[u8]| match dir.kind_of_own(name) {
        Ok(Some(FileKind::File)) => match dir.read(name) {
            // Keep the lock until the name is removed, so that no other process can take the file over.
            Ok(file) => file.try_lock().is_ok().then_some(Some(file)),
            // Unreadable: it already has the permissions of the image. Without the lock on the directory, its owner may
            // be alive.
            Err(_) => exclusive.is_some().then_some(None),
        },
        Ok(Some(FileKind::Symlink)) => exclusive.is_some().then_some(None),
        _ => None,
    };
    let removed = names.iter().filter(|name| is_left(name).is_some_and(|_held| dir.remove(name).is_ok())).count();
    debug!("found {} unfinished files of killed runs, deleted {removed}", names.len());
    removed as u64
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn folder() -> (tempfile::TempDir, Dir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        (folder, dir)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_gets_its_name_only_when_complete() {
        let (folder, dir) = folder();
        let mut file = Unfinished::create(&dir, FilePurpose::Document, Readers::Umask).unwrap();
        file.file().write_all(b"{}").unwrap();
        assert!(!folder.path().join("report").exists());
        file.replace(b"report").unwrap();
        drop(Unfinished::create(&dir, FilePurpose::Document, Readers::Umask).unwrap());
        assert_eq!(names(&folder), ["report"]);
    }

    /// A file saved meanwhile under that name must not be lost.
    #[test]
    fn a_file_that_appeared_meanwhile_is_kept() {
        let (folder, dir) = folder();
        let file = Unfinished::create(&dir, FilePurpose::Extraction, Readers::Owner).unwrap();
        std::fs::write(folder.path().join("a"), "mine").unwrap();
        assert_eq!(file.take_free(b"a").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"mine");
        assert_eq!(names(&folder), ["a"]);
    }

    #[test]
    fn only_unlocked_temporary_files_are_removed() {
        let (folder, dir) = folder();
        let living = Unfinished::create(&dir, FilePurpose::Extraction, Readers::Owner).unwrap();
        let living_name = String::from_utf8(living.temporary.name.clone()).unwrap();
        // With the id of a running process: this one.
        let reused = format!(".dive-{}-4000000000", std::process::id());
        let others = [".dive-1-2.json", ".new-1-2", ".dive-1", ".dive-1-x", "dive-1-2", ".dive-1-2-3", ".dive--1"];
        for name in others.iter().copied().chain([".dive-1-2", &reused]) {
            std::fs::write(folder.path().join(name), "left").unwrap();
        }
        std::fs::create_dir(folder.path().join(".dive-1-3")).unwrap();
        std::fs::write(folder.path().join("mine"), "mine").unwrap();
        std::os::unix::fs::symlink("mine", folder.path().join(".dive-1-4")).unwrap();
        assert_eq!(sweep(&Dir::open(folder.path()).unwrap(), FilePurpose::Extraction), 3);
        let mut expected: Vec<&str> = others.to_vec();
        expected.extend([&living_name, ".dive-1-3", "mine"]);
        expected.sort_unstable();
        assert_eq!(names(&folder), expected);
        living.take_free(b"whole").unwrap();
    }

    /// Links cannot be locked, so a run that creates one locks the directory.
    #[test]
    fn no_link_is_removed_while_another_run_has_the_directory_locked() {
        let (folder, dir) = folder();
        std::os::unix::fs::symlink("x", folder.path().join(".dive-1-4")).unwrap();
        let held = dir.lock_shared();
        assert_eq!(sweep(&Dir::open(folder.path()).unwrap(), FilePurpose::Extraction), 0);
        drop(held);
        assert_eq!(sweep(&Dir::open(folder.path()).unwrap(), FilePurpose::Extraction), 1);
        replace_by_link(&dir, FilePurpose::Extraction, b"link", &mut |name| dir.symlink(name, b"target")).unwrap();
        replace_by_link(&dir, FilePurpose::Extraction, b"link", &mut |name| dir.symlink(name, b"other")).unwrap();
        assert_eq!(names(&folder), ["link"]);
    }

    #[test]
    fn concurrent_runs_do_not_remove_each_others_files() {
        let (folder, _dir) = folder();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    let dir = Dir::open(folder).unwrap();
                    for number in 0..200 {
                        sweep(&dir, FilePurpose::Extraction);
                        let mut file = Unfinished::create(&dir, FilePurpose::Extraction, Readers::Owner).unwrap();
                        file.file().write_all(b"whole").unwrap();
                        file.take_free(format!("{thread}-{number}").as_bytes()).unwrap();
                        let name = format!("link-{thread}");
                        replace_by_link(&dir, FilePurpose::Extraction, name.as_bytes(), &mut |name| {
                            dir.symlink(name, b"x")
                        })
                        .unwrap();
                    }
                });
            }
        });
        assert_eq!(names(&folder).len(), 804);
    }
}
