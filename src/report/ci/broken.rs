//! The rules in this program's part of the report: the broken ones, each with the largest parts of the image that break it, and
//! the numbers of the others.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::ruling::Ruling;
use super::words::{command, compared, in_parentheses, limit_origin, limit_text, lines, part};
use crate::ci::{Amount, Breaker, BrokenPart, OwnLayers, Rule, RuleOutcome, Status};
use crate::config::{LayerChoice, PathDemand, PathRule};
use crate::report::base::lines_of_pair;
use dive_model::Opened;
use dive_model::analysis::WasteGroup;
use dive_model::escape::Escaped;
use dive_model::layer::LayerIndex;
use dive_model::units::{Bytes, count_of, counted};

/// Writes a line for each broken rule, and its breakers below, then a line for each rule that is met. Rules of dive share their
/// breakers, which follow the last of them.
pub(super) fn write(opened: &Opened, ruling: Ruling<'_>, width: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    let broken: Vec<&RuleOutcome> = ruling.verdict.reported().filter(|outcome| outcome.is_broken()).collect();
    for (at, outcome) in broken.iter().enumerate() {
        heading(opened, outcome, ruling, out)?;
        let is_followed = broken.get(at + 1).is_some_and(|next| next.breakers == outcome.breakers);
        if !is_followed {
            outcome
                .breakers
                .iter()
                .try_for_each(|breaker| row(opened, &ruling.verdict.own_layers, breaker, width, out))?;
            more_path_rules(outcome, out)?;
        }
    }
    let met = ruling.verdict.reported().filter(|outcome| outcome.status == Status::Pass);
    met.into_iter().try_for_each(|outcome| heading(opened, outcome, ruling, out))
}

/// `  broken: unpacked size 3.0 MB, limit 1.0 MB (.dive-ci:2)`. Rules have names that scripts look for, so it says what they
/// measure.
fn heading(opened: &Opened, outcome: &RuleOutcome, ruling: Ruling<'_>, out: &mut dyn Write) -> io::Result<()> {
    let RuleOutcome { rule, status, value, limit, layers, holder, .. } = outcome;
    let word = match status {
        Status::Fail => "broken",
        Status::Warn => "warning",
        Status::Pass | Status::Skip => "met",
    };
    let subject = match (rule, layers) {
        (Rule::Paths, _) => rule.name(),
        (Rule::HighestLayerCount, LayerChoice::Ours) => "own layers: number",
        _ => rule.row().subject,
    };
    let mut line = format!("  {word}: {subject}");
    if *layers == LayerChoice::Ours && *rule != Rule::HighestLayerCount {
        line.push_str(" of the image's own layers");
    }
    if let (Rule::HighestAdviceBytes, Some(kinds)) = (rule, holder) {
        // Writing to a String does not fail.
        let _ = write!(line, " ({kinds})");
    }
    // Writing to a String does not fail.
    let _ = match (value, limit) {
        (Some(Amount::Presence(_)), _) if opened.image.user.is_empty() => write!(line, ": no user is set, so root"),
        (Some(Amount::Presence(_)), _) => holder.iter().try_for_each(|holder| write!(line, " is {holder}")),
        // Their limit is always 0.
        (Some(Amount::Count(0)), _) if *rule == Rule::Paths => write!(line, ": no rule is broken"),
        (Some(Amount::Count(1)), _) if *rule == Rule::Paths => write!(line, ": 1 rule is broken"),
        (Some(Amount::Count(count)), _) if *rule == Rule::Paths => write!(line, ": {count} rules are broken"),
        (Some(value), Some(limit)) => {
            let (value, limit) = compared(*value, *limit);
            write!(line, " {value}, limit {limit}")
        }
        (None, Some(limit)) => {
            holder.iter().try_for_each(|holder| write!(line, ": infinite ({holder}), limit {}", limit_text(*limit)))
        }
        _ => Ok(()),
    };
    writeln!(out, "{line} ({})", limit_origin(ruling.rules.origin(*rule)))
}

