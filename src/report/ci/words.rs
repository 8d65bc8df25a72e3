//! Words that several parts of the CI report share: limits, and what is known of a layer.

use crate::ci::{Amount, OwnLayers};
use crate::config::Origin;
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

/// A number and the limit that it is compared with. If they differ but round to the same text, the digits that differ are shown.
pub(super) fn compared(value: Amount, limit: Amount) -> (String, String) {
    let is_alike = value != limit && value.rounded() == limit.rounded();
    match (value, limit) {
        (Amount::Bytes(value), Amount::Bytes(limit)) if is_alike => {
            (format!("{} bytes", value.0), format!("{} bytes", limit.0))
        }
        (Amount::Ratio(_), Amount::Ratio(_)) if is_alike => (value.to_string(), limit_text(limit)),
        _ => (value.rounded(), limit_text(limit)),
    }
}

/// The origin of a limit. The names of flags and variables contain words that scripts look for, and escaped they would be
/// hard to read.
pub(super) fn limit_origin(origin: &Origin) -> String {
    match origin {
        Origin::Flag(_) => "flag".to_owned(),
        Origin::Variable(_) => "environment variable".to_owned(),
        Origin::Default | Origin::File { .. } => Escaped(origin.to_string().as_bytes()).to_string(),
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
    Some(Escaped(lines.in_words().as_bytes()).to_string())
}
