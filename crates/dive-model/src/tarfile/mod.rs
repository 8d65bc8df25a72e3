//! Walks tars, both archives and layers, without reading the bodies of members.
//!
//! Headers are parsed with the `tar` crate. The walk is our own, because engines agree on cases that the crate handles
//! differently: links, directories and devices have no body whatever their size field (Go's `archive/tar`, and so
//! Docker, Podman and umoci). Also, extension headers have a size limit before they are read, attribute values may
//! contain newlines, and every error has the entry and its offset.

mod error;
mod format;
mod header;
mod input;
mod number;
// Here numbers come from outside: what may overflow saturates or is checked.
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
mod pax;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
mod sparse;
mod unix_time;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
mod walk;

pub use error::{TarError, TarErrorKind};
pub use format::{BLOCK, MAX_EXTENSION};
pub use header::{is_header, modified};
pub use input::{Input, Positional, ReadAt, SequentialReader, Streaming};
pub use unix_time::UnixTime;
pub use walk::{Member, MemberKind, PathKind, Walker};
