//! Reading files back out of layers: to compare them ([`compare`]), to show one or to write it elsewhere ([`open`]).

pub mod compare;
pub mod open;
mod seek;

pub use compare::{Bodies, BodyLocation, ContentHash, PlainLayers};
pub use open::{BodyReader, Skipped, open_body_while};
pub(super) use seek::SeekPlace;

use super::LayerIndex;

/// Bytes of a file that lie in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// The layer that holds them.
    pub layer: LayerIndex,
    /// Where they stand in the uncompressed layer, in bytes. In a layer that is known by its own table of contents, a place
    /// to start decoding at: greater is not always further behind there.
    pub at: u64,
    /// How many bytes the file has. Its header says so, and nothing else.
    pub len: u64,
    /// How they lie there.
    pub form: BodyForm,
}

/// How a file's bytes lie in its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// One after the other.
    Whole,
    /// Without the holes, which a map in the file's headers or before its bytes tells of.
    Sparse,
}
