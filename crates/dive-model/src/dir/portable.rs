//! For systems without `openat`, such as Windows: checks each path before using it.
//!
//! Links and junctions are refused, and each call checks that the directory is still at its path. Unlike on Unix,
//! another process can replace the directory by a link between that check and the operation. Permissions are not set:
//! mode bits have no meaning there.

use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::FileKind;

/// A directory, by its canonical path.
#[derive(Debug, Clone)]
pub struct Dir(PathBuf);

fn kind_from(file_type: FileType) -> FileKind {
    if file_type.is_symlink() {
        FileKind::Symlink
    } else if file_type.is_dir() {
        FileKind::Directory
    } else if file_type.is_file() {
        FileKind::File
    } else {
        FileKind::Other
    }
}

/// A lock on a directory. Never created: directories cannot be locked here.
#[derive(Debug)]
pub(crate) enum DirLock {}

impl Dir {
    /// Opens a folder that the user named, following links.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        if path.is_dir() { Ok(Self(path)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// Opens a subdirectory. An error if it is a link or not a directory.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
        match self.kind_of(name)? {
            Some(FileKind::Directory) => {
                // The spelling on disk, which may differ from the image's in case.
                let path = self.checked_path(name)?.canonicalize()?;
                if path.parent() == Some(&self.0) { Ok(Self(path)) } else { Err(io::ErrorKind::NotADirectory.into()) }
            }
            Some(_) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Kind of the file `name`, without following links; `None` if it does not exist.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn kind_of(&self, name: &[u8]) -> io::Result<Option<FileKind>> {
        match fs::symlink_metadata(self.checked_path(name)?) {
            Ok(metadata) => Ok(Some(kind_from(metadata.file_type()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Like [`Dir::kind_of`]: ownership is not checked here.
    pub(crate) fn kind_of_own(&self, name: &[u8]) -> io::Result<Option<FileKind>> {
        self.kind_of(name)
    }

    /// Names among the first `most` entries for which `is_wanted` is true.
    pub(crate) fn names(&self, most: usize, is_wanted: &dyn Fn(&[u8]) -> bool) -> io::Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)?.take(most) {
            let name = entry?.file_name().into_encoded_bytes();
            if is_wanted(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// `None`: directories cannot be locked.
    #[allow(clippy::unused_self)] // As on Unix.
    pub(crate) const fn lock_shared(&self) -> Option<DirLock> {
        None
    }

    /// `None`: directories cannot be locked.
    #[allow(clippy::unused_self)] // As on Unix.
    pub(crate) const fn lock_exclusive(&self) -> Option<DirLock> {
        None
    }

    /// False: an open file cannot lose its name on Windows.
    pub(crate) const fn is_removed(_file: &File) -> bool {
        false
    }

    /// Creates a directory.
    pub(crate) fn make_child(&self, name: &[u8]) -> io::Result<()> {
        fs::create_dir(self.checked_path(name)?)
    }

    /// Creates a file that must not exist.
    pub(crate) fn create(&self, name: &[u8]) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.checked_path(name)?)
    }

    /// Creates a file that must not exist, with default permissions.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn create_shared(&self, name: &[u8]) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(self.checked_path(name)?)
    }

    /// Opens a file for reading and appending; creates it if it does not exist.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn append(&self, name: &[u8]) -> io::Result<File> {
        self.check_file(name)?;
        OpenOptions::new().read(true).append(true).create(true).open(self.checked_path(name)?)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn read(&self, name: &[u8]) -> io::Result<File> {
        self.check_file(name)?;
        File::open(self.checked_path(name)?)
    }

    /// Refuses anything but a regular file, including links.
    fn check_file(&self, name: &[u8]) -> io::Result<()> {
        match self.kind_of(name)? {
            None | Some(FileKind::File) => Ok(()),
            Some(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
    }

    /// Refuses: on Windows, links need a privilege that few users have, and whether the target is a directory must be
    /// known.
    #[allow(clippy::unused_self)] // As on Unix.
    pub(crate) fn symlink(&self, _name: &[u8], _target: &[u8]) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "dive writes no symbolic links on this system"))
    }

    /// Creates a hard link to the file `name` in another directory. The name must be free.
    pub(crate) fn link(&self, name: &[u8], to: &Self, to_name: &[u8]) -> io::Result<()> {
        fs::hard_link(self.checked_path(name)?, to.checked_path(to_name)?)
    }

    /// Renames a file in this directory, replacing an existing one.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn rename(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        fs::rename(self.checked_path(from)?, self.checked_path(to)?)
    }

    /// Renames a file in this directory to a free name. On a file system without hard links, a file that appears at the
    /// last moment is replaced.
    pub(crate) fn rename_to_free(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        match fs::hard_link(self.checked_path(from)?, self.checked_path(to)?) {
            Ok(()) => return self.remove(from),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        match self.kind_of(to)? {
            None => self.rename(from, to),
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// Removes a file.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn remove(&self, name: &[u8]) -> io::Result<()> {
        fs::remove_file(self.checked_path(name)?)
    }

    /// Does nothing.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // As on Unix.
    pub(crate) fn set_own_mode(&self, _mode: u16) -> io::Result<()> {
        Ok(())
    }

    /// The path of `name`, after checking that the directory is still at its path.
    fn checked_path(&self, name: &[u8]) -> io::Result<PathBuf> {
        if self.0.canonicalize()? != self.0 {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let name = std::str::from_utf8(name).map_err(|error| io::Error::new(io::ErrorKind::InvalidFilename, error))?;
        Ok(self.0.join(name))
    }
}

/// Does nothing.
#[allow(clippy::unnecessary_wraps)] // As on Unix.
pub(crate) fn set_mode(_file: &File, _mode: u16) -> io::Result<()> {
    Ok(())
}
