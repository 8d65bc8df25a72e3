//! The table of reclaimable files, in groups or one row per file.

use std::io::{self, Write};

use super::base;
use dive_model::Opened;
use dive_model::analysis::exact::Cause;
use dive_model::analysis::{Exact, WasteGroup};
use dive_model::escape::Escaped;
use dive_model::units::{Bytes, Total};

/// Groups shown before the rest is only counted.
const TOP: usize = 10;

/// The column of Dockerfile lines.
const LINES: &str = "Dockerfile";

/// The rows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// The largest groups by layer pair, cause and directory.
    Groups,
    /// Every file.
    Files,
}

/// Writes the table, largest first.
///
/// # Errors
/// When writing fails.
pub(super) fn write(opened: &Opened, rows: Rows, out: &mut dyn Write) -> io::Result<()> {
    if opened.analysis.exact.files.is_empty() {
        return writeln!(out, "None");
    }
    match rows {
        Rows::Groups => groups(opened, out),
        Rows::Files => files(opened, out),
    }
}

/// Writes the reclaimable bytes of each cause that has any, indented below their sum.
///
/// # Errors
/// When writing fails.
pub(super) fn by_cause(exact: &Exact, out: &mut dyn Write) -> io::Result<()> {
    for cause in Cause::ALL {
        let bytes = exact.bytes_by(cause);
        if bytes > 0 {
            writeln!(out, "    {}: {bytes} bytes ({})", cause.name(), Bytes(bytes))?;
        }
    }
    Ok(())
}

fn groups(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    let tree = &opened.tree;
    let groups = WasteGroup::of(tree, &opened.analysis.exact);
    let (shown, left) = groups.split_at(TOP.min(groups.len()));
    let lines = |group: &WasteGroup| base::lines_of_pair(opened, group.layer, group.hidden_by);
    // The column is only shown if a Dockerfile is known.
    let width = shown.iter().filter_map(lines).map(|lines| lines.len()).max().map(|width| width.max(LINES.len()));
    let column = |text: &str| width.map_or_else(String::new, |width| format!("{text:<width$}  "));
    let (size, files, layer, hidden_by, cause) = ("Size", "Files", "Layer", "Hidden by", "Cause");
    writeln!(out, "{size:>10}  {files:>7}  {layer:>5}  {hidden_by:>9}  {cause:<22}  {}Path", column(LINES))?;
    for group in shown {
        writeln!(
            out,
            "{:>10}  {:>7}  {:>5}  {:>9}  {:<22}  {}{}",
            Bytes(group.size_bytes).to_string(),
            group.files,
            group.layer.get(),
            group.hidden_by.get(),
            group.cause.name(),
            column(&lines(group).unwrap_or_default()),
            Escaped(&tree.path(group.place)),
        )?;
    }
    if left.is_empty() {
        return Ok(());
    }
    let bytes = left.iter().map(|group| group.size_bytes).sum::<Total>().get();
    writeln!(out, "... and {} more, {}; --all lists every file", left.len(), Bytes(bytes))
}

fn files(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:>10}  {:>5}  {:>9}  {:<22}  Path", "Size", "Layer", "Hidden by", "Cause")?;
    for file in &opened.analysis.exact.files {
        writeln!(
            out,
            "{:>10}  {:>5}  {:>9}  {:<22}  {}",
            Bytes(file.size_bytes).to_string(),
            file.layer.get(),
            file.hidden_by.get(),
            file.cause.name(),
            Escaped(&opened.tree.path(file.node)),
        )?;
    }
    Ok(())
}
