//! Lines of the detail panes: the selected layer; the image and its inefficient files.

use std::fmt::{self, Write};

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::report::{base_in_words, instruction};
use crate::tui::layout::inside;
use crate::tui::state::layers::LayerRow;
use crate::tui::state::{Explorer, Focus, ScreenState, Stage};
use crate::tui::text::{columns, cut, path_end, printable, right, start_of, wrap};
use crate::tui::theme::Theme;
use dive_model::Opened;
use dive_model::compression::Compression;
use dive_model::image::{BaseSource, Certainty, DockerfileLines, Image, ImageLayer, OtherEntry};
use dive_model::layer::LayerIndex;
use dive_model::units::{Bytes, count_of};

/// Bytes shown of a command.
const MAX_COMMAND_LEN: usize = 16 * 1024;

/// The lines of a detail pane. Lines of inefficient files are built only for the visible part.
pub(in crate::tui) struct DetailLines<'a> {
    head: Vec<Line<'a>>,
    files: Option<(&'a Opened, usize)>,
}

impl<'a> DetailLines<'a> {
    /// Builds the lines of the detail pane `which`.
    pub(in crate::tui) fn of(state: &'a ScreenState, which: Focus, area: Rect) -> Self {
        let width = usize::from(inside(area).width);
        match which {
            Focus::LayerDetails => Self { head: layer(state, width), files: None },
            _ => Self {
                head: image(state, width),
                files: state.explorer().map(|explorer| (explorer.opened.as_ref(), width)),
            },
        }
    }

    /// Number of lines above the inefficient files.
    pub(in crate::tui) fn head_len(&self) -> usize {
        self.head.len()
    }

    /// Number of lines.
    pub(in crate::tui) fn len(&self) -> usize {
        self.head.len() + self.files.map_or(0, |(opened, _)| opened.analysis.classic.inefficient_files.len())
    }

    /// Returns the lines in `visible`.
    pub(in crate::tui) fn lines(self, visible: std::ops::Range<usize>) -> Vec<Line<'a>> {
        let head = self.head.len();
        let first_file = visible.start.saturating_sub(head);
        let room = visible.end.saturating_sub(head.max(visible.start));
        let mut lines: Vec<_> = self.head.into_iter().skip(visible.start).take(visible.len()).collect();
        if let Some((opened, width)) = self.files {
            let files = opened.analysis.classic.inefficient_files.iter().skip(first_file).take(room);
            lines.extend(files.map(|file| {
                let before = format!("{:>5}  {}  ", file.count, right(&Bytes(file.size_bytes).to_string(), 11));
                let room = width.saturating_sub(before.len());
                Line::raw(format!("{before}{}", path_end(&opened.tree.path(file.node), room)))
            }));
        }
        lines
    }
}

/// Bytes shown of a field.
const MAX_FIELD_LEN: usize = 4 * 1024;

/// Adds a label and the start of its text.
fn push_field<'a>(lines: &mut Vec<Line<'a>>, theme: &Theme, label: &'a str, text: &str, width: usize) {
    let start = start_of(text, MAX_FIELD_LEN);
    let more = text.len() - start.len();
    let cut = if more == 0 { String::new() } else { format!(" … and {more} more bytes") };
    push_wrapped(lines, theme, label, &(printable(start) + &cut), width);
}

/// Adds a label and the first items of a list, which may have thousands.
fn push_list<'a>(
    lines: &mut Vec<Line<'a>>,
    theme: &Theme,
    label: &'a str,
    mut items: impl ExactSizeIterator<Item: fmt::Display>,
    separator: &str,
    width: usize,
) {
    let mut text = String::new();
    while text.len() < MAX_FIELD_LEN
        && let Some(item) = items.next()
    {
        let before = if text.is_empty() { "" } else { separator };
        // Writing to a string cannot fail.
        let _ = write!(text, "{before}{item}");
    }
    match items.len() {
        0 => push_field(lines, theme, label, &text, width),
        more => {
            let text = printable(start_of(&text, MAX_FIELD_LEN));
            push_wrapped(lines, theme, label, &format!("{text} … and {more} more"), width);
        }
    }
}

