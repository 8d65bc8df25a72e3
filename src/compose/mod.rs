//! Finds the images of a Compose project: what `docker compose` would run, without running it.
//!
//! Source: the Compose specification, and the behaviour of Docker Compose 2.
//!
//! ```text
//! error          what can be wrong
//! interpolation  `${NAME}`
//! dotenv         .env
//! project        the directory, name, variables and profiles of a project
//! document       a file whose merge keys and variables are resolved
//! service        what a service says of its image
//! load           files, `include`, `extends`
//! ```

mod document;
mod dotenv;
mod error;
mod interpolation;
mod load;
mod project;
mod service;
#[cfg(test)]
mod tests;

pub use document::ComposeKey;
pub use error::ComposeError;
pub use load::{ProjectImages, images};
pub use project::Profiles;
pub use service::ServiceImage;
