//! What a container image is, and what its layers did to one another.
//!
//! [`Opener`] opens an image from an archive, a layout directory or any other [`Store`](store::Store):
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dive_model::Opener;
//!
//! let opened = Opener::new().open("../../tests/fixtures/sample.tar")?;
//! let wasted = opened.analysis.exact.reclaimable_bytes();
//! # assert_eq!((opened.image.layers.len(), wasted), (7, 132_620));
//! # assert!(opened.tree.find(b"bin/busybox").is_some());
//! # Ok(())
//! # }
//! ```
//!
//! [`Opened`] holds what the [`image`] says of itself, one [`tree`] with every file of every layer, and the numbers of
//! [`analysis`]. The tree answers what a layer shows and what changed between two layers; [`extract`] writes files of any
//! layer to disk. An [`Observer`] receives the progress. Images in engines and registries are opened with the package
//! `dive-sources`. The examples `waste` and `layers` are small programs to start from.
//!
//! The modules, in the order in which an image passes through them:
//!
//! ```text
//! units, escape, shell, remark, json, tarfile, budget, compression, magic, digest    what everything else is written with
//! dir, unfinished  a directory that is held open; files that take their name when they are whole
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
pub mod budget;
pub mod cache;
pub mod compression;
pub mod digest;
pub mod dir;
pub mod escape;
pub mod extract;
pub mod image;
pub mod json;
pub mod layer;
mod magic;
pub mod observer;
mod opener;
pub mod remark;
pub mod shell;
pub mod store;
pub mod tarfile;
pub mod tree;
pub mod unfinished;
pub mod units;

pub use observer::Observer;
pub use opener::{OpenError, Opened, Opener, TablePolicy, Verification};
