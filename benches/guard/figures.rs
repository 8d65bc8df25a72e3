//! The figures that are kept in the repository, and what is measured held against them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// What one image takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Calls that ask for memory, from the opened image to the written report.
    pub(crate) allocations: u64,
    /// Bytes of heap that the tree and its numbers hold.
    pub(crate) kept_bytes: u64,
    /// The most bytes of heap at any time, when layers are read one after the other.
    pub(crate) peak_bytes: u64,
    /// Of the whole program in CI mode; none if nobody can count them.
    pub(crate) instructions: Option<u64>,
    /// The same when it writes JSON as well.
    pub(crate) json_instructions: Option<u64>,
}

/// All images by name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figures(pub(crate) BTreeMap<String, Case>);

/// A kind of figure, and how far it may stray. Memory is the same in each run, and instructions differ by half a
/// percent, since hash tables are seeded by chance; the rest of the margins is for changes that are none of the cost's.
struct Kind {
    name: &'static str,
    of: fn(&Case) -> Option<u64>,
    margin_percent: u64,
}

const KINDS: [Kind; 5] = [
    Kind { name: "allocations", of: |case| Some(case.allocations), margin_percent: 1 },
    Kind { name: "bytes kept", of: |case| Some(case.kept_bytes), margin_percent: 1 },
    Kind { name: "bytes at the peak", of: |case| Some(case.peak_bytes), margin_percent: 1 },
    Kind { name: "instructions", of: |case| case.instructions, margin_percent: 2 },
    Kind { name: "with JSON", of: |case| case.json_instructions, margin_percent: 2 },
];

impl Figures {
    fn path() -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "benches", "guard", "figures.json"].iter().collect()
    }

    pub(crate) fn read() -> Self {
        let path = Self::path();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn write(&self) {
        let path = Self::path();
        let text = serde_json::to_string_pretty(self).unwrap() + "\n";
        std::fs::write(&path, &text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        eprint!("{text}");
    }
}

/// Prints what was measured beside what it may be. A failure if anything costs more; what costs much less is said.
pub(crate) fn check(kept: &Figures, measured: &Figures, entries: u64) -> ExitCode {
    let mut outcome = ExitCode::SUCCESS;
    let mut is_lower = false;
    eprintln!("{:28} {:>13} {:>13} {:>13} {:>9}", "", "kept figure", "limit", "measured", "an entry");
    for (name, case) in &measured.0 {
        let old = kept.0.get(name).unwrap_or_else(|| panic!("no figures of {name:?}: write them with --write"));
        for kind in &KINDS {
            let (Some(old), Some(new)) = ((kind.of)(old), (kind.of)(case)) else { continue };
            let (least, limit) = (old - old * kind.margin_percent / 100, old + old * kind.margin_percent / 100);
            let verdict = match new {
                new if new > limit => {
                    outcome = ExitCode::FAILURE;
                    "TOO MUCH"
                }
                new if new < least => {
                    is_lower = true;
                    "lower: keep it"
                }
                _ => "",
            };
            let (row, each) = (format!("{name}, {}", kind.name), new as f64 / entries as f64);
            eprintln!("{row:28} {old:13} {limit:13} {new:13} {each:9.2} {verdict}");
        }
    }
    if outcome != ExitCode::SUCCESS {
        eprintln!(
            "error: this costs more than it did. If that is worth it, or if the compiler or the processor is another one, \
             `cargo bench --bench guard -- --write` keeps the new figures; say why in the commit."
        );
    } else if is_lower {
        eprintln!("Less than it was: `cargo bench --bench guard -- --write` keeps it so.");
    }
    outcome
}
