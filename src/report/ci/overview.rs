//! The CI report for people: layers, exact numbers, the largest waste, advice, and what dive's numbers miss. No word in it may be
//! one that [`super::guard`] escapes.

use std::io::{self, Write};

use super::ruling::Ruling;
use super::words::{limit_origin, limit_text};
use super::{advice, broken, exceptions, growth};
use crate::ci::{Amount, BlindSpot, OwnLayersSource, Rule};
use crate::config::{LayerChoice, Origin, RuleNeeds};
use crate::report::text::{command, command_width};
use crate::report::waste::{self, Rows};
use crate::report::{Look, base, heading};
use dive_model::Opened;
use dive_model::analysis::Exact;
use dive_model::analysis::exact::Cause;
use dive_model::escape::Escaped;
use dive_model::units::Bytes;

/// Writes the whole part.
pub(super) fn write(
    opened: &Opened,
    ruling: Ruling<'_>,
    look: Look,
    rows: Rows,
    out: &mut dyn Write,
) -> io::Result<()> {
    heading(opened, out)?;
    layers(opened, look.width, out)?;
    base::layer_lines(opened, out)?;
    exact(&opened.analysis.exact, out)?;
    writeln!(out, "Reclaimable, largest first:")?;
    waste::write(opened, rows, out)?;
    advice::write(opened, ruling.advice, look.width, out)?;
    growth::write(opened, ruling, look.width, out)?;
    budget(opened, ruling, look.width, out)
}

/// The layers: size, stored size, waste, and the start of the digest.
fn layers(opened: &Opened, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let width = command_width(width);
    let Opened { image, tree, analysis, .. } = opened;
    let waste = analysis.exact.bytes_by_layer(image.layers.len());
    writeln!(out, "Layers:")?;
    writeln!(out, "{:>5}  {:>8}  {:>8}  {:>8}  {:<12}  Command", "Layer", "Size", "Stored", "Waste", "Digest")?;
    for ((layer, waste), index) in image.layers.iter().zip(waste).zip(tree.layers()) {
        let digest = layer.digest.as_deref().or(layer.diff_id.as_deref()).unwrap_or("-");
        let digest = digest.split_once(':').map_or(digest, |(_, hex)| hex);
        let digest: String = digest.chars().take(12).collect();
        writeln!(
            out,
            "{index:>5}  {:>8}  {:>8}  {:>8}  {:<12}  {}",
            Bytes(tree.layer_size_bytes(index)).to_string(),
            layer.size.map_or_else(|| "-".to_owned(), |bytes| Bytes(bytes).to_string()),
            Bytes(waste).to_string(),
            Escaped(digest.as_bytes()).to_string(),
            Escaped(command(&layer.created_by, width).as_bytes())
        )?;
    }
    Ok(())
}

fn exact(exact: &Exact, out: &mut dyn Write) -> io::Result<()> {
    let reclaimable = exact.reclaimable_bytes();
    writeln!(out, "Exact numbers:")?;
    writeln!(
        out,
        "  kept: {:.4} %, {} of {} bytes",
        exact.efficiency() * 100.0,
        exact.visible_bytes,
        exact.total_bytes
    )?;
    writeln!(out, "  reclaimable: {reclaimable} bytes ({})", Bytes(reclaimable))?;
    waste::by_cause(exact, out)
}

/// The origins of the limits, the broken rules, and the blind spots.
fn budget(opened: &Opened, ruling: Ruling<'_>, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let mut setters: Vec<String> = Vec::new();
    for rule in ruling.rules.reported() {
        let setter = match ruling.rules.origin(rule) {
            Origin::Default => "defaults".to_owned(),
            Origin::File { path, .. } => path.display().to_string(),
            Origin::Variable(_) => "environment variables".to_owned(),
            Origin::Flag(_) => "flags".to_owned(),
        };
        if !setters.contains(&setter) {
            setters.push(setter);
        }
    }
    writeln!(out, "Budget: limits from {}", Escaped(setters.join(", ").as_bytes()))?;
    broken::write(opened, ruling, width, out)?;
    large_shares(ruling, out)?;
    own_layers(ruling, out)?;
    exceptions::write(opened, ruling, out)?;
    ruling.verdict.blind_spots.iter().try_for_each(|spot| blind_spot(spot, out))
}

