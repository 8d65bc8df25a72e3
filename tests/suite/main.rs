//! All integration tests in one binary, since linking is what they cost.
//!
//! `DIVE_CORPUS` names a folder of real and of malformed images. Tests that need it are skipped where it is not set, and
//! say so; where it is set, everything they name must be there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets what it did not expect stops there; clippy's own exception ends at #[test]"
)]

mod applying;
mod bombs;
mod broken;
mod build;
mod ci;
mod circles;
mod cli;
#[cfg(unix)]
mod completion;
mod configuration;
// What the screen is made of.
#[cfg(feature = "tui")]
mod content;
mod corpus;
// docs/keys.md is about the screen.
#[cfg(feature = "tui")]
mod documents;
#[cfg(unix)]
mod drop_in;
// Sockets, signals and mounts are Unix's.
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod engines;
// Permissions and links are looked at as Unix has them.
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
mod messages;
mod model;
mod oracle;
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod own_binary;
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod own_image;
mod paths;
// The runners' shells are Unix's, and templates name images in engines and registries.
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod pipelines;
mod place;
mod reports;
mod rules;
#[cfg(feature = "tui")]
mod screen;
mod skipped;
mod spellings;
// Signals, jobs and modes of a terminal are Unix's.
#[cfg(all(unix, feature = "tui"))]
mod terminal;
mod truth;
mod user;
// Directories are unpacked, and files written at a place, as Unix does it.
#[cfg(unix)]
mod verify;
// Signals, permissions and limits are Unix's.
#[cfg(unix)]
mod whole;
