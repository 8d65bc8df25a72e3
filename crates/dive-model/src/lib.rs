//! What a container image is, and what its layers did to one another.
//!
//! An image is opened from a [`store`]: an archive, a layout directory, or anything that hands out bytes by name. Its layers
//! are read side by side and merged once into one [`tree`], in which every file of every layer has its place. All further
//! questions are asked of the tree: what a layer shows, what changed between two states, which bytes are wasted and why.
//!
//! The modules, in the order in which an image passes through them:
//!
//! ```text
//! units, escape, remark, json, tarfile, compression, magic, digest    what everything else is written with
//! blob      a run of bytes: in a file, in memory, or fetched when it is first read
//! cache     what is kept from one run to the next
//! layer     a layer's tar becomes entries
//! store     a place that hands out an image's bytes by name
//! image     what the image says of itself: manifest, configuration, history
//! observer  progress of opening an image
//! tree      all layers become one tree with spans
//! extract   files of any layer, written to a folder of this machine
//! analysis  the numbers: dive's, and the exact ones
//! opener    all of this in one call
//! ```
//!
//! Nothing here knows a network, a terminal or a configuration file.

pub mod analysis;
pub mod blob;
pub mod cache;
pub mod compression;
pub mod digest;
pub mod escape;
pub mod extract;
pub mod image;
pub mod json;
pub mod layer;
pub mod magic;
pub mod observer;
pub mod opener;
pub mod remark;
pub mod store;
pub mod tarfile;
pub mod tree;
pub mod units;

pub use observer::Observer;
pub use opener::{OpenError, Opened, Opener, TablePolicy};
