//! All integration tests, in one binary: linking is what they cost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod applying;
mod build;
mod model;
