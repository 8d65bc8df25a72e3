//! dive: what each layer of a container image changed, which bytes are wasted and why, and whether the image keeps
//! its budget.
//!
//! The modules stand in the order the data goes through them. Each knows those above it, none below it; a test reads
//! the `use crate::` lines and fails on an arrow that points back.
//!
//! ```text
//! units, escape, remark, json, tarfile, compression, magic, digest    what everything else is written with
//! blob      a run of bytes: in a file, in memory, or fetched when it is first read
//! cache     what is kept from one run to the next
//! layer     a layer's tar becomes entries
//! store     a place that hands out an image's bytes by name: an archive, a layout directory
//! image     what the image says of itself: manifest, configuration, history
//! tree      all layers become one tree with spans
//! extract   files of any layer, written to a folder of this machine
//! analysis  the numbers: dive's, and the exact ones
//! source    images elsewhere: an engine, a registry, containerd; and what the user calls them
//! config    what the user set, and where
//! ci        rules and a verdict
//! report    text, JSON, listings
//! tui       the screen
//! cli, run  the command line, and what each command does
//! ```
//!
//! The way in, for a program of your own:
//!
//! ```
//! use dive::analysis::Analysis;
//! use dive::image::{self, Selection};
//! use dive::layer::Silent;
//! use dive::remark::OnDamage;
//! use dive::source::{ContainerEngine, Reference, Source};
//! use dive::tree;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let reference = Reference::parse("tests/fixtures/sample.tar".as_ref(), None, ContainerEngine::Docker)?;
//! let source = Source::open(&reference, &OnDamage::Fail.into(), &mut |_| ())?;
//! let image = image::open(source.store(), &Selection::default(), OnDamage::Fail)?;
//! let loaded = tree::load(&image, source.store().name(), OnDamage::Fail, None, &Silent)?;
//! let analysis = Analysis::of(&loaded.tree);
//! assert_eq!(analysis.exact.reclaimable_bytes(), 132_620);
//! # Ok(())
//! # }
//! ```

pub mod analysis;
pub mod blob;
pub mod cache;
pub mod ci;
pub mod cli;
pub mod compression;
pub mod config;
pub mod digest;
pub mod escape;
pub mod extract;
pub mod image;
pub mod json;
pub mod layer;
pub mod magic;
pub mod remark;
pub mod report;
pub mod run;
pub mod source;
pub mod store;
pub mod tarfile;
pub mod tree;
pub mod tui;
pub mod units;
