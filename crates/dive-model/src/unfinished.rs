//! Files that take their name when they are whole. Each is written beside its place under a temporary name, and renamed. A
//! program that is killed leaves the temporary file, and the next run with the same purpose removes it from that folder.
//!
//! A temporary file is locked (`flock`) while its program lives: the kernel releases the lock, however the program ends. Only
//! files that nobody locks are removed. A process id in a name tells nothing: it may be in use again, or belong to another
//! container or machine. On a file system without locks, nothing is removed.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::debug;

use crate::dir::{Dir, Found};

/// What temporary files are for. Each purpose has names of its own, so that no run removes what is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Files, links and their copies, out of an image.
    Extraction,
    /// A JSON document.
    Document,
    /// A record of the cache.
    Record,
}

/// The permissions of a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// All users that the umask allows.
    Umask,
}

/// Temporary names that are tried: others may have theirs at the same time.
const ATTEMPTS: u32 = 1000;

impl Purpose {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Extraction | Self::Document => ".dive-",
            Self::Record => ".new-",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Extraction | Self::Record => "",
            Self::Document => ".json",
        }
    }

    /// A name that this process has not used before.
    fn next_name(self) -> Vec<u8> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        format!("{}{process}-{number}{}", self.prefix(), self.suffix()).into_bytes()
    }

    /// True for names that [`Self::next_name`] gives, in any process.
    fn is_name(self, name: &[u8]) -> bool {
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

/// A file that is being written. Dropped unfinished, it is removed.
#[derive(Debug)]
pub struct Unfinished {
    // Before its name, so that it is closed when that is removed: Windows insists.
    file: File,
    temporary: Temporary,
}

/// A name that is removed on drop.
#[derive(Debug)]
struct Temporary {
    dir: Dir,
    name: Vec<u8>,
    fate: Fate,
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Remove,
    Keep,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.fate == Fate::Remove {
            // The error that led here is the one to report.
            let _ = self.dir.remove(&self.name);
        }
    }
}

impl Unfinished {
    /// Creates an empty file in `dir`.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn create(dir: &Dir, purpose: Purpose, readers: Readers) -> io::Result<Self> {
        let (name, file) = purpose.make(&mut |name| {
            let file = match readers {
                Readers::Owner => dir.create(name)?,
                Readers::Umask => dir.create_shared(name)?,
            };
            // Created and not yet locked, it looks like that of a killed run: another run may have it now.
            match file.try_lock() {
                Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::AlreadyExists.into()),
                _ if Dir::is_removed(&file) => Err(io::ErrorKind::AlreadyExists.into()),
                _ => Ok(file),
            }
        })?;
        Ok(Self { file, temporary: Temporary { dir: dir.clone(), name, fate: Fate::Remove } })
    }

    /// The file, to write to.
    pub const fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the file its name, in place of what has it.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn replace(self, name: &[u8]) -> io::Result<File> {
        self.finish(|dir, temporary| dir.rename(temporary, name))
    }

    /// Gives the file its name, which must be free.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if it is not; also if the file system refuses.
    pub fn take_free(self, name: &[u8]) -> io::Result<File> {
        self.finish(|dir, temporary| dir.rename_to_free(temporary, name))
    }

    fn finish(self, rename: impl FnOnce(&Dir, &[u8]) -> io::Result<()>) -> io::Result<File> {
        let Self { file, mut temporary } = self;
        rename(&temporary.dir, &temporary.name)?;
        temporary.fate = Fate::Keep;
        Ok(file)
    }
}

/// Replaces `name` by a link that `make` makes under the name it is given.
pub(crate) fn replace_by_link(
    dir: &Dir,
    purpose: Purpose,
    name: &[u8],
    make: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    // A symbolic link cannot be locked: the directory is, in its place.
    let _held = dir.hold();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let (temporary, ()) = purpose.make(make)?;
        // In any case: a rename to another name of the same file leaves both (POSIX `rename`).
        let temporary = Temporary { dir: dir.clone(), name: temporary, fate: Fate::Remove };
        match dir.rename(&temporary.name, name) {
            // Another run had the directory to itself, and took the link for a dead run's.
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < ATTEMPTS => {}
            outcome => return outcome,
        }
    }
}

/// Names that are looked at in one folder, which may have millions.
const MOST_NAMES: usize = 100_000;

