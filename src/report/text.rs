//! The report for people. Where dive has a line, ours reads the same, since scripts look for it.

use std::io::{self, Write};
use std::path::Path;

use super::Findings;
use crate::analysis::Analysis;
use crate::analysis::exact::Cause;
use crate::ci::{Status, Verdict};
use crate::escape::Escaped;
use crate::units::Bytes;

/// Whether the report may use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal that wants it.
    Ansi,
    /// Everywhere else.
    None,
}

/// How a report looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Colour or none.
    pub colour: Colour,
    /// Columns of the terminal that it is for, if it is for one: commands are cut to them.
    pub width: Option<usize>,
}

/// How much of a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// The first so many rows, and how many are left.
    Top(usize),
    /// All of it, as dive does in CI.
    Whole,
}

/// What CI mode adds to a report.
#[derive(Debug, Clone, Copy)]
pub struct Ruling<'a> {
    /// Where the rules come from.
    pub rules_file: RulesFrom<'a>,
    /// What became of them.
    pub verdict: &'a Verdict,
}

/// Where the rules come from.
#[derive(Debug, Clone, Copy)]
pub enum RulesFrom<'a> {
    /// A rules file.
    File(&'a Path),
    /// A rules file, but none of its words.
    SilentFile(&'a Path),
    /// No rules file, but a flag, a variable or the configuration.
    Elsewhere,
    /// Nobody set any.
    Defaults,
}

/// Writes the report: with the layers for who looks at an image, with the verdict and all inefficient files for CI, as
/// dive has them.
///
/// # Errors
/// When writing fails.
pub fn render(findings: Findings<'_>, ruling: Option<Ruling<'_>>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    heading(findings, out)?;
    match ruling {
        None => {
            layers(findings, look.width, out)?;
            figures(findings.analysis, out)?;
            inefficient_files(findings, Length::Top(TOP), out)?;
            reclaimable_files(findings, Length::Top(TOP), out)
        }
        Some(Ruling { rules_file, verdict }) => {
            match rules_file {
                RulesFrom::File(file) => {
                    writeln!(out, "  Using CI config: {}", Escaped(file.display().to_string().as_bytes()))?;
                }
                RulesFrom::SilentFile(file) => {
                    let file = file.display().to_string();
                    writeln!(out, "  Using CI config: {} (it sets no rule)", Escaped(file.as_bytes()))?;
                }
                RulesFrom::Elsewhere => writeln!(out, "  Using flags, variables or .dive.yaml as CI config")?,
                RulesFrom::Defaults => writeln!(out, "  Using default CI config")?,
            }
            stored_layers(findings, out)?;
            figures(findings.analysis, out)?;
            inefficient_files(findings, Length::Whole, out)?;
            reclaimable_files(findings, Length::Top(TOP), out)?;
            results(verdict, look.colour, out)
        }
    }
}

/// Rows of a list that is cut.
const TOP: usize = 20;

/// What the figures are of.
fn heading(findings: Findings<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Findings { image, loaded, analysis } = findings;
    let platform = image
        .platform
        .as_ref()
        .map_or_else(String::new, |platform| format!(" ({})", Escaped(platform.to_string().as_bytes())));
    let size = Bytes(analysis.classic.size_bytes());
    let count = image.layers.len();
    let layers = if count == 1 { "layer" } else { "layers" };
    writeln!(out, "Image: {}{platform}, {count} {layers}, {size}", Escaped(image.name.as_bytes()))?;
    if image.tags.len() > 1 {
        writeln!(out, "Tags: {}", Escaped(image.tags.join(", ").as_bytes()))?;
    }
    match loaded.damaged_layers.len() {
        0 => Ok(()),
        damaged => writeln!(
            out,
            "Incomplete: {damaged} of {count} {layers} could not be read to the end; all figures leave out what is missing"
        ),
    }
}

/// The layers: what each holds, how many files it changed, and how much of it is reclaimable.
fn layers(findings: Findings<'_>, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    // What stands before a command, and what a command is worth printing in.
    const BEFORE: usize = 52;
    const LEAST: usize = 20;
    let width = width.map_or(WIDTH, |width| width.saturating_sub(BEFORE).max(LEAST));
    let Findings { image, loaded, analysis } = findings;
    writeln!(out, "Layers:")?;
    writeln!(
        out,
        "{:>5}  {:>8}  {:>8}  {:>7} {:>7} {:>7}  Command",
        "Layer", "Size", "Waste", "Added", "Changed", "Removed"
    )?;
    let mut waste = vec![0u64; image.layers.len()];
    for file in &analysis.exact.files {
        if let Some(waste) = waste.get_mut(file.layer.get()) {
            *waste += file.size_bytes;
        }
    }
    for (((layer, counts), waste), index) in
        image.layers.iter().zip(loaded.tree.change_counts()).zip(waste).zip(loaded.tree.layers())
    {
        writeln!(
            out,
            "{index:>5}  {:>8}  {:>8}  {:>7} {:>7} {:>7}  {}",
            Bytes(loaded.tree.layer_size_bytes(index)).to_string(),
            Bytes(waste).to_string(),
            counts.added,
            counts.modified,
            counts.removed,
            Escaped(first_words(&layer.command, width).as_bytes())
        )?;
    }
    Ok(())
}

/// The layers as they are stored, by all that names them: what a pipeline's log is searched for later.
fn stored_layers(findings: Findings<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Findings { image, loaded, .. } = findings;
    writeln!(out, "Layers:")?;
    writeln!(out, "{:>5}  {:>8}  {:>8}  {:>8}  Stored as", "Layer", "Size", "Unpacked", "Stored")?;
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), |bytes| Bytes(bytes).to_string());
    let forms = loaded.compressions.iter().zip(&loaded.unpacked_bytes);
    for ((layer, (compression, unpacked)), index) in image.layers.iter().zip(forms).zip(loaded.tree.layers()) {
        let compression = compression.map_or_else(|| "lost".to_owned(), |compression| compression.to_string());
        let media_type = layer.media_type.as_ref().map_or_else(String::new, |media_type| format!(", {media_type}"));
        writeln!(
            out,
            "{index:>5}  {:>8}  {:>8}  {:>8}  {compression}{}",
            Bytes(loaded.tree.layer_size_bytes(index)).to_string(),
            bytes(*unpacked),
            bytes(layer.size),
            Escaped(media_type.as_bytes()),
        )?;
        for (name, digest) in [("diff id", &layer.diff_id), ("digest", &layer.digest)] {
            if let Some(digest) = digest {
                writeln!(out, "{:>14}  {}", name, Escaped(digest.as_bytes()))?;
            }
        }
    }
    Ok(())
}

