//! Prints the ten largest groups of reclaimable files of an image archive: `cargo run --example waste IMAGE.tar`.

use std::error::Error;
use std::io::{self, Write};

use dive_model::Opener;
use dive_model::analysis::WasteGroup;
use dive_model::escape::Escaped;
use dive_model::units::Bytes;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: waste IMAGE.tar")?;
    let opened = Opener::new().open(path)?;
    let exact = &opened.analysis.exact;
    let mut out = io::stdout().lock();
    writeln!(out, "{} of {} can be reclaimed", Bytes(exact.reclaimable_bytes()), Bytes(exact.total_bytes))?;
    for group in WasteGroup::of(&opened.tree, exact).iter().take(10) {
        let WasteGroup { layer, hidden_by, cause, files, .. } = group;
        let (size, path) = (Bytes(group.size_bytes), opened.tree.path(group.place));
        let cause = cause.name();
        writeln!(out, "{size} in {files} file(s) of layer {layer}, {cause} by layer {hidden_by}: {}", Escaped(&path))?;
    }
    Ok(())
}
