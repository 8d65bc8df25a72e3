//! A rules file to start with, which the image keeps with room to grow. Comments quote the image, which is untrusted: they stay on
//! one line, and the file is read back before it is written.

use std::fmt::Write as _;

use super::text;
use crate::config::{Rule, RulesFile};
use dive_model::Opened;
use dive_model::escape::{Escaped, is_hidden};
use dive_model::units::Bytes;

/// The least limit for waste: a limit of 0 would fail at the first rewritten file.
const LEAST_WASTE: u64 = 100_000;

/// The least limit for a share of waste.
const LEAST_SHARE: f64 = 0.01;

/// The limit of growth, as a share of the baseline.
const GROWTH: &str = "0.1";

/// Letters of a command in a comment.
const COMMAND: usize = 60;

/// Where the comment of a rule begins.
const COMMENT_AT: usize = 36;

/// A rules file whose limits are the image's own numbers plus a tenth.
#[derive(Debug)]
pub(crate) struct Starter {
    /// The file.
    pub(crate) text: String,
    /// The limits in it.
    limits: Vec<(Rule, String)>,
    /// The summary of the image that it names.
    baseline: Option<&'static str>,
}

impl Starter {
    /// Writes the file. `baseline` is the file of the image's summary.
    pub(crate) fn of(opened: &Opened, baseline: Option<&'static str>) -> Self {
        let mut starter = Self { text: String::new(), limits: Vec::new(), baseline };
        starter.head(opened);
        starter.sizes(opened);
        starter.waste(opened);
        starter.user(opened);
        starter.growth();
        starter.line("");
        starter.line("  # Paths that are often included by mistake.");
        starter.line("  # paths: [{ path: .git, forbid: true, anywhere: true }]");
        starter
    }

