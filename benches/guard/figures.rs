//! The figures in the repository, and the comparison with measured ones.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// The figures of one image. A figure is `None` if it was not measured or not recorded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Allocations, from the opened image to the written report.
    pub(crate) allocations: Option<u64>,
    /// Heap bytes of the tree and its numbers.
    pub(crate) kept_bytes: Option<u64>,
    /// Peak heap bytes with layers read one after the other.
    pub(crate) peak_bytes: Option<u64>,
    /// Peak heap bytes of writing the JSON document, beyond the tree and its numbers.
    pub(crate) json_peak_bytes: Option<u64>,
    /// Instructions of the whole program in CI mode.
    pub(crate) instructions: Option<u64>,
    /// The same with a JSON document.
    pub(crate) json_instructions: Option<u64>,
}

/// Figures of all images, and the tools that measured them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// Version of the compiler that built the program.
    pub(crate) rustc: Option<String>,
    /// Version of valgrind.
    pub(crate) valgrind: Option<String>,
    /// Figures by image name.
    pub(crate) images: BTreeMap<String, Case>,
}

/// A kind of figure and its tolerance. Memory figures are reproducible; docs/performance.md gives the variation of
/// instruction counts. The rest of that tolerance is for other processors, on which libraries choose other code.
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

/// Prints measured figures beside recorded ones. Fails if any figure is too high or has no record; reports those that
/// are much lower. `images` tells the user where to find the measured images.
pub(crate) fn check(kept: &Figures, measured: &Figures, entries: u64, images: &str) -> ExitCode {
    let (mut is_higher, mut is_lower, mut is_missing) = (false, false, false);
    eprintln!("{:28} {:>13} {:>13} {:>13} {:>9}", "", "recorded", "limit", "measured", "an entry");
    let unknown = Case::default();
    for (name, case) in &measured.images {
        let old_case = kept.images.get(name).unwrap_or(&unknown);
        for kind in &KINDS {
            // No instruction count without valgrind; main has warned of that.
            let Some(new) = (kind.of)(case) else { continue };
            let (row, each) = (format!("{name}, {}", kind.name), new as f64 / entries as f64);
            let Some(old) = (kind.of)(old_case) else {
                is_missing = true;
                eprintln!("{row:28} {:>13} {:>13} {new:13} {each:9.2} NOT RECORDED", "none", "none");
                continue;
            };
            let (least, limit) = (old - old * kind.margin_percent / 100, old + old * kind.margin_percent / 100);
            let verdict = match new {
                new if new > limit => {
                    is_higher = true;
                    "TOO HIGH"
                }
                new if new < least => {
                    is_lower = true;
                    "lower: record it"
                }
                _ => "",
            };
            eprintln!("{row:28} {old:13} {limit:13} {new:13} {each:9.2} {verdict}");
        }
    }
    note_versions(kept, measured);
    if is_missing {
        eprintln!(
            "error: benches/guard/figures.json lacks the figures marked above; add them with `cargo xtask guard --write`"
        );
    }
    if is_higher {
        eprintln!(
            "error: some figures are above their limit. {images} If the cost is justified, or the compiler or processor \
             is another one, record the new figures with `cargo xtask guard --write` and explain them in the commit."
        );
    } else if is_lower {
        eprintln!("Some figures are lower: record them with `cargo xtask guard --write`.");
    }
    if is_higher || is_missing { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Notes that other tool versions were used: they change the counts.
fn note_versions(kept: &Figures, measured: &Figures) {
    for (tool, old, new) in [("rustc", &kept.rustc, &measured.rustc), ("valgrind", &kept.valgrind, &measured.valgrind)]
    {
        // Without valgrind nothing was counted.
        let Some(new) = new else { continue };
        match old {
            Some(old) if old == new => {}
            Some(old) => {
                eprintln!("note: the figures were recorded with {old}, this is {new}; instruction counts may differ");
            }
            None => eprintln!("note: the figures do not name the {tool} they were recorded with; this is {new}"),
        }
    }
}
