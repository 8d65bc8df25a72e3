//! Fuzz targets: functions that take any bytes, and panic if dive breaks a promise. [`TARGETS`] is their table, [`seeds`] has
//! the initial inputs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is what a target reports"
)]

mod answers;
// Images in memory and the model of the tree, shared with the integration tests.
#[allow(dead_code, reason = "the integration tests use the rest")]
mod build;
mod compose;
mod compression;
mod configuration;
mod documents;
mod escapes;
#[allow(dead_code, reason = "the integration tests use the rest")]
mod model;
mod names;
mod record;
pub mod seeds;
mod statements;
mod store;
mod table;
mod tar;
mod tree;

/// A fuzz target.
#[derive(Debug)]
pub struct Target {
    /// Its name for `cargo fuzz run`.
    pub name: &'static str,
    /// Runs it on an input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 18] = [
    Target { name: "tar", run: tar::run },
    Target { name: "compression", run: compression::run },
    Target { name: "documents", run: documents::docker_archive },
    Target { name: "index", run: documents::index },
    Target { name: "statements", run: statements::run },
    Target { name: "archive", run: store::archive },
    Target { name: "tree", run: tree::run },
    Target { name: "record", run: record::run },
    Target { name: "table", run: table::run },
    Target { name: "configuration", run: configuration::configuration },
    Target { name: "rules", run: configuration::rules },
    Target { name: "compose", run: compose::run },
    Target { name: "keys", run: configuration::keys },
    Target { name: "terms", run: names::terms },
    Target { name: "references", run: names::references },
    Target { name: "settings", run: names::settings },
    Target { name: "answers", run: answers::run },
    Target { name: "escapes", run: escapes::run },
];

/// Runs the target with this name.
///
/// # Panics
/// If there is no such target, or dive breaks a promise.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    (target.run)(input);
}
