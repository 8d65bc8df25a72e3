//! What applying a layer does, rule by rule, and what each kind of waste is told as. A name says what a user would lose
//! if its test failed; the drawings are to be checked by eye.

mod comparing;
mod dive_numbers;
mod hard_links;
mod markers;
mod names;
mod own_links;
mod replacing;
mod through_links;

use crate::build::Layer;

/// What puts one entry into a layer.
type Fill = fn(Layer) -> Layer;
