//! The base image and the image's own part in a report.

use std::io::{self, Write};

use dive_model::Opened;
use dive_model::analysis::Part;
use dive_model::escape::Escaped;
use dive_model::image::{Base, DockerfileLines};
use dive_model::layer::LayerIndex;
use dive_model::units::{Bytes, count_of};

/// Writes the base and the sizes of both parts, if known.
///
/// # Errors
/// When writing fails.
pub(super) fn write(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    let Some(base) = &opened.image.base else { return Ok(()) };
    writeln!(out, "Base: {}", Escaped(in_words(base).as_bytes()))?;
    let Some((of_base, ours)) = opened.parts() else { return Ok(()) };
    part("base", &of_base, out)?;
    if of_base.hidden_later_bytes > 0 {
        writeln!(out, "    {} of that is hidden by the image's own layers", Bytes(of_base.hidden_later_bytes))?;
    }
    part("ours", &ours, out)
}

/// `debian:13 (stated by annotations), layers 0 to 2 (matched by diff ids)`. If both have one source, it is written once.
pub(crate) fn in_words(base: &Base) -> String {
    let name = match &base.image {
        Some((image, by)) if base.boundary.is_some_and(|boundary| boundary.by == *by) => image.name.clone(),
        Some((image, by)) => format!("{} ({})", image.name, by.words()),
        None if base.layers() == Some(0) => "none, built from scratch".to_owned(),
        None => "an unknown image".to_owned(),
    };
    let layers = match base.boundary.map(|boundary| (boundary.layers, boundary.by.words())) {
        None => "layers unknown".to_owned(),
        Some((0, by)) => format!("no layers ({by})"),
        Some((1, by)) => format!("layer 0 ({by})"),
        Some((count, by)) => format!("layers 0 to {} ({by})", count - 1),
    };
    format!("{name}, {layers}")
}

/// Writes the Dockerfile lines of each layer, if known.
///
/// # Errors
/// When writing fails.
pub(super) fn layer_lines(opened: &Opened, out: &mut dyn Write) -> io::Result<()> {
    let layers = opened.image.layers.iter().enumerate();
    let mut known = layers.filter_map(|(index, layer)| Some((index, layer.lines.as_ref()?))).peekable();
    if known.peek().is_some() {
        writeln!(out, "Lines of the Dockerfile:")?;
    }
    for (index, lines) in known {
        writeln!(out, "{index:>5}  {} ({})", Escaped(lines.to_string().as_bytes()), lines.certainty.name())?;
    }
    Ok(())
}

/// The Dockerfile lines of two layers, `13 > 14-17`: the one that holds a file and the one that hides it. `None` if both are
/// unknown.
pub(super) fn lines_of_pair(opened: &Opened, holds: LayerIndex, hides: LayerIndex) -> Option<String> {
    let lines = |layer: LayerIndex| opened.image.layers.get(layer.get())?.lines.as_ref();
    if lines(holds).is_none() && lines(hides).is_none() {
        return None;
    }
    let text = |layer| lines(layer).map_or_else(|| "?".to_owned(), DockerfileLines::numbers);
    Some(format!("{} > {}", text(holds), text(hides)))
}

fn part(name: &str, part: &Part, out: &mut dyn Write) -> io::Result<()> {
    let Part { unpacked_bytes, files, reclaimable_bytes, .. } = part;
    let (unpacked, reclaimable) = (Bytes(*unpacked_bytes), Bytes(*reclaimable_bytes));
    let files = count_of(*files, "file");
    writeln!(out, "  {name}: {unpacked} in {files}, {reclaimable} reclaimable")
}
