//! The model of a container image: its layers, its merged file system, and the numbers of dive.
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
//! [`Opened`] has the metadata of the [`image`], one [`tree`] with all files of all layers, and the numbers of
//! [`analysis`]. The tree answers which files a layer shows and what changed between two layers. [`extract`] writes
//! files of any layer to disk. An [`Observer`] receives progress. The package `dive-sources` opens images of engines
//! and registries. The examples `waste` and `layers` are small programs to start from.
//!
//! The modules, in the order of the data flow:
//!
//! ```text
//! units, escape, shell, remark, json, tarfile, budget, compression, magic, digest    foundations of the other modules
//! dir, unfinished  an open directory; files that get their name when complete
//! blob      a range of bytes: in a file, in memory, or fetched on first read
//! cache     records kept between runs
//! layer     scans the tar of a layer into entries
//! store     a collection of blobs by name
//! image     metadata of an image: manifest, configuration, history
//! observer  progress of opening an image
//! tree      merges all layers into one tree with spans
//! extract   writes files of any layer to a folder
//! analysis  dive's numbers and the exact ones
//! advice    what to write instead, measured in the image
//! stored_digests  digests of the compressed layers of a file
//! opener    opens an image in one call
//! advised   advice on an opened image
//! rebuilt   digests of layers without their times
//! ```
//!
//! This package uses no network, no terminal and no configuration file.

// Here numbers come from outside. What may overflow is added with `units::Total`, or with methods that saturate or check.
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod advice;
mod advised;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
pub mod analysis;
pub mod blob;
#[cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]
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
mod rebuilt;
pub mod remark;
pub mod shell;
pub mod store;
mod stored_digests;
pub mod tarfile;
pub mod tree;
pub mod unfinished;
pub mod units;

pub use observer::Observer;
pub use opener::{DockerfileFit, OpenError, Opened, Opener, TablePolicy, Verification};
pub use stored_digests::StoredDigests;
