//! The report of `dive advise`: each finding with its bytes, its instruction, what to write instead, and where its files are.

use std::io::{self, Write};

use super::text::command;
use super::{Look, base, heading};
use dive_model::Opened;
use dive_model::advice::{
    Advice, AdviceKind, AdviceLevel, CountedBytes, Finding, OwnBoundary, Partition, REPORTED_BYTES,
};
use dive_model::escape::Escaped;
use dive_model::image::{ImageLayer, ImagePart};
use dive_model::layer::LayerIndex;
use dive_model::units::{Bytes, Total, count_of};

/// The findings of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Those in the image's own layers. Those of the base are summed.
    Ours,
    /// Also those of the base.
    All,
}

/// Columns if the terminal's width is unknown.
const WIDTH: usize = 80;

/// Columns before the text of a finding.
const INDENT: usize = 12;

/// Groups shown of a finding; the JSON document has all.
const GROUPS: usize = 4;

/// The least bytes of a kind that hidden files would be of.
const LABELLED: u64 = 4_000;

/// Kinds shown of the base.
const BASE_KINDS: usize = 4;

/// Writes the report for people.
///
/// # Errors
/// When writing fails.
pub(crate) fn render(
    opened: &Opened,
    advice: &Advice,
    look: Look,
    listed: Listed,
    out: &mut dyn Write,
) -> io::Result<()> {
    heading(opened, out)?;
    let width = look.width.unwrap_or(WIDTH).max(40);
    let ours: Vec<&Finding> = advice.ours().collect();
    if ours.is_empty() {
        let limit = match advice.small(ImagePart::Ours).next() {
            Some(_) => format!(" of {} or more", Bytes(REPORTED_BYTES)),
            None => String::new(),
        };
        writeln!(out, "Advice: none{limit} for the image's own layers")?;
    } else {
        let (bytes, stored) = sums(&ours);
        let findings = count_of(ours.iter().map(|finding| finding.count()).sum::<Total>().get(), "finding");
        let text = format!("Advice: {findings} in the image's own layers, {bytes}{stored}");
        write_wrapped(text.split(' '), width, "", out)?;
    }
    ours.iter().try_for_each(|finding| write_finding(opened, advice.own, finding, width, out))?;
    small(advice, ImagePart::Ours, width, out)?;
    of_base(opened, advice, listed, width, out)?;
    partition(opened, advice, width, out)
}

/// The sum of the findings of a few bytes: with it, the findings add up to the bytes of the partition.
fn small(advice: &Advice, part: ImagePart, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let findings: Vec<&Finding> = advice.small(part).collect();
    if findings.is_empty() {
        return Ok(());
    }
    let count = count_of(findings.iter().map(|finding| finding.count()).sum::<Total>().get(), "finding");
    let (limit, bytes) = (Bytes(REPORTED_BYTES), sums(&findings).0);
    writeln!(out)?;
    let text = format!("Below {limit} each, listed only by `--format json`: {count}, {bytes}");
    write_wrapped(text.split(' '), width, "", out)
}

/// The sum of findings, and its estimate in the stored layers.
fn sums(findings: &[&Finding]) -> (Bytes, String) {
    let bytes = findings.iter().map(|finding| finding.size_bytes).sum::<Total>().get();
    let stored = findings.iter().filter_map(|finding| finding.stored_bytes).sum::<Total>().get();
    (Bytes(bytes), if stored == 0 { String::new() } else { format!(" (~{} stored)", Bytes(stored)) })
}

