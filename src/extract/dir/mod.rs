//! A directory on disk that is held open, in which names are looked up, made and removed one at a time. Nothing here takes
//! a path, and nothing follows a symbolic link: that is what keeps an extraction inside its folder.

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use portable::{Dir, set_mode};
#[cfg(unix)]
pub(super) use unix::{Dir, set_mode};
