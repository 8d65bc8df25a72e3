//! Holds an image to its rules. Whether a rule passes is decided by dive's numbers alone, so that a `.dive-ci` keeps its
//! verdict; where those hide what the exact numbers show, the rule warns and says which bytes it does not see.

use std::collections::HashSet;

use super::rules::{Rule, Rules};
use crate::analysis::Analysis;
use crate::analysis::exact::Cause;
use crate::config::Limit;
use crate::tree::NodeId;
use crate::units::Bytes;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The image keeps it.
    Pass,
    /// The image breaks it.
    Fail,
    /// The image keeps it by dive's number and would break it by the exact one.
    Warn,
    /// The rule is off.
    Skip,
}

impl Status {
    /// The status as reports print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Warn => "WARN",
            Self::Skip => "SKIP",
        }
    }
}

/// What became of one rule, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOutcome {
    /// The rule.
    pub rule: Rule,
    /// What became of it.
    pub status: Status,
    /// Why, in words; nothing where it simply passed.
    pub reason: Option<String>,
}

/// What became of all rules, in the order dive prints them.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// One for each rule.
    pub outcomes: Vec<RuleOutcome>,
}

/// How many rules came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// All rules.
    pub total: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that warn.
    pub warned: usize,
    /// Those that are off.
    pub skipped: usize,
}

impl Verdict {
    /// Whether no rule failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.count(Status::Fail) == 0
    }

    /// How many rules came to what.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            total: self.outcomes.len(),
            passed: self.count(Status::Pass),
            failed: self.count(Status::Fail),
            warned: self.count(Status::Warn),
            skipped: self.count(Status::Skip),
        }
    }

    fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }
}

/// Holds an image to `rules`.
#[must_use]
pub fn evaluate(analysis: &Analysis, rules: &Rules) -> Verdict {
    let outcome = |rule| {
        let (status, reason) = match measure(analysis, rules, rule) {
            None => (Status::Skip, Some("rule disabled".to_owned())),
            Some(measured) => judge(analysis, rule, measured),
        };
        RuleOutcome { rule, status, reason }
    };
    Verdict { outcomes: Rule::ALL.map(outcome).into() }
}

/// What a rule's two numbers came to: for each, what is wrong with it where it is beyond the limit.
struct Measured {
    classic: Option<String>,
    exact: Option<String>,
}

/// Compares both numbers of `rule` with its limit, unless it is off.
fn measure(analysis: &Analysis, rules: &Rules, rule: Rule) -> Option<Measured> {
    let (classic, exact, limits) = (&analysis.classic, &analysis.exact, &rules.limits);
    let measured = match rule {
        Rule::LowestEfficiency => {
            let Limit::At(limit) = limits.lowest_efficiency.value else { return None };
            let efficiency = classic.efficiency;
            Measured {
                classic: (efficiency < limit.get())
                    .then(|| format!("image efficiency is too low (efficiency={efficiency} < threshold={limit})")),
                exact: (exact.efficiency() < limit.get())
                    .then(|| format!("exact efficiency={:.4} < threshold={limit}", exact.efficiency())),
            }
        }
        Rule::HighestWastedBytes => {
            let Limit::At(limit) = limits.highest_wasted_bytes.value else { return None };
            let too_high = |bytes: u64, words: &str| {
                (bytes >= limit.0).then(|| format!("{words}={bytes} >= threshold={}", limit.0))
            };
            Measured {
                classic: too_high(classic.wasted_bytes, "wasted-bytes")
                    .map(|why| format!("too many bytes wasted ({why})")),
                exact: too_high(exact.reclaimable_bytes(), "reclaimable bytes"),
            }
        }
        Rule::HighestUserWastedPercent => {
            let Limit::At(limit) = limits.highest_user_wasted_percent.value else { return None };
            let share = classic.user_wasted_percent;
            let exact_share = match classic.user_size_bytes() {
                0 => 0.0,
                user => exact.reclaimable_bytes() as f64 / user as f64,
            };
            Measured {
                classic: (share >= limit.get()).then(|| {
                    format!(
                        "too many bytes wasted, relative to the user bytes added \
                         (%-user-wasted-bytes={share} >= threshold={limit})"
                    )
                }),
                exact: (exact_share >= limit.get())
                    .then(|| format!("reclaimable share of the user bytes={exact_share:.4} >= threshold={limit}")),
            }
        }
    };
    Some(measured)
}

/// Nothing wasted breaks no rule, whatever its limit; nothing reclaimable is nothing to warn of.
fn judge(analysis: &Analysis, rule: Rule, measured: Measured) -> (Status, Option<String>) {
    match measured {
        Measured { classic: Some(why), .. } if analysis.classic.wasted_bytes > 0 => (Status::Fail, Some(why)),
        Measured { exact: Some(why), .. } if analysis.exact.reclaimable_bytes() > 0 => {
            (Status::Warn, Some(format!("{} ({why})", unseen(analysis, rule))))
        }
        _ => (Status::Pass, None),
    }
}

