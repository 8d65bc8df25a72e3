//! Reads layers: [`scan`] lists the entries of one layer, [`read()`] scans all layers of an image in parallel and
//! delivers them in order, and [`content`] reads file contents back.

mod blob;
pub mod content;
pub mod entry;
mod error;
mod format;
mod index;
mod listed;
mod owner;
pub mod path;
mod read;
mod record;
mod remarks;
// Here numbers come from outside: what may overflow saturates or is checked.
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod scan;
mod scan_body;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod toc;
mod verify;

pub use crate::tarfile::PathKind;
pub use blob::LayerBlob;
pub use entry::{Chunk, Entry, EntryKind, EntryNames, Extra, MarkerKind, TextRange};
pub use index::LayerIndex;
pub use listed::is_complete;
pub use read::{ContentOptions, HashPolicy, LayerError, OnBytes, ReadOptions, read};
pub use remarks::Remarks;
pub(crate) use scan::sniff_at;
pub use scan::{Scan, ScanError};
pub use verify::{Claims, Verifier};