    /// True if the file has the limits and the baseline, and nothing else.
    pub(crate) fn reads_back(&self) -> bool {
        let Ok(file) = RulesFile::parse(&self.text) else { return false };
        let has_its_limit = |rule: Rule| {
            let default = &rule.row().default;
            let written = self.limits.iter().find(|(written, _)| *written == rule);
            let meant = written.map_or_else(|| Ok(default.clone()), |(_, limit)| default.parse(limit));
            meant.is_ok_and(|meant| file.limits[rule].value.limit == meant)
        };
        let baseline = file.baseline.as_ref().and_then(|setting| setting.value.to_str());
        let has_nothing_else =
            file.base.is_none() && file.ignores.is_empty() && file.waste_floor.is_none() && file.warnings.is_empty();
        has_nothing_else && baseline == self.baseline && Rule::ALL.into_iter().all(has_its_limit)
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Writes a rule, and what the image has.
    fn rule(&mut self, rule: Rule, limit: &str, measured: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(
            self.text,
            "  {:<width$} # {}",
            format!("{rule}: {limit}"),
            comment(measured),
            width = COMMENT_AT - 1
        );
        self.limits.push((rule, limit.to_owned()));
    }

    fn head(&mut self, opened: &Opened) {
        let platform = opened.image.platform.as_ref().map_or_else(String::new, |platform| format!(" ({platform})"));
        let name = comment(&format!("{}{platform}", opened.image.name));
        self.line(&format!("# The budget of {name}, written by `dive init`."));
        self.line(&format!(
            "# Each limit leaves 10 % headroom. Waste limits are never below {} or {} %.",
            Bytes(LEAST_WASTE),
            LEAST_SHARE * 100.0
        ));
        self.line("# `dive --ci IMAGE` in this folder checks it; `disabled` turns a rule off.");
        if let Some(baseline) = self.baseline {
            self.line("");
            self.line(&format!(
                "# The summary of the image that growth is measured from. `dive --summary {baseline} IMAGE` renews it."
            ));
            self.line(&format!("baseline: {baseline}"));
        }
        self.line("");
        self.line("rules:");
    }

    fn sizes(&mut self, opened: &Opened) {
        let Opened { image, tree, .. } = opened;
        let sizes = opened.sizes();
        let measured = format!("unpacked: {}", Bytes(sizes.unpacked_bytes));
        self.rule(Rule::HighestImageBytes, &size(sizes.unpacked_bytes, 0), &measured);
        let measured = format!("stored in this source: {}", Bytes(sizes.stored_bytes));
        self.rule(Rule::HighestStoredBytes, &size(sizes.stored_bytes, 0), &measured);
        let largest = tree.layers().zip(&image.layers).max_by_key(|(layer, _)| tree.layer_size_bytes(*layer));
        if let Some((layer, facts)) = largest {
            let bytes = tree.layer_size_bytes(layer);
            let command = text::command(&facts.created_by, COMMAND);
            let command = if command.is_empty() { String::new() } else { format!(", {command}") };
            let measured = format!("the largest is layer {layer}: {}{command}", Bytes(bytes));
            self.rule(Rule::HighestLayerBytes, &size(bytes, 0), &measured);
        }
        let count = image.layers.len();
        self.rule(Rule::HighestLayerCount, &(count + count.div_ceil(10)).to_string(), &format!("layers: {count}"));
    }

    fn waste(&mut self, opened: &Opened) {
        let (classic, exact) = (&opened.analysis.classic, &opened.analysis.exact);
        self.line("");
        self.line("  # What a rebuilt image could leave out; `dive IMAGE | cat` lists it.");
        let reclaimable = exact.reclaimable_bytes();
        let measured = format!("reclaimable: {}", Bytes(reclaimable));
        self.rule(Rule::HighestReclaimableBytes, &size(reclaimable, LEAST_WASTE), &measured);
        let share = 1.0 - exact.efficiency();
        self.rule(Rule::HighestReclaimablePercent, &share_limit(share), &format!("of all bytes: {share:.4}"));
        self.line("");
        self.line("  # dive's original rules, on dive's numbers. Where those miss waste, the limit is for the exact number, so that");
        self.line("  # a report has no warning.");
        // The report warns if the image keeps a limit by dive's number only.
        let efficiency = classic.efficiency.min(exact.efficiency());
        let lowest = (((1.0 - (1.0 - efficiency) * 1.1) * 1000.0).floor() / 1000.0).clamp(0.0, 1.0 - LEAST_SHARE);
        self.rule(Rule::LowestEfficiency, &lowest.to_string(), &format!("efficiency: {efficiency:.4}"));
        let wasted = classic.wasted_bytes.max(reclaimable);
        let measured = format!("wasted: {}", Bytes(wasted));
        self.rule(Rule::HighestWastedBytes, &size(wasted, LEAST_WASTE), &measured);
        let user_bytes = classic.user_size_bytes();
        let exact_share = if user_bytes == 0 { 0.0 } else { reclaimable as f64 / user_bytes as f64 };
        let share = classic.user_wasted_percent.max(exact_share);
        let measured = format!("above the first layer: {share:.4}");
        self.rule(Rule::HighestUserWastedPercent, &share_limit(share), &measured);
    }

    fn user(&mut self, opened: &Opened) {
        self.line("");
        self.line("  # Containers must not run as root.");
        if opened.image.runs_as_root() {
            self.line(&format!("  # {}: true  # this image does; set USER in the Dockerfile", Rule::ForbidRoot));
        } else {
            self.rule(Rule::ForbidRoot, "true", &format!("user: {}", opened.image.user));
        }
    }

    fn growth(&mut self) {
        self.line("");
        self.line("  # Growth since the baseline.");
        match self.baseline {
            Some(_) => self.rule(Rule::HighestGrowthPercent, GROWTH, "as a share of the baseline"),
            None => {
                self.line(&format!("  # {}: {GROWTH}  # `dive init --baseline` adds it", Rule::HighestGrowthPercent));
            }
        }
    }
}

/// Text of an image in a comment: on one line, also for programs that end a line at U+2028.
fn comment(text: &str) -> String {
    let mut shown = String::new();
    for letter in Escaped(text.as_bytes()).to_string().chars() {
        if is_hidden(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
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
    // No size is larger.
    if tenths * unit / 10 > u128::from(u64::MAX) {
        return format!("{}B", u64::MAX);
    }
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
    fn a_comment_is_one_line_for_every_program() {
        assert_eq!(
            comment("u\u{2028}ignore: []\n\u{85}\u{2029}\u{feff}"),
            r"u\u{2028}ignore: []\n\xc2\x85\u{2029}\u{feff}"
        );
    }

    #[test]
    fn limits_leave_a_tenth_of_room() {
        for (bytes, least, limit) in [
            (0, 0, "1B"),
            (0, LEAST_WASTE, "100kB"),
            (500, 0, "550B"),
            (4900, 0, "5.4kB"),
            (2_950_000, 0, "3.3MB"),
            (10_000_000_000, 0, "11GB"),
            (u64::MAX, 0, "18446744073709551615B"),
        ] {
            assert_eq!(size(bytes, least), limit, "{bytes}");
        }
        for (share, limit) in [(0.0, "0.01"), (0.1372, "0.151"), (0.909, "1"), (0.95, "disabled"), (2.5, "disabled")] {
            assert_eq!(share_limit(share), limit, "{share}");
        }
    }
}