fn write_finding(
    opened: &Opened,
    own: OwnBoundary,
    finding: &Finding,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Finding { kind, layer, hidden_by, size_bytes, stored_bytes, files, groups, labels, remedy, summed, .. } =
        finding;
    let row = kind.row();
    let indent = " ".repeat(INDENT);
    let room = width.saturating_sub(INDENT);
    // A kind that is off was asked for.
    let level = if row.level == AdviceLevel::Off { "off by default" } else { row.level.name() };
    writeln!(out)?;
    let size = if row.counts == CountedBytes::Nothing { "-".to_owned() } else { Bytes(*size_bytes).to_string() };
    let title = format!("{}: {}", row.id, row.what);
    let mut lines = wrapped(title.split(' '), room).into_iter();
    writeln!(out, "{size:>10}  {}", lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| writeln!(out, "{indent}{line}"))?;
    let mut place = vec![level.to_owned()];
    place.extend(layer.map(|layer| layer_words(opened, layer)));
    if let Some(hidden_by) = hidden_by.filter(|hidden_by| Some(*hidden_by) != *layer) {
        place.push(format!("hidden by {}", layer_words(opened, hidden_by)));
    }
    place.extend(finding.doubled_by.map(|layer| format!("beside {}", layer_words(opened, layer))));
    if *summed > 0 {
        place.push(format!("sum of {}", count_of(*summed, "smaller finding")));
    }
    place.extend(stored_bytes.map(|stored| format!("~{} stored", Bytes(stored))));
    let last = place.len().saturating_sub(1);
    place.iter_mut().take(last).for_each(|piece| piece.push(','));
    write_wrapped(place.iter().map(String::as_str), room, &indent, out)?;
    // The base's instruction cannot be changed.
    let is_of_base = layer.is_some_and(|layer| layer.get() < own.layers());
    let changed = if is_of_base { finding.caused_by() } else { *layer };
    let instruction = image_layer(opened, changed).map(|layer| command(&layer.created_by, room));
    if let Some(instruction) = instruction.filter(|instruction| !instruction.is_empty()) {
        writeln!(out, "{indent}{}", Escaped(instruction.as_bytes()))?;
    }
    write_wrapped(phrases(remedy), room, &indent, out)?;
    for (label, bytes) in labels.iter().take(2).filter(|(_, bytes)| *bytes >= LABELLED) {
        write_wrapped(format!("{} of it: {}", Bytes(*bytes), label.row().what).split(' '), room, &indent, out)?;
    }
    for group in groups.iter().take(GROUPS) {
        if row.counts == CountedBytes::Nothing {
            writeln!(out, "{indent}{}", Escaped(&opened.tree.path(group.place)))?;
            continue;
        }
        let (bytes, count) = (Bytes(group.size_bytes).to_string(), count_of(group.files, "file"));
        writeln!(out, "{indent}{bytes:>8}  {count:<10}  {}", Escaped(&opened.tree.path(group.place)))?;
    }
    let shown: u64 = groups.iter().take(GROUPS).map(|group| group.files).fold(0, u64::saturating_add);
    match files.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "{indent}... and {}", count_of(more, "more file")),
    }
}

fn image_layer(opened: &Opened, layer: Option<LayerIndex>) -> Option<&ImageLayer> {
    opened.image.layers.get(layer?.get())
}

/// `layer 3 (Dockerfile:14)`
fn layer_words(opened: &Opened, layer: LayerIndex) -> String {
    let lines = image_layer(opened, Some(layer)).and_then(|layer| layer.lines.as_ref());
    let lines = lines.map_or_else(String::new, |lines| format!(" ({})", Escaped(lines.in_words().as_bytes())));
    format!("layer {layer}{lines}")
}

/// Writes words in lines of at most `room` characters.
fn write_wrapped<'a>(
    words: impl IntoIterator<Item = &'a str>,
    room: usize,
    indent: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    wrapped(words, room).iter().try_for_each(|line| writeln!(out, "{indent}{line}"))
}

/// The words of a remedy. A command or a name between backticks is one: broken at its spaces, a quoted name would be another one.
fn phrases(remedy: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    remedy.split(move |letter| {
        is_quoted ^= letter == '`';
        letter == ' ' && !is_quoted
    })
}

/// Lines of at most `room` characters; a longer word has its own.
fn wrapped<'a>(words: impl IntoIterator<Item = &'a str>, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The findings in the layers of the base: one line, or all.
fn of_base(opened: &Opened, advice: &Advice, listed: Listed, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(words) = of_base_in_words(opened, advice, |_| true) else { return Ok(()) };
    let hint = if listed == Listed::Ours { "; --all lists them" } else { "" };
    let text = format!("Not yours, in {words}{hint}");
    writeln!(out)?;
    write_wrapped(Escaped(text.as_bytes()).to_string().split(' '), width, "", out)?;
    let deleted = advice.of_base().filter(|finding| finding.kind == AdviceKind::DeletedLater);
    let by_us = |finding: &&Finding| finding.hidden_by.is_some_and(|layer| layer.get() >= advice.own.layers());
    let deleted: Vec<&Finding> = deleted.filter(by_us).collect();
    if listed == Listed::Ours && !deleted.is_empty() {
        let text = format!(
            "The image deletes {} of it, which frees nothing: the base still stores the files.",
            sums(&deleted).0
        );
        write_wrapped(text.split(' '), width, "", out)?;
    }
    if listed == Listed::All {
        advice.of_base().try_for_each(|finding| write_finding(opened, advice.own, finding, width, out))?;
        small(advice, ImagePart::Base, width, out)?;
    }
    Ok(())
}