/// Writes the number of broken rules about paths without a row.
fn more_path_rules(outcome: &RuleOutcome, out: &mut dyn Write) -> io::Result<()> {
    let (Rule::Paths, Some(Amount::Count(broken))) = (outcome.rule, outcome.value) else { return Ok(()) };
    let rules = outcome.breakers.iter().filter_map(|breaker| match &breaker.part {
        BrokenPart::Path { rule, .. } => Some(rule),
        _ => None,
    });
    let mut shown: Vec<&PathRule> = Vec::new();
    for rule in rules {
        if !shown.contains(&rule) {
            shown.push(rule);
        }
    }
    match broken.saturating_sub(shown.len() as u64) {
        0 => Ok(()),
        more => writeln!(out, "              ... and {}", counted(more, "more broken rule", "more broken rules")),
    }
}

fn row(
    opened: &Opened,
    own: &OwnLayers,
    breaker: &Breaker,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let size = Bytes(breaker.size_bytes).to_string();
    match &breaker.part {
        BrokenPart::Layer(layer) => {
            let details = [part(own, *layer), lines(opened, *layer)];
            writeln!(out, "{size:>12}  layer {layer}{}  {}", in_parentheses(details), command(opened, *layer, width))
        }
        BrokenPart::Waste(group) => {
            let WasteGroup { place, layer, hidden_by, cause, files, .. } = group;
            let details = [
                Some(count_of(*files, "file")),
                part(own, *layer),
                Some(format!("layer {layer}, hidden by {hidden_by}")),
                lines_of_pair(opened, *layer, *hidden_by).map(|lines| format!("lines {lines}")),
                Some(cause.name().to_owned()),
            ];
            let path = opened.tree.path(*place);
            writeln!(out, "{size:>12}  {}{}", Escaped(&path), in_parentheses(details))
        }
        BrokenPart::Path { rule, place: None, .. } => {
            let (glob, origin) = (rule.glob.to_string(), rule.origin.to_string());
            writeln!(out, "{:>12}  {} ({})", "missing", Escaped(glob.as_bytes()), Escaped(origin.as_bytes()))
        }
        BrokenPart::Path { rule, place: Some(place), total_bytes } => {
            let (glob, origin) = (rule.glob.to_string(), rule.origin.to_string());
            let sum = match rule.demand {
                PathDemand::HighestBytes(limit) => {
                    let (total, limit) = compared(Amount::Bytes(Bytes(*total_bytes)), Amount::Bytes(limit));
                    format!(": {total}, limit {limit}")
                }
                PathDemand::Forbid | PathDemand::Require | PathDemand::Except => String::new(),
            };
            let details = [
                Some(count_of(place.files, "file")),
                part(own, place.layer),
                Some(format!("layer {}", place.layer)),
                lines(opened, place.layer),
                Some(format!("{} of {}{sum}", Escaped(glob.as_bytes()), Escaped(origin.as_bytes()))),
            ];
            let path = opened.tree.path(place.node);
            writeln!(out, "{size:>12}  {}{}", Escaped(&path), in_parentheses(details))
        }
        BrokenPart::Advice { kind, place, files, layer } => {
            let details = [
                Some(count_of(*files, "file")),
                part(own, *layer),
                Some(format!("layer {layer}")),
                lines(opened, *layer),
            ];
            let path = opened.tree.path(*place);
            writeln!(out, "{size:>12}  {kind} {}{}", Escaped(&path), in_parentheses(details))
        }
        BrokenPart::Repeated { node, count } => {
            let path = opened.tree.path(*node);
            let details = [Some(format!("in {count} layers")), repeated_lines(opened, *node)];
            writeln!(out, "{size:>12}  {}{}", Escaped(&path), in_parentheses(details))
        }
    }
}

/// The lines of the layers that store a path, lowest first.
fn repeated_lines(opened: &Opened, node: dive_model::tree::NodeId) -> Option<String> {
    let tree = &opened.tree;
    let mut layers: Vec<LayerIndex> = tree.spans(node).map(|span| tree.span(span).from()).collect();
    layers.sort_unstable();
    layers.dedup();
    let numbers = layers.into_iter().filter_map(|layer| lines(opened, layer)).collect::<Vec<_>>();
    (!numbers.is_empty()).then(|| numbers.join(" > "))
}
