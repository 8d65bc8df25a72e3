//! `dive tree`: lists the file system of an image, or the changes of a layer.

use anyhow::{anyhow, bail};

use super::access::{Mode, Subject};
use super::invocation::Invocation;
use super::opening::{Opening, open_headless};
use super::output;
use crate::cli::{ListingFormat, TreeArgs};
use crate::report::listing::{self, Format};
use dive_model::layer::LayerIndex;

/// Prints the listing.
pub(super) fn run(arguments: &TreeArgs, invocation: &Invocation) -> anyhow::Result<()> {
    invocation.begin("lists", &arguments.image);
    let mode = if invocation.config.ci.value { Mode::Ci } else { Mode::Plain };
    let opening = Opening::new(Subject::Named(&arguments.image), invocation, mode)?;
    let tree = open_headless(&opening, invocation.notices)?.loaded.tree;
    let last = tree.last_layer();
    let layer = match arguments.layer {
        None => last,
        Some(number) => {
            let layer = tree.layers().nth(number);
            if layer.is_none() {
                bail!("no layer {number}: the image has {} layers, numbered from 0", tree.layer_count());
            }
            layer
        }
    };
    // An image without layers has an empty file system.
    let Some(layer) = layer else { return Ok(()) };
    listing::check_length(&tree, layer).map_err(|problem| anyhow!("{}: {problem}", arguments.image.display()))?;
    output::print(|out| {
        if arguments.changes && opening.is_container() && Some(layer) == last {
            return listing::stored(&tree, layer, out);
        }
        if arguments.changes {
            let below = layer.get().checked_sub(1).and_then(LayerIndex::new);
            let base = if arguments.layer.is_some() { below } else { Some(LayerIndex::BASE) };
            return listing::changes(&tree, base, layer, out);
        }
        let format = match arguments.format {
            ListingFormat::Text => Format::Text,
            ListingFormat::Tsv => Format::Tsv,
        };
        listing::files(&tree, layer, format, out)
    })
}