/// Which reclaimable bytes the classic number of `rule` does not see: those of files at paths that it does not list.
fn unseen(analysis: &Analysis, rule: Rule) -> String {
    let figure = match rule {
        Rule::HighestUserWastedPercent => "userWastedPercent",
        Rule::HighestWastedBytes => "wastedBytes",
        Rule::LowestEfficiency => "efficiency",
    };
    let listed: HashSet<NodeId> = analysis.classic.inefficient_files.iter().map(|file| file.node).collect();
    let mut sums = Cause::ALL.map(|cause| {
        let hidden = analysis.exact.files.iter().filter(|file| file.cause == cause);
        let bytes: u64 = hidden.filter(|file| !listed.contains(&file.node)).map(|file| file.size_bytes).sum();
        (bytes, cause)
    });
    sums.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let parts: Vec<String> = sums
        .iter()
        .filter(|(bytes, _)| *bytes > 0)
        .map(|(bytes, cause)| format!("{} {}", Bytes(*bytes), place_of(*cause)))
        .collect();
    match parts.split_last() {
        Some((only, [])) => format!("{only} are not in {figure}"),
        Some((last, others)) => format!("{} and {last} are not in {figure}", others.join(", ")),
        // Both see the same paths and still differ, as they do for hard links.
        None => format!("{} are reclaimable", Bytes(analysis.exact.reclaimable_bytes())),
    }
}

