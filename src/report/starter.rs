//! A rules file to start with, which the image keeps with room to grow.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::text::first_words;
use dive_model::Opened;
use dive_model::escape::Escaped;
use dive_model::units::Bytes;

/// The least limit for waste: a limit of 0 would fail at the first rewritten file.
const LEAST_WASTE: u64 = 100_000;

/// The least limit for a share of waste.
const LEAST_SHARE: f64 = 0.01;

/// Letters of a command in a comment.
const COMMAND: usize = 60;

/// Writes a rules file whose limits are the image's own numbers plus a tenth. `baseline` is the file of its summary.
///
/// # Errors
/// When writing fails.
pub(crate) fn render(opened: &Opened, baseline: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let Opened { image, tree, analysis, .. } = opened;
    let (classic, exact, sizes) = (&analysis.classic, &analysis.exact, opened.sizes());
    let platform = image.platform.as_ref().map_or_else(String::new, |platform| format!(" ({platform})"));
    let name = format!("{}{platform}", image.name);
    writeln!(
        out,
        "# The budget of {}, written by `dive init`. Each limit leaves 10 % headroom.",
        Escaped(name.as_bytes())
    )?;
    writeln!(out, "# `dive --ci IMAGE` in this folder checks it; `disabled` turns a rule off.")?;
    if let Some(baseline) = baseline {
        writeln!(
            out,
            "\n# The summary of the image that growth is measured from. `dive --summary {baseline} IMAGE` renews it."
        )?;
        writeln!(out, "baseline: {baseline}")?;
    }
    writeln!(out, "\nrules:")?;
    let unpacked = Bytes(sizes.unpacked_bytes);
    rule(out, "highestImageBytes", &size(sizes.unpacked_bytes, 0), &format!("unpacked: {unpacked}"))?;
    let stored = Bytes(sizes.stored_bytes);
    rule(out, "highestStoredBytes", &size(sizes.stored_bytes, 0), &format!("stored in this source: {stored}"))?;
    let largest = tree.layers().zip(&image.layers).max_by_key(|(layer, _)| tree.layer_size_bytes(*layer));
    if let Some((layer, facts)) = largest {
        let bytes = tree.layer_size_bytes(layer);
        let mut measured = format!("the largest is layer {layer}: {}", Bytes(bytes));
        // Writing to a String does not fail.
        let _ = write!(measured, ", {}", Escaped(first_words(&facts.command, COMMAND).as_bytes()));
        rule(out, "highestLayerBytes", &size(bytes, 0), &measured)?;
    }
    let count = image.layers.len();
    rule(out, "highestLayerCount", &(count + count.div_ceil(10)).to_string(), &format!("layers: {count}"))?;
    let reclaimable = exact.reclaimable_bytes();
    writeln!(out, "\n  # What a rebuilt image could leave out; `dive IMAGE | cat` lists it.")?;
    rule(
        out,
        "highestReclaimableBytes",
        &size(reclaimable, LEAST_WASTE),
        &format!("reclaimable: {}", Bytes(reclaimable)),
    )?;
    let share = 1.0 - exact.efficiency();
    rule(out, "highestReclaimablePercent", &share_limit(share), &format!("of all bytes: {share:.4}"))?;
    writeln!(out, "\n  # dive's original rules, on dive's numbers.")?;
    let efficiency = classic.efficiency;
    let lowest = (((1.0 - (1.0 - efficiency) * 1.1) * 1000.0).floor() / 1000.0).clamp(0.0, 1.0 - LEAST_SHARE);
    rule(out, "lowestEfficiency", &lowest.to_string(), &format!("efficiency: {efficiency:.4}"))?;
    let wasted = classic.wasted_bytes;
    rule(out, "highestWastedBytes", &size(wasted, LEAST_WASTE), &format!("wasted: {}", Bytes(wasted)))?;
    let share = classic.user_wasted_percent;
    rule(out, "highestUserWastedPercent", &share_limit(share), &format!("above the first layer: {share:.4}"))?;
    writeln!(out, "\n  # Containers must not run as root.")?;
    if image.runs_as_root() {
        writeln!(out, "  # forbidRoot: true  # this image does; set USER in the Dockerfile")?;
    } else {
        rule(out, "forbidRoot", "true", &format!("user: {}", Escaped(image.user.as_bytes())))?;
    }
    match baseline {
        Some(_) => rule(out, "highestGrowthPercent", "0.1", "growth since the baseline")?,
        None => writeln!(out, "\n  # `dive init --baseline` adds a limit of the growth.")?,
    }
    writeln!(out, "\n  # Paths that are often included by mistake.")?;
    writeln!(out, "  # paths: [{{ path: .git, forbid: true, anywhere: true }}]")
}

/// Writes a rule, and what the image has.
fn rule(out: &mut dyn Write, name: &str, limit: &str, measured: &str) -> io::Result<()> {
    writeln!(out, "  {:<36}# {measured}", format!("{name}: {limit}"))
}

/// The limit of a size: a tenth more, but at least `least`, rounded up to a tenth of its unit.
fn size(bytes: u64, least: u64) -> String {
    let limit = (u128::from(bytes) * 11).div_ceil(10).max(least.into()).max(1);
    let (unit, name) = match limit {
        1_000_000_000.. => (1_000_000_000, "GB"),
        1_000_000.. => (1_000_000, "MB"),
        1000.. => (1000, "kB"),
        _ => return format!("{limit}B"),
    };
    let tenths = (limit * 10).div_ceil(unit);
    match tenths % 10 {
        0 => format!("{}{name}", tenths / 10),
        tenth => format!("{}.{tenth}{name}", tenths / 10),
    }
}

/// The limit of a share: a tenth more, rounded up. A share that cannot be limited turns the rule off.
fn share_limit(share: f64) -> String {
    let limit = (share * 1.1 * 1000.0).ceil() / 1000.0;
    if limit > 1.0 { "disabled".to_owned() } else { limit.max(LEAST_SHARE).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_leave_a_tenth_of_room() {
        for (bytes, least, limit) in [
            (0, 0, "1B"),
            (0, LEAST_WASTE, "100kB"),
            (500, 0, "550B"),
            (4900, 0, "5.4kB"),
            (2_950_000, 0, "3.3MB"),
            (10_000_000_000, 0, "11GB"),
            (u64::MAX, 0, "20291418481.1GB"),
        ] {
            assert_eq!(size(bytes, least), limit, "{bytes}");
        }
        for (share, limit) in [(0.0, "0.01"), (0.1372, "0.151"), (0.909, "1"), (0.95, "disabled"), (2.5, "disabled")] {
            assert_eq!(share_limit(share), limit, "{share}");
        }
    }
}
