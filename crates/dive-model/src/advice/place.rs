//! How the build wrote a layer, and how findings name it.

use crate::image::{BuildInstruction, Image};
use crate::layer::LayerIndex;

/// The instruction that made a layer.
pub(super) fn instruction_of(image: &Image, layer: LayerIndex) -> BuildInstruction<'_> {
    BuildInstruction::of(image.layers.get(layer.get()).map_or("", |layer| &layer.created_by))
}

/// The lines of a layer, or its number: `line 14`, `lines 14-17` or `layer 3`.
pub(super) fn place_name(image: &Image, layer: LayerIndex) -> String {
    match image.layers.get(layer.get()).and_then(|layer| layer.lines.as_ref()) {
        None => format!("layer {layer}"),
        Some(lines) => {
            let numbers = lines.numbers();
            let word = if numbers.bytes().all(|digit| digit.is_ascii_digit()) { "line" } else { "lines" };
            format!("{word} {numbers}")
        }
    }
}