/// Writes a warning for each share above 1, which may be meant as a percentage.
fn large_shares(ruling: Ruling<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in ruling.verdict.reported() {
        if let Some(Amount::Ratio(limit)) = outcome.limit
            && limit > 1.0
        {
            let origin = limit_origin(ruling.rules.origin(outcome.rule));
            writeln!(
                out,
                "  warning: {}: the limit {limit} ({origin}) means {} %; write {} for {limit} %",
                outcome.rule.row().subject,
                rounded_product(limit, 100.0),
                rounded_product(limit, 0.01)
            )?;
        }
    }
    Ok(())
}

/// A product with as many digits as a person would write: 1.1 * 100 is 110.00000000000001.
fn rounded_product(number: f64, factor: f64) -> f64 {
    let product = number * factor;
    let rounded = (product * 1e6).round() / 1e6;
    if rounded.is_finite() { rounded } else { product }
}

/// Writes which layers `for: ours` counts, unless they are known by diff ids.
fn own_layers(ruling: Ruling<'_>, out: &mut dyn Write) -> io::Result<()> {
    let asked: Vec<Rule> = ruling
        .verdict
        .reported()
        .filter(|outcome| outcome.layers == LayerChoice::Ours)
        .map(|outcome| outcome.rule)
        .collect();
    let growth = ruling.verdict.growth.as_ref().map(|(_, growth)| growth.own_layers.known_by);
    match ruling.verdict.own_layers.known_by {
        OwnLayersSource::AllButFirst if !asked.is_empty() => writeln!(
            out,
            "  note: `for: ours` counts all layers but the first, because the base is not known by diff ids; name it with \
             --base or `base:`"
        ),
        OwnLayersSource::DiffIds
            if growth == Some(OwnLayersSource::AllButFirst)
                && asked.iter().any(|rule| rule.row().needs == RuleNeeds::Baseline) =>
        {
            writeln!(
                out,
                "  note: the growth of own layers counts all layers but the first, because the baseline's base is not known by \
                 diff ids; write the baseline with --base"
            )
        }
        OwnLayersSource::AllButFirst | OwnLayersSource::DiffIds => Ok(()),
    }
}

/// A rule that passes by dive's number and fails by the exact one.
fn blind_spot(spot: &BlindSpot, out: &mut dyn Write) -> io::Result<()> {
    let (subject, limit) = (spot.rule.row().subject, limit_text(spot.limit));
    let measured = spot.words.replace("{}", &spot.exact.rounded());
    let origin = limit_origin(&spot.origin);
    write!(out, "  warning: {subject}: the limit {limit} ({origin}) is met by dive's number only: {measured}")?;
    let unseen: Vec<String> =
        spot.unseen.iter().map(|(cause, bytes)| format!("{} {}", Bytes(*bytes), place_of(*cause))).collect();
    match unseen.split_last() {
        None => writeln!(out),
        Some((only, [])) => writeln!(out, "; dive does not count {only}"),
        Some((last, others)) => writeln!(out, "; dive does not count {} and {last}", others.join(", ")),
    }
}

/// The place of bytes hidden for `cause`, which follows their number: `374 MB in deleted directories`.
const fn place_of(cause: Cause) -> &'static str {
    match cause {
        Cause::Overwritten => "in overwritten files",
        Cause::MetadataOnly => "in files stored again for their metadata",
        Cause::Deleted => "in deleted files",
        Cause::DeletedWithDirectory => "in deleted directories",
        Cause::HiddenByOpaque => "in emptied directories",
        Cause::Replaced => "in replaced files",
    }
}
