//! A directory on disk that is held open, in which names are looked up, made and removed one at a time. Nothing here takes
//! a path, and nothing follows a symbolic link: that is what keeps an extraction inside its folder.

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

/// What stands on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A device, pipe or socket.
    Other,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::File => "a file",
            Self::Symlink => "a symbolic link",
            Self::Other => "a device, pipe or socket",
        })
    }
}
