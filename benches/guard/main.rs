//! Whether the program still takes as little as it did: two small images, how often memory is asked for, how much of it
//! is held, and how many instructions a headless run has. Nothing is timed, so it holds on a busy machine.
//!
//! ```text
//! cargo bench --bench guard                          compares with benches/guard/figures.json; exit code 1 if it costs more
//! cargo bench --bench guard -- --write               measures and writes that file
//! cargo bench --bench guard -- --require-valgrind    fails where valgrind is missing: without it, instructions are not counted
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a guard that cannot run stops")]

mod callgrind;
mod figures;
#[path = "../gauges/heap.rs"]
mod heap;
#[path = "../images/mod.rs"]
#[allow(dead_code, reason = "each benchmark makes the images that it measures")]
mod images;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use dive::analysis::Analysis;
use dive::image::Image;
use dive::layer::content::PlainLayers;
use dive::layer::{Silent, scan};
use dive::remark::OnDamage;
use dive::report::{Findings, json};
use dive::tree::{self, Builder, Tree};

use callgrind::Output;
use figures::{Case, Figures};
use heap::HeapUse;
use images::{Codec, Shape};

/// Small enough for valgrind, large enough that starting up does not count.
const SHAPE: Shape = Shape { whiteouts: 1_000, ..Shape::usual(20_000) };

const CODECS: [(&str, Codec); 2] = [("plain", Codec::Plain), ("gzip", Codec::Gzip)];

fn main() -> ExitCode {
    let has = |flag| std::env::args().any(|argument| argument == flag);
    // `cargo test --benches` runs this as well, in a build whose figures say nothing.
    if !has("--bench") {
        return ExitCode::SUCCESS;
    }
    let valgrind = callgrind::version();
    match &valgrind {
        Some(version) => eprintln!("instructions are counted by {version}"),
        None if has("--require-valgrind") || has("--write") => {
            eprintln!(
                "error: valgrind is missing, and without it no instructions are counted: apt-get install valgrind"
            );
            return ExitCode::FAILURE;
        }
        None => eprintln!("warning: valgrind is missing: only memory is checked, not instructions"),
    }
    // One thread, so that what is counted does not hang on who comes first.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("a thread");
    let mut cases = BTreeMap::new();
    for (name, codec) in CODECS {
        let archive = SHAPE.archive(codec);
        cases.insert(name.to_owned(), measure(archive.path(), valgrind.is_some()));
    }
    let measured = Figures { rustc: rustc_version(), valgrind, images: cases };
    if has("--write") {
        measured.write();
        return ExitCode::SUCCESS;
    }
    figures::check(&Figures::read(), &measured, SHAPE.entries)
}

/// What the compiler calls itself: the one that cargo has built this with, unless the toolchain has changed meanwhile.
fn rustc_version() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn measure(archive: &Path, has_valgrind: bool) -> Case {
    let image = images::open(archive);
    // What is made once in a process, and by whoever comes first, is not to count.
    analyse(&image);
    let ((loaded, analysis), whole) = heap::watch(|| analyse(&image));
    let ((), document) = heap::watch(|| write_json(&image, &loaded, &analysis));
    drop((loaded, analysis));
    let (tree, in_turn) = in_turn(&image);
    drop(tree);
    let instructions = |output| has_valgrind.then(|| callgrind::instructions(archive, output));
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
fn analyse(image: &Image) -> (tree::Loaded, Analysis) {
    let loaded = tree::load(image, "made", OnDamage::Fail, &Silent).unwrap();
    let analysis = Analysis::of(&loaded.tree);
    write_json(image, &loaded, &analysis);
    (loaded, analysis)
}

fn write_json(image: &Image, loaded: &tree::Loaded, analysis: &Analysis) {
    json::render(Findings { image, loaded, analysis }, &mut io::sink()).unwrap();
}

/// The same with one layer after the other. [`tree::load`] reads the next ones while one is applied: how many of them are
/// in memory at once is up to the machine, and so would be the peak.
fn in_turn(image: &Image) -> (Tree, HeapUse) {
    heap::watch(|| {
        let blobs: Vec<_> = image.layers.iter().map(|layer| layer.blob.as_ref().unwrap().clone()).collect();
        let mut builder = Builder::new();
        for blob in &blobs {
            builder.apply(scan::scan(blob, OnDamage::Fail, &|| false).unwrap()).unwrap();
        }
        let plain = blobs.into_iter().map(Some).collect();
        let tree = builder.finish(&PlainLayers(plain)).unwrap();
        drop(Analysis::of(&tree));
        tree
    })
}
