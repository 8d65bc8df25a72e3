//! On Unix: calls relative to a file descriptor (POSIX `openat` and its family), with `O_NOFOLLOW`. Between a look and a
//! deed nobody can exchange a directory for a link to another.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::Found;

/// A directory that is held open. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Dir(Rc<OwnedFd>);

/// A lock on a directory. It lasts no longer than the value, though the directory stays open.
#[derive(Debug)]
pub(crate) struct Held(Rc<OwnedFd>);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&*self.0, FlockOperation::Unlock);
    }
}

fn found(stat: &rustix::fs::Stat) -> Found {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Found::Directory,
        FileType::RegularFile => Found::File,
        FileType::Symlink => Found::Symlink,
        _ => Found::Other,
    }
}

impl Dir {
    /// Opens the folder at a path that the user gave, through links if need be.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(Rc::new(rustix::fs::open(path, flags, Mode::empty())?)))
    }

    /// Opens a directory in it; an error if it is none, or a link to one.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(Rc::new(rustix::fs::openat(&*self.0, name, flags, Mode::empty())?)))
    }

    /// What is there under a name; none if nothing is.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn look(&self, name: &[u8]) -> io::Result<Option<Found>> {
        match rustix::fs::statat(&*self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(found(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// As [`Dir::look`], and none if it belongs to another user.
    pub(crate) fn look_for_own(&self, name: &[u8]) -> io::Result<Option<Found>> {
        let stat = rustix::fs::statat(&*self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok((stat.st_uid == rustix::process::geteuid().as_raw()).then(|| found(&stat)))
    }

    /// The first `most` names in it that `is_wanted`.
    pub(crate) fn names(&self, most: usize, is_wanted: &dyn Fn(&[u8]) -> bool) -> io::Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&*self.0)?.take(most) {
            let entry = entry?;
            if is_wanted(entry.file_name().to_bytes()) {
                names.push(entry.file_name().to_bytes().to_vec());
            }
        }
        Ok(names)
    }

    /// Tells other processes that this one works in the directory, until the value is dropped; none if another process has
    /// it to itself.
    pub(crate) fn hold(&self) -> Option<Held> {
        self.lock(FlockOperation::NonBlockingLockShared)
    }

    /// Has the directory to itself until the value is dropped; none if another process works in it.
    pub(crate) fn claim(&self) -> Option<Held> {
        self.lock(FlockOperation::NonBlockingLockExclusive)
    }

    fn lock(&self, operation: FlockOperation) -> Option<Held> {
        rustix::fs::flock(&*self.0, operation).ok().map(|()| Held(Rc::clone(&self.0)))
    }

    /// True if an open file has no name left.
    pub(crate) fn is_removed(file: &File) -> bool {
        rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink == 0)
    }

    /// Makes a directory that only its owner can enter until [`Dir::set_own_mode`].
    pub(crate) fn make_child(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&*self.0, name, Mode::RWXU)?)
    }

    /// Makes a file where nothing is, which only its owner can read until [`set_mode`].
    pub(crate) fn create(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&*self.0, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Creates a file that must not exist, with default permissions.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn create_shared(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&*self.0, name, flags, Mode::from_bits_truncate(0o666))?.into())
    }

    /// Opens a file for reading and appending; creates it if it does not exist. Does not block on a pipe.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn append(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mode = Mode::from_bits_truncate(0o666);
        Ok(rustix::fs::openat(&*self.0, name, flags | OFlags::CLOEXEC, mode)?.into())
    }

    /// Opens a file for reading. Does not block on a pipe.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn read(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&*self.0, name, flags, Mode::empty())?.into())
    }

    /// Makes a symbolic link where nothing is.
    pub(crate) fn symlink(&self, name: &[u8], target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &*self.0, name)?)
    }

    /// Gives the file `name` one more name in another directory, where nothing is.
    pub(crate) fn link(&self, name: &[u8], to: &Self, to_name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::linkat(&*self.0, name, &*to.0, to_name, AtFlags::empty())?)
    }

    /// Gives what is no directory another name in this directory, over what is there.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn rename(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::renameat(&*self.0, from, &*self.0, to)?)
    }

    /// Gives what is no directory another name in this directory, which must be free.
    ///
    /// Without `renameat2` with `RENAME_NOREPLACE`, or a file system that takes it, a second name is made and the first
    /// removed. On one without hard links as well, what comes to the name between a look and the renaming is replaced.
    pub(crate) fn rename_to_free(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        match self.rename_exclusively(from, to) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            outcome => return Ok(outcome?),
        }
        match rustix::fs::linkat(&*self.0, from, &*self.0, to, AtFlags::empty()) {
            Ok(()) => return self.remove(from),
            Err(Errno::EXIST) => return Err(Errno::EXIST.into()),
            Err(_) => {}
        }
        match self.look(to)? {
            None => self.rename(from, to),
            Some(_) => Err(Errno::EXIST.into()),
        }
    }

    #[cfg(any(target_vendor = "apple", target_os = "linux", target_os = "android"))]
    fn rename_exclusively(&self, from: &[u8], to: &[u8]) -> rustix::io::Result<()> {
        rustix::fs::renameat_with(&*self.0, from, &*self.0, to, rustix::fs::RenameFlags::NOREPLACE)
    }

    #[cfg(not(any(target_vendor = "apple", target_os = "linux", target_os = "android")))]
    #[allow(clippy::unused_self)] // As on Linux.
    fn rename_exclusively(&self, _from: &[u8], _to: &[u8]) -> rustix::io::Result<()> {
        Err(Errno::NOSYS)
    }

    /// Removes what is no directory.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn remove(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.0, name, AtFlags::empty())?)
    }

    /// Sets the directory's own permission bits.
    pub(crate) fn set_own_mode(&self, mode: u16) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&*self.0, Mode::from_bits_truncate(mode.into()))?)
    }
}

/// Sets the permission bits of an open file.
pub(crate) fn set_mode(file: &File, mode: u16) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_bits_truncate(mode.into()))?)
}
