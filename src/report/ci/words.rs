//! Words that several parts of the CI report share: limits, and what is known of a layer.

use crate::ci::{Amount, OwnLayers};
use crate::report::text::{self, command_width};
use dive_model::Opened;
use dive_model::escape::Escaped;
use dive_model::layer::LayerIndex;

/// A limit as files have it.
pub(super) fn limit_text(limit: Amount) -> String {
    match limit {
        Amount::Ratio(_) => limit.to_string(),
        Amount::Bytes(_) | Amount::Count(_) | Amount::Presence(_) => limit.rounded(),
    }
}

/// ` (ours, Dockerfile:3)`; nothing without details.
pub(super) fn in_parentheses(details: impl IntoIterator<Item = Option<String>>) -> String {
    let details: Vec<String> = details.into_iter().flatten().collect();
    if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) }
}

/// Whose layer it is, if diff ids tell. Rules count what the image states of its base as the image's own, so it is no label here.
pub(super) fn part(own: &OwnLayers, layer: LayerIndex) -> Option<String> {
    own.part_of(layer).map(|part| part.name().to_owned())
}

/// The start of the command that made a layer, in a table `width` columns wide.
pub(super) fn command(opened: &Opened, layer: LayerIndex, width: Option<usize>) -> String {
    let layer = opened.image.layers.get(layer.get());
    let command = layer.map_or_else(String::new, |layer| text::command(&layer.created_by, command_width(width)));
    Escaped(command.as_bytes()).to_string()
}

/// The lines of the Dockerfile that made a layer, if known.
pub(super) fn lines(opened: &Opened, layer: LayerIndex) -> Option<String> {
    let lines = opened.image.layers.get(layer.get())?.lines.as_ref()?;
    Some(Escaped(lines.to_string().as_bytes()).to_string())
}
