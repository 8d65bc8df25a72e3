//! An open directory on disk, whose entries are accessed by name. No function takes a path or follows a symbolic link:
//! this keeps extractions inside their folder.

use std::fmt;

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use portable::Dir;
#[cfg(not(unix))]
pub(crate) use portable::set_mode;
#[cfg(unix)]
pub use unix::Dir;
#[cfg(unix)]
pub(crate) use unix::set_mode;

/// Kind of a file on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A device, pipe or socket.
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::File => "a file",
            Self::Symlink => "a symbolic link",
            Self::Other => "a device, pipe or socket",
        })
    }
}
