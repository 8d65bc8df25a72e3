//! Escaping for standard output and standard error, for fuzz targets.

use std::io::{self, Write};

use super::commands::WithoutCommands;
use super::visible::{Notation, Visible};

/// The bytes that reach a terminal when text is written in `pieces`.
///
/// # Errors
/// Never: writing to memory does not fail.
pub fn write_visible(pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
    write(Notation::Bytes, pieces)
}

/// The bytes that reach a terminal when a JSON document is written in `pieces`.
///
/// # Errors
/// Never: writing to memory does not fail.
pub fn write_visible_json(pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
    write(Notation::Json, pieces)
}

fn write(notation: Notation, pieces: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut without_commands = WithoutCommands::new(&mut out, notation);
    let mut visible = Visible::new(&mut without_commands, notation);
    for piece in pieces {
        visible.write_all(piece)?;
    }
    visible.flush()?;
    drop(visible);
    Ok(out)
}