/// Where bytes hidden for `cause` lie, after their number: `374 MB in deleted directories`.
const fn place_of(cause: Cause) -> &'static str {
    match cause {
        Cause::Overwritten => "in overwritten files",
        Cause::MetadataOnly => "in files stored again for their metadata",
        Cause::Deleted => "in deleted files",
        Cause::DeletedWithDirectory => "in deleted directories",
        Cause::HiddenByOpaque => "in emptied directories",
        Cause::Replaced => "in files replaced by something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::classic::{Classic, InefficientFile};
    use crate::analysis::exact::{Exact, ReclaimableFile};
    use crate::config::{RuleLimits, Setting};
    use crate::layer::LayerIndex;
    use crate::tree::Tree;

    /// An image of 1,000 bytes, 500 of them in user layers, that wastes nothing.
    fn clean() -> Analysis {
        Analysis {
            classic: Classic {
                layer_sizes: vec![500, 300, 200],
                efficiency: 1.0,
                wasted_bytes: 0,
                user_wasted_percent: 0.0,
                inefficient_files: Vec::new(),
            },
            exact: Exact { total_bytes: 1000, visible_bytes: 1000, files: Vec::new() },
        }
    }

    /// `/log` of 30 bytes written twice: dive counts both, 30 of them can be reclaimed.
    fn wasteful() -> Analysis {
        let mut analysis = clean();
        analysis.classic.efficiency = 0.97;
        analysis.classic.wasted_bytes = 60;
        analysis.classic.user_wasted_percent = 0.12;
        analysis.classic.inefficient_files = vec![InefficientFile { node: node("log"), count: 2, size_bytes: 60 }];
        hide(&mut analysis, "log", 30, Cause::Overwritten);
        analysis
    }

    /// A node of a tree in which all paths of these tests are.
    fn node(path: &str) -> NodeId {
        let tree = Tree::of_files(&["log", "cache/a", "cache/b", "data/c"]);
        tree.find(path.as_bytes()).unwrap()
    }

    fn hide(analysis: &mut Analysis, path: &str, size_bytes: u64, cause: Cause) {
        analysis.exact.visible_bytes -= size_bytes;
        analysis.exact.files.push(ReclaimableFile {
            node: node(path),
            size_bytes,
            layer: LayerIndex::BASE,
            hidden_by: LayerIndex::new(1).unwrap(),
            cause,
        });
    }

    /// Rules as a user writes them, in the order of the outcomes.
    fn rules(percent: &str, bytes: &str, efficiency: &str) -> Rules {
        Rules {
            limits: RuleLimits {
                lowest_efficiency: Setting::by_default(efficiency.parse().unwrap()),
                highest_wasted_bytes: Setting::by_default(bytes.parse().unwrap()),
                highest_user_wasted_percent: Setting::by_default(percent.parse().unwrap()),
            },
        }
    }

    fn lines(analysis: &Analysis, rules: &Rules) -> Vec<String> {
        let line = |outcome: &RuleOutcome| {
            let reason = outcome.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{}: {}{reason}", outcome.status.name(), outcome.rule)
        };
        evaluate(analysis, rules).outcomes.iter().map(line).collect()
    }

    #[test]
    fn a_rule_that_is_off_is_skipped_and_says_so() {
        let verdict = evaluate(&wasteful(), &rules("off", "disabled", "false"));
        assert!(verdict.passed());
        assert_eq!(verdict.tally(), Tally { total: 3, passed: 0, failed: 0, warned: 0, skipped: 3 });
        assert!(verdict.outcomes.iter().all(|outcome| outcome.reason.as_deref() == Some("rule disabled")));
    }

    #[test]
    fn failures_say_the_number_and_the_limit() {
        let (analysis, rules) = (wasteful(), rules("0.1", "50B", "0.98"));
        assert_eq!(
            lines(&analysis, &rules),
            [
                "FAIL: highestUserWastedPercent: too many bytes wasted, relative to the user bytes added \
                 (%-user-wasted-bytes=0.12 >= threshold=0.1)",
                "FAIL: highestWastedBytes: too many bytes wasted (wasted-bytes=60 >= threshold=50)",
                "FAIL: lowestEfficiency: image efficiency is too low (efficiency=0.97 < threshold=0.98)",
            ]
        );
        let verdict = evaluate(&analysis, &rules);
        assert!(!verdict.passed());
        assert_eq!(verdict.tally().failed, 3);
    }

    #[test]
    fn a_limit_that_is_met_fails_but_an_efficiency_that_is_met_passes() {
        let statuses =
            |rules| -> Vec<_> { evaluate(&wasteful(), &rules).outcomes.iter().map(|each| each.status).collect() };
        assert_eq!(statuses(rules("0.12", "60", "0.97")), [Status::Fail, Status::Fail, Status::Pass]);
        assert_eq!(statuses(rules("0.13", "61", "0.97")), [Status::Pass; 3]);
    }

    #[test]
    fn a_limit_that_only_the_exact_number_meets_warns() {
        let mut analysis = wasteful();
        hide(&mut analysis, "cache/a", 270, Cause::DeletedWithDirectory);
        let share = analysis.exact.reclaimable_bytes() as f64 / analysis.classic.user_size_bytes() as f64;
        let bytes = analysis.exact.reclaimable_bytes();
        let statuses = |share: f64, bytes: u64| -> Vec<_> {
            let verdict = evaluate(&analysis, &rules(&share.to_string(), &bytes.to_string(), "disabled"));
            verdict.outcomes.iter().map(|each| each.status).collect()
        };
        assert_eq!(statuses(share, bytes), [Status::Warn, Status::Warn, Status::Skip]);
        assert_eq!(statuses(share + 0.001, bytes + 1), [Status::Pass, Status::Pass, Status::Skip]);
    }

    #[test]
    fn an_image_that_wastes_nothing_keeps_the_strictest_rules() {
        let verdict = evaluate(&clean(), &rules("0", "0", "1"));
        assert_eq!(verdict.tally(), Tally { total: 3, passed: 3, failed: 0, warned: 0, skipped: 0 });
    }

    #[test]
    fn bytes_that_dives_numbers_hide_warn_and_do_not_fail() {
        let mut analysis = wasteful();
        hide(&mut analysis, "cache/a", 100, Cause::DeletedWithDirectory);
        hide(&mut analysis, "cache/b", 150, Cause::DeletedWithDirectory);
        hide(&mut analysis, "data/c", 20, Cause::HiddenByOpaque);
        let rules = rules("0.5", "100", "0.9");
        assert_eq!(
            lines(&analysis, &rules),
            [
                "WARN: highestUserWastedPercent: 250 B in deleted directories and 20 B in emptied directories are not in \
                 userWastedPercent (reclaimable share of the user bytes=0.6000 >= threshold=0.5)",
                "WARN: highestWastedBytes: 250 B in deleted directories and 20 B in emptied directories are not in \
                 wastedBytes (reclaimable bytes=300 >= threshold=100)",
                "WARN: lowestEfficiency: 250 B in deleted directories and 20 B in emptied directories are not in \
                 efficiency (exact efficiency=0.7000 < threshold=0.9)",
            ]
        );
        assert!(evaluate(&analysis, &rules).passed());
    }

    #[test]
    fn an_image_whose_waste_dive_sees_none_of_still_warns() {
        let mut analysis = clean();
        hide(&mut analysis, "cache/a", 374, Cause::DeletedWithDirectory);
        let verdict = evaluate(&analysis, &rules("0.1", "disabled", "0.9"));
        assert_eq!(verdict.tally(), Tally { total: 3, passed: 0, failed: 0, warned: 2, skipped: 1 });
    }

    #[test]
    fn waste_below_the_limit_by_both_numbers_passes_without_a_word() {
        let verdict = evaluate(&wasteful(), &rules("0.2", "20MB", "0.9"));
        assert!(verdict.outcomes.iter().all(|outcome| outcome.status == Status::Pass && outcome.reason.is_none()));
    }
}
