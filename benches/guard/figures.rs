//! The figures that are kept in the repository, and what is measured held against them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// What one image takes. A figure is missing where nobody could count it, or where it was not kept yet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Calls that ask for memory, from the opened image to the written report.
    pub(crate) allocations: Option<u64>,
    /// Bytes of heap that the tree and its numbers hold.
    pub(crate) kept_bytes: Option<u64>,
    /// The most bytes of heap at any time, when layers are read one after the other.
    pub(crate) peak_bytes: Option<u64>,
    /// The most that writing the JSON document takes beyond the tree and its numbers.
    pub(crate) json_peak_bytes: Option<u64>,
    /// Of the whole program in CI mode.
    pub(crate) instructions: Option<u64>,
    /// The same when it writes JSON as well.
    pub(crate) json_instructions: Option<u64>,
}

/// What counted, and what was counted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// Whose instructions they are, as the compiler calls itself.
    pub(crate) rustc: Option<String>,
    /// And who counted them.
    pub(crate) valgrind: Option<String>,
    /// All images by name.
    pub(crate) images: BTreeMap<String, Case>,
}

/// A kind of figure, and how far it may differ. Memory is the same in each run; docs/performance.md says how much
/// instructions differ by themselves. The rest of their margin is for other processors, for which libraries pick other code.
struct Kind {
    name: &'static str,
    of: fn(&Case) -> Option<u64>,
    margin_percent: u64,
}

const KINDS: [Kind; 6] = [
    Kind { name: "allocations", of: |case| case.allocations, margin_percent: 1 },
    Kind { name: "bytes kept", of: |case| case.kept_bytes, margin_percent: 1 },
    Kind { name: "bytes at the peak", of: |case| case.peak_bytes, margin_percent: 1 },
    Kind { name: "bytes for JSON", of: |case| case.json_peak_bytes, margin_percent: 1 },
    Kind { name: "instructions", of: |case| case.instructions, margin_percent: 5 },
    Kind { name: "with JSON", of: |case| case.json_instructions, margin_percent: 5 },
];

impl Figures {
    fn path() -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "guard", "figures.json"].iter().collect()
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

/// Prints what was measured beside what it may be. A failure if anything costs more or was never kept; what costs much
/// less is said. `images` says where those can be found that were measured.
pub(crate) fn check(kept: &Figures, measured: &Figures, entries: u64, images: &str) -> ExitCode {
    let (mut is_higher, mut is_lower, mut is_missing) = (false, false, false);
    eprintln!("{:28} {:>13} {:>13} {:>13} {:>9}", "", "kept figure", "limit", "measured", "an entry");
    let unknown = Case::default();
    for (name, case) in &measured.images {
        let old_case = kept.images.get(name).unwrap_or(&unknown);
        for kind in &KINDS {
            // Instructions where there is no valgrind: that was said.
            let Some(new) = (kind.of)(case) else { continue };
            let (row, each) = (format!("{name}, {}", kind.name), new as f64 / entries as f64);
            let Some(old) = (kind.of)(old_case) else {
                is_missing = true;
                eprintln!("{row:28} {:>13} {:>13} {new:13} {each:9.2} NO FIGURE KEPT", "none", "none");
                continue;
            };
            let (least, limit) = (old - old * kind.margin_percent / 100, old + old * kind.margin_percent / 100);
            let verdict = match new {
                new if new > limit => {
                    is_higher = true;
                    "TOO MUCH"
                }
                new if new < least => {
                    is_lower = true;
                    "lower: keep it"
                }
                _ => "",
            };
            eprintln!("{row:28} {old:13} {limit:13} {new:13} {each:9.2} {verdict}");
        }
    }
    note_versions(kept, measured);
    if is_missing {
        eprintln!(
            "error: benches/guard/figures.json keeps no figure of what is marked so, which nothing guards therefore: \
             `cargo xtask guard --write` adds it."
        );
    }
    if is_higher {
        eprintln!(
            "error: this costs more than it did. {images} If that is worth it, or if the compiler or the processor is \
             another one, `cargo xtask guard --write` keeps the new figures; say why in the commit."
        );
    } else if is_lower {
        eprintln!("Less than it was: `cargo xtask guard --write` keeps it so.");
    }
    if is_higher || is_missing { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Other tools count otherwise, which is no fault of the program's.
fn note_versions(kept: &Figures, measured: &Figures) {
    for (tool, old, new) in [("rustc", &kept.rustc, &measured.rustc), ("valgrind", &kept.valgrind, &measured.valgrind)]
    {
        // Without valgrind nothing was counted that its version could be a reason for.
        let Some(new) = new else { continue };
        match old {
            Some(old) if old == new => {}
            Some(old) => eprintln!(
                "note: the figures were kept with {old}, and this is {new}: a reason for other counts of instructions"
            ),
            None => eprintln!("note: the figures do not say which {tool} they were kept with; this is {new}"),
        }
    }
}