/// Adds a label and its text, wrapped to `width`; below the label, if that would leave little room beside it.
fn push_wrapped<'a>(lines: &mut Vec<Line<'a>>, theme: &Theme, label: &'a str, text: &str, width: usize) {
    let beside = width.saturating_sub(label.len() + 2);
    let is_below = beside < width / 2 && columns(text) > beside;
    if is_below {
        lines.push(Line::styled(format!("{label}:"), theme.label));
    }
    let indent = if is_below { 2 } else { label.len() + 2 };
    for (at, part) in wrap(text, width.saturating_sub(indent).max(10)).into_iter().enumerate() {
        lines.push(if at == 0 && !is_below {
            Line::from(vec![Span::styled(format!("{label}: "), theme.label), Span::raw(part)])
        } else {
            Line::raw(format!("{:indent$}{part}", ""))
        });
    }
}

/// Removes the fraction of a second from an RFC 3339 time.
fn to_the_second(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, rest)) => format!("{seconds}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit())),
        None => time.to_owned(),
    }
}

fn layer(state: &ScreenState, width: usize) -> Vec<Line<'_>> {
    let theme = &state.settings.theme;
    let (Some(image), Some(layers)) = (state.image(), state.layers()) else { return Vec::new() };
    let mut lines = Vec::new();
    match layers.selected() {
        None => {}
        Some(LayerRow::BaseEnd) => {
            let base = state.base();
            if let Some(base) = base {
                push_field(&mut lines, theme, "Base", &base_in_words(base), width);
            }
            let text = if base.and_then(|base| base.boundary).is_some_and(|it| it.by == BaseSource::History) {
                "This is a guess: no source says where the base ends. A base image usually ends with the command that it \
                 runs, and layers built on it follow."
            } else {
                "The layers above this line come from the base image."
            };
            lines.extend(wrap(text, width).into_iter().map(Line::raw));
        }
        Some(LayerRow::Step(step)) => {
            if let Some(step) = image.history.get(step) {
                push_field(&mut lines, theme, "Step", "has no layer: it changed only the configuration", width);
                if let Some(created) = &step.created {
                    push_field(&mut lines, theme, "Created", &to_the_second(created), width);
                }
                push_command(&mut lines, theme, &step.created_by, width);
            }
        }
        Some(LayerRow::Layer(index)) => {
            if let Some(layer) = image.layers.get(index.get()) {
                push_layer_fields(&mut lines, state, image, layer, index, width);
            }
        }
    }
    lines
}

fn push_layer_fields<'a>(
    lines: &mut Vec<Line<'a>>,
    state: &'a ScreenState,
    image: &Image,
    layer: &ImageLayer,
    index: LayerIndex,
    width: usize,
) {
    let theme = &state.settings.theme;
    // The tags are the image's, whose last layer they name.
    if !image.tags.is_empty() && index.get() + 1 == image.layers.len() {
        push_list(lines, theme, "Tags", image.tags.iter(), ", ", width);
    }
    let explorer = state.explorer();
    let opened = explorer.map(|explorer| &explorer.opened);
    push_field(lines, theme, "Size", &size(state, layer, index), width);
    if let Some(totals) = explorer.map(|explorer| &explorer.totals) {
        if let Some(counts) = totals.changes.get(index.get()) {
            let text = format!("{} added, {} modified, {} removed", counts.added, counts.modified, counts.removed);
            push_field(lines, theme, "Files", &text, width);
        }
        if let Some(waste) = totals.waste.get(index.get()).filter(|waste| **waste > 0) {
            push_field(lines, theme, "Reclaimable", &format!("{} of this layer", Bytes(*waste)), width);
        }
    }
    let step = image.history.iter().find(|step| step.layer.is_some_and(|layer| layer as usize == index.get()));
    if let Some(created) = step.and_then(|step| step.created.as_ref()) {
        push_field(lines, theme, "Created", &to_the_second(created), width);
    }
    if !layer.comment.is_empty() {
        push_field(lines, theme, "Comment", &layer.comment, width);
    }
    if let Some(opened) = opened {
        if opened.damaged_layers.contains(&index) {
            push_field(lines, theme, "Damaged", "part of the layer is missing; all figures exclude it", width);
        }
        for (_, remark) in opened.layer_remarks.iter().filter(|(layer, _)| *layer == index) {
            push_field(lines, theme, "Warning", &remark.text, width);
        }
    }
    push_command(lines, theme, &layer.created_by, width);
    if let Some(found) = &layer.lines {
        push_dockerfile(lines, theme, found, width);
    }
    // Digests come last: they are long and rarely read.
    if let Some(digest) = &layer.digest {
        push_field(lines, theme, "Digest", digest, width);
    }
    // Without an id of its own, the layer's id is its digest.
    if layer.digest.as_ref() != Some(&layer.id) {
        push_field(lines, theme, "Id", &layer.id, width);
    }
    if let Some(diff_id) = &layer.diff_id {
        push_field(lines, theme, "Diff id", diff_id, width);
    }
    if let Some(media_type) = &layer.media_type {
        push_field(lines, theme, "Media type", media_type, width);
    }
    let unpacked = opened.and_then(|opened| opened.unpacked_bytes.get(index.get()).copied().flatten());
    for (name, bytes) in [("Unpacked tar", unpacked), ("Stored", layer.size)] {
        if let Some(bytes) = bytes {
            push_field(lines, theme, name, &Bytes(bytes).to_string(), width);
        }
    }
}

