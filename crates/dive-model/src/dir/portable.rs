//! Where there is no `openat`, on Windows: paths, each looked at before it is used. Links (junctions too) are refused as
//! they are found, and that a directory still is where it was opened is seen before each deed in it. Unlike on Unix, whoever
//! may write to the folder could still exchange it for a link between that look and the deed. Permissions are not set: the
//! bits mean nothing there.

use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::Found;

/// A directory that was one when it was looked at, by its path without links.
#[derive(Debug, Clone)]
pub struct Dir(PathBuf);

fn what(file_type: FileType) -> Found {
    if file_type.is_symlink() {
        Found::Symlink
    } else if file_type.is_dir() {
        Found::Directory
    } else if file_type.is_file() {
        Found::File
    } else {
        Found::Other
    }
}

/// A lock on a directory, which there is none of.
#[derive(Debug)]
pub(crate) enum Held {}

impl Dir {
    /// The folder at a path that the user gave, through links if need be.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        if path.is_dir() { Ok(Self(path)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// A directory in it; an error if it is none, or a link to one.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
        match self.look(name)? {
            Some(Found::Directory) => {
                // Its own spelling of the name, which may differ from the image's in case.
                let path = self.place(name)?.canonicalize()?;
                if path.parent() == Some(&self.0) { Ok(Self(path)) } else { Err(io::ErrorKind::NotADirectory.into()) }
            }
            Some(_) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// What is there under a name; none if nothing is.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn look(&self, name: &[u8]) -> io::Result<Option<Found>> {
        match fs::symlink_metadata(self.place(name)?) {
            Ok(metadata) => Ok(Some(what(metadata.file_type()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Dir::look`]: who owns a file is not looked at.
    pub(crate) fn look_for_own(&self, name: &[u8]) -> io::Result<Option<Found>> {
        self.look(name)
    }

    /// The first `most` names in it that `is_wanted`.
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

    /// Does nothing: directories cannot be locked.
    #[allow(clippy::unused_self)] // As on Unix.
    pub(crate) const fn hold(&self) -> Option<Held> {
        None
    }

    /// None: directories cannot be locked.
    #[allow(clippy::unused_self)] // As on Unix.
    pub(crate) const fn claim(&self) -> Option<Held> {
        None
    }

    /// False: a file that is open keeps its name there.
    pub(crate) const fn is_removed(_file: &File) -> bool {
        false
    }

    /// Makes a directory.
    pub(crate) fn make_child(&self, name: &[u8]) -> io::Result<()> {
        fs::create_dir(self.place(name)?)
    }

    /// Makes a file where nothing is.
    pub(crate) fn create(&self, name: &[u8]) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.place(name)?)
    }

    /// Creates a file that must not exist, with default permissions.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn create_shared(&self, name: &[u8]) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(self.place(name)?)
    }

    /// Opens a file for reading and appending; creates it if it does not exist.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn append(&self, name: &[u8]) -> io::Result<File> {
        self.check_file(name)?;
        OpenOptions::new().read(true).append(true).create(true).open(self.place(name)?)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn read(&self, name: &[u8]) -> io::Result<File> {
        self.check_file(name)?;
        File::open(self.place(name)?)
    }

    /// Refuses anything but a regular file, links included.
    fn check_file(&self, name: &[u8]) -> io::Result<()> {
        match self.look(name)? {
            None | Some(Found::File) => Ok(()),
            Some(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
    }

    /// Refuses: a link needs rights that few users have there, and to know whether it leads to a directory.
    #[allow(clippy::unused_self)] // As on Unix.
    pub(crate) fn symlink(&self, _name: &[u8], _target: &[u8]) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "symbolic links are not written on this system"))
    }

    /// Gives the file `name` one more name in another directory, where nothing is.
    pub(crate) fn link(&self, name: &[u8], to: &Self, to_name: &[u8]) -> io::Result<()> {
        fs::hard_link(self.place(name)?, to.place(to_name)?)
    }

    /// Gives what is no directory another name in this directory, over what is there.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn rename(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        fs::rename(self.place(from)?, self.place(to)?)
    }

    /// Gives what is no directory another name in this directory, which must be free. Where the file system has no hard
    /// links, what comes to the name between a look and the renaming is replaced.
    pub(crate) fn rename_to_free(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        match fs::hard_link(self.place(from)?, self.place(to)?) {
            Ok(()) => return self.remove(from),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        match self.look(to)? {
            None => self.rename(from, to),
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// Removes what is no directory.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn remove(&self, name: &[u8]) -> io::Result<()> {
        fs::remove_file(self.place(name)?)
    }

    /// Does nothing.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // As on Unix.
    pub(crate) fn set_own_mode(&self, _mode: u16) -> io::Result<()> {
        Ok(())
    }

    /// The path of a name that `names` has let in: it is one component.
    fn place(&self, name: &[u8]) -> io::Result<PathBuf> {
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
