//! Cost of each stage, from the bytes of a layer to a row on the screen, in images of 10,000 to two million entries.
//!
//! ```text
//! cargo bench -p dive-benches --bench stages                              wall-clock times, in four minutes
//! cargo bench -p dive-benches --bench stages -- 'build'                   benchmarks with this in their name
//! DIVE_BENCH_ENTRIES=2000000 cargo bench -p dive-benches --bench stages   with another size
//! cargo bench -p dive-benches --bench stages -- --curve                   CPU and memory per entry, as tables
//! ```
//!
//! A stage is linear if its row of the curve is constant. Use the wall-clock times to compare two versions of a stage,
//! and the curve on a machine with other load.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run stops")]

#[path = "../gauges/cpu.rs"]
mod cpu;
mod curve;
#[path = "../gauges/heap.rs"]
#[allow(dead_code, reason = "only the guard counts allocations")]
mod heap;
#[path = "../images/mod.rs"]
#[allow(dead_code, reason = "each benchmark makes the images that it measures")]
mod images;
#[path = "../screen/screen.rs"]
#[allow(dead_code, reason = "other benchmarks use the rest")]
mod screen;
mod stage;
mod subject;

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};

use images::Shape;
use stage::{STAGES, Unit};
use subject::Subject;

/// The sizes that are timed; the curve also has [`LARGEST`].
const SIZES: [u64; 3] = [10_000, 100_000, 500_000];
const LARGEST: u64 = 2_000_000;

/// Unusual shapes of an image of half a million entries.
fn shapes() -> [(&'static str, Shape); 4] {
    let usual = Shape::usual(500_000);
    [
        ("no whiteouts", Shape { whiteouts: 0, ..usual }),
        ("127 layers", Shape { layers: 127, ..usual }),
        ("100,000 in a directory", Shape { crowd: 100_000, ..usual }),
        ("5,000 levels deep", Shape { depth: 5_000, ..usual }),
    ]
}

fn main() {
    if std::env::args().any(|argument| argument == "--curve") {
        curve::print();
    } else {
        time();
    }
}

/// Measures wall-clock times.
fn time() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    let wanted = std::env::var("DIVE_BENCH_ENTRIES").ok().filter(|text| !text.is_empty());
    let wanted = wanted.map(|text| text.parse().expect("DIVE_BENCH_ENTRIES is a number"));
    for entries in SIZES.into_iter().chain(wanted) {
        time_image(&mut criterion, &format!("{entries}"), Shape::usual(entries));
    }
    for (name, shape) in shapes() {
        time_image(&mut criterion, &format!("{} {name}", shape.entries), shape);
    }
    criterion.final_summary();
}

fn time_image(criterion: &mut Criterion, name: &str, shape: Shape) {
    let mut subject = Subject::made(shape);
    let mut group = criterion.benchmark_group(name);
    for stage in STAGES {
        group.throughput(Throughput::Elements(match stage.unit {
            Unit::Entry => shape.entries,
            Unit::Key => 1,
        }));
        group.bench_function(stage.name, |bencher| {
            let epoch = Instant::now();
            bencher.iter_custom(|times| (0..times).map(|_| (stage.run)(&mut subject, &|| epoch.elapsed())).sum());
        });
    }
    group.finish();
}
