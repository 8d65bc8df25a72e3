//! The exceptions from rules in this program's part of the report: what each leaves out, which of them are unused or expired, and
//! where dive's rules miss one.

use std::io::{self, Write};

use super::ruling::Ruling;
use super::words::limit_text;
use crate::ci::{
    Amount, ClassHint, Excepted, ExceptionState, Exceptions, HintState, IgnoredWaste, PathStatus, Rule, TakenAdvice,
    Verdict,
};
use crate::config::{PathDemand, start_of_reason};
use dive_model::Opened;
use dive_model::escape::Escaped;
use dive_model::units::{Bytes, count_of};

/// Writes a line for each exception, for the floor, and for each hint.
pub(super) fn write(opened: &Opened, ruling: Ruling<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Exceptions { ignored, below_floor } = &ruling.verdict.exceptions;
    let counts_waste = counts_waste(ruling.verdict);
    let counts_advice = ruling.verdict.reported().any(|outcome| outcome.rule == Rule::HighestAdviceBytes);
    for exception in ignored {
        // Of hidden files, the line of the waste has the bytes, unless no rule counts waste.
        let is_advice_alone = counts_advice && !counts_waste;
        let advice = if is_advice_alone { exception.advice.with_waste() } else { exception.advice };
        let ignore = &exception.ignore;
        let (what, origin, reason) = (ignore.what.to_string(), ignore.origin.to_string(), &ignore.reason);
        let (what, origin) = (Escaped(what.as_bytes()), Escaped(origin.as_bytes()));
        match exception.state {
            ExceptionState::Expired(until) => {
                writeln!(
                    out,
                    "  broken: the exception for {what} ended on {until} ({origin}); renew `until` or remove it"
                )?;
            }
            ExceptionState::Active if takes_only_waste(exception) && advice.items == 0 && !counts_waste => {
                writeln!(
                    out,
                    "  warning: the exception for {what} has no effect, because no rule that is on leaves out waste ({origin}); \
                     set one, such as `{}`, or remove it",
                    Rule::HighestReclaimableBytes
                )?;
            }
            ExceptionState::Active if exception.is_unused() => {
                writeln!(
                    out,
                    "  warning: the exception for {what} matches nothing that a rule counts ({origin}); remove it"
                )?;
            }
            ExceptionState::Active => {
                let until = ignore.until.map_or_else(String::new, |until| format!(", until {until}"));
                let mut counts = Vec::new();
                if exception.files > 0 && counts_waste {
                    let (size, files) = (Bytes(exception.size_bytes), count_of(exception.files, "file"));
                    counts.push(format!("{size} of waste in {files}"));
                }
                if exception.path_files > 0 {
                    counts.push(format!("{} in path rules", count_of(exception.path_files, "file")));
                }
                if advice.items > 0 {
                    let TakenAdvice { items, size_bytes, .. } = advice;
                    counts.push(match size_bytes {
                        // Kinds about modes and instructions.
                        0 => format!("advice on {}", count_of(items, "item")),
                        _ => format!("advice on {} in {}", Bytes(size_bytes), count_of(items, "file")),
                    });
                }
                let (counts, reason) = (counts.join("; "), start_of_reason(reason));
                let reason = Escaped(reason.as_bytes());
                writeln!(out, "  not counted: {counts}, {what}: {reason}{until} ({origin})")?;
            }
        }
    }
    if let Some(below) = below_floor {
        let groups = count_of(below.groups as u64, "group");
        let (size, floor) = (Bytes(below.size_bytes), below.floor);
        let origin = below.origin.to_string();
        writeln!(
            out,
            "  not counted: {size} of waste in {groups} below {floor} (ignoreWasteBelow, {})",
            Escaped(origin.as_bytes())
        )?;
    }
    paths(opened, ruling, out)?;
    ruling.verdict.hints.iter().try_for_each(|hint| write_hint(hint, out))
}

/// True if an exception takes nothing but reclaimable files.
const fn takes_only_waste(exception: &IgnoredWaste) -> bool {
    exception.files > 0 && exception.path_files == 0
}

/// True if a rule that is on counts reclaimable files and heeds exceptions.
fn counts_waste(verdict: &Verdict) -> bool {
    let rules = [Rule::HighestReclaimableBytes, Rule::HighestReclaimablePercent, Rule::LowestExactEfficiency];
    verdict.reported().any(|outcome| rules.contains(&outcome.rule))
}

/// Writes what exceptions take from rules, the patterns that match nothing, and deleted paths that `anywhere: true` would find.
fn paths(opened: &Opened, ruling: Ruling<'_>, out: &mut dyn Write) -> io::Result<()> {
    for outcome in &ruling.verdict.paths.outcomes {
        let (glob, origin) = (outcome.rule.glob.to_string(), outcome.rule.origin.to_string());
        let (glob, origin) = (Escaped(glob.as_bytes()), Escaped(origin.as_bytes()));
        match (outcome.status, outcome.hidden) {
            (PathStatus::Unmatched, _) => writeln!(out, "  warning: the pattern `{glob}` matches nothing ({origin})")?,
            (PathStatus::Kept, Some((node, layer))) => {
                let path = opened.tree.path(node);
                writeln!(
                    out,
                    "  note: `{glob}` is not in the image, but layer {layer} stores {}; `anywhere: true` forbids that ({origin})",
                    Escaped(&path)
                )?;
            }
            (PathStatus::Kept, None) if outcome.rule.demand == PathDemand::Forbid => {
                if let Some(doubt) = outcome.rule.glob.doubt() {
                    writeln!(out, "  warning: the pattern `{glob}` matches nothing ({origin}): {doubt}")?;
                }
            }
            (PathStatus::Kept, None) if outcome.rule.demand == PathDemand::Except => match outcome.excepted {
                Excepted::Files(files) => {
                    let files = count_of(files, "file");
                    writeln!(out, "  not counted: {files} in path rules, `{glob}` ({origin})")?;
                }
                Excepted::Directories => {
                    writeln!(out, "  not counted: directories in path rules, `{glob}` ({origin})")?;
                }
                Excepted::Nothing => writeln!(
                    out,
                    "  warning: `{glob}` excepts nothing from the rules above it ({origin}); move it below the rule that it \
                     excepts from, or remove it"
                )?,
            },
            (PathStatus::Kept | PathStatus::Broken, _) => {}
        }
    }
    Ok(())
}

fn write_hint(hint: &ClassHint, out: &mut dyn Write) -> io::Result<()> {
    let ClassHint { rules, class, instead, limit, state } = hint;
    let number = |(rule, without): &(Rule, Amount)| format!("{} is {}", rule.row().subject, without.rounded());
    let numbers: Vec<String> = rules.iter().map(number).collect();
    let (within, these) =
        if rules.len() == 1 { ("within the limit", "this rule") } else { ("within their limits", "these rules") };
    write!(out, "  hint: without {} ({}), {}, {within}; ", class.name(), class.words(), numbers.join(" and "))?;
    match state {
        HintState::New => writeln!(
            out,
            "to leave them out, turn {these} off and use `{instead}: {}` with `ignore: [{{ class: {}, reason: TEXT }}]`",
            limit_text(*limit),
            class.name()
        ),
        HintState::HalfFollowed => writeln!(out, "`{instead}` leaves them out already, so turn {these} off"),
    }
}
