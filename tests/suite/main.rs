//! All integration tests in one binary, since linking dominates their build time.
//!
//! `DIVE_CORPUS` names a folder of real and malformed images. Without it, tests that need it are skipped with a note;
//! with it, all files they name must exist.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests panic on failure; clippy exempts only functions with #[test]"
)]

mod advice;
mod applying;
mod bombs;
mod broken;
mod budgets;
mod build;
mod ci;
mod circles;
mod cli;
#[cfg(unix)]
mod completion;
mod configuration;
// Viewers are part of the screen.
#[cfg(feature = "tui")]
mod content;
mod corpus;
// docs/keys.md describes the screen.
#[cfg(feature = "tui")]
mod documents;
#[cfg(unix)]
mod drop_in;
// Unix sockets, signals and mounts.
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod engines;
// Unix permissions and links.
#[cfg(unix)]
mod extract;
#[cfg(feature = "tui")]
mod files;
mod groups;
mod headers;
#[cfg(target_os = "linux")]
mod hostile;
mod house;
mod large;
mod layouts;
#[cfg(not(all(feature = "engine", feature = "registry", feature = "tui")))]
mod left_out;
mod library;
mod log;
mod many;
mod messages;
mod model;
mod oracle;
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod own_binary;
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod own_image;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod own_memory;
mod paths;
// The runners' shells, and images in engines and registries.
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod pipelines;
mod place;
mod provenance;
mod reports;
mod rules;
#[cfg(feature = "tui")]
mod screen;
mod skipped;
mod spellings;
mod summary;
// Unix signals, jobs and terminal modes.
#[cfg(all(unix, feature = "tui"))]
mod terminal;
mod truth;
mod type_names;
mod user;
// Unix directories and file access.
#[cfg(unix)]
mod verify;
// Unix signals, permissions and limits.
#[cfg(unix)]
mod whole;
