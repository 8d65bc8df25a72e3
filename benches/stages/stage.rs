//! The stages, in the order of the data flow.

use std::hint::black_box;
use std::io;
use std::time::Duration;

use dive::config::Action;
use dive::report::json;
use dive_model::analysis::{Classic, Exact};
use dive_model::layer::{LayerBlob, LayerIndex, scan};
use dive_model::remark::OnDamage;
use dive_model::tree::{Builder, Scope};

use crate::subject::{Saved, Subject};

/// A wall or CPU clock.
pub(crate) type Clock<'a> = &'a dyn Fn() -> Duration;

/// The divisor of a stage's cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// The stage processes all entries.
    Entry,
    /// The stage handles one key press; its cost must not grow with the number of entries.
    Key,
}

/// A part of the program that is measured.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    /// Runs the stage once and returns its duration, without set-up and tear-down.
    pub(crate) run: fn(&mut Subject, Clock<'_>) -> Duration,
}

pub(crate) const STAGES: [Stage; 10] = [
    Stage { name: "scan, plain", unit: Unit::Entry, run: |subject, clock| scan_layers(&subject.plain, clock) },
    Stage { name: "decode and scan, gzip", unit: Unit::Entry, run: |subject, clock| scan_layers(&subject.gzip, clock) },
    Stage { name: "decode and scan, zstd", unit: Unit::Entry, run: |subject, clock| scan_layers(&subject.zstd, clock) },
    Stage { name: "build", unit: Unit::Entry, run: build },
    Stage {
        name: "classic numbers",
        unit: Unit::Entry,
        run: |subject, clock| measured(clock, || Classic::of(&subject.opened.tree)),
    },
    Stage {
        name: "exact numbers",
        unit: Unit::Entry,
        run: |subject, clock| measured(clock, || Exact::of(&subject.opened.tree)),
    },
    Stage { name: "JSON", unit: Unit::Entry, run: write_json },
    Stage { name: "layer change", unit: Unit::Entry, run: change_layer },
    Stage { name: "filter", unit: Unit::Entry, run: filter },
    Stage { name: "cursor key", unit: Unit::Key, run: press_down },
];

fn measured<T>(clock: Clock<'_>, work: impl FnOnce() -> T) -> Duration {
    let start = clock();
    let made = black_box(work());
    let taken = clock().saturating_sub(start);
    drop(made);
    taken
}

fn scan_layers(saved: &Saved, clock: Clock<'_>) -> Duration {
    let scan_one = |blob: &LayerBlob| measured(clock, || scan::scan(&**blob, OnDamage::Fail, &|| false).unwrap());
    saved.blobs().map(scan_one).sum()
}

fn build(subject: &mut Subject, clock: Clock<'_>) -> Duration {
    let (scans, bodies) = (subject.scans.clone(), subject.plain_layers());
    measured(clock, || {
        let mut builder = Builder::new();
        for scan in scans {
            builder.apply(scan).unwrap();
        }
        builder.finish(&bodies).unwrap()
    })
}

fn write_json(subject: &mut Subject, clock: Clock<'_>) -> Duration {
    measured(clock, || json::render(&subject.opened, &mut io::sink()).unwrap())
}

/// Alternates between the last layer and the one before it, each compared with the layer below.
fn change_layer(subject: &mut Subject, clock: Clock<'_>) -> Duration {
    let turn = subject.turn();
    let tree = &subject.opened.tree;
    let target = tree.layer_count() - 1 - (turn % 2) as usize;
    let (base, target) = (LayerIndex::new(target - 1), LayerIndex::new(target).unwrap());
    measured(clock, || subject.comparison.change_to(tree, Scope::states(base, target)))
}

/// From the last character typed to the drawn rows.
fn filter(subject: &mut Subject, clock: Clock<'_>) -> Duration {
    subject.screen.press(Action::CloseFilterFiles);
    let taken = measured(clock, || subject.screen.filter(r"share/.*\.json$"));
    subject.screen.press(Action::CloseFilterFiles);
    taken
}

fn press_down(subject: &mut Subject, clock: Clock<'_>) -> Duration {
    let (turn, rows) = (subject.turn(), subject.screen.rows());
    measured(clock, || subject.screen.go(Action::Down, turn, rows))
}