/// Letters of a command that are shown where no terminal says how many there is room for.
const WIDTH: usize = 100;

/// A command on one line of a table: its first line, cut where it is long.
fn first_words(command: &str, width: usize) -> String {
    let line = command.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= width && line.len() == command.trim().len() {
        return line.to_owned();
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
    for cause in Cause::ALL {
        let bytes = exact.bytes_by(cause);
        if bytes > 0 {
            writeln!(out, "    {}: {bytes} bytes ({})", cause.name(), Bytes(bytes))?;
        }
    }
    Ok(())
}

/// The paths that several layers hold: dive's list.
fn inefficient_files(findings: Findings<'_>, length: Length, out: &mut dyn Write) -> io::Result<()> {
    let files = &findings.analysis.classic.inefficient_files;
    writeln!(out, "Inefficient Files:")?;
    writeln!(out, "{:>5}  {:>12}  File Path", "Count", "Wasted Space")?;
    if files.is_empty() {
        return writeln!(out, "None");
    }
    let (shown, left) = cut(files, length);
    for file in shown {
        let path = findings.loaded.tree.path(file.node);
        writeln!(out, "{:>5}  {:>12}  {}", file.count, Bytes(file.size_bytes).to_string(), Escaped(&path))?;
    }
    rest(left, out)
}

/// The inodes that a rebuilt image would not have to carry.
fn reclaimable_files(findings: Findings<'_>, length: Length, out: &mut dyn Write) -> io::Result<()> {
    let files = &findings.analysis.exact.files;
    writeln!(out, "Reclaimable Files:")?;
    writeln!(out, "{:>12}  {:>5}  {:>9}  {:<22}  File Path", "Size", "Layer", "Hidden by", "Cause")?;
    if files.is_empty() {
        return writeln!(out, "None");
    }
    let (shown, left) = cut(files, length);
    for file in shown {
        writeln!(
            out,
            "{:>12}  {:>5}  {:>9}  {:<22}  {}",
            Bytes(file.size_bytes).to_string(),
            file.layer.get(),
            file.hidden_by.get(),
            file.cause.name(),
            Escaped(&findings.loaded.tree.path(file.node))
        )?;
    }
    rest(left, out)
}

/// A line per rule, and the tally.
fn results(verdict: &Verdict, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Results:")?;
    for outcome in &verdict.outcomes {
        let status = paint(outcome.status, outcome.status.name(), colour);
        match &outcome.reason {
            Some(reason) => writeln!(out, "  {status}: {}: {reason}", outcome.rule)?,
            None => writeln!(out, "  {status}: {}", outcome.rule)?,
        }
    }
    let tally = verdict.tally();
    let result = if verdict.passed() { Status::Pass } else { Status::Fail };
    writeln!(
        out,
        "Result:{} [Total:{}] [Passed:{}] [Failed:{}] [Warn:{}] [Skipped:{}]",
        paint(result, result.name(), colour),
        tally.total,
        tally.passed,
        tally.failed,
        tally.warned,
        tally.skipped
    )
}

fn paint(status: Status, text: &str, colour: Colour) -> String {
    let code = match (colour, status) {
        (Colour::None, _) => return text.to_owned(),
        (Colour::Ansi, Status::Pass) => 32,
        (Colour::Ansi, Status::Fail) => 31,
        (Colour::Ansi, Status::Warn) => 33,
        (Colour::Ansi, Status::Skip) => 2,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

fn cut<T>(list: &[T], length: Length) -> (&[T], usize) {
    let shown = match length {
        Length::Top(count) => count.min(list.len()),
        Length::Whole => list.len(),
    };
    (&list[..shown], list.len() - shown)
}

fn rest(left: usize, out: &mut dyn Write) -> io::Result<()> {
    if left > 0 {
        writeln!(out, "… and {left} more; --json lists all")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_broken_command_becomes_one_short_line() {
        assert_eq!(first_words("apt-get update", WIDTH), "apt-get update");
        assert_eq!(first_words("RUN <<EOF\nrm -rf /x\nEOF", WIDTH), "RUN <<EOF…");
        assert_eq!(first_words(&"x".repeat(300), 40).chars().count(), 40);
    }
}
