//! For Unix: calls relative to a file descriptor (POSIX `openat` and its family), with `O_NOFOLLOW`. Another process
//! cannot redirect an operation by replacing a directory with a link.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::FileKind;

/// An open directory. Clones share the descriptor.
#[derive(Debug, Clone)]
pub struct Dir(Arc<OwnedFd>);

/// A lock on a directory. Released on drop, even while the directory stays open.
#[derive(Debug)]
pub(crate) struct DirLock(Arc<OwnedFd>);

impl Drop for DirLock {
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&*self.0, FlockOperation::Unlock);
    }
}

fn kind_from(stat: &rustix::fs::Stat) -> FileKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => FileKind::Directory,
        FileType::RegularFile => FileKind::File,
        FileType::Symlink => FileKind::Symlink,
        _ => FileKind::Other,
    }
}

impl Dir {
    /// Opens a folder that the user named, following links.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(Arc::new(rustix::fs::open(path, flags, Mode::empty())?)))
    }

    /// Opens a subdirectory. An error if it is a link or not a directory.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(Arc::new(rustix::fs::openat(&*self.0, name, flags, Mode::empty())?)))
    }

    /// Kind of the file `name`, without following links; `None` if it does not exist.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn kind_of(&self, name: &[u8]) -> io::Result<Option<FileKind>> {
        match rustix::fs::statat(&*self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(kind_from(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Like [`Dir::kind_of`], but `None` for files of other users.
    pub(crate) fn kind_of_own(&self, name: &[u8]) -> io::Result<Option<FileKind>> {
        let stat = rustix::fs::statat(&*self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok((stat.st_uid == rustix::process::geteuid().as_raw()).then(|| kind_from(&stat)))
    }

    /// Names among the first `most` entries for which `is_wanted` is true.
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

    /// Takes a shared lock on the directory; `None` if another process has an exclusive one.
    pub(crate) fn lock_shared(&self) -> Option<DirLock> {
        self.lock(FlockOperation::NonBlockingLockShared)
    }

    /// Takes an exclusive lock on the directory; `None` if another process has a lock.
    pub(crate) fn lock_exclusive(&self) -> Option<DirLock> {
        self.lock(FlockOperation::NonBlockingLockExclusive)
    }

    fn lock(&self, operation: FlockOperation) -> Option<DirLock> {
        rustix::fs::flock(&*self.0, operation).ok().map(|()| DirLock(Arc::clone(&self.0)))
    }

    /// True if an open file has no name left.
    pub(crate) fn is_removed(file: &File) -> bool {
        rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink == 0)
    }

    /// Creates a directory that only its owner can enter, until [`Dir::set_own_mode`].
    pub(crate) fn make_child(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&*self.0, name, Mode::RWXU)?)
    }

    /// Creates a file that must not exist, and that only its owner can read, until [`set_mode`].
    pub(crate) fn create(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&*self.0, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Creates a file that must not exist, with default permissions.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn create_shared(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&*self.0, name, flags, Mode::from_bits_truncate(0o666))?.into())
    }

    /// Opens a file for reading and appending; creates it if it does not exist. Does not block on a pipe.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn append(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mode = Mode::from_bits_truncate(0o666);
        Ok(rustix::fs::openat(&*self.0, name, flags | OFlags::CLOEXEC, mode)?.into())
    }

    /// Opens a file for reading. Does not block on a pipe.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn read(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&*self.0, name, flags, Mode::empty())?.into())
    }

    /// Creates a symbolic link. The name must be free.
    pub(crate) fn symlink(&self, name: &[u8], target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &*self.0, name)?)
    }

    /// Creates a hard link to the file `name` in another directory. The name must be free.
    pub(crate) fn link(&self, name: &[u8], to: &Self, to_name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::linkat(&*self.0, name, &*to.0, to_name, AtFlags::empty())?)
    }

    /// Renames a file in this directory, replacing an existing one.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn rename(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::renameat(&*self.0, from, &*self.0, to)?)
    }

    /// Renames a file in this directory to a free name.
    ///
    /// If the system or file system lacks `RENAME_NOREPLACE` (`renameat2`), this creates a hard link and removes the
    /// old name. Without hard links, too, a file that appears at the last moment is replaced.
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
        match self.kind_of(to)? {
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

    /// Removes a file.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn remove(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.0, name, AtFlags::empty())?)
    }

    /// Sets the permission bits of the directory.
    pub(crate) fn set_own_mode(&self, mode: u16) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&*self.0, Mode::from_bits_truncate(mode.into()))?)
    }
}

/// Sets the permission bits of an open file.
pub(crate) fn set_mode(file: &File, mode: u16) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_bits_truncate(mode.into()))?)
}