/// Removes from `dir` what killed runs left: files and links with such names that belong to this user and that no living
/// process holds. Returns their number. What cannot be removed is left.
pub fn sweep(dir: &Dir, purpose: Purpose) -> u64 {
    let names = dir.names(MOST_NAMES, &|name| purpose.is_name(name)).unwrap_or_default();
    if names.is_empty() {
        return 0;
    }
    let alone = dir.claim();
    let is_left = |name: &[u8]| match dir.look_for_own(name) {
        Ok(Some(Found::File)) => match dir.read(name) {
            // Until the name is removed, so that no other file can get it.
            Ok(file) => file.try_lock().is_ok().then_some(Some(file)),
            // Its permissions are the image's, and it had them before its name.
            Err(_) => alone.is_some().then_some(None),
        },
        Ok(Some(Found::Symlink)) => alone.is_some().then_some(None),
        _ => None,
    };
    let removed = names.iter().filter(|name| is_left(name).is_some_and(|_held| dir.remove(name).is_ok())).count();
    debug!("files that killed runs left: {} found, {removed} removed", names.len());
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
    fn a_file_has_its_name_when_it_is_whole() {
        let (folder, dir) = folder();
        let mut file = Unfinished::create(&dir, Purpose::Document, Readers::Umask).unwrap();
        file.file().write_all(b"{}").unwrap();
        assert!(!folder.path().join("report").exists());
        file.replace(b"report").unwrap();
        drop(Unfinished::create(&dir, Purpose::Document, Readers::Umask).unwrap());
        assert_eq!(names(&folder), ["report"]);
    }

    /// Somebody else saved their work under that name meanwhile.
    #[test]
    fn what_came_meanwhile_is_not_replaced() {
        let (folder, dir) = folder();
        let file = Unfinished::create(&dir, Purpose::Extraction, Readers::Owner).unwrap();
        std::fs::write(folder.path().join("a"), "mine").unwrap();
        assert_eq!(file.take_free(b"a").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"mine");
        assert_eq!(names(&folder), ["a"]);
    }

    #[test]
    fn only_what_nobody_holds_is_swept() {
        let (folder, dir) = folder();
        let living = Unfinished::create(&dir, Purpose::Extraction, Readers::Owner).unwrap();
        let living_name = String::from_utf8(living.temporary.name.clone()).unwrap();
        // One with the id of a process that lives: this one.
        let reused = format!(".dive-{}-4000000000", std::process::id());
        let others = [".dive-1-2.json", ".new-1-2", ".dive-1", ".dive-1-x", "dive-1-2", ".dive-1-2-3", ".dive--1"];
        for name in others.iter().copied().chain([".dive-1-2", &reused]) {
            std::fs::write(folder.path().join(name), "left").unwrap();
        }
        std::fs::create_dir(folder.path().join(".dive-1-3")).unwrap();
        std::fs::write(folder.path().join("mine"), "mine").unwrap();
        std::os::unix::fs::symlink("mine", folder.path().join(".dive-1-4")).unwrap();
        assert_eq!(sweep(&Dir::open(folder.path()).unwrap(), Purpose::Extraction), 3);
        let mut expected: Vec<&str> = others.to_vec();
        expected.extend([&living_name, ".dive-1-3", "mine"]);
        expected.sort_unstable();
        assert_eq!(names(&folder), expected);
        living.take_free(b"whole").unwrap();
    }

    /// A link cannot be locked, so a run that makes one holds the directory.
    #[test]
    fn no_link_is_swept_while_another_run_is_in_the_directory() {
        let (folder, dir) = folder();
        std::os::unix::fs::symlink("x", folder.path().join(".dive-1-4")).unwrap();
        let held = dir.hold();
        assert_eq!(sweep(&Dir::open(folder.path()).unwrap(), Purpose::Extraction), 0);
        drop(held);
        assert_eq!(sweep(&Dir::open(folder.path()).unwrap(), Purpose::Extraction), 1);
        replace_by_link(&dir, Purpose::Extraction, b"link", &mut |name| dir.symlink(name, b"target")).unwrap();
        replace_by_link(&dir, Purpose::Extraction, b"link", &mut |name| dir.symlink(name, b"other")).unwrap();
        assert_eq!(names(&folder), ["link"]);
    }

    #[test]
    fn runs_that_write_and_sweep_at_once_do_not_disturb_each_other() {
        let (folder, _dir) = folder();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    let dir = Dir::open(folder).unwrap();
                    for number in 0..200 {
                        sweep(&dir, Purpose::Extraction);
                        let mut file = Unfinished::create(&dir, Purpose::Extraction, Readers::Owner).unwrap();
                        file.file().write_all(b"whole").unwrap();
                        file.take_free(format!("{thread}-{number}").as_bytes()).unwrap();
                        let name = format!("link-{thread}");
                        replace_by_link(&dir, Purpose::Extraction, name.as_bytes(), &mut |name| {
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
