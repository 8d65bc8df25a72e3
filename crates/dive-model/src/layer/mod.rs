//! A layer's tar becomes entries: [`scan`] reads one layer, plain or compressed; [`read()`] all layers of an image side by
//! side, handing them on in order; [`content`] reads files back.

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
pub mod scan;
pub mod toc;
mod verify;

pub use crate::tarfile::PathKind;
pub use blob::LayerBlob;
pub use entry::{Chunk, Entry, EntryKind, Extra, MarkerKind, Names, Text};
pub use index::LayerIndex;
pub use listed::is_complete;
pub use read::{LayerError, OnBytes, ReadOptions, read};
pub use remarks::Remarks;
pub use scan::{Scan, ScanError};
pub use verify::{Claims, Verifier};
