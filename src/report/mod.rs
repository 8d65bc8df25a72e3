//! What was found, written out: one file a format. Reports read values and write bytes; where they go is `run`'s
//! business.

pub mod json;
pub mod listing;
pub mod text;

use crate::analysis::Analysis;
use crate::image::Image;
use crate::tree::Loaded;

/// All that reports are made of.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// What the image says of itself.
    pub image: &'a Image,
    /// Its merged layers.
    pub loaded: &'a Loaded,
    /// The numbers.
    pub analysis: &'a Analysis,
}
