//! CPU time of several images in one run that share nine of ten layers, as `dive A B C` reads them, beside that of one image.
//!
//! ```text
//! cargo bench -p dive-benches --bench many   a table, in half a minute
//! ```
//!
//! Each image is an archive with gzip layers. In one run, a layer that dive has unpacked for one image is not unpacked for another one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run stops")]

#[path = "../gauges/cpu.rs"]
mod cpu;
#[path = "../images/mod.rs"]
#[allow(dead_code, reason = "each benchmark makes the images that it measures")]
mod images;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dive_model::cache::Cache;
use dive_model::observer::Silent;
use dive_model::remark::OnDamage;
use dive_model::{Opener, StoredDigests};
use dive_sources::{Reference, Source};

use cpu::cpu_time;
use images::{MadeLayer, Shape};

/// The images.
const IMAGES: u64 = 10;
/// Their layers. All but the last are shared.
const LAYERS: u64 = 10;
const ENTRIES: u64 = 100_000;
/// Other load only adds to a measurement, so the least one counts.
const REPEATS: usize = 5;

#[allow(clippy::print_stdout, reason = "the table is the output")]
fn main() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { layers: LAYERS, ..Shape::usual(ENTRIES) };
    let mut layers: Vec<MadeLayer> = (0..LAYERS - 1).map(|index| shape.gzip_layer(index)).collect();
    let paths: Vec<PathBuf> = (0..IMAGES)
        .map(|number| {
            layers.push(shape.gzip_layer(LAYERS - 1 + number));
            let path = folder.path().join(format!("{number}.tar"));
            images::write_archive(&path, &layers);
            layers.pop();
            path
        })
        .collect();
    println!("{ENTRIES} entries in {LAYERS} gzip layers an image, CPU time:");
    let one = measured(|| read(&paths[..1]));
    for (name, time) in [
        ("one image".to_owned(), one),
        (format!("{IMAGES} images in one run, which share {} layers", LAYERS - 1), measured(|| read(&paths))),
        (format!("{IMAGES} images in a run each"), measured(|| paths.chunks(1).for_each(read))),
    ] {
        let times = time.as_secs_f64() / one.as_secs_f64();
        println!("  {name:<48}  {:>8.1} ms  {times:>5.1} x", time.as_secs_f64() * 1000.0);
    }
}

/// Reads images in one run.
fn read(paths: &[PathBuf]) {
    let cache = Cache::in_memory();
    for path in paths {
        let source = Source::open(&Reference::from(path.clone()), &OnDamage::Fail.into(), &Silent).unwrap();
        let digests = StoredDigests::default();
        let opener = Opener::new().cache(Some(&cache)).stored_digests(Some(&digests));
        drop(opener.open_store(source.store()).unwrap());
    }
}

/// The least CPU time of some repeats, or the wall-clock time on systems that do not report CPU time.
fn measured(run: impl Fn()) -> Duration {
    let time = || {
        let (cpu, wall) = (cpu_time(), Instant::now());
        run();
        cpu.zip(cpu_time()).map_or_else(|| wall.elapsed(), |(before, after)| after.saturating_sub(before))
    };
    (0..REPEATS).map(|_| time()).min().unwrap()
}
