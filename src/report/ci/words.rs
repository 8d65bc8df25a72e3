//! Words that several parts of the CI report share: limits, counts, and whose a layer is.

use crate::ci::{Amount, OwnLayers};
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

/// `1 file`, `2 files`
pub(super) fn count_of(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
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

/// The lines of the Dockerfile that made a layer, if known.
pub(super) fn lines(opened: &Opened, layer: LayerIndex) -> Option<String> {
    let lines = opened.image.layers.get(layer.get())?.lines.as_ref()?;
    Some(Escaped(lines.to_string().as_bytes()).to_string())
}