/// Size of the layer's files, and its stored size if it is compressed.
fn size(state: &ScreenState, layer: &ImageLayer, index: LayerIndex) -> String {
    let stored = layer.size.map(|size| Bytes(size).to_string());
    let known = match &state.stage {
        Stage::Reading(reading) => reading.sizes.get(index.get()).copied().flatten(),
        Stage::Open(explorer) => Some(explorer.opened.tree.layer_size_bytes(index)),
        Stage::Choosing | Stage::Finding(_) => None,
    };
    let compression = state.explorer().and_then(|explorer| compression(explorer, index));
    match (known, stored, compression) {
        (Some(known), Some(stored), Some(compression)) if compression != Compression::None => {
            format!("{} (stored as {compression}: {stored})", Bytes(known))
        }
        (Some(known), ..) => Bytes(known).to_string(),
        (None, Some(stored), _) => format!("{stored} stored, being read"),
        (None, None, _) => "not known yet".to_owned(),
    }
}

fn compression(explorer: &Explorer, index: LayerIndex) -> Option<Compression> {
    explorer.opened.compressions.get(index.get()).copied().flatten()
}

fn push_command(lines: &mut Vec<Line<'_>>, theme: &Theme, created_by: &str, width: usize) {
    lines.push(Line::styled("Command:", theme.label));
    if created_by.is_empty() {
        lines.push(Line::styled("not recorded", theme.dim));
        return;
    }
    let start = start_of(created_by, MAX_COMMAND_LEN);
    for line in instruction::lines(start) {
        let indent = line.len() - line.trim_start().len();
        let parts = wrap(&printable(line.trim_start()), width.saturating_sub(indent + 2).max(10));
        for (at, part) in parts.into_iter().enumerate() {
            // Continuation lines are indented further.
            let indent = if at == 0 { indent } else { indent + 2 };
            lines.push(Line::raw(format!("{:indent$}{part}", "")));
        }
    }
    if start.len() < created_by.len() {
        lines.push(Line::styled(format!("… and {} more bytes", created_by.len() - start.len()), theme.dim));
    }
}

/// Lines of a Dockerfile that are shown for a layer.
const DOCKERFILE_LINES: usize = 200;

/// The lines of the Dockerfile that made a layer, with their numbers.
fn push_dockerfile(lines: &mut Vec<Line<'_>>, theme: &Theme, found: &DockerfileLines, width: usize) {
    let certainty = match found.certainty {
        Certainty::Exact => "by the builder's provenance",
        Certainty::Matched => "matched to the history",
        Certainty::Uncertain => "uncertain: other lines may match",
    };
    push_field(lines, theme, "Lines", &format!("{found} ({certainty})"), width);
    for (number, text) in found.lines().take(DOCKERFILE_LINES) {
        lines.push(Line::raw(cut(&format!("{number:>4}  {}", printable(start_of(text, MAX_FIELD_LEN))), width)));
    }
}

