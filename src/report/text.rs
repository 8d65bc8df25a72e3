//! The report for people, outside CI mode: layers, figures, and the largest waste.

use std::io::{self, Write};

use super::waste::{self, Rows};
use super::{Look, base, heading, instruction};
use dive_model::Opened;
use dive_model::analysis::Analysis;
use dive_model::escape::Escaped;
use dive_model::units::Bytes;

/// Writes the report.
///
/// # Errors
/// When writing fails.
pub(crate) fn render(opened: &Opened, look: Look, rows: Rows, out: &mut dyn Write) -> io::Result<()> {
    heading(opened, out)?;
    layers(opened, look.width, out)?;
    base::layer_lines(opened, out)?;
    figures(&opened.analysis, out)?;
    inefficient_files(opened, out)?;
    writeln!(out, "Reclaimable:")?;
    waste::write(opened, rows, out)
}

/// Inefficient files shown; `--json` has all.
const TOP: usize = 20;

/// The layers: size, changed files, and reclaimable bytes.
fn layers(opened: &Opened, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let width = command_width(width);
    let Opened { image, tree, analysis, .. } = opened;
    writeln!(out, "Layers:")?;
    writeln!(
        out,
        "{:>5}  {:>8}  {:>8}  {:>7} {:>8} {:>7}  Command",
        "Layer", "Size", "Waste", "Added", "Modified", "Removed"
    )?;
    let waste = analysis.exact.bytes_by_layer(image.layers.len());
    for (((layer, counts), waste), index) in image.layers.iter().zip(tree.change_counts()).zip(waste).zip(tree.layers())
    {
        writeln!(
            out,
            "{index:>5}  {:>8}  {:>8}  {:>7} {:>8} {:>7}  {}",
            Bytes(tree.layer_size_bytes(index)).to_string(),
            Bytes(waste).to_string(),
            counts.added,
            counts.modified,
            counts.removed,
            Escaped(command(&layer.created_by, width).as_bytes())
        )?;
    }
    Ok(())
}

/// Characters of a command if the terminal's width is unknown.
const WIDTH: usize = 100;

/// Characters for a command in a layer table `width` columns wide, where 52 columns precede it.
pub(super) fn command_width(width: Option<usize>) -> usize {
    const BEFORE: usize = 53;
    const LEAST: usize = 20;
    width.map_or(WIDTH, |width| width.saturating_sub(BEFORE).max(LEAST))
}

/// Bytes that are read of a command. Only a hostile configuration has longer ones.
const MAX_COMMAND_LEN: usize = 4096;

/// The start of the instruction that made a layer, at most `width` characters, without the wrapper that builders add.
pub(super) fn command(created_by: &str, width: usize) -> String {
    let end = created_by.floor_char_boundary(MAX_COMMAND_LEN);
    let line = instruction::line(&created_by[..end]);
    if line.chars().count() <= width {
        return line;
    }
    line.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// dive's figures, then the exact ones.
fn figures(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let Analysis { classic, exact } = analysis;
    writeln!(out, "Analysis:")?;
    writeln!(out, "  efficiency: {:.4} %", classic.efficiency * 100.0)?;
    writeln!(out, "  wastedBytes: {} bytes ({})", classic.wasted_bytes, Bytes(classic.wasted_bytes))?;
    writeln!(out, "  userWastedPercent: {:.4} %", classic.user_wasted_percent * 100.0)?;
    writeln!(out, "  exact efficiency: {:.4} %", exact.efficiency() * 100.0)?;
    let reclaimable = exact.reclaimable_bytes();
    writeln!(out, "  reclaimableBytes: {reclaimable} bytes ({})", Bytes(reclaimable))?;
    waste::by_cause(exact, out)
}

/// dive's list: the paths in several layers.
fn inefficient_files(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    let files = &opened.analysis.classic.inefficient_files;
    writeln!(out, "Inefficient Files:")?;
    writeln!(out, "{:>5}  {:>12}  File Path", "Count", "Wasted Space")?;
    if files.is_empty() {
        return writeln!(out, "None");
    }
    for file in files.iter().take(TOP) {
        let path = opened.tree.path(file.node);
        writeln!(out, "{:>5}  {:>12}  {}", file.count, Bytes(file.size_bytes).to_string(), Escaped(&path))?;
    }
    match files.len().saturating_sub(TOP) {
        0 => Ok(()),
        left => writeln!(out, "... and {left} more; --json lists all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_becomes_one_short_line() {
        for (created_by, shown) in [
            ("RUN apt-get update", "RUN apt-get update"),
            ("RUN <<EOF\nrm -rf /x\nEOF", "RUN <<EOF; rm -rf /…"),
            ("/bin/sh -c #(nop) ADD file:4b03b5f in / ", "ADD file:4b03b5f in…"),
            ("RUN |1 A=1 /bin/sh -c make # buildkit", "RUN make"),
            ("", ""),
        ] {
            assert_eq!(command(created_by, 20), shown);
        }
        assert_eq!(command(&"x".repeat(300), 40).chars().count(), 40);
        assert_eq!(command(&"ü".repeat(MAX_COMMAND_LEN), 40).chars().count(), 40);
    }
}
