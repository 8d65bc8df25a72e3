//! On Unix: calls relative to a file descriptor (POSIX `openat` and its family), with `O_NOFOLLOW`. Between a look and a
//! deed nobody can exchange a directory for a link to another.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use super::super::report::Found;

/// A directory that is held open. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Dir(Rc<OwnedFd>);

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
            Ok(stat) => Ok(Some(match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => Found::Directory,
                FileType::RegularFile => Found::File,
                FileType::Symlink => Found::Symlink,
                _ => Found::Other,
            })),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a directory that only its owner can enter until [`Dir::set_own_mode`].
    pub(in super::super) fn make_child(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&*self.0, name, Mode::RWXU)?)
    }

    /// Makes a file where nothing is, which only its owner can read until [`set_mode`].
    pub(in super::super) fn create(&self, name: &[u8]) -> io::Result<File> {
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
    pub(in super::super) fn symlink(&self, name: &[u8], target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &*self.0, name)?)
    }

    /// Gives the file `name` one more name in another directory, where nothing is.
    pub(in super::super) fn link(&self, name: &[u8], to: &Self, to_name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::linkat(&*self.0, name, &*to.0, to_name, AtFlags::empty())?)
    }

    /// Gives what is no directory another name in this directory, over what is there.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn rename(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::renameat(&*self.0, from, &*self.0, to)?)
    }

    /// Removes what is no directory.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn remove(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.0, name, AtFlags::empty())?)
    }

    /// Sets the directory's own permission bits.
    pub(in super::super) fn set_own_mode(&self, mode: u16) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&*self.0, Mode::from_bits_truncate(mode.into()))?)
    }
}

/// Sets the permission bits of an open file.
pub(in super::super) fn set_mode(file: &File, mode: u16) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_bits_truncate(mode.into()))?)
}
