//! Prints the number of skipped tests. This is the last test target of `cargo test`, by name. It never fails; it shows
//! how much a successful run has not tested on this machine.

#![allow(clippy::print_stdout, reason = "this target prints the count")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

#[path = "suite/skipped.rs"]
#[allow(dead_code, clippy::panic, reason = "the suite records skips, this target reads them")]
mod skipped;

/// Age of records left by runs that ended early or ran the suite alone.
const STALE: Duration = Duration::from_hours(24);

fn main() {
    // Runners that list tests get an empty list.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let mut tests = BTreeSet::new();
    let mut by_need: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in std::fs::read_dir(skipped::folder()).into_iter().flatten().flatten() {
        let records = std::fs::read_to_string(file.path()).unwrap_or_default();
        for (test, need) in records.lines().filter_map(|record| record.split_once('\t')) {
            tests.insert(test.to_owned());
            by_need.entry(need.to_owned()).or_default().insert(test.to_owned());
        }
    }
    if tests.is_empty() {
        println!("\nskipped tests: none\n");
    } else {
        println!("\nskipped tests: {}, for lack of:", tests.len());
        for (need, tests) in &by_need {
            println!("{:>6}  {need}", tests.len());
        }
        println!(
            "DIVE_CORPUS names the folder of images; `tests/servers.sh cargo test` starts the servers. See README.md.\n"
        );
    }
    let _ = std::fs::remove_dir_all(skipped::folder());
    let others = std::fs::read_dir(skipped::root()).into_iter().flatten().flatten();
    for other in others {
        let age = other.metadata().and_then(|found| found.modified()).map(|at| SystemTime::now().duration_since(at));
        if age.is_ok_and(|age| age.is_ok_and(|age| age > STALE)) {
            let _ = std::fs::remove_dir_all(other.path());
        }
    }
}
