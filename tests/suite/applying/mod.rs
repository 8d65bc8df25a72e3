//! How layers apply, rule by rule, and how each kind of waste is classified.

mod comparing;
mod dive_numbers;
mod hard_links;
mod markers;
mod names;
mod own_links;
mod replacing;
mod through_links;

use crate::build::Layer;

/// Adds one entry to a layer.
type Fill = fn(Layer) -> Layer;
