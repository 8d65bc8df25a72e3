//! The report of CI mode: our part for people, then dive's own block for scripts. dive's block is last, so that wrappers
//! that take the first match, the last match or a section find dive's lines, and a log ends with the verdict.

mod advice;
mod block;
mod broken;
mod exceptions;
mod growth;
mod guard;
mod overview;
mod ruling;
mod words;

use std::io::{self, Write};

pub(crate) use block::{exporting, misconfigured, preamble};
pub(crate) use guard::unforgeable;
pub(crate) use ruling::Ruling;

use super::Look;
use super::waste::Rows;
use dive_model::Opened;

/// Writes our part: layers, exact numbers, reclaimable bytes. It contains no word that scripts look for in dive's text.
///
/// # Errors
/// When writing fails.
pub(crate) fn overview(
    opened: &Opened,
    ruling: Ruling<'_>,
    look: Look,
    rows: Rows,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut guarded = guard::Guarded::new(out);
    overview::write(opened, ruling, look, rows, &mut guarded)?;
    guarded.flush()
}

/// Writes dive's block, from `  Using` to the empty line after the verdict.
///
/// # Errors
/// When writing fails.
pub(crate) fn block(opened: &Opened, ruling: Ruling<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    preamble(ruling.rules_file, ruling.origin, look.colour, out)?;
    block::figures(opened, look.colour, out)?;
    block::results(ruling.verdict, look.colour, out)
}
