//! Walking a tar, outer archive and layer alike, without reading the bodies of its members.
//!
//! The headers are those of the `tar` crate. The walk is our own, because what stands between two headers decides what
//! an image holds, and engines agree on it where the crate does not: links, directories and devices have no body
//! whatever their size field says (Go's `archive/tar`, and so Docker, Podman and umoci), extension headers have a limit
//! before they are read, attribute values may contain newlines, and every error names the entry and its offset.

mod error;
mod format;
mod header;
mod input;
mod number;
mod pax;
mod sparse;
mod walk;

pub use error::{TarError, TarErrorKind};
pub use format::{BLOCK, MAX_EXTENSION};
pub use header::is_header;
pub use input::{Cursor, Input, Positional, ReadAt, Streaming};
pub use walk::{Member, MemberKind, PathKind, Walker};
