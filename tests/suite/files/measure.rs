//! What a key costs in an image with half a million files. Not a test that fails: a table for who changes the model.
//!
//! ```text
//! DIVE_CORPUS=... cargo test --release --test suite files::measure -- --ignored --nocapture
//! ```

use std::io::Write as _;
use std::time::{Duration, Instant};

use dive::tree::{Change, Tree};
use dive::tui::state::files::{FileTree, Filter, Folding, Motion};

use crate::build::{image, layer};
use crate::library;
use crate::place::Corpus;

const SCREEN: usize = 50;

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn half_a_million_files() {
    let Some(corpus) = Corpus::here() else { return };
    let tree = &library::many_files(&corpus).loaded.tree;
    measure("many-files", tree);
}

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn one_directory_of_a_hundred_thousand_files() {
    let names = (0..100_000_u64).map(|at| format!("data/{:016x}", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let opened = image()
        .layer(|l| names.enumerate().fold(l, |l, (at, name)| l.file(name, "x".repeat(at * 7919 % 100))))
        .layer(|l| l.file("data/new", "new"))
        .open();
    measure("one directory", opened.tree());
}

fn measure(name: &str, tree: &Tree) {
    let mut out = std::io::stderr();
    let last = tree.layer_count() - 1;
    let mut say = |what: &str, (median, worst): (Duration, Duration)| {
        writeln!(out, "{name:14} {what:34} {:8.3} ms   worst {:8.3} ms", ms(median), ms(worst)).unwrap();
    };
    say("open", each(5, |_| drop(FileTree::new(tree, None, layer(0), Folding::Expanded))));
    let mut files = FileTree::new(tree, None, layer(last), Folding::Expanded);
    files.set_height(SCREEN);
    let look = |files: &FileTree| drop(files.rows(tree, files.first_row(), SCREEN));
    look(&files);
    say(
        "layer change, previous layer",
        each(50, |at| {
            let target = 1 + at % last.max(1);
            files.compare(tree, Some(layer(target - 1)), layer(target));
            look(&files);
        }),
    );
    say(
        "layer change, from nothing",
        each(50, |at| {
            files.compare(tree, None, layer(at % (last + 1)));
            look(&files);
        }),
    );
    files.compare(tree, None, layer(last));
    say(
        "cursor down",
        each(50, |_| {
            files.go(tree, Motion::Down);
            look(&files);
        }),
    );
    say(
        "page down",
        each(50, |_| {
            files.go(tree, Motion::PageDown);
            look(&files);
        }),
    );
    say(
        "home, end",
        each(50, |at| {
            files.go(tree, if at % 2 == 0 { Motion::End } else { Motion::Home });
            look(&files);
        }),
    );
    files.select_row(tree, files.row_count() / 2);
    say(
        "cursor down, half way",
        each(50, |_| {
            files.go(tree, Motion::Down);
            look(&files);
        }),
    );
    files.go(tree, Motion::Parent);
    say(
        "collapse, expand",
        each(50, |_| {
            files.toggle_collapse(tree);
            look(&files);
        }),
    );
    say(
        "collapse all, expand all",
        each(50, |_| {
            files.toggle_collapse_all(tree);
            look(&files);
        }),
    );
    say(
        "sort",
        each(50, |_| {
            files.toggle_order(tree);
            look(&files);
        }),
    );
    files.toggle_order(tree);
    say(
        "layer change, by size",
        each(50, |at| {
            files.compare(tree, None, layer(at % (last + 1)));
            look(&files);
        }),
    );
    files.toggle_order(tree);
    say(
        "toggle unmodified",
        each(50, |_| {
            files.toggle_kind(tree, Change::Unmodified);
            look(&files);
        }),
    );
    files.compare(tree, Some(layer(last.saturating_sub(1))), layer(last));
    say(
        "next change",
        each(50, |_| {
            files.next_change(tree);
            look(&files);
        }),
    );
    files.compare(tree, None, layer(last));
    for text in ["ab", "lib", "zzzz", "a.*b", "/lib", r"\.so$", "[0-9]{3}.*x", ">1k", "x >10"] {
        let filter = Filter::parse(text).unwrap();
        say(
            &format!("filter {text}"),
            each(50, |_| {
                files.set_filter(tree, filter.clone());
                look(&files);
            }),
        );
    }
}

/// Median and worst of `count` times.
fn each(count: usize, mut act: impl FnMut(usize)) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..count)
        .map(|at| {
            let start = Instant::now();
            act(at);
            start.elapsed()
        })
        .collect();
    times.sort();
    (times[count / 2], times[count - 1])
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