/// Formats a ratio in whole percent, truncated as in dive: only an image without waste has 100 %.
fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).floor())
}

fn image(state: &ScreenState, width: usize) -> Vec<Line<'_>> {
    let theme = &state.settings.theme;
    let Some(image) = state.image() else { return Vec::new() };
    let mut lines = Vec::new();
    push_field(&mut lines, theme, "Image name", &image.name, width);
    if let Some(platform) = &image.platform {
        push_field(&mut lines, theme, "Platform", &platform.to_string(), width);
    }
    if let Some(created) = &image.created {
        push_field(&mut lines, theme, "Created", &to_the_second(created), width);
    }
    let Some(explorer) = state.explorer() else { return lines };
    let opened = &explorer.opened;
    let (classic, exact) = (&opened.analysis.classic, &opened.analysis.exact);
    lines.push(Line::styled(cut("As dive counts:", width), theme.dim));
    push_field(&mut lines, theme, "Total image size", &Bytes(classic.size_bytes()).to_string(), width);
    push_field(&mut lines, theme, "Potential wasted space", &Bytes(classic.wasted_bytes).to_string(), width);
    push_field(&mut lines, theme, "Image efficiency score", &percent(classic.efficiency), width);
    lines.push(Line::styled(cut("Exactly:", width), theme.dim));
    push_field(&mut lines, theme, "Reclaimable", &Bytes(exact.reclaimable_bytes()).to_string(), width);
    push_field(&mut lines, theme, "Exact efficiency", &percent(exact.efficiency()), width);
    let sizes = explorer.totals.sizes;
    let (stored, unpacked) = (Bytes(sizes.stored_bytes), Bytes(sizes.unpacked_bytes));
    let text = format!("{stored} stored, {unpacked} unpacked, {} on disk", Bytes(sizes.on_disk_bytes()));
    push_field(&mut lines, theme, "Sizes", &text, width);
    if let Some(base) = &explorer.base {
        push_field(&mut lines, theme, "Base", &base_in_words(base), width);
    }
    if let Some((of_base, ours)) = &explorer.totals.parts {
        for (label, part) in [("In the base", of_base), ("In your layers", ours)] {
            let (unpacked, reclaimable) = (Bytes(part.unpacked_bytes), Bytes(part.reclaimable_bytes));
            let text = format!("{unpacked} in {}, {reclaimable} reclaimable", count_of(part.files, "file"));
            push_field(&mut lines, theme, label, &text, width);
        }
    }
    if !image.other_images.is_empty() {
        push_list(&mut lines, theme, "More images in the file (--image)", image.other_images.iter(), "; ", width);
    }
    if let Some(entries) = OtherEntry::list(&image.other_entries) {
        push_field(&mut lines, theme, "Other entries in the file", &entries, width);
    }
    if !opened.damaged_layers.is_empty() {
        let text = format!(
            "{} of {} layers could not be read in full; all figures exclude the missing part",
            opened.damaged_layers.len(),
            image.layers.len()
        );
        push_field(&mut lines, theme, "Incomplete", &text, width);
    }
    for remark in &image.remarks {
        push_field(&mut lines, theme, "Warning", &remark.to_string(), width);
    }
    lines.push(Line::raw(""));
    if classic.inefficient_files.is_empty() {
        lines.push(Line::styled("No file is in more than one layer.", theme.dim));
    } else {
        lines.push(Line::styled(cut("Count  Total Space  Path", width), theme.label));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ThemeName;

    /// A hostile image has hundreds of thousands of tags, and each drawing would write them all.
    #[test]
    fn long_lists_are_cut() {
        let mut written = 0;
        let items: Vec<_> = (0..100_000).collect();
        let mut lines = Vec::new();
        let tags = items.iter().inspect(|_| written += 1);
        push_list(&mut lines, &Theme::named(ThemeName::Mono, None), "Tags", tags, ", ", 100);
        assert!(written < 1_000, "{written}");
        let last = lines.last().unwrap().to_string();
        assert!(last.ends_with(&format!(" … and {} more", 100_000 - written)), "{last}");
    }
}
