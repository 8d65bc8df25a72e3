//! dive's own report, line for line as dive 0.13.1 prints it with `CI=true`, because scripts read it. dive's terminal codes
//! are only written to a terminal.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::path::Path;

use super::guard::unforgeable;
use crate::ci::{Rule, Status, Verdict};
use crate::config::{BadLimit, Origin};
use crate::report::Colour;
use dive_model::Opened;
use dive_model::escape::Escaped;
use dive_model::units::Bytes;
use dive_sources::ImageOrigin;

/// Writes the lines before the figures: the rules file and the image's origin.
///
/// # Errors
/// When writing fails.
pub(crate) fn preamble(
    rules_file: Option<&Path>,
    origin: &ImageOrigin,
    colour: Colour,
    out: &mut dyn Write,
) -> io::Result<()> {
    using(rules_file, out)?;
    // dive names its sources differently in the two lines.
    let extracted_from = if origin.scheme == "docker" { "docker-engine" } else { origin.scheme };
    writeln!(out, "{}{}", title("Image Source: ", colour), Plain(origin.to_string().as_bytes()))?;
    let extracting = format!("Extracting image from {extracted_from}...");
    writeln!(out, "{} (this can take a while for large images)", title(&extracting, colour))?;
    writeln!(out, "{}", title("Analyzing image...", colour))
}

/// Writes the line with the path of the JSON document.
///
/// # Errors
/// When writing fails.
pub(crate) fn exporting(file: &Path, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let line = format!("Exporting image to '{}'...", Plain(file.as_os_str().as_encoded_bytes()));
    writeln!(out, "{}", title(&line, colour))
}

/// Writes dive's lines about invalid limits. The image has not been read, so there are no figures.
///
/// # Errors
/// When writing fails.
pub(crate) fn misconfigured(limits: &[&BadLimit], colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    match limits.first().map(|limit| &limit.origin) {
        Some(Origin::File { path, .. }) => using(Some(path), out)?,
        _ => using(None, out)?,
    }
    writeln!(out, "{}", title("Results:", colour))?;
    for rule in Rule::reported() {
        match limits.iter().find(|limit| limit.rule == rule) {
            Some(limit) => {
                let status = paint(Status::Fail, "MISCONFIGURED", colour);
                writeln!(out, "  {status}: {rule}: {}", Plain(limit.reason.as_bytes()))?;
            }
            None if rule.is_dives() => writeln!(out, "  CONFIGURED   : {rule}")?,
            None => {}
        }
    }
    writeln!(out, "CI Misconfigured\n")
}

fn using(rules_file: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    match rules_file {
        None => writeln!(out, "  Using default CI config"),
        Some(file) => writeln!(out, "  Using CI config: {}", Plain(file.as_os_str().as_encoded_bytes())),
    }
}

/// Writes dive's three figures and its list of files.
pub(super) fn figures(opened: &Opened, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    let classic = &opened.analysis.classic;
    writeln!(out, "  efficiency: {:.4} %", classic.efficiency * 100.0)?;
    writeln!(out, "  wastedBytes: {} bytes ({})", classic.wasted_bytes, Bytes(classic.wasted_bytes))?;
    writeln!(out, "  userWastedPercent: {:.4} %", classic.user_wasted_percent * 100.0)?;
    writeln!(out, "{}", title("Inefficient Files:", colour))?;
    writeln!(out, "{:>5}  {:>12}  File Path", "Count", "Wasted Space")?;
    if classic.inefficient_files.is_empty() {
        return writeln!(out, "None");
    }
    for file in &classic.inefficient_files {
        let path = opened.tree.path(file.node);
        writeln!(out, "{:>5}  {:>12}  {}", file.count, Bytes(file.size_bytes).to_string(), Plain(&path))?;
    }
    Ok(())
}

/// Writes a line for each rule, the tally, and an empty line.
pub(super) fn results(verdict: &Verdict, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", title("Results:", colour))?;
    for outcome in verdict.reported() {
        let status = paint(outcome.status, outcome.status.name(), colour);
        match &outcome.reason {
            // Users, paths and reasons in it come from images and files.
            Some(reason) => writeln!(out, "  {status}: {}: {}", outcome.rule, Plain(reason.as_bytes()))?,
            None => writeln!(out, "  {status}: {}", outcome.rule)?,
        }
    }
    for (ignore, until) in verdict.exceptions.expired() {
        let status = paint(Status::Fail, Status::Fail.name(), colour);
        let line = format!("the exception for {} ended on {until} ({})", ignore.what, ignore.origin);
        writeln!(out, "  {status}: ignore: {}", Plain(line.as_bytes()))?;
    }
    let tally = verdict.tally();
    let result = if verdict.passed() { Status::Pass } else { Status::Fail };
    let line = format!(
        "Result:{} [Total:{}] [Passed:{}] [Failed:{}] [Warn:{}] [Skipped:{}]",
        result.name(),
        tally.total,
        tally.passed,
        tally.failed,
        tally.warned,
        tally.skipped
    );
    writeln!(out, "{}\n", paint(result, &line, colour))
}

fn title(text: &str, colour: Colour) -> String {
    match colour {
        Colour::None => text.to_owned(),
        Colour::Ansi => format!("\x1b[1m{text}\x1b[0m"),
    }
}

fn paint(status: Status, text: &str, colour: Colour) -> String {
    let code = match (colour, status) {
        (Colour::None, _) => return text.to_owned(),
        (Colour::Ansi, Status::Pass) => 32,
        (Colour::Ansi, Status::Warn) => 33,
        (Colour::Ansi, Status::Fail) => 31,
        (Colour::Ansi, Status::Skip) => 2,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// A name in dive's block, unchanged except for bytes that break the line, control a terminal or imitate a line of dive's.
struct Plain<'a>(&'a [u8]);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = String::with_capacity(self.0.len());
        for (number, part) in self.0.split(|byte| *byte == b'\\').enumerate() {
            if number > 0 {
                name.push('\\');
            }
            write!(name, "{}", Escaped(part))?;
        }
        f.write_str(&unforgeable(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_in_a_path_is_printed_as_in_dive() {
        assert_eq!(Plain(br"/lib/systemd/dev-disk\x2dby.swap").to_string(), r"/lib/systemd/dev-disk\x2dby.swap");
        assert_eq!(Plain(b"/a\nResult:PASS \xff").to_string(), r"/a\nResult\x3aPASS \xff");
        assert_eq!(Plain(br"\").to_string(), r"\");
    }
}