/// The base, with the bytes and the kinds of its findings that `counts` accepts: `debian:13: 5.0 kB of apt-archives`. `None`
/// without any. The name is text from the image.
pub(super) fn of_base_in_words(opened: &Opened, advice: &Advice, counts: fn(&Finding) -> bool) -> Option<String> {
    let findings: Vec<&Finding> = advice.of_base().filter(|finding| counts(finding)).collect();
    if findings.is_empty() {
        return None;
    }
    let name = match (advice.own, &opened.image.base) {
        (OwnBoundary::Distribution, _) | (_, None) => "the distribution in layer 0".to_owned(),
        (_, Some(known)) => known.name().map_or_else(|| base::in_words(known), ToOwned::to_owned),
    };
    let (bytes, stored) = sums(&findings);
    let mut kinds: Vec<&str> = Vec::new();
    for finding in &findings {
        if !kinds.contains(&finding.kind.id()) {
            kinds.push(finding.kind.id());
        }
    }
    let more = kinds.len().saturating_sub(BASE_KINDS);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    kinds.truncate(BASE_KINDS);
    Some(format!("{name}: {bytes}{stored} of {}{rest}", kinds.join(", ")))
}

/// How all bytes divide, so that a reader can check that none counts twice.
fn partition(opened: &Opened, advice: &Advice, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let (base, ours) = advice.partitions(&opened.tree, &opened.analysis.exact);
    writeln!(out)?;
    if advice.own.layers() > 0 {
        partition_line(ImagePart::Base, base, width, out)?;
    }
    partition_line(ImagePart::Ours, ours, width, out)
}

fn partition_line(part: ImagePart, partition: Partition, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let Partition { total_bytes, waste_bytes, advice_bytes, rest_bytes } = partition;
    let part = part.name();
    let text = format!(
        "Bytes ({part}): {total_bytes} = {waste_bytes} hidden + {advice_bytes} visible with advice + {rest_bytes} other"
    );
    write_wrapped(text.split(' '), width, "", out)
}

/// Writes a row for each finding, separated by tabs.
///
/// # Errors
/// When writing fails.
pub(crate) fn table(opened: &Opened, advice: &Advice, out: &mut dyn Write) -> io::Result<()> {
    for finding in &advice.findings {
        let Finding { kind, part, layer, hidden_by, size_bytes, stored_bytes, files, groups, remedy, .. } = finding;
        let lines = image_layer(opened, *layer).and_then(|layer| layer.lines.as_ref());
        let number = |layer: &Option<LayerIndex>| layer.map_or_else(String::new, |layer| layer.to_string());
        let path = groups.first().map_or_else(Vec::new, |group| opened.tree.path(group.place));
        writeln!(
            out,
            "{kind}\t{}\t{}\t{size_bytes}\t{}\t{files}\t{}\t{}\t{}\t{}\t{remedy}\t{}",
            kind.row().level.name(),
            part.name(),
            stored_bytes.map_or_else(String::new, |bytes| bytes.to_string()),
            number(layer),
            number(hidden_by),
            Escaped(lines.map_or_else(String::new, ToString::to_string).as_bytes()),
            Escaped(&path),
            lines.map_or("", |lines| lines.certainty.name()),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Colour;
    use dive_model::Opener;
    use dive_model::advice::KindSet;

    /// The report on files of some bytes each, on a terminal of this width.
    fn report(paths: &[&str], kinds: KindSet, width: usize) -> String {
        let file = tempfile::Builder::new().suffix(".tar").tempfile().unwrap();
        let mut tar = tar::Builder::new(&file);
        for path in [&["etc/passwd", "bin/sh"], paths].concat() {
            let mut header = tar::Header::new_ustar();
            header.set_size(100_000);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, &vec![b'x'; 100_000][..]).unwrap();
        }
        tar.into_inner().unwrap();
        let opened = Opener::new().open(file.path()).unwrap();
        let look = Look { colour: Colour::None, width: Some(width) };
        let mut out = Vec::new();
        render(&opened, &opened.advice(kinds), look, Listed::All, &mut out).unwrap();
        // The first line has the name of a temporary file.
        let text = String::from_utf8(out).unwrap();
        text.split_once('\n').unwrap().1.to_owned()
    }

    #[test]
    fn lines_keep_to_the_width_of_the_terminal() {
        for width in [60, 80] {
            let text = report(&["root/.cache/pip/a", "app/.git/HEAD", "app/.git/objects/b"], KindSet::on(), width);
            let long: Vec<_> = text.lines().filter(|line| line.chars().count() > width).collect();
            assert!(long.is_empty(), "{width}: {long:#?}\n{text}");
        }
    }

    #[test]
    fn a_kind_that_is_off_says_so_when_it_is_asked_for() {
        let kinds = [AdviceKind::SourceMaps].into_iter().collect();
        assert!(report(&["app/a.js.map"], kinds, 80).contains("off by default"));
    }
}
