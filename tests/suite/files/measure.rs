//! Measures keys in an image of half a million files. It prints a table and cannot fail; use it when changing the
//! model.
//!
//! ```text
//! DIVE_CORPUS=... cargo test --release --test suite files::measure -- --ignored --nocapture
//! ```

use std::time::{Duration, Instant};

use dive::tui::state::Motion;
use dive::tui::state::files::{FileTreePane, Filter, Folding};
use dive_model::tree::{Change, Scope, Tree};

use crate::build::{image, layer};
use crate::library;
use crate::place::Corpus;

const SCREEN: usize = 50;
const TIMES: usize = 50;

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn half_a_million_files() {
    let Some(corpus) = Corpus::here() else { return };
    let tree = &library::many_files(&corpus).tree;
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

/// A tree that is drawn after each action, and timed.
struct Measured<'a> {
    name: &'static str,
    tree: &'a Tree,
    files: FileTreePane,
}

impl Measured<'_> {
    /// Repeats an action fifty times, each followed by drawing.
    fn each(&mut self, what: &str, mut act: impl FnMut(&mut FileTreePane, &Tree, usize)) {
        let cpu = cpu_time();
        let mut times: Vec<Duration> = (0..TIMES)
            .map(|at| {
                let start = Instant::now();
                act(&mut self.files, self.tree, at);
                drop(self.files.rows(self.tree, self.files.first_row(), SCREEN));
                start.elapsed()
            })
            .collect();
        let cpu =
            cpu.zip(cpu_time()).map_or(f64::NAN, |(before, after)| ms(after.saturating_sub(before)) / TIMES as f64);
        times.sort();
        let (median, worst) = (ms(times[TIMES / 2]), ms(times[TIMES - 1]));
        let name = self.name;
        eprintln!("{name:14} {what:30} median {median:8.3} ms   worst {worst:8.3} ms   mean CPU {cpu:8.3} ms");
    }

    fn rows(&mut self) {
        self.files.go(self.tree, Motion::First);
        self.each("cursor down", |files, tree, _| files.go(tree, Motion::Down));
        self.each("page down", |files, tree, _| files.go(tree, Motion::PageDown));
        self.each("end, home", |files, tree, at| {
            files.go(tree, if at % 2 == 0 { Motion::Last } else { Motion::First });
        });
        self.files.select_row(self.tree, self.files.row_count() / 2);
        self.each("cursor down, half way", |files, tree, _| files.go(tree, Motion::Down));
        self.files.go(self.tree, Motion::Left);
        self.each("collapse, expand", |files, tree, _| files.toggle_collapse(tree));
        self.each("collapse all, expand all", |files, tree, _| files.toggle_collapse_all(tree));
        self.each("sort by size, by name", |files, tree, _| files.toggle_order(tree));
        self.each("hide unmodified, show", |files, tree, _| files.toggle_kind(tree, Change::Unmodified));
    }

    fn layers(&mut self) {
        let last = self.tree.layer_count() - 1;
        self.each("layer, what it changed", |files, tree, at| {
            let target = 1 + at % last.max(1);
            files.compare(tree, Scope::states(Some(layer(target - 1)), layer(target)));
        });
        self.each("next change", |files, tree, _| {
            files.next_change(tree);
        });
        self.each("layer, whole", |files, tree, at| files.compare(tree, Scope::states(None, layer(at % (last + 1)))));
        self.files.toggle_order(self.tree);
        self.each("layer, whole, by size", |files, tree, at| {
            files.compare(tree, Scope::states(None, layer(at % (last + 1))));
        });
        self.files.toggle_order(self.tree);
        self.files.compare(self.tree, Scope::states(None, layer(last)));
    }

    fn filters(&mut self) {
        for text in ["ab", "lib", "zzzz", "a.*b", "/lib", r"\.so$", "[0-9]{3}.*x", ">1k", "x >10"] {
            let filter = Filter::parse(text).unwrap();
            self.each(&format!("filter {text}"), |files, tree, _| files.set_filter(tree, filter.clone()));
        }
    }
}

fn measure(name: &'static str, tree: &Tree) {
    let last = tree.last_layer().unwrap();
    let start = Instant::now();
    let mut files = FileTreePane::new(tree, Scope::states(None, last), Folding::Expanded);
    eprintln!("{name:14} made in {:.3} ms", ms(start.elapsed()));
    files.set_height(SCREEN);
    let mut measured = Measured { name, tree, files };
    measured.rows();
    measured.layers();
    measured.filters();
}

/// CPU time of all threads of this process, on Linux, in hundredths of a second.
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit(')').next()?.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 10))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
