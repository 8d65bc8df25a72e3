//! The program `dive`: configuration, rules, reports, screen, command line.
//!
//! This library is for the program's own tests and benchmarks. A program of your own uses `dive-model` and `dive-sources`.
//!
//! The modules, in order: each uses only those above it. A test checks that.
//!
//! ```text
//! config    settings and their origins
//! compose   the images of a Compose project
//! ci        rules and a verdict
//! many      what several images have in common
//! report    text, JSON, listings
//! tui       the screen
//! cli, run  the command line, and what each command does
//! ```
#![doc(hidden)]

mod ci;
pub mod cli;
pub mod compose;
pub mod config;
mod many;
pub mod report;
pub mod run;
#[cfg(feature = "tui")]
pub mod tui;
