//! The targets of the fuzzer: functions that take any bytes, and panic if dive breaks a promise over them. [`TARGETS`] is the
//! table of them, [`seeds`] has the inputs that a run starts with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic is what a target reports"
)]

mod answers;
// The images that the integration tests draw, and the model that they compare the tree with.
#[allow(dead_code, reason = "the integration tests use the rest")]
mod build;
mod compression;
mod configuration;
mod documents;
mod escapes;
#[allow(dead_code, reason = "the integration tests use the rest")]
mod model;
mod names;
mod record;
pub mod seeds;
mod store;
mod table;
mod tar;
mod tree;

/// A target of the fuzzer.
#[derive(Debug)]
pub struct Target {
    /// Its name for `cargo fuzz run`.
    pub name: &'static str,
    /// What it does with an input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 15] = [
    Target { name: "tar", run: tar::run },
    Target { name: "compression", run: compression::run },
    Target { name: "documents", run: documents::docker_archive },
    Target { name: "index", run: documents::index },
    Target { name: "archive", run: store::archive },
    Target { name: "tree", run: tree::run },
    Target { name: "record", run: record::run },
    Target { name: "table", run: table::run },
    Target { name: "configuration", run: configuration::configuration },
    Target { name: "rules", run: configuration::rules },
    Target { name: "keys", run: configuration::keys },
    Target { name: "terms", run: names::terms },
    Target { name: "references", run: names::references },
    Target { name: "answers", run: answers::run },
    Target { name: "escapes", run: escapes::run },
];

/// Runs the target of that name.
///
/// # Panics
/// If there is none, or dive breaks a promise.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    (target.run)(input);
}
