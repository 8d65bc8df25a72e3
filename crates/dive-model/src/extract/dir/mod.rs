//! A directory on disk that is held open, in which names are looked up, made and removed one at a time. Nothing here takes
//! a path, and nothing follows a symbolic link: that is what keeps an extraction inside its folder.

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use portable::Dir;
#[cfg(not(unix))]
pub(super) use portable::set_mode;
#[cfg(unix)]
pub use unix::Dir;
#[cfg(unix)]
pub(super) use unix::set_mode;
