//! How the image differs from its baseline: bytes, layers, and places that grew.

use std::io::{self, Write};

use super::ruling::Ruling;
use super::words::{command, in_parentheses, lines, part};
use crate::ci::{Difference, Growth, LayerChange};
use crate::report::text::{self, command_width};
use dive_model::Opened;
use dive_model::escape::Escaped;
use dive_model::units::{Bytes, count_of};

/// Number of layers to show.
const SHOWN: usize = 10;

/// Writes the comparison, if there is a baseline.
pub(super) fn write(opened: &Opened, ruling: Ruling<'_>, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let Some((name, growth)) = &ruling.verdict.growth else { return Ok(()) };
    let Growth { all, base, ours, layers, places, .. } = growth;
    let percentage = all.share().map_or_else(String::new, |share| format!(" ({:+.2} %)", share * 100.0));
    writeln!(
        out,
        "Growth since {}: {}{percentage}, base {}, ours {}",
        Escaped(name.as_bytes()),
        change(*all),
        change(*base),
        change(*ours)
    )?;
    for growth in layers.iter().take(SHOWN) {
        let size = change(growth.size);
        let (layer, word) = match &growth.change {
            LayerChange::Added(layer) => (*layer, "added".to_owned()),
            LayerChange::Rebuilt(layer) => (*layer, format!("rebuilt, was {}", Bytes(growth.size.before))),
            LayerChange::Retimed(layer) => (*layer, "rebuilt, differs only in timestamps".to_owned()),
            LayerChange::Gone(instruction) => {
                let command = text::command(instruction, command_width(width));
                writeln!(out, "{size:>12}  layer removed  {}", Escaped(command.as_bytes()))?;
                continue;
            }
        };
        let details = in_parentheses([part(&ruling.verdict.own_layers, layer), lines(opened, layer)]);
        writeln!(out, "{size:>12}  layer {layer} {word}{details}  {}", command(opened, layer, width))?;
    }
    if layers.len() > SHOWN {
        let more = count_of((layers.len() - SHOWN) as u64, "more layer");
        writeln!(out, "              ... and {more}")?;
    }
    for place in places {
        writeln!(out, "{:>12}  {}", change(place.size), Escaped(&opened.tree.path(place.node)))?;
    }
    Ok(())
}

/// `+2.0 MB`, `-1.0 kB`, `0 B`
fn change(size: Difference) -> String {
    let change = size.change();
    let sign = match change {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", Bytes(u64::try_from(change.unsigned_abs()).unwrap_or(u64::MAX)))
}
