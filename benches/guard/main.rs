//! Compares the cost of two small images with recorded figures: allocations, heap bytes, and instructions of a headless
//! run. Nothing is timed, so the result is valid on a busy machine.
//!
//! ```text
//! cargo xtask guard                       compares with benches/guard/figures.json; exit code 1 if a figure is too high
//! cargo xtask guard --write               measures and writes that file
//! cargo xtask guard --keep DIR            keeps the images in DIR for a profiler
//! cargo xtask guard --require-valgrind    fails if valgrind is missing, which counts instructions
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a guard that cannot run stops")]

mod callgrind;
mod figures;
#[path = "../gauges/heap.rs"]
mod heap;
#[path = "../images/mod.rs"]
#[allow(dead_code, reason = "each benchmark makes the images that it measures")]
mod images;
mod program;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use clap::Parser;
use dive::report::json;
use dive_model::Opened;
use dive_model::analysis::Analysis;
use dive_model::budget::Budget;
use dive_model::image::Image;
use dive_model::layer::ReadOptions;
use dive_model::layer::content::PlainLayers;
use dive_model::layer::scan;
use dive_model::observer::Silent;
use dive_model::remark::OnDamage;
use dive_model::tree::{self, Builder, Tree};

use callgrind::Output;
use figures::{Case, Figures};
use heap::HeapUse;
use images::{Codec, Shape};

/// Small enough for valgrind, large enough that start-up is negligible.
const SHAPE: Shape = Shape { whiteouts: 1_000, ..Shape::usual(20_000) };

const CODECS: [(&str, Codec); 2] = [("plain", Codec::Plain), ("gzip", Codec::Gzip)];

/// Compares the program's memory use and instruction count with recorded figures.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask guard")]
struct Arguments {
    /// Measure and write benches/guard/figures.json
    #[arg(long)]
    write: bool,
    /// Keep the images in this directory, relative to the repository; it is created if missing
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Fail if valgrind is missing
    #[arg(long)]
    require_valgrind: bool,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// Names of other benchmarks, from `cargo bench -- NAME`.
    #[arg(hide = true)]
    _names: Vec<String>,
}

fn main() -> ExitCode {
    // `cargo test --benches` also runs this, in an unoptimised build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::parse();
    let valgrind = callgrind::version();
    match &valgrind {
        Some(version) => eprintln!("instructions are counted by {version}"),
        None if arguments.require_valgrind || arguments.write => {
            eprintln!("error: valgrind is missing; install it with: apt-get install valgrind");
            return ExitCode::FAILURE;
        }
        None => eprintln!("warning: valgrind is missing; instructions are not counted"),
    }
    // Cargo runs a benchmark in its package's folder.
    let keep = arguments.keep.map(|folder| program::workspace().join(folder));
    let keep = keep.as_deref();
    if let Some(folder) = keep
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        eprintln!("error: {} cannot be created: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    // One thread, so that counts do not depend on scheduling.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("a thread");
    let counted = valgrind.is_some().then(program::build);
    let mut cases = BTreeMap::new();
    for (name, codec) in CODECS {
        let archive = SHAPE.archive(codec);
        if let Some(folder) = keep
            && let Err(error) = keep_image(archive.path(), &folder.join(format!("{name}.tar")))
        {
            eprintln!("error: the image cannot be copied to {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
        cases.insert(name.to_owned(), measure(archive.path(), counted.as_deref()));
    }
    let measured = Figures { rustc: rustc_version(), valgrind, images: cases };
    if arguments.write {
        measured.write();
        return ExitCode::SUCCESS;
    }
    let images = match keep {
        Some(folder) => format!("The images for a profiler are in {}.", folder.display()),
        None => "`cargo xtask guard --keep DIR` keeps the images in DIR for a profiler.".to_owned(),
    };
    figures::check(&Figures::read(), &measured, SHAPE.entries, &images)
}

/// Copies the image before it is measured, so that it is kept if the measurement fails.
fn keep_image(archive: &Path, kept: &Path) -> io::Result<()> {
    std::fs::copy(archive, kept)?;
    eprintln!("kept {}", std::path::absolute(kept)?.display());
    Ok(())
}

/// The compiler's version. It is the one that built the benchmark, unless the toolchain changed since.
fn rustc_version() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").current_dir(program::workspace()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `counted` is the program to count instructions of, if any.
fn measure(archive: &Path, counted: Option<&Path>) -> Case {
    let image = images::open(archive);
    // The first run initialises statics and thread pools, which must not count.
    analyse(&image);
    let (opened, whole) = heap::watch(|| analyse(&image));
    let ((), document) = heap::watch(|| write_json(&opened));
    drop(opened);
    let (tree, in_turn) = in_turn(&image);
    drop(tree);
    let instructions = |output| counted.map(|program| callgrind::instructions(program, archive, output));
    Case {
        allocations: Some(whole.allocations),
        kept_bytes: Some(whole.kept_bytes),
        peak_bytes: Some(in_turn.peak_bytes),
        json_peak_bytes: Some(document.peak_bytes),
        instructions: instructions(Output::Report),
        json_instructions: instructions(Output::Json),
    }
}

/// The work of a headless run: reads all layers, computes the numbers, writes the report.
fn analyse(image: &Arc<Image>) -> Opened {
    let loaded = tree::load(image, "made", ReadOptions::within(&Budget::unlimited()), &Silent).unwrap();
    let opened = Opened::new(Arc::clone(image), loaded);
    write_json(&opened);
    opened
}

fn write_json(opened: &Opened) {
    json::render(opened, &mut io::sink()).unwrap();
}

/// The same with layers read one after the other. [`tree::load`] reads ahead, so the number of layers in memory, and
/// the peak, would depend on the machine.
fn in_turn(image: &Image) -> (Tree, HeapUse) {
    heap::watch(|| {
        let blobs: Vec<_> = image.layers.iter().map(|layer| layer.blob.as_ref().unwrap().clone()).collect();
        let mut builder = Builder::new();
        for blob in &blobs {
            builder.apply(scan::scan(&**blob, OnDamage::Fail, &|| false).unwrap()).unwrap();
        }
        let plain = blobs.into_iter().map(Some).collect();
        let tree = builder.finish(&PlainLayers::new(plain)).unwrap();
        drop(Analysis::of(&tree));
        tree
    })
}
