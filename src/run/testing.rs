//! What standard output and standard error escape, for fuzz targets.

use std::io::{self, Write};

use super::visible::{Notation, Visible};

/// What a terminal gets of text that is written in `pieces`.
///
/// # Errors
/// None: memory takes everything.
pub fn write_visible(pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
    write(Notation::Bytes, pieces)
}

/// What a terminal gets of a JSON document that is written in `pieces`.
///
/// # Errors
/// None: memory takes everything.
pub fn write_visible_json(pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
    write(Notation::Json, pieces)
}

fn write(notation: Notation, pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut visible = Visible::new(&mut out, notation);
    for piece in pieces {
        visible.write_all(piece)?;
    }
    visible.flush()?;
    drop(visible);
    Ok(out)
}
