//! Reports, one file per format. They write values to a writer; `run` decides where the output goes.

pub(crate) mod advice;
mod base;
pub(crate) mod ci;
pub(crate) mod instruction;
pub mod json;
pub mod listing;
pub(crate) mod many;
pub(crate) mod starter;
pub(crate) mod text;
mod waste;

use std::io::{self, Write};

#[cfg(feature = "tui")]
pub(crate) use base::in_words as base_in_words;
pub use waste::Rows;

use dive_model::Opened;
use dive_model::escape::Escaped;
use dive_model::units::{Bytes, count_of};

/// Whether a report uses colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Ansi,
    /// Otherwise.
    None,
}

/// The style of a report.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether to use colour.
    pub colour: Colour,
    /// Columns of the terminal; `None` if the report does not go to one. Commands are cut to it.
    pub width: Option<usize>,
}

/// The image in a line or two: name, platform, layers, size, and missing parts.
fn heading(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    let Opened { image, analysis, .. } = opened;
    let platform = image
        .platform
        .as_ref()
        .map_or_else(String::new, |platform| format!(" ({})", Escaped(platform.to_string().as_bytes())));
    let size = Bytes(analysis.classic.size_bytes());
    let count = image.layers.len();
    let layers = count_of(count as u64, "layer");
    writeln!(out, "Image: {}{platform}, {layers}, {size}", Escaped(image.name.as_bytes()))?;
    let sizes = opened.sizes();
    writeln!(
        out,
        "Sizes: {} stored, {} unpacked, {} on disk",
        Bytes(sizes.stored_bytes),
        Bytes(sizes.unpacked_bytes),
        Bytes(sizes.on_disk_bytes())
    )?;
    base::write(opened, out)?;
    if image.tags.len() > 1 {
        writeln!(out, "Tags: {}", Escaped(image.tags.join(", ").as_bytes()))?;
    }
    match opened.damaged_layers.len() {
        0 => Ok(()),
        damaged => {
            writeln!(
                out,
                "Incomplete: {damaged} of {layers} cannot be read in full; all figures exclude the missing part"
            )
        }
    }
}
