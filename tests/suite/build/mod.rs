//! Images built in memory, so that a test shows only its own case:
//!
//! ```text
//! image()
//!     .layer(|l| l.file("etc/passwd", "root").dir("tmp"))
//!     .layer(|l| l.whiteout("tmp"))
//!     .open()
//!     .shows("/ ── etc/passwd   4 B")
//! ```
//!
//! They are opened from a path, through `source`, `image` and `tree`, as a user's file is.

mod draw;
mod image;
mod layer;
mod layout;
mod opened;

#[cfg(feature = "tui")]
pub(crate) use draw::aligned;
pub(crate) use image::{Format, Image, digest, image};
pub(crate) use layer::{Layer, Packing};
pub(crate) use layout::{Layout, TAR, described};
pub(crate) use opened::{DrawnImage, assert_drawn, layer};

use image::hex;
