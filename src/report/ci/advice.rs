//! The advice in this program's part of the report: at most ten lines, of kinds that are usually worth a change. `dive advise`
//! has all of it.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::guard::guarded;
use crate::report::advice::of_base_in_words;
use dive_model::Opened;
use dive_model::advice::{Advice, AdviceKind, AdviceLevel, CountedBytes, Finding};
use dive_model::escape::Escaped;
use dive_model::units::{Bytes, Total, count_of};

/// Kinds shown. With the heading, the rest, the base and the last line, these are ten lines.
const KINDS: usize = 6;

/// Characters of a line if the terminal's width is unknown.
const WIDTH: usize = 160;

/// Columns before the text of a kind.
const INDENT: usize = 14;

/// The least characters of a kind's text.
const LEAST: usize = 40;

/// The findings of a kind in the image's own layers.
struct KindOfFindings<'a> {
    kind: AdviceKind,
    /// The one with most bytes.
    largest: &'a Finding,
    count: u64,
    size_bytes: Total,
}

/// Writes the kinds in the image's own layers, most bytes first. Nothing, if there are none of level `warn` or `fail`.
pub(super) fn write(opened: &Opened, advice: &Advice, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let kinds = kinds_of(advice);
    let (shown, others) = kinds.split_at(KINDS.min(kinds.len()));
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(out, "Advice for the image's own layers, most bytes first:")?;
    let room = width.unwrap_or(WIDTH).saturating_sub(INDENT).max(LEAST);
    shown.iter().try_for_each(|kind| row(kind, room, out))?;
    if !others.is_empty() {
        let bytes = others.iter().map(|kind| kind.size_bytes.get()).sum::<Total>().get();
        let kinds = if others.len() == 1 { "kind" } else { "kinds" };
        writeln!(out, "  ... and {} more {kinds}, {}", others.len(), Bytes(bytes))?;
    }
    if let Some(words) = of_base_in_words(opened, advice, is_shown) {
        writeln!(out, "  not yours, in {}", Escaped(words.as_bytes()))?;
    }
    if opened.tree.has_inspected_contents() {
        writeln!(out, "  `dive advise IMAGE` lists all of it")
    } else {
        writeln!(out, "  without contents; `dive advise IMAGE` reads them, and lists all of it")
    }
}

/// True for findings of the levels that a build should not overlook.
fn is_shown(finding: &Finding) -> bool {
    finding.kind.row().level >= AdviceLevel::Warn
}

fn kinds_of(advice: &Advice) -> Vec<KindOfFindings<'_>> {
    let mut kinds: Vec<KindOfFindings<'_>> = Vec::new();
    // The findings are in order, so the first of a kind is its largest.
    for finding in advice.ours().filter(|finding| is_shown(finding)) {
        if let Some(known) = kinds.iter_mut().find(|known| known.kind == finding.kind) {
            known.count = known.count.saturating_add(finding.count());
            known.size_bytes += finding.size_bytes;
        } else {
            let mut size_bytes = Total::default();
            size_bytes += finding.size_bytes;
            kinds.push(KindOfFindings { kind: finding.kind, largest: finding, count: finding.count(), size_bytes });
        }
    }
    kinds.sort_by_key(|kind| (Reverse(kind.size_bytes.get()), Reverse(kind.kind.row().level), kind.kind));
    kinds
}

/// `  80 kB  apt-lists: line 2: add ...`
fn row(kind: &KindOfFindings<'_>, room: usize, out: &mut dyn Write) -> io::Result<()> {
    let KindOfFindings { kind, largest, count, size_bytes } = kind;
    let bytes = Bytes(size_bytes.get()).to_string();
    let size = if kind.row().counts == CountedBytes::Nothing { "-" } else { &bytes };
    let more = match count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" ({})", count_of(more, "more finding")),
    };
    let room = room.saturating_sub(more.chars().count());
    writeln!(out, "{size:>12}  {}{more}", line(*kind, &largest.remedy, room))
}

/// A kind and its remedy in `room` characters. People paste commands and paths, so they are written as they are or not at all: the
/// guard of the report would change a word in them, and half a command is another one.
fn line(kind: AdviceKind, remedy: &str, room: usize) -> String {
    let fits = |text: &String| text.chars().count() <= room;
    let has_command = remedy.contains('`');
    if guarded(remedy) != remedy {
        return without_command(kind, remedy, room);
    }
    let text = format!("{kind}: {remedy}");
    if fits(&text) {
        text
    } else if !has_command {
        shortened(&text, room)
    } else {
        // The first way is enough, if it is whole.
        let first = remedy.match_indices(", or ").find(|(at, _)| remedy[..*at].matches('`').count().is_multiple_of(2));
        let first = first.map(|(at, _)| format!("{kind}: {}", &remedy[..at]));
        first.filter(fits).unwrap_or_else(|| without_command(kind, remedy, room))
    }
}

/// The place that a remedy is about, and where the remedy is.
fn without_command(kind: AdviceKind, remedy: &str, room: usize) -> String {
    let place = remedy.split_once(": ").map_or("", |(place, _)| place);
    let place = if place.contains('`') || place.is_empty() { String::new() } else { format!("{place}: ") };
    shortened(&format!("{kind}: {place}see `dive advise`"), room)
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}
