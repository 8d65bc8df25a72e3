//! Whether the program still takes as little as it did: two small images, how often memory is asked for, how much of it
//! is held, and how many instructions a headless run has. Nothing is timed, so it holds on a busy machine.
//!
//! ```text
//! cargo xtask guard                       compares with benches/guard/figures.json; exit code 1 if it costs more
//! cargo xtask guard --write               measures and writes that file
//! cargo xtask guard --keep DIR            leaves the images in DIR, to be looked at with a profiler
//! cargo xtask guard --require-valgrind    fails where valgrind is missing: without it, instructions are not counted
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

/// Small enough for valgrind, large enough that starting up does not count.
const SHAPE: Shape = Shape { whiteouts: 1_000, ..Shape::usual(20_000) };

const CODECS: [(&str, Codec); 2] = [("plain", Codec::Plain), ("gzip", Codec::Gzip)];

/// Holds what the program takes of memory and instructions against what it took.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask guard")]
struct Arguments {
    /// Measures and writes benches/guard/figures.json
    #[arg(long)]
    write: bool,
    /// Leaves the images in this directory, which is created if missing; relative to the repository
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Fails where valgrind is missing
    #[arg(long)]
    require_valgrind: bool,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
    /// `cargo bench -- NAME` chooses among other benchmarks, and tells all of them.
    #[arg(hide = true)]
    _names: Vec<String>,
}

fn main() -> ExitCode {
    // `cargo test --benches` runs this as well, in a build whose figures say nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::parse();
    let valgrind = callgrind::version();
    match &valgrind {
        Some(version) => eprintln!("instructions are counted by {version}"),
        None if arguments.require_valgrind || arguments.write => {
            eprintln!(
                "error: valgrind is missing, and without it no instructions are counted: apt-get install valgrind"
            );
            return ExitCode::FAILURE;
        }
        None => eprintln!("warning: valgrind is missing: only memory is checked, not instructions"),
    }
    // Cargo runs a benchmark in the folder of its package.
    let keep = arguments.keep.map(|folder| program::workspace().join(folder));
    let keep = keep.as_deref();
    if let Some(folder) = keep
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        eprintln!("error: {} cannot be made: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    // One thread, so that what is counted does not hang on who comes first.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("a thread");
    let counted = valgrind.is_some().then(program::build);
    let mut cases = BTreeMap::new();
    for (name, codec) in CODECS {
        let archive = SHAPE.archive(codec);
        if let Some(folder) = keep
            && let Err(error) = keep_image(archive.path(), &folder.join(format!("{name}.tar")))
        {
            eprintln!("error: the image cannot be kept in {}: {error}", folder.display());
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
        Some(folder) => format!("The images to profile are in {}.", folder.display()),
        None => "`cargo xtask guard --keep DIR` leaves the images in DIR, to profile them.".to_owned(),
    };
    figures::check(&Figures::read(), &measured, SHAPE.entries, &images)
}

/// Before it is measured: what fails there leaves an image behind as well.
fn keep_image(archive: &Path, kept: &Path) -> io::Result<()> {
    std::fs::copy(archive, kept)?;
    eprintln!("kept {}", std::path::absolute(kept)?.display());
    Ok(())
}

/// What the compiler calls itself: the one that cargo has built this with, unless the toolchain has changed meanwhile.
fn rustc_version() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").current_dir(program::workspace()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `counted` is the program whose instructions are counted.
fn measure(archive: &Path, counted: Option<&Path>) -> Case {
    let image = images::open(archive);
    // What is made once in a process, and by whoever comes first, is not to count.
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

/// What a headless run does: read all layers, compute the numbers, write the report.
fn analyse(image: &Arc<Image>) -> Opened {
    let loaded = tree::load(image, "made", ReadOptions::within(&Budget::unlimited()), &Silent).unwrap();
    let opened = Opened::new(Arc::clone(image), loaded);
    write_json(&opened);
    opened
}

fn write_json(opened: &Opened) {
    json::render(opened, &mut io::sink()).unwrap();
}

/// The same with one layer after the other. [`tree::load`] reads the next ones while one is applied: how many of them are
/// in memory at once is up to the machine, and so would be the peak.
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
