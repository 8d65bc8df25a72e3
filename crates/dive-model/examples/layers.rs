//! Prints each layer of an image archive with the paths that it added, modified and removed:
//! `cargo run --example layers IMAGE.tar`.

use std::error::Error;
use std::io::{self, Write};

use dive_model::Opener;
use dive_model::escape::Escaped;
use dive_model::tree::{Change, Comparison, Scope};
use dive_model::units::Bytes;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: layers IMAGE.tar")?;
    let opened = Opener::new().open(path)?;
    let tree = &opened.tree;
    let mut out = io::stdout().lock();
    // The base layer is compared with the empty file system.
    let mut below = None;
    for (layer, described) in tree.layers().zip(&opened.image.layers) {
        let size = Bytes(tree.layer_size_bytes(layer));
        writeln!(out, "layer {layer}, {size}: {}", Escaped(described.command.as_bytes()))?;
        let comparison = Comparison::between(tree, Scope::states(below, layer));
        for node in tree.nodes() {
            let letter = match comparison.change(node) {
                Some(Change::Added) => 'A',
                Some(Change::Modified) => 'M',
                Some(Change::Removed) => 'R',
                Some(Change::Unmodified) | None => continue,
            };
            writeln!(out, "    {letter} {}", Escaped(&tree.path(node)))?;
        }
        below = Some(layer);
    }
    Ok(())
}
