//! Cost of each stage per entry, over all sizes and shapes, as Markdown tables for docs/performance.md.

use std::fmt::Write;
use std::time::Duration;

use crate::cpu::cpu_time;
use crate::heap::HeapUse;
use crate::images::Shape;
use crate::stage::{STAGES, Stage, Unit};
use crate::subject::Subject;
use crate::{LARGEST, SIZES, shapes};

/// Minimum time and number of runs of a stage.
const ENOUGH: Duration = Duration::from_millis(500);
const FEWEST_RUNS: u32 = 3;

/// Key presses per run. Their cost varies with the row.
const KEYS: u32 = 100;

/// The heap budget of an image, which does not depend on file contents.
const BUDGET_BYTES: u64 = 16 << 20;
const BUDGET_BYTES_AN_ENTRY: u64 = 120;

/// Measures everything and prints the tables.
#[allow(clippy::print_stdout, reason = "the tables are the output; progress goes to standard error")]
pub(crate) fn print() {
    let sizes = SIZES.into_iter().chain([LARGEST]).map(|entries| (thousands(entries), Shape::usual(entries)));
    let usual = ("usual", Shape::usual(500_000));
    let shapes = [usual].into_iter().chain(shapes()).map(|(name, shape)| (name.to_owned(), shape));
    println!("CPU time of a stage is the minimum of at least {FEWEST_RUNS} runs; a run of keys has {KEYS} of them.\n");
    println!("{}", table("entries", sizes));
    println!("{}", table("500,000 entries", shapes));
}

/// A table with a column per image and a row per figure.
fn table(corner: &str, images: impl Iterator<Item = (String, Shape)>) -> String {
    let mut rows = vec![vec![corner.to_owned()]];
    rows.extend(STAGES.iter().map(|stage| vec![row_name(stage)]));
    let heap = ["heap at its peak, bytes an entry", "heap at its peak, of the budget", "heap kept, bytes an entry"];
    rows.extend(["plain", "zstd"].iter().flat_map(|codec| heap.map(|name| vec![format!("{name}, {codec}")])));
    for (name, shape) in images {
        let mut subject = Subject::made(shape);
        let costs = STAGES.iter().map(|stage| cost(stage, &mut subject));
        let figures: Vec<String> = [name].into_iter().chain(costs).collect();
        let heap = [subject.plain_heap, subject.zstd_heap].into_iter().flat_map(|used| heap_cells(used, shape.entries));
        for (row, cell) in rows.iter_mut().zip(figures.into_iter().chain(heap)) {
            row.push(cell);
        }
    }
    markdown(&rows)
}

fn row_name(stage: &Stage) -> String {
    let unit = match stage.unit {
        Unit::Entry => "ns an entry",
        Unit::Key => "µs a key",
    };
    format!("{}, {unit}", stage.name)
}

/// CPU time of a stage: the minimum of at least [`FEWEST_RUNS`] runs, since other load can only add to it. For a stage
/// that alternates between two inputs, the cheaper one counts.
fn cost(stage: &Stage, subject: &mut Subject) -> String {
    let clock = || cpu_time().expect("a system that reports CPU time");
    let rounds = match stage.unit {
        Unit::Entry => 1,
        Unit::Key => KEYS,
    };
    let (mut runs, mut all, mut least) = (0, Duration::ZERO, Duration::MAX);
    while runs < FEWEST_RUNS || all < ENOUGH {
        let taken = (0..rounds).map(|_| (stage.run)(subject, &clock)).sum();
        runs += 1;
        all += taken;
        least = least.min(taken);
    }
    let least = least.as_nanos() as f64;
    match stage.unit {
        Unit::Entry => format!("{:.0}", least / subject.entries as f64),
        Unit::Key => format!("{:.0}", least / 1e3 / f64::from(KEYS)),
    }
}

fn heap_cells(used: HeapUse, entries: u64) -> [String; 3] {
    let budget = BUDGET_BYTES + BUDGET_BYTES_AN_ENTRY * entries;
    [
        format!("{}", used.peak_bytes / entries),
        format!("{:.0} %", 100.0 * used.peak_bytes as f64 / budget as f64),
        format!("{}", used.kept_bytes / entries),
    ]
}

fn markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        writeln!(text, "| {} |", row.join(" | ")).unwrap();
        if index == 0 {
            writeln!(text, "|---|{}", "--:|".repeat(row.len() - 1)).unwrap();
        }
    }
    text
}

/// Formats 2000000 as 2,000,000.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}
