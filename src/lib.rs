//! The program `dive`: configuration, rules, reports, screen, command line.
//!
//! This library is for the program's own tests and benchmarks. A program of your own uses `dive-model` and `dive-sources`.
//!
//! The modules, each of which knows those above it and none below; a test fails on an arrow that points back:
//!
//! ```text
//! config    what the user set, and where
//! ci        rules and a verdict
//! report    text, JSON, listings
//! tui       the screen
//! cli, run  the command line, and what each command does
//! ```
#![doc(hidden)]

mod ci;
pub mod cli;
pub mod config;
pub mod report;
pub mod run;
#[cfg(feature = "tui")]
pub mod tui;
