//! Reads file contents back from layers, to compare them ([`compare`]), or to show or extract them ([`open`]).

pub mod compare;
mod fact;
pub mod open;
mod seek;

pub use compare::{Bodies, BodyLocation, ContentHash, PlainLayers};
pub(super) use fact::ContentProbe;
pub use fact::{ContentFact, ContentPolicy, MIN_INSPECTED};
pub use open::{BodyReader, SkipProgress, open_body_while, open_file_while};
pub(super) use seek::SeekPoint;

use super::LayerIndex;

/// Location of a file's content in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// The layer with the content.
    pub layer: LayerIndex,
    /// Offset in the uncompressed layer, in bytes. In a layer read by its table of contents, an encoded
    /// seek point, whose order is not that of the bytes.
    pub at: u64,
    /// Size of the file according to its header, in bytes. The layer may have fewer.
    pub len: u64,
    /// Form of the stored bytes.
    pub form: BodyForm,
}

/// Form of a file's content in its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// The complete content.
    Whole,
    /// The content without holes. A map in the headers or at the start of the body gives their positions.
    Sparse,
}
