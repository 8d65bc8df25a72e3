//! Verdicts on numbers that a test makes up.

use super::*;
use std::sync::Arc;

use crate::config::RuleLimits;
use dive_model::analysis::classic::{Classic, InefficientFile};
use dive_model::analysis::exact::{Exact, ReclaimableFile};
use dive_model::image::Image;
use dive_model::layer::LayerIndex;
use dive_model::tree::Tree;
use dive_model::units::Bytes;

/// An image of 1,000 bytes, 500 of them in user layers, without waste.
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

/// `/log` of 30 bytes, written twice: dive counts both copies, and 30 bytes are reclaimable.
fn wasteful() -> Analysis {
    let mut analysis = clean();
    analysis.classic.efficiency = 0.97;
    analysis.classic.wasted_bytes = 60;
    analysis.classic.user_wasted_percent = 0.12;
    analysis.classic.inefficient_files = vec![InefficientFile { node: node("log"), count: 2, size_bytes: 60 }];
    hide(&mut analysis, "log", 30, Cause::Overwritten);
    analysis
}

/// A tree with all paths of these tests.
fn tree() -> Tree {
    Tree::of_files(&["log", "cache/a", "cache/b", "data/c"])
}

/// A node of the tree.
fn node(path: &str) -> NodeId {
    tree().find(path.as_bytes()).unwrap()
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

/// Rules from the texts that a user writes.
fn rules(percent: &str, bytes: &str, efficiency: &str) -> Rules {
    let given = [
        (Rule::HighestUserWastedPercent, percent),
        (Rule::HighestWastedBytes, bytes),
        (Rule::LowestEfficiency, efficiency),
    ];
    let limits = given.map(|(rule, text)| (rule, rule.row().default.parse(text).unwrap()));
    Rules { limits: RuleLimits::from_flags(limits), ..Rules::default() }
}

/// Evaluates made-up numbers, without layers.
fn evaluate(analysis: &Analysis, rules: &Rules) -> Verdict {
    let opened = Opened {
        image: Arc::new(Image::default()),
        tree: tree(),
        analysis: analysis.clone(),
        compressions: Vec::new(),
        unpacked_bytes: Vec::new(),
        damaged_layers: Vec::new(),
        layer_remarks: Vec::new(),
    };
    let today = Date::of(std::time::UNIX_EPOCH);
    super::evaluate(&opened, rules, &CountedAdvice::of(&opened, rules, today), None, today)
}

fn lines(analysis: &Analysis, rules: &Rules) -> Vec<String> {
    let line = |outcome: &RuleOutcome| {
        let reason = outcome.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        format!("{}: {}{reason}", outcome.status.name(), outcome.rule)
    };
    evaluate(analysis, rules).reported().map(line).collect()
}

#[test]
fn a_rule_that_is_off_is_skipped() {
    let verdict = evaluate(&wasteful(), &rules("off", "disabled", "false"));
    assert!(verdict.passed());
    assert_eq!(verdict.tally(), Tally { total: 3, passed: 0, failed: 0, warned: 0, skipped: 3 });
    assert!(verdict.reported().all(|outcome| outcome.reason.as_deref() == Some("rule disabled")));
}

#[test]
fn a_failure_states_the_number_and_the_limit() {
    let (analysis, rules) = (wasteful(), rules("0.1", "50B", "0.98"));
    assert_eq!(
        lines(&analysis, &rules),
        [
            "FAIL: highestUserWastedPercent: too many bytes wasted, relative to the user bytes added \
             (%-user-wasted-bytes=0.12 > threshold=0.1)",
            "FAIL: highestWastedBytes: too many bytes wasted (wasted-bytes=60 > threshold=50)",
            "FAIL: lowestEfficiency: image efficiency is too low (efficiency=0.97 < threshold=0.98)",
        ]
    );
    let verdict = evaluate(&analysis, &rules);
    assert!(!verdict.passed());
    assert_eq!(verdict.tally().failed, 3);
}

#[test]
fn a_number_at_its_limit_fails_unless_it_is_an_efficiency() {
    let statuses = |rules| -> Vec<_> { evaluate(&wasteful(), &rules).reported().map(|each| each.status).collect() };
    assert_eq!(statuses(rules("0.12", "60", "0.97")), [Status::Fail, Status::Fail, Status::Pass]);
    assert_eq!(statuses(rules("0.13", "61", "0.97")), [Status::Pass; 3]);
}

/// The rules with a blind spot, in order.
fn blind(analysis: &Analysis, rules: &Rules) -> Vec<Rule> {
    let verdict = evaluate(analysis, rules);
    assert!(verdict.passed(), "a blind spot fails no rule");
    verdict.blind_spots.iter().map(|spot| spot.rule).collect()
}

#[test]
fn the_message_distinguishes_meeting_a_limit_from_exceeding_it() {
    let reasons = lines(&wasteful(), &rules("0.12", "60", "0.9"));
    assert!(reasons[0].contains("=0.12 >= threshold=0.12"), "{reasons:?}");
    assert!(reasons[1].contains("=60 >= threshold=60"), "{reasons:?}");
    let reasons = lines(&wasteful(), &rules("0.1199", "59", "0.9"));
    assert!(reasons[0].contains("=0.12 > threshold=0.1199"), "{reasons:?}");
    assert!(reasons[1].contains("=60 > threshold=59"), "{reasons:?}");
}

#[test]
fn a_limit_that_only_the_exact_number_breaks_is_a_blind_spot() {
    let mut analysis = wasteful();
    hide(&mut analysis, "cache/a", 270, Cause::DeletedWithDirectory);
    let share = analysis.exact.reclaimable_bytes() as f64 / analysis.classic.user_size_bytes() as f64;
    let bytes = analysis.exact.reclaimable_bytes();
    let blind = |share: f64, bytes: u64| blind(&analysis, &rules(&share.to_string(), &bytes.to_string(), "off"));
    assert_eq!(blind(share, bytes), [Rule::HighestUserWastedPercent, Rule::HighestWastedBytes]);
    assert_eq!(blind(share + 0.001, bytes + 1), []);
}

#[test]
fn an_image_without_waste_passes_the_strictest_limits() {
    let verdict = evaluate(&clean(), &rules("0", "0", "1"));
    assert_eq!(verdict.tally(), Tally { total: 3, passed: 3, failed: 0, warned: 0, skipped: 0 });
    assert_eq!(verdict.blind_spots, []);
}

#[test]
fn a_blind_spot_lists_the_bytes_that_dive_leaves_out() {
    let mut analysis = wasteful();
    hide(&mut analysis, "cache/a", 100, Cause::DeletedWithDirectory);
    hide(&mut analysis, "cache/b", 150, Cause::DeletedWithDirectory);
    hide(&mut analysis, "data/c", 20, Cause::HiddenByOpaque);
    let spots = evaluate(&analysis, &rules("0.5", "100", "0.9")).blind_spots;
    let excesses: Vec<_> = spots.iter().map(|spot| (spot.rule, spot.exact, spot.limit)).collect();
    let (ratio, bytes) = (Amount::Ratio, |bytes| Amount::Bytes(Bytes(bytes)));
    assert_eq!(
        excesses,
        [
            (Rule::HighestUserWastedPercent, ratio(0.6), ratio(0.5)),
            (Rule::HighestWastedBytes, bytes(300), bytes(100)),
            (Rule::LowestEfficiency, ratio(0.7), ratio(0.9)),
        ]
    );
    let unseen = [(Cause::DeletedWithDirectory, 250), (Cause::HiddenByOpaque, 20)];
    assert!(spots.iter().all(|spot| spot.unseen == unseen), "{spots:?}");
}

#[test]
fn waste_that_dive_misses_entirely_is_a_blind_spot() {
    let mut analysis = clean();
    hide(&mut analysis, "cache/a", 374, Cause::DeletedWithDirectory);
    let rules = rules("0.1", "disabled", "0.9");
    assert_eq!(blind(&analysis, &rules), [Rule::HighestUserWastedPercent, Rule::LowestEfficiency]);
}

#[test]
fn waste_below_the_limit_by_both_numbers_passes_without_a_warning() {
    let verdict = evaluate(&wasteful(), &rules("0.2", "20MB", "0.9"));
    assert!(verdict.reported().all(|outcome| outcome.status == Status::Pass && outcome.reason.is_none()));
    assert_eq!(verdict.blind_spots, []);
}
