//! Images built in memory.

#[path = "../../../tests/suite/build/draw.rs"]
mod draw;
#[path = "../../../tests/suite/build/image.rs"]
mod image;
#[path = "../../../tests/suite/build/layer.rs"]
mod layer;
#[path = "../../../tests/suite/build/opened.rs"]
mod opened;

pub(crate) use image::{Format, Image, image};
pub(crate) use layer::{Layer, Packing};
pub(crate) use opened::{DrawnImage, layer};
